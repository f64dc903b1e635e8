/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Handwritten-like digits, drawn: each image is a pure function of (seed, split, index), so a first training
 * needs no file. A digit is one of several ways in which people write it, as smooth strokes through points;
 * the points shake, the whole is bent, slanted, turned, scaled and shifted, and the pen has a width and a
 * pressure. Only arithmetic that IEEE 754 defines to the last bit is used, so the same indices give the same
 * bytes everywhere. Every ten indices that follow on one another from a multiple of ten hold each digit once.
 */
#include "nn/plugin.h"

#include <math.h>
#include <stdatomic.h>
#include <stdlib.h>

#define SIDE 28
#define PIXELS (SIDE * SIDE)
#define MAX_POINTS 24 /* of one stroke, corners counted twice */
#define SPANS 5       /* straight pieces between two points */

/* ---- how people write digits: points of strokes in a box of 100 by 100, y downwards ---- */

typedef enum How { SMOOTH, CORNER, LIFT, DONE } How; /* what the pen does at the point */

typedef struct Point {
    int8_t x, y, how;
} Point;

#define S(x, y)                                                                                              \
    { x, y, SMOOTH }
#define C(x, y)                                                                                              \
    { x, y, CORNER }
#define L(x, y)                                                                                              \
    { x, y, LIFT }
#define D(x, y)                                                                                              \
    { x, y, DONE }

static const Point zero_round[] = {S(50, 4),  S(20, 16), S(8, 50),  S(20, 86), S(50, 96),
                                   S(80, 84), S(92, 50), S(80, 14), D(52, 4)};
static const Point zero_narrow[] = {S(58, 6),  S(30, 20), S(24, 52), S(32, 86), S(54, 95),
                                    S(74, 80), S(78, 46), S(68, 16), D(46, 8)};
static const Point zero_tail[] = {S(72, 10), S(42, 6),  S(14, 30), S(10, 64), S(34, 94),
                                  S(68, 90), S(90, 58), S(82, 22), S(58, 8),  D(38, 16)};
static const Point one_plain[] = {S(52, 3), S(50, 50), D(48, 97)};
static const Point one_flag[] = {S(28, 26), C(54, 4), S(52, 50), D(50, 97)};
static const Point one_base[] = {S(30, 22), C(52, 4), S(51, 50), L(50, 94), S(24, 96), S(50, 95), D(78, 96)};
static const Point one_leaning[] = {S(68, 4), S(50, 50), D(34, 96)};
static const Point two_plain[] = {S(14, 24), S(34, 6),  S(66, 6),  S(82, 26), S(66, 54),
                                  S(36, 78), C(10, 95), S(50, 92), D(90, 95)};
static const Point two_loop[] = {S(16, 22), S(40, 4),  S(74, 10), S(80, 36), S(58, 66), S(30, 90),
                                 S(14, 86), S(24, 74), S(50, 86), S(70, 96), D(92, 86)};
static const Point two_flat[] = {S(12, 12), S(50, 4),  S(80, 16), S(74, 44),
                                 S(40, 72), C(12, 94), S(50, 94), D(88, 92)};
static const Point three_plain[] = {S(16, 14), S(44, 4),  S(74, 14), S(70, 36), C(38, 46),
                                    S(76, 58), S(82, 82), S(50, 97), D(14, 86)};
static const Point three_soft[] = {S(14, 16), S(46, 4),  S(74, 20), S(56, 44), S(36, 48),
                                   S(58, 50), S(82, 70), S(58, 95), D(12, 88)};
static const Point three_flat[] = {S(14, 6), C(80, 6), C(42, 40), S(80, 56), S(78, 86), S(44, 97), D(12, 84)};
static const Point four_open[] = {S(22, 6),  S(16, 34), C(12, 58), S(50, 58),
                                  L(90, 56), S(66, 10), S(64, 50), D(62, 97)};
static const Point four_closed[] = {S(66, 4), C(10, 64), S(50, 65), L(92, 64),
                                    S(68, 4), S(66, 50), D(64, 97)};
static const Point four_cup[] = {S(18, 10), S(20, 44), S(44, 56), L(80, 44), S(82, 6), S(75, 50), D(66, 97)};
static const Point five_bar[] = {S(26, 6),  C(20, 44), S(50, 38), S(82, 56), S(78, 84),
                                 S(46, 97), L(12, 86), S(26, 7),  S(56, 8),  D(86, 4)};
static const Point five_single[] = {S(84, 5),  S(52, 6),  C(26, 8),  C(20, 42), S(54, 36),
                                    S(84, 60), S(72, 90), S(40, 97), D(12, 88)};
static const Point five_snake[] = {S(84, 8),  S(46, 5),  S(22, 20), S(34, 42),
                                   S(66, 52), S(80, 74), S(56, 96), D(14, 88)};
static const Point six_plain[] = {S(70, 4),  S(38, 24), S(14, 58), S(20, 88), S(52, 97),
                                  S(80, 80), S(68, 58), S(38, 58), D(18, 76)};
static const Point six_small[] = {S(58, 3),  S(30, 30), S(18, 66), S(34, 95),
                                  S(66, 92), S(74, 68), S(52, 54), D(24, 70)};
static const Point six_wide[] = {S(80, 10), S(50, 4),  S(20, 34), S(10, 70), S(36, 96),
                                 S(74, 92), S(86, 66), S(60, 48), S(26, 56), D(14, 74)};
static const Point seven_plain[] = {S(12, 8), S(50, 6), C(86, 6), S(60, 46), D(38, 97)};
static const Point seven_barred[] = {S(12, 8),  S(50, 7),  C(86, 6),  S(60, 46),
                                     L(38, 97), S(32, 52), S(56, 50), D(80, 50)};
static const Point seven_hooked[] = {S(12, 22), C(18, 8),  S(52, 11), C(86, 5),
                                     S(64, 36), S(50, 66), D(46, 97)};
static const Point eight_snake[] = {S(76, 14), S(44, 4),  S(20, 20), S(44, 46), S(78, 70), S(56, 96),
                                    S(22, 86), S(26, 62), S(56, 44), S(78, 22), D(66, 8)};
static const Point eight_rings[] = {S(50, 4),  S(26, 14), S(28, 38), S(50, 47), S(74, 36),
                                    S(72, 12), L(50, 4),  S(50, 47), S(20, 60), S(18, 86),
                                    S(50, 97), S(82, 84), S(80, 60), D(50, 47)};
static const Point eight_cross[] = {S(50, 48), S(22, 26), S(46, 4),  S(76, 22), S(50, 48),
                                    S(20, 74), S(48, 97), S(80, 76), D(52, 48)};
static const Point nine_straight[] = {S(78, 16), S(46, 4),  S(18, 22), S(28, 46),
                                      S(58, 46), C(78, 18), S(76, 56), D(70, 97)};
static const Point nine_curved[] = {S(76, 20), S(48, 4),  S(18, 22), S(34, 48), S(66, 40),
                                    S(78, 16), S(80, 54), S(62, 88), D(24, 95)};
static const Point nine_leaning[] = {S(74, 10), S(38, 5),  S(16, 30), S(40, 50),
                                     S(72, 30), C(76, 10), S(64, 52), D(46, 97)};

#define MAX_STYLES 4

static const struct {
    uint32_t n;
    const Point *styles[MAX_STYLES];
} digits[10] = {
    {3, {zero_round, zero_narrow, zero_tail}},    {4, {one_plain, one_flag, one_base, one_leaning}},
    {3, {two_plain, two_loop, two_flat}},         {3, {three_plain, three_soft, three_flat}},
    {3, {four_open, four_closed, four_cup}},      {3, {five_bar, five_single, five_snake}},
    {3, {six_plain, six_small, six_wide}},        {3, {seven_plain, seven_barred, seven_hooked}},
    {3, {eight_snake, eight_rings, eight_cross}}, {3, {nine_straight, nine_curved, nine_leaning}},
};

/* ---- chance ---- */

/* SplitMix64 (Steele, Lea, Flood 2014). */
static uint64_t mix(uint64_t z) {
    z = (z ^ (z >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
    z = (z ^ (z >> 27)) * UINT64_C(0x94d049bb133111eb);
    return z ^ (z >> 31);
}

static uint64_t draw(uint64_t *state) {
    *state += UINT64_C(0x9e3779b97f4a7c15);
    return mix(*state);
}

static uint64_t stream(uint64_t seed, uint32_t split, uint64_t index) {
    return mix(mix(mix(seed) + split) + index);
}

/* In [-1, 1). */
static float even(uint64_t *state) { return (float)(int32_t)(draw(state) >> 32) * (1.0f / 2147483648.0f); }

/* Bell-shaped with variance 1, never beyond 3.5: the sum of four, because libm's logarithm differs between
 * machines. */
static float bell(uint64_t *state) {
    return (even(state) + even(state) + even(state) + even(state)) * 0.8660254f;
}

static uint32_t label_of(uint64_t seed, uint32_t split, uint64_t index) {
    uint64_t state =
        stream(seed, split, index / 10) ^ UINT64_C(0x6c6162656c); /* apart from the drawing's own stream */
    uint8_t order[10] = {0};

    for (uint32_t i = 0; i < 10; i++) { /* Fisher, Yates, from the inside out */
        const uint32_t j = (uint32_t)(draw(&state) % (i + 1));
        order[i] = order[j];
        order[j] = (uint8_t)i;
    }
    return order[index % 10];
}

/* ---- the hand ---- */

typedef struct Hand {
    float xx, xy, yx, yy, x0, y0; /* from the box, centred, to pixels */
    float bend_x, bend_y;         /* how much the paper is bent */
    float shake;
    float radius, pressure; /* half of the pen's width, and how it changes from top to bottom */
    float ink, edge;        /* darkness, and the width of the border in pixels */
} Hand;

static Hand take_hand(uint64_t *state) {
    const float slant = 0.20f * bell(state), turn = 0.12f * bell(state);
    const float height = 19.5f + 1.6f * bell(state), width = height * (0.72f + 0.09f * bell(state));
    const float c = 1 - turn * turn / 2, s = turn - turn * turn * turn / 6;
    Hand h = {.bend_x = 0.10f * bell(state),
              .bend_y = 0.08f * bell(state),
              .shake = 0.032f + 0.012f * even(state),
              .radius = 1.15f + 0.38f * bell(state),
              .pressure = 0.22f * bell(state),
              .ink = 0.92f + 0.08f * even(state),
              .edge = 1.1f + 0.3f * even(state)};

    /* Scale, then slant, then turn. */
    h.xx = c * width / 100;
    h.xy = (-c * slant - s) * height / 100;
    h.yx = s * width / 100;
    h.yy = (c - s * slant) * height / 100;
    h.x0 = 14 + 0.9f * bell(state);
    h.y0 = 14 + 0.9f * bell(state);
    if (h.radius < 0.55f)
        h.radius = 0.55f;
    return h;
}

typedef struct Spot {
    float x, y;
} Spot;

static Spot place(const Hand *h, Point p, uint64_t *state) {
    const float x = (float)p.x - 50 + 100 * h->shake * bell(state),
                y = (float)p.y - 50 + 100 * h->shake * bell(state);
    /* Bending is a parabola over the other axis, zero in the mean, so it moves no centre. */
    const float bx = x + 100 * h->bend_x * (y * y / 2500 - 0.33f),
                by = y + 100 * h->bend_y * (x * x / 2500 - 0.33f);

    return (Spot){h->x0 + h->xx * bx + h->xy * by, h->y0 + h->yx * bx + h->yy * by};
}

/* ---- the pen ---- */

static int clamp(float v) { return v < 0 ? 0 : v > SIDE - 1 ? SIDE - 1 : (int)v; }

/* Darkens the pixels near a straight piece by their distance from it. */
static void ink_line(const Hand *h, float *image, Spot a, Spot b) {
    const float radius = h->radius * (1 + h->pressure * ((a.y + b.y) / SIDE - 1));
    const float reach = radius + h->edge;
    const float dx = b.x - a.x, dy = b.y - a.y, square = dx * dx + dy * dy;
    const float inverse = square > 0 ? 1 / square : 0;
    const int left = clamp((a.x < b.x ? a.x : b.x) - reach),
              right = clamp((a.x < b.x ? b.x : a.x) + reach + 1);
    const int top = clamp((a.y < b.y ? a.y : b.y) - reach),
              bottom = clamp((a.y < b.y ? b.y : a.y) + reach + 1);

    for (int y = top; y <= bottom; y++) {
        for (int x = left; x <= right; x++) {
            const float px = (float)x + 0.5f - a.x, py = (float)y + 0.5f - a.y;
            float t = (px * dx + py * dy) * inverse;
            t = t < 0 ? 0 : t > 1 ? 1 : t;
            const float ex = px - t * dx, ey = py - t * dy, d2 = ex * ex + ey * ey;
            if (d2 >= reach * reach)
                continue;
            float ink = (reach - sqrtf(d2)) / (2 * h->edge);
            ink = ink > 1 ? 1 : ink;
            if (ink > image[y * SIDE + x])
                image[y * SIDE + x] = ink;
        }
    }
}

/* A smooth line through the points (Catmull, Rom 1974); where a point stands twice it has a corner. */
static void ink_stroke(const Hand *h, float *image, const Spot *p, int n) {
    for (int i = 0; i + 1 < n; i++) {
        const Spot a = p[i], b = p[i + 1], before = p[i > 0 ? i - 1 : 0],
                   after = p[i + 2 < n ? i + 2 : n - 1];
        const Spot u = {(b.x - before.x) / 2, (b.y - before.y) / 2},
                   v = {(after.x - a.x) / 2, (after.y - a.y) / 2};
        Spot from = a;
        for (int k = 1; k <= SPANS; k++) {
            const float t = (float)k / SPANS, t2 = t * t, t3 = t2 * t;
            const float wa = 2 * t3 - 3 * t2 + 1, wb = 3 * t2 - 2 * t3, wu = t3 - 2 * t2 + t, wv = t3 - t2;
            const Spot to = {wa * a.x + wb * b.x + wu * u.x + wv * v.x,
                             wa * a.y + wb * b.y + wu * u.y + wv * v.y};
            ink_line(h, image, from, to);
            from = to;
        }
    }
}

/* One image, 28 by 28, 0 paper and 255 ink; returns its digit. */
static uint32_t glyph(uint64_t seed, uint32_t split, uint64_t index, uint8_t pixels[PIXELS]) {
    const uint32_t label = label_of(seed, split, index);
    uint64_t state = stream(seed, split, index);
    const Point *p = digits[label].styles[draw(&state) % digits[label].n];
    const Hand hand = take_hand(&state);
    float image[PIXELS] = {0};
    Spot stroke[MAX_POINTS];
    int n = 0;

    for (;; p++) {
        stroke[n++] = place(&hand, *p, &state);
        if (p->how == CORNER) {
            stroke[n] = stroke[n - 1];
            n++;
        } else if (p->how != SMOOTH) {
            ink_stroke(&hand, image, stroke, n);
            n = 0;
        }
        if (p->how == DONE)
            break;
    }
    for (int i = 0; i < PIXELS; i++) {
        const float v = 255 * image[i] * hand.ink + (image[i] > 0 ? 10 * even(&state) : 0);
        pixels[i] = (uint8_t)(v < 0 ? 0 : v > 255 ? 255 : v);
    }
    return label;
}

/* ---- the loader ---- */

enum { NOT_DRAWN, DRAWING, DRAWN };

/* The images of a split that have been drawn, each followed by its label; state NULL: there was no memory to
 * keep them. */
typedef struct Kept {
    _Atomic uint8_t *state;
    uint8_t *pixels;
} Kept;

struct NnData {
    NnDataInfo info;
    NnSplit splits[2];
    uint64_t seed;
    char digest[64];
    Kept kept[2]; /* as splits */
};

static const NnSetting settings[] = {
    {.name = "train",
     .kind = NN_SET_INT,
     .flags = NN_SET_RANGE,
     .preset = "10000",
     .min = 1,
     .max = 1e9,
     .unit = "images",
     .doc = "How many images there are to train on."},
    {.name = "test",
     .kind = NN_SET_INT,
     .flags = NN_SET_RANGE,
     .preset = "2000",
     .min = 1,
     .max = 1e9,
     .unit = "images",
     .doc = "How many other images there are to test on."},
    {.name = "seed",
     .kind = NN_SET_INT,
     .flags = NN_SET_RANGE,
     .preset = "0",
     .min = 0,
     .max = 9e15,
     .doc = "Another seed draws other images."},
};

static const char *const labels[] = {"0", "1", "2", "3", "4", "5", "6", "7", "8", "9"};
static const int64_t image_dims[] = {1, SIDE, SIDE};
static const NnField fields[] = {
    {.name = "x", .type = NN_U8, .rank = 3, .dims = image_dims, .scale = 1.0 / 255},
    {.name = "y", .type = NN_I64, .classes = 10, .labels = labels},
};

/* Memory for what is drawn: a second epoch, or a reader that is faster than the drawing, finds it there. */
static void keep_split(Kept *kept, uint64_t count) {
    kept->state = calloc(count ? count : 1, sizeof *kept->state);
    kept->pixels = kept->state ? malloc(count ? count * (PIXELS + 1) : 1) : NULL;
    if (kept->pixels == NULL) {
        free(kept->state);
        kept->state = NULL;
    }
}

static int32_t open_glyphs(const NnHost *nn, const NnConfig *config, NnData **data, NnStatus *status) {
    const NnConfigApi *c = nn->config;
    NnData *d = calloc(1, sizeof *d);

    if (d == NULL)
        return nn_fail(nn, status, NN_OUT_OF_MEMORY, "no memory to open the glyphs");
    d->seed = (uint64_t)c->integer(c->get(config, "seed"));
    d->splits[0] = (NnSplit){"train", (uint64_t)c->integer(c->get(config, "train"))};
    d->splits[1] = (NnSplit){"test", (uint64_t)c->integer(c->get(config, "test"))};
    (void)snprintf(d->digest, sizeof d->digest, "glyphs/1 seed %llu", (unsigned long long)d->seed);
    d->info = (NnDataInfo){.struct_size = sizeof d->info,
                           .n_fields = NN_COUNT(fields),
                           .field_stride = NN_STRIDE(fields),
                           .n_splits = NN_COUNT(d->splits),
                           .split_stride = NN_STRIDE(d->splits),
                           .fields = fields,
                           .splits = d->splits,
                           .digest = d->digest};
    keep_split(&d->kept[0], d->splits[0].count);
    keep_split(&d->kept[1], d->splits[1].count);
    *data = d;
    return NN_OK;
}

static const NnDataInfo *describe(NnData *d) { return &d->info; }

/* Draws an image, or copies it when it was drawn before; the label is the byte behind it. */
static uint32_t fetch(NnData *d, uint32_t split, uint64_t index, uint8_t *to) {
    Kept *kept = &d->kept[split];
    uint8_t *at = kept->state ? kept->pixels + index * (PIXELS + 1) : NULL;
    if (at && atomic_load_explicit(&kept->state[index], memory_order_acquire) == DRAWN) {
        memcpy(to, at, PIXELS);
        return at[PIXELS];
    }
    const uint32_t label = glyph(d->seed, split, index, to);
    uint8_t none = NOT_DRAWN;
    if (at && atomic_compare_exchange_strong(&kept->state[index], &none, DRAWING)) {
        memcpy(at, to, PIXELS);
        at[PIXELS] = (uint8_t)label;
        atomic_store_explicit(&kept->state[index], DRAWN, memory_order_release);
    }
    return label;
}

static int32_t read_glyphs(NnData *d, uint32_t split, uint64_t n, const uint64_t *indices,
                           void *const *buffers, NnStatus *status) {
    uint8_t *x = buffers[0];
    int64_t *y = buffers[1];

    (void)status;
    for (uint64_t i = 0; i < n; i++) {
        const uint32_t label =
            x ? fetch(d, split, indices[i], x + i * PIXELS) : label_of(d->seed, split, indices[i]);
        if (y)
            y[i] = label;
    }
    return NN_OK;
}

static void close_glyphs(NnData *d) {
    for (uint32_t i = 0; i < NN_COUNT(d->kept); i++) {
        free(d->kept[i].pixels);
        free(d->kept[i].state);
    }
    free(d);
}

static const NnDataset glyphs = {
    .struct_size = sizeof glyphs,
    .n_settings = NN_COUNT(settings),
    .setting_stride = NN_STRIDE(settings),
    .name = "glyphs",
    .doc = "Handwritten-like digits, 28 by 28, drawn as they are asked for: no file is needed.",
    .settings = settings,
    .open = open_glyphs,
    .describe = describe,
    .read = read_glyphs,
    .close = close_glyphs};

static const NnExport exports[] = {{NN_DATASET_KIND, "glyphs", &glyphs}};
NN_PLUGIN(glyphs, "Handwritten-like digits, drawn", exports)
