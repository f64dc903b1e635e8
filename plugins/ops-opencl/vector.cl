/* SPDX-License-Identifier: Apache-2.0 */
/* Vectors of reals as wide as a processor's register is, for the products (product.cl, direct.cl); behind real.cl. */
#ifdef REAL_F64
#define VEC 8
typedef real8 realv;
#define VLOAD(p) vload8(0, p)
#define VSTORE(v, p) vstore8(v, 0, p)
#define VLOAD_ELEM(p) LOADV(8, p)
#define VSTORE_ELEM(v, p) STOREV(8, p, v)
#else
#define VEC 16
typedef real16 realv;
#define VLOAD(p) vload16(0, p)
#define VSTORE(v, p) vstore16(v, 0, p)
#define VLOAD_ELEM(p) LOADV(16, p)
#define VSTORE_ELEM(v, p) STOREV(16, p, v)
#endif

/* n elements into the item's own memory, and out of it with something added. The last vector overlaps the one before. */
void bring(real *to, __global const elem *from, uint n);
void bring(real *to, __global const elem *from, uint n) {
    if (n >= VEC) {
        for (uint i = 0; i + VEC <= n; i += VEC)
            VSTORE(VLOAD_ELEM(from + i), to + i);
        VSTORE(VLOAD_ELEM(from + n - VEC), to + n - VEC);
    } else if (n >= 8) {
        vstore8(LOADV(8, from), 0, to);
        vstore8(LOADV(8, from + n - 8), 0, to + n - 8);
    } else if (n >= 4) {
        vstore4(LOADV(4, from), 0, to);
        vstore4(LOADV(4, from + n - 4), 0, to + n - 4);
    } else
        for (uint i = 0; i < n; i++)
            to[i] = LOAD(from, i);
}
void take(__global elem *to, const real *from, uint n, real scale, real more);
void take(__global elem *to, const real *from, uint n, real scale, real more) {
    if (n >= VEC) {
        for (uint i = 0; i + VEC <= n; i += VEC)
            VSTORE_ELEM(VLOAD(from + i) * scale + more, to + i);
        VSTORE_ELEM(VLOAD(from + n - VEC) * scale + more, to + n - VEC);
    } else
        for (uint i = 0; i < n; i++)
            STORE(to, i, from[i] * scale + more);
}
