/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Planes [batch, channels, in...] read between their elements at the places of a grid [batch, places, n], as
 * plugins/ops/grid-sample.c has it; fewer than three dimensions are filled up in front.
 */
enum { NEAREST, LINEAR, CUBIC }; /* mode */
enum { ZEROS, BORDER, REFLECTION };  /* padding */

typedef struct {
    uint batch, channels, places, n, mode, padding, corners;
    uint in[3];
} Params;

/* The neighbours along each dimension (-1: counts as 0), their weights, how these change, and how the place does with
 * the grid. */
typedef struct {
    int at[3][4];
    real weight[3][4], slope[3][4], factor[3];
    uint taps[3];
} Neighbours;

/* A place brought inside by mirrors at the edges; the slope is turned where the image is. */
real reflected(real x, real low, real high, real *slope);
real reflected(real x, real low, real high, real *slope) {
    const real range = high - low;
    if (range <= 0) {
        *slope = 0;
        return low;
    }
    const real past = fmod(fabs(x - low), 2 * range);
    *slope *= (x < low) == (past > range) ? 1 : -1;
    return low + (past > range ? 2 * range - past : past);
}

int element(real place, uint in, const Params *p);
int element(real place, uint in, const Params *p) {
    real ignored = 1;
    const real last = (real)in - 1, edge = p->corners ? R(0.0) : R(0.5);
    if (place >= 0 && place <= last)
        return (int)place;
    if (p->padding == ZEROS || in == 0)
        return -1;
    const real to = p->padding == BORDER ? place : rint(reflected(place, -edge, last + edge, &ignored));
    return (int)clamp(to, R(0.0), last);
}

/* The cubic convolution of Keys (1981), and its slope; the outer parts by their zeros, as the weights of an element
 * that stands for all neighbours must cancel. */
#define A R(-0.75)
real cubic(real d);
real cubic(real d) {
    const real x = fabs(d);
    return x <= 1 ? ((A + 2) * x - (A + 3)) * x * x + 1 : x < 2 ? A * (x - 1) * (x - 2) * (x - 2) : 0;
}
real cubic_slope(real d);
real cubic_slope(real d) {
    const real x = fabs(d), sign = d < 0 ? -1 : 1;
    return x <= 1 ? sign * (3 * (A + 2) * x - 2 * (A + 3)) * x : x < 2 ? sign * A * (x - 2) * (3 * x - 4) : 0;
}

#define FAR R(1099511627776.0) /* too far away to be counted */
void look(Neighbours *s, uint d, real given, const Params *p);
void look(Neighbours *s, uint d, real given, const Params *p) {
    const real in = p->in[d], edge = p->corners ? R(0.0) : R(0.5);
    real slope = p->corners ? (in - 1) / 2 : in / 2, turned = 1;
#ifdef REAL_F64
    const real whole_x = p->corners ? (given + 1) / 2 * (in - 1) : ((given + 1) * in - 1) / 2;
    real rest = 0;
#else
    /* given * slope + middle, and what rounding takes from both steps: slopes show more digits than places have. */
    const real middle = (in - 1) / 2, far = given * slope, whole_x = far + middle, back = whole_x - far;
    real rest = fma(given, slope, -far) + ((far - (whole_x - back)) + (middle - back));
#endif
    real x = whole_x != whole_x ? -FAR : clamp(whole_x, -FAR, FAR);
    if (x != whole_x || p->mode == NEAREST)
        rest = 0;
    if (p->mode == NEAREST)
        x = rint(x);
    if (p->padding == REFLECTION && (x < -edge || x > in - 1 + edge)) {
        x = reflected(x, -edge, in - 1 + edge, &turned);
        slope *= turned;
        rest *= turned;
    } else if (p->padding == BORDER && p->mode != CUBIC && (x < -edge || x > in - 1 + edge)) {
        x = fmin(fmax(x, R(0.0)), in - 1);
        slope = rest = 0;
    }
    real below = floor(x);
    below += (x - below) + rest < 0 ? -1 : (x - below) + rest >= 1 ? 1 : 0;
    s->taps[d] = p->mode == NEAREST ? 1 : p->mode == CUBIC ? 4 : 2;
    s->factor[d] = p->mode == NEAREST ? 0 : slope;
    for (uint k = 0; k < s->taps[d]; k++) {
        const real place = below + k - (p->mode == CUBIC ? 1 : 0), off = (place - x) - rest;
        s->at[d][k] = element(place, p->in[d], p);
        s->weight[d][k] = p->mode == NEAREST ? 1
                          : p->mode == CUBIC ? cubic(off)
                                             : fmax(1 - fabs(off), R(0.0));
        s->slope[d][k] = p->mode == NEAREST ? 0 : p->mode == CUBIC ? -cubic_slope(off) : k ? 1 : -1;
    }
}

void look_at(Neighbours *s, __global const elem *grid, ulong vector, const Params *p);
void look_at(Neighbours *s, __global const elem *grid, ulong vector, const Params *p) {
    for (uint d = 0; d < 3; d++) {
        s->taps[d] = 1;
        s->at[d][0] = 0;
        s->weight[d][0] = 1;
    }
    for (uint i = 0; i < p->n; i++)
        look(s, 2 - i, LOAD(grid, vector * p->n + i), p);
}

/* Neighbour k: the element and its weight, the slope's along one dimension; false: it counts as 0. */
bool neighbour(const Neighbours *s, uint k, uint along, const Params *p, uint *at, real *weight);
bool neighbour(const Neighbours *s, uint k, uint along, const Params *p, uint *at, real *weight) {
    uint step = 1;
    bool inside = true;
    *at = 0;
    *weight = 1;
    for (uint i = 0; i < 3; i++) {
        const uint d = 2 - i, tap = k % s->taps[d];
        k /= s->taps[d];
        inside = inside && s->at[d][tap] >= 0;
        *at += (uint)s->at[d][tap] * step;
        *weight *= d == along ? s->slope[d][tap] : s->weight[d][tap];
        step *= p->in[d];
    }
    return inside;
}
#define EACH_NEIGHBOUR(s) for (uint k = 0; k < (s).taps[0] * (s).taps[1] * (s).taps[2]; k++)
#define PLANE (p.in[0] * p.in[1] * p.in[2])

__kernel void sample(__global const elem *x, ulong xo, __global const elem *grid, ulong go, __global elem *y, ulong yo,
                     Params p) {
    const uint i = (uint)get_global_id(0), b = i / p.places;
    Neighbours s;
    uint at;
    real weight;
    if (b >= p.batch)
        return;
    look_at(&s, grid + go, i, &p);
    for (uint c = 0; c < p.channels; c++) {
        const ulong map = (ulong)b * p.channels + c;
        real sum = 0;
        EACH_NEIGHBOUR(s)
            if (neighbour(&s, k, 3, &p, &at, &weight))
                sum += p.mode == NEAREST ? LOAD(x, xo + map * PLANE + at) : weight * LOAD(x, xo + map * PLANE + at);
        STORE(y, yo + map * p.places + i % p.places, sum);
    }
}

__kernel void grid_grad(__global const elem *dy, ulong dyo, __global const elem *x, ulong xo,
                        __global const elem *grid, ulong go, __global elem *dgrid, ulong dgo, Params p) {
    const uint i = (uint)get_global_id(0), b = i / p.places;
    Neighbours s;
    real along[3] = {0, 0, 0}, weight;
    uint at;
    if (b >= p.batch)
        return;
    look_at(&s, grid + go, i, &p);
    for (uint c = 0; c < p.channels; c++) {
        const ulong map = (ulong)b * p.channels + c;
        const real d = LOAD(dy, dyo + map * p.places + i % p.places);
        for (uint a = 3 - p.n; a < 3; a++) {
            real sum = 0;
            EACH_NEIGHBOUR(s)
                if (neighbour(&s, k, a, &p, &at, &weight))
                    sum += weight * LOAD(x, xo + map * PLANE + at);
            along[a] += d * sum;
        }
    }
    for (uint k = 0; k < p.n; k++)
        STORE(dgrid, dgo + (ulong)i * p.n + k, along[2 - k] * s.factor[2 - k]);
}

/* An item has a plane, and takes its places in order. */
__kernel void plane_grad(__global const elem *dy, ulong dyo, __global const elem *grid, ulong go, __global elem *dx,
                         ulong dxo, __global real *sums, ulong so, Params p) {
    const uint map = (uint)get_global_id(0), b = map / p.channels;
    Neighbours s;
    real weight;
    uint at;
    if (b >= p.batch)
        return;
    sums += so + (ulong)map * PLANE;
    for (uint k = 0; k < PLANE; k++)
        sums[k] = 0;
    for (uint i = 0; i < p.places; i++) {
        const real d = LOAD(dy, dyo + (ulong)map * p.places + i);
        look_at(&s, grid + go, (ulong)b * p.places + i, &p);
        EACH_NEIGHBOUR(s)
            if (neighbour(&s, k, 3, &p, &at, &weight))
                sums[at] += weight * d;
    }
    for (uint k = 0; k < PLANE; k++)
        STORE(dx, dxo + (ulong)map * PLANE + k, sums[k]);
}
