/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Random numbers by Philox 4x32-10 (Salmon, Moraes, Dror, Shaw, "Parallel random numbers: as easy as 1, 2,
 * 3", SC 2011). The key is the 64-bit seed rng[0]; the counter is (block low, block high, step rng[1], salt),
 * where the block is found from the element's number. So an element's draw depends on nothing but seed, step,
 * node and place, however the work is split. Of a block's four words, an element of 32 bits or less takes one
 * and an element of 64 bits two; normal variates take their words in pairs of elements.
 */
#ifndef OPS_FAMILY_PHILOX_H
#define OPS_FAMILY_PHILOX_H

#include "shape.h"
#include "typed.h"

#define NN_RANDOM_STATE                                                                                      \
    { "rng", NULL, NN_MASK(NN_I64), NN_NO_GRADIENT, 0, "seed and step, [2], from the graph's random state" }
#define NN_SALT                                                                                              \
    {                                                                                                        \
        .name = "salt", .kind = NN_SET_INT,                                                                  \
        .doc = "tells the draws of nodes apart; absent: a number unique in the network"                      \
    }
#define NN_DTYPE(value, text)                                                                                \
    { .name = "dtype", .kind = NN_SET_INT, .preset = (value), .doc = (text) }

typedef struct NnRandom {
    uint32_t key[2], step, salt;
    uint64_t block;
    uint32_t words[4];
    bool filled;
} NnRandom;

static inline void nn_philox(const uint32_t counter[4], const uint32_t key[2], uint32_t out[4]) {
    uint32_t c[4] = {counter[0], counter[1], counter[2], counter[3]}, k0 = key[0], k1 = key[1];
    for (int round = 0; round < 10; round++, k0 += UINT32_C(0x9E3779B9), k1 += UINT32_C(0xBB67AE85)) {
        const uint64_t a = (uint64_t)c[0] * UINT32_C(0xD2511F53), b = (uint64_t)c[2] * UINT32_C(0xCD9E8D57);
        const uint32_t next[4] = {(uint32_t)(b >> 32) ^ c[1] ^ k0, (uint32_t)b,
                                  (uint32_t)(a >> 32) ^ c[3] ^ k1, (uint32_t)a};
        memcpy(c, next, sizeof c);
    }
    memcpy(out, c, sizeof c);
}

static inline NnRandom nn_random(const NnCall *call, uint32_t rng) {
    const int64_t *state = nn_data(call->inputs[rng]);
    return (NnRandom){.key = {(uint32_t)(uint64_t)state[0], (uint32_t)((uint64_t)state[0] >> 32)},
                      .step = (uint32_t)(uint64_t)state[1],
                      .salt = (uint32_t)(uint64_t)nn_attr_int(call->node, "salt", 0)};
}

static inline const uint32_t *nn_random_block(NnRandom *r, uint64_t block) {
    if (!r->filled || block != r->block) {
        const uint32_t counter[4] = {(uint32_t)block, (uint32_t)(block >> 32), r->step, r->salt};
        nn_philox(counter, r->key, r->words);
        r->block = block;
        r->filled = true;
    }
    return r->words;
}

/* The bits of fraction that a uniform variate of a type gets, so that rounding never makes it 1. */
static inline int nn_random_bits(int32_t type) {
    return type == NN_F64 ? 53 : type == NN_F16 ? 11 : type == NN_BF16 ? 8 : 24;
}

/* The i-th variate of [0, 1). */
static inline double nn_random_uniform(NnRandom *r, int32_t type, uint64_t i) {
    if (type != NN_F64) {
        const uint32_t word = nn_random_block(r, i / 4)[i % 4];
        const int bits = nn_random_bits(type);
        return ldexp((double)(word >> (32 - bits)), -bits);
    }
    const uint32_t *w = nn_random_block(r, i / 2) + i % 2 * 2;
    return ldexp((double)(((uint64_t)w[0] << 32 | w[1]) >> 11), -53);
}

/* The i-th standard normal variate (Box, Muller 1958): elements 2k and 2k + 1 are the two of one pair of
 * uniform ones. */
static inline double nn_random_normal(NnRandom *r, int32_t type, uint64_t i) {
    double u, v;
    if (type != NN_F64) {
        const uint32_t *w = nn_random_block(r, i / 4) + i % 4 / 2 * 2;
        u = ldexp((double)w[0] + 1, -32);
        v = ldexp((double)w[1], -32);
    } else {
        const uint32_t *w = nn_random_block(r, i / 2);
        u = ldexp((double)(((uint64_t)w[0] << 32 | w[1]) >> 11) + 1, -53);
        v = ldexp((double)(((uint64_t)w[2] << 32 | w[3]) >> 11), -53);
    }
    const double radius = sqrt(-2 * log(u)), angle = 6.283185307179586476925 * v;
    return i % 2 ? radius * sin(angle) : radius * cos(angle);
}

/* ---- tables and inference ---- */

static inline int32_t nn_random_type(NnInfer *n, int32_t preset, uint64_t types, int32_t *type) {
    *type = (int32_t)nn_attr_int(n->node, "dtype", 0);
    if (*type == NN_NONE)
        *type = preset;
    return nn_is(*type, types) ? NN_OK
                               : nn_bad(n, "dtype is %s, which cannot be drawn here", nn_type_name(*type));
}

static inline int32_t nn_check_random(NnInfer *n, uint32_t i) {
    const NnValueInfo *rng = n->node->inputs[i];
    return rng->rank < 0 || (rng->rank == 1 && (rng->dims[0] == 2 || !nn_dim_known(rng->dims[0])))
               ? NN_OK
               : nn_bad(n, "rng: expected 2 integers, seed and step");
}

/* The output has the shape that input 0 holds as integers. */
static inline int32_t nn_infer_drawn(NnInfer *n) {
    const NnValueInfo *shape = n->node->inputs[0];
    uint64_t count = 0;
    const int64_t *dims = n->integers(n, 0, &count);
    int64_t own[NN_MAX_RANK];
    int32_t type, rank = NN_RANK_UNKNOWN;
    int32_t code = nn_random_type(n, NN_F32, NN_FLOATS, &type);
    if (code == NN_OK)
        code = nn_check_random(n, 1);
    if (code != NN_OK)
        return code;
    if (shape->rank == 1 && nn_dim_known(shape->dims[0]))
        rank = (int32_t)(shape->dims[0] > NN_MAX_RANK ? NN_MAX_RANK + 1 : shape->dims[0]);
    if (shape->rank > 1 || shape->rank == 0 || rank > NN_MAX_RANK)
        return nn_bad(n, "shape: expected a vector of at most %d integers", NN_MAX_RANK);
    for (int32_t i = 0; i < rank; i++) {
        own[i] = dims && (uint64_t)i < count ? dims[i] : NN_DIM_UNKNOWN;
        if (own[i] < 0 && shape->value)
            return nn_bad(n, "shape has the extent %lld: expected at least 0", (long long)own[i]);
        own[i] = nn_dim_plain(own[i]);
    }
    n->output(n, 0, type, rank, own);
    return NN_OK;
}

/* The salt of the draw in a composite of ONNX's: the node's own, or one made from `seed` where the network
 * gives it. */
static inline NnAttr nn_salt_attr(const NnNode *node) {
    const NnAttr *seed = nn_attr(node, "seed");
    uint64_t bits = 0;
    if (!seed)
        return NN_INT("salt", nn_attr_int(node, "salt", 0));
    if (seed->kind == NN_ATTR_INT)
        bits = (uint64_t)seed->u.i;
    else
        memcpy(&bits, &seed->u.f, sizeof bits);
    return NN_INT("salt", (int64_t)((bits ^ bits >> 32) & UINT32_MAX));
}

#define NN_SEED(type)                                                                                        \
    {.name = "seed",                                                                                         \
     .kind = (type),                                                                                         \
     .doc = "takes the place of the node's own number among the draws of the network"},                      \
        NN_SALT

#endif
