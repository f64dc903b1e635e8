/* SPDX-License-Identifier: Apache-2.0 */
/* Many counters go through the rounds side by side, one in each lane. */
#include "philox.h"
#include "vec.h"

#include <string.h>

#define BLOCKS (4 * VF)

typedef struct Lanes {
    uint32_t word[4][BLOCKS];
} Lanes;

INLINE void round_all(Lanes *c, uint32_t k0, uint32_t k1) {
    for (int l = 0; l < BLOCKS; l++) {
        const uint64_t a = (uint64_t)c->word[0][l] * 0xD2511F53u, b = (uint64_t)c->word[2][l] * 0xCD9E8D57u;
        const uint32_t x = (uint32_t)(b >> 32) ^ c->word[1][l] ^ k0,
                       z = (uint32_t)(a >> 32) ^ c->word[3][l] ^ k1;
        c->word[0][l] = x;
        c->word[1][l] = (uint32_t)b;
        c->word[2][l] = z;
        c->word[3][l] = (uint32_t)a;
    }
}

static void fill(const CpuRandom *r, uint64_t block, Lanes *c) {
    for (int l = 0; l < BLOCKS; l++) {
        const uint64_t at = block + (uint64_t)l;
        c->word[0][l] = (uint32_t)at;
        c->word[1][l] = (uint32_t)(at >> 32);
        c->word[2][l] = r->step;
        c->word[3][l] = r->salt;
    }
    uint32_t k0 = r->key[0], k1 = r->key[1];
    for (int i = 0; i < 10; i++, k0 += 0x9E3779B9u, k1 += 0xBB67AE85u)
        round_all(c, k0, k1);
}

static void uniform(const CpuRandom *r, uint64_t first, size_t n, float *y) {
    Lanes c;
    float made[4 * BLOCKS];
    for (size_t at = 0; at < n; at += 4 * BLOCKS) {
        fill(r, first + at / 4, &c);
        for (int l = 0; l < BLOCKS; l++)
            for (int w = 0; w < 4; w++)
                made[4 * l + w] = (float)(int32_t)(c.word[w][l] >> 8) * 0x1p-24f;
        const size_t left = n - at;
        memcpy(y + at, made, (left < 4 * BLOCKS ? left : 4 * BLOCKS) * sizeof *y);
    }
}

const CpuPhiloxKernels SIMD_NAME(cpu_philox) = {.uniform = uniform};
