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

/* With room behind for a tile that is read too much. */
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

/* The columns and rows of a channel that a block reads, with zeros where they lie outside, columns of one
 * residue modulo step_c together. */
typedef struct Window {
    ptrdiff_t row, column; /* of the source, may be negative */
    size_t height, phase_width, phases;
} Window;

static inline Window window_of(const Correlation *t, size_t first, size_t rows) {
    ptrdiff_t last_r = t->row0 + (t->taps_r ? (ptrdiff_t)t->taps_r - 1 : 0) * t->row_d;
    ptrdiff_t last_c = t->col0 + (t->taps_c ? (ptrdiff_t)t->taps_c - 1 : 0) * t->col_d;
    ptrdiff_t low_r = last_r < t->row0 ? last_r : t->row0, low_c = last_c < t->col0 ? last_c : t->col0;
    size_t span_r = (size_t)((last_r < t->row0 ? t->row0 : last_r) - low_r);
    size_t span_c = (size_t)((last_c < t->col0 ? t->col0 : last_c) - low_c);
    return (Window){.row = (ptrdiff_t)(first * t->step_r) + low_r,
                    .column = low_c,
                    .height = (rows - 1) * t->step_r + 1 + span_r,
                    .phases = t->step_c,
                    .phase_width = t->out_w + span_c / t->step_c};
}

static inline size_t window_floats(const Correlation *t, const Layout *l) {
    Window w = window_of(t, 0, l->rows);
    return w.height * w.phase_width * w.phases + (size_t)VF;
}

/* n floats as whole vectors: up to VF - 1 more are read and written. */
INLINE void copy_over(float *restrict to, const float *restrict from, size_t n) {
    for (size_t i = 0; i < n; i += VF)
        *(VecF *)(to + i) = *(const VecF *)(from + i);
}

static inline void copy_exactly(float *restrict to, const float *restrict from, size_t n) {
    size_t i = 0;
    for (; i + 4 <= n; i += 4)
        *(Vec4F *)(to + i) = *(const Vec4F *)(from + i);
    for (; i < n; i++)
        to[i] = from[i];
}

/* Puts what lies inside of one channel into a window whose border is zero already, and stays so. */
static inline void window_fill(const Correlation *t, const Window *w, const float *src, float *to) {
    ptrdiff_t step = (ptrdiff_t)w->phases;
    size_t top = w->row < 0 ? (size_t)-w->row : 0;
    ptrdiff_t below = (ptrdiff_t)t->src_h - w->row;
    size_t bottom = below <= 0 ? 0 : (size_t)below < w->height ? (size_t)below : w->height;
    for (size_t phase = 0; phase < w->phases; phase++) {
        ptrdiff_t column = w->column + (ptrdiff_t)phase, room = (ptrdiff_t)t->src_w - column;
        size_t lo = column < 0 ? (size_t)((-column + step - 1) / step) : 0;
        size_t hi = room <= 0 ? 0 : (size_t)((room + step - 1) / step);
        hi = hi < w->phase_width ? hi : w->phase_width;
        for (size_t r = top; r < bottom && lo < hi; r++) {
            const float *from = src + (w->row + (ptrdiff_t)r) * (ptrdiff_t)t->src_w + column;
            float *line = to + (r * w->phases + phase) * w->phase_width;
            if (step == 1)
                copy_exactly(line + lo, from + lo, hi - lo);
            else if (step == 2)
                for (size_t s = lo; s < hi; s++)
                    line[s] = from[2 * s];
            else
                for (size_t s = lo; s < hi; s++)
                    line[s] = from[s * (size_t)step];
        }
    }
}

/* Copies rows first .. first + l->rows (cut at out_h) of one image. Lines follow each other upwards, so what
 * a whole vector writes too much is written over by the next. `end` is where the readable source ends,
 * `spare` has room for window_floats. Channels are read through a window unless nothing lies outside and
 * nothing is skipped. */
static inline void expand(const Correlation *t, const Layout *l, size_t first, size_t image, const float *src,
                          const float *end, float *to, float *spare) {
    size_t rows = t->out_h - first < l->rows ? t->out_h - first : l->rows;
    size_t lines = l->shared ? rows + l->lines - l->rows : rows;
    Window w = window_of(t, first, rows);
    bool whole = t->step_c == 1 && w.row >= 0 && w.column >= 0 && (size_t)w.row + w.height <= t->src_h &&
                 (size_t)w.column + w.phase_width <= t->src_w;
    memset(spare, 0, w.height * w.phase_width * w.phases * sizeof *spare);
    for (size_t c = 0; c < t->channels; c++, src += t->src_h * t->src_w) {
        const float *from = src + w.row * (ptrdiff_t)t->src_w + w.column;
        size_t pitch = t->src_w;
        if (!whole || (size_t)(end - from) < w.height * pitch + (size_t)VF) {
            window_fill(t, &w, src, spare);
            from = spare, pitch = w.phase_width * w.phases;
        }
        for (size_t j = 0; j < t->taps_c; j++) {
            size_t skip = (size_t)(t->col0 + (ptrdiff_t)j * t->col_d - w.column);
            const float *column = from + skip % t->step_c * w.phase_width + skip / t->step_c;
            for (size_t i = 0; i < l->tap_rows; i++) {
                float *line =
                    to + (((c * t->taps_c + j) * l->tap_rows + i) * l->images + image) * l->image_stride;
                ptrdiff_t above = l->shared ? 0 : t->row0 + (ptrdiff_t)i * t->row_d - l->low;
                const float *at = column + (size_t)above * pitch;
                size_t next = t->step_r * pitch;
                if (l->images > 1)
                    for (size_t r = 0; r < lines; r++)
                        copy_exactly(line + r * t->out_w, at + r * next, t->out_w);
                else if (t->out_w <= VF)
                    for (size_t r = 0; r < lines; r++)
                        copy_over(line + r * t->out_w, at + r * next, VF);
                else
                    for (size_t r = 0; r < lines; r++)
                        copy_over(line + r * t->out_w, at + r * next, t->out_w);
            }
        }
    }
}

#endif
