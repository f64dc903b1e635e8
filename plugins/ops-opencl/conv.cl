/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Convolutions as matrix products, one for each group. FORWARD: rows are filters, the depth is (c, kernel),
 * columns are (n, place of y). WEIGHT: rows are filters, the depth is (n, place of y), columns are (c, kernel).
 * INPUT: rows are channels, the depth is (filter, kernel), columns are (n, place of x).
 */
typedef struct {
    uint o, v, u; /* outermost, row, column */
} Place;

Place place(uint at, uint h, uint w);
Place place(uint at, uint h, uint w) { return (Place){at / w / h, at / w % h, at % w}; }

#define PLANE_X (p->h * p->w)
#define PLANE_Y (p->out_h * p->out_w)
#define KERNEL (p->kernel_h * p->kernel_w)

#ifdef INPUT

uint a_row(const Params *p, uint i) { return i * KERNEL; }
ulong a_batch(const Params *p, uint g) { return (ulong)g * p->filters * p->c * KERNEL; }
ulong b_batch(const Params *p, uint g) { return (ulong)g * p->filters * PLANE_Y; }
ulong y_batch(const Params *p, uint g) { return (ulong)g * p->c * PLANE_X; }

Depth depth_at(const Params *p, uint k) {
    const Place t = place(k, p->kernel_h, p->kernel_w);
    return (Depth){t.o * p->c * KERNEL + k % KERNEL, (int)(t.o * PLANE_Y), -(int)(t.v * p->dilation_h),
                   -(int)(t.u * p->dilation_w)};
}

Column column(const Params *p, uint j) {
    const Place t = place(j, p->h, p->w);
    return (Column){(int)(t.o * p->all_filters * PLANE_Y), (int)t.v + p->pad_h, (int)t.u + p->pad_w,
                    t.o * p->all_c * PLANE_X + j % PLANE_X};
}

#ifdef UNIT
#define B_AT(b, p, d, c)                                                                                     \
    ((uint)((d).y + (c).v) < p.out_h && (uint)((d).x + (c).u) < p.out_w                                      \
         ? b[(d).b + (c).b + ((d).y + (c).v) * (int)p.out_w + (d).x + (c).u]                                 \
         : 0)
#else
float strided(__global const float *b, const Params *p, int v, int u);
float strided(__global const float *b, const Params *p, int v, int u) {
    if (v < 0 || u < 0 || (uint)v % p->stride_h || (uint)u % p->stride_w)
        return 0;
    const uint row = (uint)v / p->stride_h, column = (uint)u / p->stride_w;
    return row < p->out_h && column < p->out_w ? b[row * p->out_w + column] : 0;
}
#define B_AT(b, p, d, c) strided(b + (d).b + (c).b, &p, (d).y + (c).v, (d).x + (c).u)
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
#define B_AT(b, p, d, c)                                                                                     \
    ((uint)((d).y + (c).v) < p.h && (uint)((d).x + (c).u) < p.w ? b[(d).b + (c).b] : 0)

ulong b_batch(const Params *p, uint g) { return (ulong)g * p->c * PLANE_X; }

#ifdef FORWARD

uint a_row(const Params *p, uint i) { return i * p->c * KERNEL; }
ulong a_batch(const Params *p, uint g) { return (ulong)g * p->filters * p->c * KERNEL; }
ulong y_batch(const Params *p, uint g) { return (ulong)g * p->filters * PLANE_Y; }
Depth depth_at(const Params *p, uint k) {
    const Place t = place(k, p->kernel_h, p->kernel_w);
    return (Depth){k, TAP(t)};
}
Column column(const Params *p, uint j) {
    const Place t = place(j, p->out_h, p->out_w);
    return (Column){CORNER(t), t.o * p->all_filters * PLANE_Y + j % PLANE_Y};
}

#else

uint a_row(const Params *p, uint i) { return i * PLANE_Y; }
ulong a_batch(const Params *p, uint g) { return (ulong)g * p->filters * PLANE_Y; }
ulong y_batch(const Params *p, uint g) { return (ulong)g * p->filters * p->c * KERNEL; }
Depth depth_at(const Params *p, uint k) {
    const Place t = place(k, p->out_h, p->out_w);
    return (Depth){t.o * p->all_filters * PLANE_Y + k % PLANE_Y, CORNER(t)};
}
Column column(const Params *p, uint j) {
    const Place t = place(j, p->kernel_h, p->kernel_w);
    return (Column){TAP(t), j};
}

#endif
#endif
