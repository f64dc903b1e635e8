/* SPDX-License-Identifier: Apache-2.0 */
/* Where the best element of a row stands; a NaN is better than any number. */
typedef struct {
    uint outer, n, inner;
} Params;

__kernel void arg(__global const float *x, ulong xo, __global long *y, ulong yo, Params p) {
    const uint i = (uint)get_global_id(0), c = i % p.inner, o = i / p.inner;
    if (o >= p.outer)
        return;
    x += xo + (ulong)o * p.n * p.inner + c;
    uint best = 0;
    for (uint k = 1; k < p.n; k++) {
        const float a = x[k * p.inner], b = x[best * p.inner];
        if (BETTER(a, b) || (a != a && b == b) || (LAST && (a == b || (a != a && b != b))))
            best = k;
    }
    y[yo + i] = best;
}
