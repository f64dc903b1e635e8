/* SPDX-License-Identifier: Apache-2.0 */
/* Classes by their logits, behind random.cl with a uniform variate of 53 bits; an item draws one. Y: the result's type. */
typedef struct {
    uint count, each, classes, salt;
} Draws;

__kernel void categorical(__global const elem *x, ulong xo, __global const long *rng, ulong ro, __global Y *y, ulong yo,
                          Draws p) {
    const uint i = (uint)get_global_id(0);
    if (i >= p.count)
        return;
    x += xo + (ulong)(i / p.each) * p.classes;
    double most = -INFINITY, all = 0, sum = 0;
    for (uint k = 0; k < p.classes; k++)
        most = LOAD(x, k) > most || LOAD(x, k) != LOAD(x, k) ? LOAD(x, k) : most;
    for (uint k = 0; k < p.classes; k++)
        all += exp(LOAD(x, k) - most);
    draws both[2];
    draw_uniform(blocks(rng + ro, i / 2, p.salt), both);
    const double norm = most + log(all), u = both[i % 2];
    uint last = 0;
    for (uint k = 0; k < p.classes; k++) {
        const double chance = exp(LOAD(x, k) - norm);
        sum += chance;
        if (chance > 0)
            last = k;
        if (u < sum) {
            last = k;
            break;
        }
    }
    y[yo + i] = (Y)last;
}
