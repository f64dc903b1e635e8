/* SPDX-License-Identifier: Apache-2.0 */
/* The tables of cases. A line is in doc/samples.md's grammar; a size maps the extents of a line; both say
 * from which tier on they are run. */
#include "cases.h"

#include <math.h>

#define MOST_ELEMENTS (1 << 13)
#define FLAT_MAX 35
#define FLAT_LINES 3u /* samples that lengths are tried on */

typedef struct Line {
    const char *op, *line;
    Tier tier;
} Line;

/* Large enough for vector loops, their tails, blocks and threads. */
static const Line lines[] = {
    {"Add", "[70,130] [130]", TIER_CI},
    {"Add", "[3,5,7,65] [5,1,65]", TIER_CI},
    {"Mul", "[9,1,130] [1,70,1]", TIER_CI},
    {"Einsum", "[3,33,17] [3,17,29]; equation=bij,bjk->bik", TIER_CI},
    {"Sub", "[4099] [4099]", TIER_CI},
    {"Div", "[33,67] [33,1]@.5:2", TIER_CI},
    {"Where", "bool[40,70] [40,70] [70]", TIER_CI},
    {"Exp", "[20011]@-20:20", TIER_CI},
    {"Tanh", "[20011]@-12:12", TIER_CI},
    {"Sigmoid", "[20011]@-30:30", TIER_CI},
    {"Log", "[20011]@.001:50", TIER_CI},
    {"Erf", "[5003]@-5:5", TIER_CI},
    {"Gelu", "[70001]@-6:6", TIER_CI},
    {"Softplus", "[5003]@-30:30", TIER_CI},
    {"Relu", "[97,1031]", TIER_CI},
    {"Gemm", "[67,129] [129,70] [70]", TIER_CI},
    {"Gemm", "[129,67] [70,129] [67,1]; transA=1 transB=1", TIER_CI},
    {"Gemm", "[256,256] [256,256]", TIER_ALL},
    {"MatMul", "[3,40,33] [33,65]", TIER_CI},
    {"MatMul", "[2,1,20,33] [3,33,17]", TIER_CI},
    {"ReduceSum", "[37,129]", TIER_CI},
    {"ReduceSum", "[65,37,40] i64[2]{0,2}; keepdims=0", TIER_CI},
    {"ReduceMean", "[300,257] i64[1]{0}", TIER_CI},
    {"ReduceMax", "[33,1025] i64[1]{1}", TIER_CI},
    {"nn/SumTo", "[64,6,40] [6,1]", TIER_CI},
    {"nn/SumTo", "[128,513] [513]", TIER_CI},
    {"ReduceSum", "[600,250]", TIER_CI},
    {"ReduceSum", "[2,0] i64[1]{0}", TIER_CI},
    {"ReduceSum", "[0,3] i64[1]{0}", TIER_CI},
    {"nn/SumTo", "[5000,30] [30]", TIER_CI},
    {"nn/AllFinite", "[300001]", TIER_CI},
    {"Softmax", "[70,257]@-20:20", TIER_CI},
    {"Softmax", "[3,40,37]; axis=1", TIER_CI},
    {"LogSoftmax", "[70,257]@-20:20", TIER_CI},
    {"SoftmaxCrossEntropyLoss", "[5,65]@-9:9 i64[5]{0,64,3,1,2}", TIER_CI},
    {"Transpose", "[65,33]; perm=1,0", TIER_CI},
    {"Transpose", "[7,33,5,18]; perm=2,0,3,1", TIER_CI},
    {"Gather", "[65,130] i64[4]{64,0,-1,7}", TIER_CI},
    {"ArgMax", "[40,1000]; axis=1", TIER_CI},
    {"ArgMax", "[9,50,37]; axis=1 select_last_index=1", TIER_CI},
    {"Conv", "[3,1,28,28] [6,1,5,5] [6]; pads=2,2,2,2", TIER_CI},
    {"Conv", "[2,6,14,14] [16,6,5,5] [16]", TIER_CI},
    {"Conv", "[2,8,17,19] [12,4,3,3]; group=2 strides=2,1 pads=1,0,1,2 dilations=1,2", TIER_CI},
    {"nn/ConvGradInput", "[2,16,10,10] [16,6,5,5] [2,6,14,14]", TIER_CI},
    {"nn/ConvGradWeight", "[3,6,28,28] [3,1,28,28] [6,1,5,5]; pads=2,2,2,2", TIER_CI},
    {"Einsum", "[3,33,17] [3,17,29]; equation=bij,bjk->bik", TIER_CI},
    {"Einsum", "[2,9,5,7] [2,11,5,7] [2,11,5,3]; equation=bihd,bjhd,bjhe->bihe", TIER_CI},
    {"MaxPool", "[3,6,28,28]; kernel_shape=2,2 strides=2,2", TIER_CI},
    {"MaxPool", "[2,5,19,23]; kernel_shape=3,3 strides=2,2 pads=1,1,1,1 -> 2", TIER_CI},
    {"AveragePool", "[2,5,19,23]; kernel_shape=3,2 strides=2,2 pads=1,0,1,1", TIER_CI},
    {"nn/AveragePoolGrad", "[2,5,10,46] [2,5,19,91]; kernel_shape=3,3 strides=2,2 pads=1,1,1,1", TIER_CI},
    {"BatchNormalization", "[6,5,7,7] [5]@.5:2 [5] [5] [5]@.5:2; training_mode=1 -> 3", TIER_CI},
    {"LayerNormalization", "[33,130] [130] [130]", TIER_CI},
    {"LayerNormalization", "[5,5] [5,1] [5,1]", TIER_CI},
    {"nn/LayerNormalizationGrad", "[2,2] f[2,2]{1,-1,3,1} [2,1] f[2,1]{0,2} f[2,1]{1,1}; epsilon=0", TIER_CI},
    {"nn/Uniform", "i64[2]{130,70} i64[2]{42,7}; salt=3", TIER_CI},
    {"nn/Bernoulli", "[]@.3:.4 i64[2]{42,7} [130,129]; dtype=bool salt=1", TIER_CI},
};

typedef struct Size {
    SampleSize size;
    Tier tier;
    const char *text;
} Size;

static const Size sizes[] = {
    {{.scale = 0}, TIER_SMOKE, ""},
    {{.scale = 4}, TIER_CI, ", extents times 4"},
    {{.scale = 4, .add = 1}, TIER_CI, ", extents times 4 plus 1"},
    {{.empty = true}, TIER_CI, ", without elements"},
    {{.add = 1}, TIER_CI, ", extents 1"},
    {{.scale = 16}, TIER_ALL, ", extents times 16"},
    {{.scale = 16, .add = 3}, TIER_ALL, ", extents times 16 plus 3"},
    {{.scale = 32, .add = -1}, TIER_ALL, ", extents times 32 minus 1"},
};

static const int32_t floats[] = {NN_F32, NN_F64, NN_F16, NN_BF16};
static const int32_t integers[] = {NN_I64, NN_I8, NN_I16, NN_I32, NN_U8, NN_U16, NN_U32, NN_U64};

static const NnParam *input_param(const NnOperator *def, uint32_t i) {
    return (const void *)((const char *)def->inputs +
                          (size_t)(i < def->n_inputs ? i : def->n_inputs - 1) * def->param_stride);
}

/* Is input i one of the integers under test: of the same letter as the first input, and not a shape? */
static bool swaps(const NnOperator *def, const Sample *s, uint32_t i) {
    if (def->n_inputs == 0 || s->n_inputs == 0)
        return false;
    const NnParam *first = input_param(def, 0), *p = input_param(def, i);
    return s->inputs[i] && type_is(s->inputs[i]->t.type, NN_INDICES) && !(p->flags & NN_SHAPE_VALUE) &&
           p->var && first->var && strcmp(p->var, first->var) == 0;
}

static void retype(const NnOperator *def, Sample *s, int32_t type) {
    bool swap[SAMPLE_MAX];
    for (uint32_t i = 0; i < s->n_inputs; i++)
        swap[i] = swaps(def, s, i);
    for (uint32_t i = 0; i < s->n_inputs; i++) {
        if (!swap[i])
            continue;
        Tensor *x = s->inputs[i], *y = tensor_new(type, x->t.rank, x->dims);
        for (int64_t e = 0; e < tensor_count(&x->t); e++) {
            const int64_t v = tensor_get_int(&x->t, e);
            tensor_set_int(&y->t, e, type_is(type, NN_UNSIGNED) && v < 0 ? -v : v);
        }
        tensor_free(x);
        s->inputs[i] = y;
    }
}

static bool any_free(const Sample *s) {
    for (uint32_t i = 0; i < s->n_inputs; i++)
        if (s->inputs[i] && s->free_type[i])
            return true;
    return false;
}

typedef struct Walk {
    Kit *kit;
    const char *op, *line;
    const NnOperator *def;
    void (*judge)(Kit *, Case *, void *);
    void *arg;
} Walk;

/* False: this line has no case of that size. */
static bool walk_one(const Walk *w, uint32_t size, int32_t type) {
    char why[256];
    Case c = {.op = w->op, .def = w->def, .type = type, .variant = size};
    const int32_t as = type_is(type, NN_FLOATS) ? type : NN_F32;
    if (!sample_parse_sized(&c.sample, w->def, w->line, as, sizes[size].size,
                            size ? MOST_ELEMENTS : INT64_MAX / 64, why, sizeof why)) {
        if (size == 0 && kit_case(w->kit, "case \"%s\"", w->line))
            kit_fail(w->kit, WRONG_TABLE, "%s", why);
        return false;
    }
    const bool swap = swaps(w->def, &c.sample, 0), free = any_free(&c.sample);
    const bool wanted = type_is(type, NN_FLOATS) ? free || (!swap && type == NN_F32) : swap;
    c.typed = swap || free;
    if (wanted && (size == 0 || c.sample.sized)) {
        if (!type_is(type, NN_FLOATS))
            retype(w->def, &c.sample, type);
        if (kit_case(w->kit, "case \"%s\" in %s%s", w->line, nn_type_name(type), sizes[size].text))
            w->judge(w->kit, &c, w->arg);
    }
    nn_status_clear(w->kit->status);
    sample_clear(&c.sample);
    return true;
}

/* Vectors of every length up to some, so that no tail of a loop is left out. Many lines have the same ones.
 */
static void walk_lengths(const Walk *w) {
    for (int64_t n = 1; n <= FLAT_MAX; n++) {
        char why[256];
        Case c = {.op = w->op,
                  .def = w->def,
                  .type = NN_F32,
                  .variant = (uint32_t)G_N_ELEMENTS(sizes),
                  .brief = true};
        if (!sample_parse_sized(&c.sample, w->def, w->line, NN_F32, (SampleSize){.flat = n}, MOST_ELEMENTS,
                                why, sizeof why))
            return;
        c.typed = any_free(&c.sample);
        if (c.sample.sized && c.typed && kit_case(w->kit, "case \"%s\" in f32, length %d", w->line, (int)n))
            w->judge(w->kit, &c, w->arg);
        nn_status_clear(w->kit->status);
        sample_clear(&c.sample);
    }
}

static void walk_line(const Walk *w) {
    const Tier tier = w->kit->options->tier;
    for (uint32_t i = 0; i < G_N_ELEMENTS(sizes); i++) {
        if (sizes[i].tier > tier)
            continue;
        /* Other sizes in other types are for the last tier. */
        const bool all = tier == TIER_ALL || (tier == TIER_CI && i == 0);
        bool there = true;
        for (uint32_t t = 0; there && t < (all ? G_N_ELEMENTS(floats) : i == 0 ? 2 : 1); t++)
            there = walk_one(w, i, floats[t]);
        for (uint32_t t = 0; there && t < (all ? G_N_ELEMENTS(integers) : 1); t++)
            there = walk_one(w, i, integers[t]);
        if (!there && i == 0)
            return;
    }
}

void cases_walk(Kit *k, const char *op, const NnOperator *def, void (*judge)(Kit *, Case *, void *),
                void *arg) {
    Walk w = {.kit = k, .op = op, .def = def, .judge = judge, .arg = arg};
    for (uint32_t i = 0; i < def->n_samples; i++) {
        w.line = def->samples[i];
        walk_line(&w);
        if (k->options->tier > TIER_SMOKE && i < FLAT_LINES)
            walk_lengths(&w);
    }
    for (uint32_t i = 0; i < G_N_ELEMENTS(lines); i++)
        if (strcmp(lines[i].op, op) == 0 && lines[i].tier <= k->options->tier) {
            w.line = lines[i].line;
            (void)walk_one(&w, 0, NN_F32);
        }
}
