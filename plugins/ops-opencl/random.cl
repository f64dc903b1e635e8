/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Philox 4x32-10 (Salmon, Moraes, Dror, Shaw 2011), numbered as plugins/ops/family/philox.h has it: the same bits. An item
 * has W blocks of four words (chain.cl), of which an element takes one, or two where it is drawn with 53 bits. T is the
 * result's type, C the chances' where there are any, BITS those of a uniform variate's fraction.
 */
#if BITS == 53
typedef VECTOR(double) draws;
#define DRAW double
#define EACH 2
#else
typedef VECTOR(float) draws;
#define DRAW float
#define EACH 4
#endif

typedef struct {
    DRAW a, b; /* low and width, or mean and deviation */
    uint count, salt, one_chance;
} Params;

typedef struct {
    VECTOR(uint) x, y, z, w;
} Words;

/* Blocks first, first + 1, ... of the draw. */
Words blocks(__global const long *rng, uint first, uint salt);
Words blocks(__global const long *rng, uint first, uint salt) {
    const ulong key = (ulong)rng[0];
    uint k0 = (uint)key, k1 = (uint)(key >> 32);
#if W == 1
    Words c = {first, 0, (uint)(ulong)rng[1], salt};
#else
    Words c = {first + (VECTOR(uint))(0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15), AS(uint, 0),
               AS(uint, (uint)(ulong)rng[1]), AS(uint, salt)};
#endif
    for (int round = 0; round < 10; round++) {
        const VECTOR(uint) x = mul_hi(c.z, AS(uint, 0xCD9E8D57u)) ^ c.y ^ k0,
                           z = mul_hi(c.x, AS(uint, 0xD2511F53u)) ^ c.w ^ k1;
        c.y = c.z * 0xCD9E8D57u;
        c.w = c.x * 0xD2511F53u;
        c.x = x;
        c.z = z;
        k0 += 0x9E3779B9u;
        k1 += 0xBB67AE85u;
    }
    return c;
}

/* ---- draws, in the order of blocks ---- */

#if BITS == 53
#define FRACTION(high, low) ((CONVERT(ulong, high) << 32 | CONVERT(ulong, low)) >> 11)

void draw_uniform(Words c, draws *d);
void draw_uniform(Words c, draws *d) {
    d[0] = CONVERT(double, FRACTION(c.x, c.y)) * 0x1p-53;
    d[1] = CONVERT(double, FRACTION(c.z, c.w)) * 0x1p-53;
}

void draw_normal(Words c, draws *d);
void draw_normal(Words c, draws *d) {
    const draws radius = sqrt(-2 * log(CONVERT(double, FRACTION(c.x, c.y) + 1) * 0x1p-53)),
                turn = CONVERT(double, FRACTION(c.z, c.w)) * 0x1p-52;
    d[0] = radius * cospi(turn);
    d[1] = radius * sinpi(turn);
}
#else
#define UNIT(w) (CONVERT(float, (w) >> (32 - BITS)) * (1.0f / (1 << BITS)))

void draw_uniform(Words c, draws *d);
void draw_uniform(Words c, draws *d) {
    d[0] = UNIT(c.x);
    d[1] = UNIT(c.y);
    d[2] = UNIT(c.z);
    d[3] = UNIT(c.w);
}

/* Box and Muller (1958). The logarithm of (u + 1) / 2^32 is taken from its end that is near; the angle v / 2^32 of a turn
 * is quarters and a rest of an eighth at most, whose sine and cosine are polynomials (Moshier, Cephes). */
void draw_pair(VECTOR(uint) u, VECTOR(uint) v, draws *d);
void draw_pair(VECTOR(uint) u, VECTOR(uint) v, draws *d) {
    const draws low = log((CONVERT(float, u) + 1) * 0x1p-32f), high = log1p(CONVERT(float, ~u) * -0x1p-32f);
    const draws radius = sqrt(-2 * (u < 0x80000000u ? low : high));
    const VECTOR(uint) quarter = (v + 0x20000000u) >> 30;
    const draws a = CONVERT(float, CONVERT(int, v - (quarter << 30))) * 1.46291807927e-9f, s = a * a;
    const draws sine = a + a * s * (-1.6666654611e-1f + s * (8.3321608736e-3f + s * -1.9515295891e-4f));
    const draws cosine =
        1 - s / 2 + s * s * (4.166664568298827e-2f + s * (-1.388731625493765e-3f + s * 2.443315711809948e-5f));
    const draws x = (quarter & 1) != 0 ? -sine : cosine, y = (quarter & 1) != 0 ? cosine : sine;
    d[0] = radius * ((quarter & 2) != 0 ? -x : x);
    d[1] = radius * ((quarter & 2) != 0 ? -y : y);
}

void draw_normal(Words c, draws *d);
void draw_normal(Words c, draws *d) {
    draw_pair(c.x, c.y, d);
    draw_pair(c.z, c.w, d + 2);
}
#endif

/* From the order of blocks to that of elements. */
void in_order(draws *d);
void in_order(draws *d) {
#if W == 16 && EACH == 4
#define ROW(i, j, k, l)                                                                                                  \
    (draws)(a.s##i, b.s##i, c.s##i, e.s##i, a.s##j, b.s##j, c.s##j, e.s##j, a.s##k, b.s##k, c.s##k, e.s##k, a.s##l,      \
            b.s##l, c.s##l, e.s##l)
    const draws a = d[0], b = d[1], c = d[2], e = d[3];
    d[0] = ROW(0, 1, 2, 3);
    d[1] = ROW(4, 5, 6, 7);
    d[2] = ROW(8, 9, a, b);
    d[3] = ROW(c, d, e, f);
#elif W == 16
#define ROW(i, j, k, l, m, n, o, p)                                                                                      \
    (draws)(a.s##i, b.s##i, a.s##j, b.s##j, a.s##k, b.s##k, a.s##l, b.s##l, a.s##m, b.s##m, a.s##n, b.s##n, a.s##o,      \
            b.s##o, a.s##p, b.s##p)
    const draws a = d[0], b = d[1];
    d[0] = ROW(0, 1, 2, 3, 4, 5, 6, 7);
    d[1] = ROW(8, 9, a, b, c, d, e, f);
#endif
}

/* `value` of each draw d at the elements from `at`, of which `left` are left. */
#define STORE_ALL(draw, value)                                                                                           \
    const uint first = (uint)get_global_id(0) * W;                                                                       \
    if (first * EACH >= p.count)                                                                                         \
        return;                                                                                                          \
    draws all[EACH];                                                                                                     \
    draw(blocks(rng + ro, first, p.salt), all);                                                                          \
    in_order(all);                                                                                                       \
    for (uint k = 0; k < EACH; k++) {                                                                                    \
        const uint at = first * EACH + k * W, left = p.count - at;                                                       \
        const draws d = all[k];                                                                                          \
        if (at >= p.count)                                                                                               \
            return;                                                                                                      \
        PASTE(write_, T)(value, y + yo + at, left);                                                                      \
    }

#ifdef C
__kernel void bernoulli(__global const long *rng, ulong ro, __global T *y, ulong yo, __global const C *chance,
                        ulong co, Params p) {
    STORE_ALL(draw_uniform,
              CONVERT(NUMBER, d < CONVERT(DRAW, p.one_chance ? AS(CHANCE, PASTE(first_, C)(chance + co))
                                                             : PASTE(read_, C)(chance + co + at, left))
                                  ? AS(DRAW, 1)
                                  : AS(DRAW, 0)))
}
#else
__kernel void uniform(__global const long *rng, ulong ro, __global T *y, ulong yo, Params p) {
    STORE_ALL(draw_uniform, p.a + p.b * d)
}

__kernel void normal(__global const long *rng, ulong ro, __global T *y, ulong yo, Params p) {
    STORE_ALL(draw_normal, p.a + p.b * d)
}
#endif
