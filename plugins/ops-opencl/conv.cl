/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Convolutions as matrix products, one for each group. FORWARD: rows are filters, the depth is (c, kernel),
 * columns are (n, place of y). WEIGHT: rows are filters, the depth is (n, place of y), columns are (c, kernel).
 * INPUT: rows are channels, the depth is (filter, kernel), columns are (n, place of x).
 */
typedef struct {
    uint o, v, u; /* outermost, row, column */
} Place;

/* The at-th place of planes of h by w, and the one behind it. */
Place place(uint at, uint h, uint w);
Place place(uint at, uint h, uint w) { return (Place){at / w / h, at / w % h, at % w}; }
void next(Place *t, uint h, uint w);
void next(Place *t, uint h, uint w) {
    if (++t->u < w)
        return;
    t->u = 0;
    if (++t->v < h)
        return;
    t->v = 0;
    t->o++;
}
#define WALK(what, h, w)                                                                                     \
    Place what##_place(const Params *p, uint at) { return place(at, h, w); }                                 \
    void next_##what(const Params *p, Place *t) { next(t, h, w); }

#define PLANE_X (p->h * p->w)
#define PLANE_Y (p->out_h * p->out_w)
#define KERNEL (p->kernel_h * p->kernel_w)

#ifdef INPUT

uint a_row(const Params *p, uint i) { return i * KERNEL; }
ulong a_batch(const Params *p, uint g) { return (ulong)g * p->filters * p->c * KERNEL; }
ulong b_batch(const Params *p, uint g) { return (ulong)g * p->filters * PLANE_Y; }
ulong y_batch(const Params *p, uint g) { return (ulong)g * p->c * PLANE_X; }

WALK(depth, p->kernel_h, p->kernel_w)
WALK(column, p->h, p->w)

/* With strides of 1 the place of an element of dY is a sum of what the depth and the column say. */
#ifdef UNIT
#define PLACE_Y(v, u) ((v) * (int)p->out_w + (u))
#else
#define PLACE_Y(v, u) 0
#endif

Depth depth_at(const Params *p, Place t, uint k) {
    const int v = -(int)(t.v * p->dilation_h), u = -(int)(t.u * p->dilation_w);
    return (Depth){t.o * p->c * KERNEL + t.v * p->kernel_w + t.u, (int)(t.o * PLANE_Y) + PLACE_Y(v, u), v, u};
}

Column column(const Params *p, Place t, uint j) {
    const int v = (int)t.v + p->pad_h, u = (int)t.u + p->pad_w;
    return (Column){(int)(t.o * p->all_filters * PLANE_Y) + PLACE_Y(v, u), v, u,
                    t.o * p->all_c * PLANE_X + t.v * p->w + t.u};
}

#ifdef UNIT
#define B_AT(b, p, d, c_b, c_v, c_u)                                                                         \
    ((uint)((d).y + (c_v)) < p.out_h && (uint)((d).x + (c_u)) < p.out_w ? LOAD(b, (d).b + (c_b)) : 0)
#else
real strided(__global const elem *b, const Params *p, int v, int u);
real strided(__global const elem *b, const Params *p, int v, int u) {
    if (v < 0 || u < 0 || (uint)v % p->stride_h || (uint)u % p->stride_w)
        return 0;
    const uint row = (uint)v / p->stride_h, column = (uint)u / p->stride_w;
    return row < p->out_h && column < p->out_w ? LOAD(b, row * p->out_w + column) : 0;
}
#define B_AT(b, p, d, c_b, c_v, c_u) strided(b + (d).b + (c_b), &p, (d).y + (c_v), (d).x + (c_u))
#endif

#else

/* The kernel's element t of channel t.o, and the window at place t of sample t.o: their sum is a place of x. */
#define TAP(t)                                                                                               \
    (int)(t.o * PLANE_X + t.v * p->dilation_h * p->w + t.u * p->dilation_w), (int)(t.v * p->dilation_h),     \
        (int)(t.u * p->dilation_w)
#define CORNER(t)                                                                                            \
    (int)(t.o * p->all_c * PLANE_X) + ((int)(t.v * p->stride_h) - p->pad_h) * (int)p->w +                    \
            (int)(t.u * p->stride_w) - p->pad_w,                                                             \
        (int)(t.v * p->stride_h) - p->pad_h, (int)(t.u * p->stride_w) - p->pad_w
#define B_AT(b, p, d, c_b, c_v, c_u)                                                                                     \
    ((uint)((d).y + (c_v)) < p.h && (uint)((d).x + (c_u)) < p.w ? LOAD(b, (d).b + (c_b)) : 0)

ulong b_batch(const Params *p, uint g) { return (ulong)g * p->c * PLANE_X; }

#ifdef FORWARD

uint a_row(const Params *p, uint i) { return i * p->c * KERNEL; }
ulong a_batch(const Params *p, uint g) { return (ulong)g * p->filters * p->c * KERNEL; }
ulong y_batch(const Params *p, uint g) { return (ulong)g * p->filters * PLANE_Y; }
WALK(depth, p->kernel_h, p->kernel_w)
WALK(column, p->out_h, p->out_w)
Depth depth_at(const Params *p, Place t, uint k) { return (Depth){k, TAP(t)}; }
Column column(const Params *p, Place t, uint j) {
    return (Column){CORNER(t), t.o * p->all_filters * PLANE_Y + t.v * p->out_w + t.u};
}

#else

uint a_row(const Params *p, uint i) { return i * PLANE_Y; }
ulong a_batch(const Params *p, uint g) { return (ulong)g * p->filters * PLANE_Y; }
ulong y_batch(const Params *p, uint g) { return (ulong)g * p->filters * p->c * KERNEL; }
WALK(depth, p->out_h, p->out_w)
WALK(column, p->kernel_h, p->kernel_w)
Depth depth_at(const Params *p, Place t, uint k) {
    return (Depth){t.o * p->all_filters * PLANE_Y + t.v * p->out_w + t.u, CORNER(t)};
}
Column column(const Params *p, Place t, uint j) { return (Column){TAP(t), j}; }

#endif
#endif
