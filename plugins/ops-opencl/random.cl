/* SPDX-License-Identifier: Apache-2.0 */
/* Philox 4x32-10 (Salmon, Moraes, Dror, Shaw 2011), numbered as plugins/ops/family/philox.h has it: the same bits. */
typedef struct {
    uint count, salt, one_chance;
    float a, b; /* low and width, or mean and deviation */
} Params;

uint4 philox(uint4 c, uint2 key);
uint4 philox(uint4 c, uint2 key) {
    for (int round = 0; round < 10; round++) {
        c = (uint4)(mul_hi(c.z, 0xCD9E8D57u) ^ c.y ^ key.x, c.z * 0xCD9E8D57u, mul_hi(c.x, 0xD2511F53u) ^ c.w ^ key.y,
                    c.x * 0xD2511F53u);
        key += (uint2)(0x9E3779B9u, 0xBB67AE85u);
    }
    return c;
}

/* The four words of block i: elements 4 i to 4 i + 3. */
uint4 block(__global const long *rng, uint i, uint salt);
uint4 block(__global const long *rng, uint i, uint salt) {
    const ulong key = (ulong)rng[0];
    return philox((uint4)(i, 0, (uint)(ulong)rng[1], salt), (uint2)((uint)key, (uint)(key >> 32)));
}

#define EACH(expression, type)                                                                               \
    const uint i = (uint)get_global_id(0);                                                                   \
    if (i * 4 >= p.count)                                                                                    \
        return;                                                                                              \
    const uint4 words = block(rng + ro, i, p.salt);                                                          \
    const uint w[4] = {words.x, words.y, words.z, words.w};                                                  \
    for (uint k = 0; k < 4 && i * 4 + k < p.count; k++)                                                      \
    y[yo + i * 4 + k] = (type)(expression)
#define UNIT ((float)(w[k] >> 8) * 0x1p-24f)

__kernel void uniform(__global const long *rng, ulong ro, __global float *y, ulong yo, Params p) {
    EACH(p.a + p.b * UNIT, float);
}

__kernel void bernoulli(__global const long *rng, ulong ro, __global T *y, ulong yo, __global const float *chance,
                        ulong co, Params p) {
    EACH(UNIT < chance[co + (p.one_chance ? 0 : i * 4 + k)], T);
}

/* Box and Muller (1958): elements in pairs. */
float variate(uint u, uint v, uint second);
float variate(uint u, uint v, uint second) {
    const float radius = sqrt(-2 * log(((float)u + 1) * 0x1p-32f)), turn = 2 * ((float)v * 0x1p-32f);
    return radius * (second ? sinpi(turn) : cospi(turn));
}

__kernel void normal(__global const long *rng, ulong ro, __global float *y, ulong yo, Params p) {
    EACH(p.a + p.b * variate(w[k / 2 * 2], w[k / 2 * 2 + 1], k % 2), float);
}
