/* SPDX-License-Identifier: Apache-2.0 */
/* Inside the convolutions only: the correlation that all three passes come down to, and the copy that makes
 * it run along memory. */
#ifndef CPU_CORRELATE_H
#define CPU_CORRELATE_H

#include "simd.h"
#include "vec.h"
#include <string.h>

enum { BLOCK_FLOATS = 96 << 10 }; /* of copied rows: with the weights of a strip they stay in L2 */

/* out(r, c) = sum over channel, i < taps_r, j < taps_c of weight * src(r step_r + row(i), c step_c + col(j)),
 * where row(i) = row0 + i row_d, col(j) = col0 + j col_d; what lies outside of src is zero. */
typedef struct Correlation {
    size_t channels, src_h, src_w, taps_r, taps_c;
    ptrdiff_t row0, row_d, col0, col_d;
    size_t step_r, step_c, out_h, out_w;
} Correlation;

/* How a block of `rows` output rows of some images is copied. With step_r 1 all row taps share their rows,
 * unless several images stand side by side. Position p of image q, tap k is at image q stride + offset[k] +
 * p. */
typedef struct Layout {
    size_t rows, images, lines, image_stride, tap_rows, total;
    bool shared;
    ptrdiff_t low;
} Layout;

static inline size_t round_up(size_t n, size_t multiple) { return (n + multiple - 1) / multiple * multiple; }

static inline Layout layout_of(const Correlation *t, size_t rows, size_t images) {
    Layout l = {.rows = rows, .images = images, .shared = t->step_r == 1 && images == 1};
    ptrdiff_t last = t->row0 + (t->taps_r ? (ptrdiff_t)t->taps_r - 1 : 0) * t->row_d;
    l.low = last < t->row0 ? last : t->row0;
    l.tap_rows = t->taps_r == 0 ? 0 : l.shared ? 1 : t->taps_r;
    l.lines = l.shared ? rows + (size_t)((last < t->row0 ? t->row0 : last) - l.low) : rows;
    l.image_stride = l.lines * t->out_w;
    l.total = t->channels * t->taps_c * l.tap_rows * images * l.image_stride;
    return l;
}

/* As many rows as the block holds, and where an image is less than two tiles, several images. */
static inline Layout layout_fit(const Correlation *t, size_t batch) {
    size_t rows = t->out_h, images = 1, positions = t->out_h * t->out_w;
    if (positions && positions < (size_t)(4 * VF) && batch > 1) {
        images = (size_t)(8 * VF) / positions;
        images = images > batch ? batch : images;
        while (images > 1 && layout_of(t, rows, images).total > 4 * BLOCK_FLOATS)
            images /= 2;
    }
    while (images == 1 && rows > 1 && layout_of(t, rows, 1).total > BLOCK_FLOATS)
        rows = (rows + 1) / 2;
    return layout_of(t, rows, images);
}

static inline size_t layout_floats(const Layout *l) { return round_up(l->total + 4 * (size_t)VF, 16); }

static inline void layout_offsets(const Correlation *t, const Layout *l, uint32_t *offset) {
    for (size_t c = 0; c < t->channels; c++)
        for (size_t i = 0; i < t->taps_r; i++)
            for (size_t j = 0; j < t->taps_c; j++) {
                size_t plane = (c * t->taps_c + j) * l->tap_rows + (l->shared ? 0 : i);
                size_t skip = l->shared ? (size_t)(t->row0 + (ptrdiff_t)i * t->row_d - l->low) * t->out_w : 0;
                *offset++ = (uint32_t)(plane * l->images * l->image_stride + skip);
            }
}

/* Which of the columns c of a row lie inside: lo <= c < hi read src[c step + shift]. */
static inline void inside(size_t n, size_t extent, size_t step, ptrdiff_t shift, size_t *lo, size_t *hi) {
    size_t first = shift >= 0 ? 0 : ((size_t)-shift + step - 1) / step;
    ptrdiff_t room = (ptrdiff_t)extent - shift;
    size_t end = room <= 0 ? 0 : ((size_t)room + step - 1) / step;
    *hi = end < n ? end : n;
    *lo = first < *hi ? first : *hi;
}

/* n floats; whole vectors where `slack` says that as much may be read and written behind them. */
INLINE void copy_line(float *restrict to, const float *restrict from, size_t n, bool slack) {
    size_t i = 0;
    if (slack) {
        for (; i < n; i += VF)
            *(VecF *)(to + i) = *(const VecF *)(from + i);
        return;
    }
    for (; i + 4 <= n; i += 4)
        *(Vec4F *)(to + i) = *(const Vec4F *)(from + i);
    for (; i < n; i++)
        to[i] = from[i];
}

/* Copies rows first .. first + l->rows (cut at out_h) of one image. Lines follow each other upwards, so what
 * a whole vector writes too much is written over by the next; `end` is where the readable source ends. */
static inline void expand(const Correlation *t, const Layout *l, size_t first, size_t image, const float *src,
                          const float *end, float *to) {
    size_t rows = t->out_h - first < l->rows ? t->out_h - first : l->rows;
    size_t lines = l->shared ? rows + l->lines - l->rows : rows;
    for (size_t c = 0; c < t->channels; c++, src += t->src_h * t->src_w)
        for (size_t j = 0; j < t->taps_c; j++) {
            ptrdiff_t shift = t->col0 + (ptrdiff_t)j * t->col_d;
            size_t lo, hi;
            inside(t->out_w, t->src_w, t->step_c, shift, &lo, &hi);
            for (size_t i = 0; i < l->tap_rows; i++) {
                size_t plane = (c * t->taps_c + j) * l->tap_rows + i;
                float *line = to + (plane * l->images + image) * l->image_stride;
                ptrdiff_t row =
                    (ptrdiff_t)(first * t->step_r) + (l->shared ? l->low : t->row0 + (ptrdiff_t)i * t->row_d);
                bool packed = l->images == 1;
                for (size_t r = 0; r < lines; r++, row += (ptrdiff_t)t->step_r, line += t->out_w) {
                    if (row < 0 || row >= (ptrdiff_t)t->src_h || lo == hi) {
                        memset(line, 0, t->out_w * sizeof *line);
                        continue;
                    }
                    const float *from = src + (size_t)row * t->src_w + ((ptrdiff_t)(lo * t->step_c) + shift);
                    if (t->step_c == 1)
                        copy_line(line + lo, from, hi - lo,
                                  packed && (size_t)(end - from) >= round_up(hi - lo, (size_t)VF));
                    else if (t->step_c == 2)
                        for (size_t s = lo; s < hi; s++)
                            line[s] = from[2 * (s - lo)];
                    else
                        for (size_t s = lo; s < hi; s++)
                            line[s] = from[(s - lo) * t->step_c];
                    for (size_t s = 0; s < lo; s++)
                        line[s] = 0;
                    for (size_t s = hi; s < t->out_w; s++)
                        line[s] = 0;
                }
            }
        }
}

#endif
