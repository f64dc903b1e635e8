/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Which operator set a form needs, and how older ones say the same. Definitions are of the newest set; below,
 * an operator may be absent, or lack an input or an attribute (which does no harm while it has its default).
 * What there is from set 13 on stands in no table. A few operators of the domain nn are Reshape and
 * ConstantOfShape in disguise.
 */
#include "write.h"

#include <math.h>

/* ---- what came when ---- */

typedef struct Since {
    const char *op, *part; /* an attribute, an input's position, or NULL for the operator itself */
    int64_t opset;
} Since;

static const Since operators[] = {
    {"AffineGrid", NULL, 20},
    {"Attention", NULL, 23},
    {"Bernoulli", NULL, 15},
    {"BitCast", NULL, 26},
    {"BitwiseAnd", NULL, 18},
    {"BitwiseNot", NULL, 18},
    {"BitwiseOr", NULL, 18},
    {"BitwiseXor", NULL, 18},
    {"BlackmanWindow", NULL, 17},
    {"CastLike", NULL, 15},
    {"CausalConvWithState", NULL, 27},
    {"CenterCropPad", NULL, 18},
    {"Col2Im", NULL, 18},
    {"CumProd", NULL, 26},
    {"DFT", NULL, 20},
    {"DeformConv", NULL, 19},
    {"Gelu", NULL, 20},
    {"Gemm", NULL, 14},
    {"GridSample", NULL, 20},
    {"GroupNormalization", NULL, 21},
    {"HammingWindow", NULL, 17},
    {"HannWindow", NULL, 17},
    {"HardSwish", NULL, 14},
    {"LayerNormalization", NULL, 17},
    {"LinearAttention", NULL, 27},
    {"MelWeightMatrix", NULL, 17},
    {"Mish", NULL, 18},
    {"RMSNormalization", NULL, 23},
    {"RoiAlign", NULL, 16},
    {"RotaryEmbedding", NULL, 23},
    {"STFT", NULL, 17},
    {"SwiGLU", NULL, 28},
    {"Swish", NULL, 24},
    {"TensorScatter", NULL, 24},
    {"Trilu", NULL, 14},
};

static const Since attributes[] = {
    {"Attention", "left_window_size", 25},
    {"Attention", "right_window_size", 25},
    {"AveragePool", "dilations", 19},
    {"BatchNormalization", "training_mode", 14},
    {"Cast", "saturate", 19},
    {"Cast", "round_mode", 24},
    {"CastLike", "saturate", 19},
    {"CastLike", "round_mode", 24},
    {"DequantizeLinear", "block_size", 21},
    {"DequantizeLinear", "output_dtype", 23},
    {"GRU", "layout", 14},
    {"LSTM", "layout", 14},
    {"LpPool", "dilations", 18},
    {"LpPool", "ceil_mode", 18},
    {"QuantizeLinear", "saturate", 19},
    {"QuantizeLinear", "output_dtype", 21},
    {"QuantizeLinear", "block_size", 21},
    {"QuantizeLinear", "precision", 23},
    {"RNN", "layout", 14},
    {"Range", "stash_type", 27},
    {"ReduceL1", "noop_with_empty_axes", 18},
    {"ReduceL2", "noop_with_empty_axes", 18},
    {"ReduceLogSum", "noop_with_empty_axes", 18},
    {"ReduceLogSumExp", "noop_with_empty_axes", 18},
    {"ReduceMax", "noop_with_empty_axes", 18},
    {"ReduceMean", "noop_with_empty_axes", 18},
    {"ReduceMin", "noop_with_empty_axes", 18},
    {"ReduceProd", "noop_with_empty_axes", 18},
    {"ReduceSumSquare", "noop_with_empty_axes", 18},
    {"Reshape", "allowzero", 14},
    {"Resize", "antialias", 18},
    {"Resize", "axes", 18},
    {"Resize", "keep_aspect_ratio_policy", 18},
    {"ScatterElements", "reduction", 16},
    {"ScatterND", "reduction", 16},
    {"Shape", "start", 15},
    {"Shape", "end", 15},
    {"SpaceToDepth", "mode", 28},
    {"Split", "num_outputs", 18},
};

static const Since inputs[] = {
    {"Attention", "6", 24},    {"Pad", "3", 18},        {"ReduceL1", "1", 18},        {"ReduceL2", "1", 18},
    {"ReduceLogSum", "1", 18}, {"ReduceMax", "1", 18},  {"ReduceLogSumExp", "1", 18}, {"ReduceMean", "1", 18},
    {"ReduceMin", "1", 18},    {"ReduceProd", "1", 18}, {"ReduceSumSquare", "1", 18},
};

const char *writer_lacks(OnnxWriter *w, const NnNode *node) {
    for (uint32_t i = 0; i < NN_COUNT(operators); i++)
        if (operators[i].opset > w->opset && strcmp(operators[i].op, node->op) == 0)
            return writer_text(w, "ONNX says this from operator set %lld on, and %lld was asked for",
                               (long long)operators[i].opset, (long long)w->opset);
    for (uint32_t i = 0; i < NN_COUNT(attributes); i++)
        if (attributes[i].opset > w->opset && strcmp(attributes[i].op, node->op) == 0 &&
            !writer_is_default(node, nn_attr(node, attributes[i].part)))
            return writer_text(w, "its %s needs operator set %lld, and %lld was asked for",
                               attributes[i].part, (long long)attributes[i].opset, (long long)w->opset);
    for (uint32_t i = 0; i < NN_COUNT(inputs); i++) {
        const uint32_t at = (uint32_t)(*inputs[i].part - '0');
        if (inputs[i].opset > w->opset && strcmp(inputs[i].op, node->op) == 0 && at < node->n_inputs &&
            node->inputs[at])
            return writer_text(w, "its input %u needs operator set %lld, and %lld was asked for", at,
                               (long long)inputs[i].opset, (long long)w->opset);
    }
    return NULL;
}

/* ---- what rules are written with ---- */

static const NnValueInfo *info_of(const OnnxNode *n, uint32_t i) {
    return i < n->node->n_inputs ? n->node->inputs[i] : NULL;
}

/* An output of the node, or under no name of its own. */
static const char *put(OnnxNode *n, const char *out, const char *op, uint32_t n_inputs,
                       const char *const *names, const NnAttr *attrs, uint32_t n_attrs) {
    OnnxWriter *w = n->scope->to->w;
    out = out ? out : writer_unique(w, writer_text(w, "%s/%s", n->node->name, op));
    Onnx__NodeProto *p = writer_emit(n->scope->to, "", op, out, n_inputs, names, 1, &out);
    for (uint32_t i = 0; p && i < n_attrs; i++)
        writer_attr(w, p, &attrs[i]);
    return out;
}

static const char *put1(OnnxNode *n, const char *out, const char *op, const char *a) {
    return put(n, out, op, 1, &a, NULL, 0);
}

static const char *put2(OnnxNode *n, const char *out, const char *op, const char *a, const char *b) {
    return put(n, out, op, 2, (const char *const[]){a, b}, NULL, 0);
}

/* A scalar of the type of the first input. */
static const char *number(OnnxNode *n, int32_t type, double value) {
    OnnxWriter *w = n->scope->to->w;
    const float f = (float)value;
    const char *name = type == NN_F64 ? writer_constant(w, "number", NN_F64, 0, NULL, &value)
                                      : writer_constant(w, "number", NN_F32, 0, NULL, &f);
    return type == NN_F32 || type == NN_F64 ? name
                                            : put(n, NULL, "Cast", 1, &name, NN_ATTRS(NN_INT("to", type)));
}

static const char *vector(OnnxNode *n, const char *name, int64_t count, const int64_t *values) {
    return writer_constant(n->scope->to->w, name, NN_I64, 1, &count, values);
}

/* The integers of an input that is known as a whole; false where it is not. */
static bool integers(const OnnxNode *n, uint32_t i, uint32_t *count, int64_t *values) {
    const NnValueInfo *v = info_of(n, i);
    if (v == NULL || v->value == NULL || v->rank > 1 || (v->type != NN_I64 && v->type != NN_I32))
        return false;
    const int64_t all = nn_elements(v->value);
    if (all > NN_MAX_RANK)
        return false;
    *count = (uint32_t)all;
    for (int64_t k = 0; k < all; k++)
        values[k] = v->type == NN_I64 ? ((const int64_t *)nn_data(v->value))[k]
                                      : ((const int32_t *)nn_data(v->value))[k];
    return true;
}

static int32_t done(const OnnxNode *n) { return n->scope->to->w->nn->code(n->scope->to->w->status); }

/* ---- rules ---- */

/* Axes were an attribute. Without axes, and told to leave data alone, it is the data. */
static int32_t reduce(OnnxNode *n) {
    static const char *const newer[] = {"noop_with_empty_axes", NULL};
    int64_t axes[NN_MAX_RANK];
    uint32_t count = 0;
    if (info_of(n, 1) && !integers(n, 1, &count, axes))
        return NN_UNSUPPORTED;
    if (count == 0 && nn_attr_int(n->node, "noop_with_empty_axes", 0))
        return NN_UNSUPPORTED;
    Onnx__NodeProto *p = writer_emit_as(n, n->node->op, 1, newer);
    if (count > 0)
        writer_attr(n->scope->to->w, p, &NN_INTS("axes", count, axes));
    return done(n);
}

/* The number of parts was that of the outputs; parts that are not equal have to be told. */
static int32_t split(OnnxNode *n) {
    static const char *const newer[] = {"num_outputs", NULL};
    const NnValueInfo *x = info_of(n, 0);
    const int64_t parts = n->node->n_outputs;
    int64_t axis = nn_attr_int(n->node, "axis", 0), sizes[64];
    if (x == NULL || x->rank < 0 || parts > 64 || parts == 0)
        return NN_UNSUPPORTED;
    axis += axis < 0 ? x->rank : 0;
    const int64_t extent = axis < x->rank ? x->dims[axis] : NN_DIM_UNKNOWN;
    if (!nn_dim_known(extent))
        return NN_UNSUPPORTED;
    const int64_t size = (extent + parts - 1) / parts;
    for (int64_t i = 0, left = extent; i < parts; left -= sizes[i++])
        sizes[i] = left < size ? left : size;
    Onnx__NodeProto *p = writer_emit_as(n, "Split", 1, newer);
    if (p == NULL || extent % parts == 0)
        return done(n);
    char **names = writer_memory(n->scope->to->w, 2 * sizeof *names);
    if (names) {
        names[0] = p->input[0];
        names[1] = (char *)(uintptr_t)vector(n, "split", parts, sizes);
        p->input = names;
        p->n_input = 2;
    }
    return done(n);
}

/* Pads were given for all axes. */
static int32_t pad(OnnxNode *n) {
    const NnValueInfo *x = info_of(n, 0);
    int64_t axes[NN_MAX_RANK], given[2 * NN_MAX_RANK], all[2 * NN_MAX_RANK] = {0};
    uint32_t count, n_given;
    if (x->rank < 0 || !integers(n, 3, &count, axes) || !integers(n, 1, &n_given, given) ||
        n_given != 2 * count)
        return NN_UNSUPPORTED;
    for (uint32_t i = 0; i < count; i++) {
        const int64_t axis = axes[i] < 0 ? axes[i] + x->rank : axes[i];
        if (axis < 0 || axis >= x->rank)
            return NN_UNSUPPORTED;
        all[axis] = given[i];
        all[axis + x->rank] = given[count + i];
    }
    const char *const names[] = {writer_input(n, 0), vector(n, "pads", 2 * x->rank, all), writer_input(n, 2)};
    const NnAttr *mode = nn_attr(n->node, "mode");
    (void)put(n, n->outputs[0], "Pad", 3, names, mode, mode ? 1 : 0);
    return done(n);
}

static int32_t cast_like(OnnxNode *n) {
    const NnValueInfo *like = info_of(n, 1);
    if (like == NULL || like->type == NN_NONE)
        return NN_UNSUPPORTED;
    const char *x = writer_input(n, 0);
    (void)put(n, n->outputs[0], "Cast", 1, &x, NN_ATTRS(NN_INT("to", like->type)));
    return done(n);
}

/* A part of a shape was cut out of the whole. */
static int32_t shape(OnnxNode *n) {
    const NnAttr *end = nn_attr(n->node, "end");
    const int64_t from = nn_attr_int(n->node, "start", 0), to = end ? end->u.i : INT64_MAX;
    const char *const names[] = {put1(n, NULL, "Shape", writer_input(n, 0)), vector(n, "starts", 1, &from),
                                 vector(n, "ends", 1, &to)};
    (void)put(n, n->outputs[0], "Slice", 3, names, NULL, 0);
    return done(n);
}

/* Where the shape is known and has no 0, allowzero says nothing. */
static int32_t reshape(OnnxNode *n) {
    static const char *const newer[] = {"allowzero", NULL};
    int64_t dims[NN_MAX_RANK];
    uint32_t count;
    if (!integers(n, 1, &count, dims))
        return NN_UNSUPPORTED;
    for (uint32_t i = 0; i < count; i++)
        if (dims[i] == 0)
            return NN_UNSUPPORTED;
    (void)writer_emit_as(n, "Reshape", 2, newer);
    return done(n);
}

/* The columns j and rows i with j - i >= k (upper), or <= k. */
static int32_t trilu(OnnxNode *n) {
    const bool upper = nn_attr_int(n->node, "upper", 1) != 0;
    const int64_t places[2] = {-2, -1}, behind = 1, zero = 0, one = 1;
    const int32_t type = info_of(n, 0)->type;
    OnnxWriter *w = n->scope->to->w;
    const char *x = writer_input(n, 0), *k = writer_input(n, 1);
    const char *from = writer_constant(w, "number", NN_I64, 0, NULL, &zero),
               *step = writer_constant(w, "number", NN_I64, 0, NULL, &one),
               *extent = put1(n, NULL, "Shape", x);
    const char *range[2];
    for (int i = 0; i < 2; i++) {
        const char *place = writer_constant(w, "number", NN_I64, 0, NULL, &places[i]);
        const char *const names[] = {from, put2(n, NULL, "Gather", extent, place), step};
        range[i] = put(n, NULL, "Range", 3, names, NULL, 0);
    }
    const char *rows = put2(n, NULL, "Unsqueeze", range[0], vector(n, "axes", 1, &behind));
    const char *above = put2(n, NULL, "Sub", range[1], *k ? put2(n, NULL, "Add", rows, k) : rows);
    const char *kept = put2(n, NULL, upper ? "GreaterOrEqual" : "LessOrEqual", above, from);
    const char *const names[] = {kept, x, number(n, type, 0)};
    (void)put(n, n->outputs[0], "Where", 3, names, NULL, 0);
    return done(n);
}

/* There was one transformation of coordinates only. */
static int32_t roi_align(OnnxNode *n) {
    static const char *const newer[] = {"coordinate_transformation_mode", NULL};
    if (strcmp(nn_attr_string(n->node, *newer, "half_pixel"), "output_half_pixel") != 0)
        return NN_UNSUPPORTED;
    (void)writer_emit_as(n, "RoiAlign", n->node->n_inputs, newer);
    return done(n);
}

static int32_t hard_swish(OnnxNode *n) {
    const char *x = writer_input(n, 0);
    const char *gate =
        put(n, NULL, "HardSigmoid", 1, &x, NN_ATTRS(NN_FLOAT("alpha", 1.0 / 6), NN_FLOAT("beta", 0.5)));
    (void)put2(n, n->outputs[0], "Mul", x, gate);
    return done(n);
}

static int32_t mish(OnnxNode *n) {
    const char *x = writer_input(n, 0);
    (void)put2(n, n->outputs[0], "Mul", x, put1(n, NULL, "Tanh", put1(n, NULL, "Softplus", x)));
    return done(n);
}

/* Gemm is as old as ONNX, but readers of the age of set 13 (OpenCV 4.6) take it with a transposed B only. */
static int32_t gemm(OnnxNode *n) {
    const NnNode *node = n->node;
    if (nn_attr_float(node, "alpha", 1) != 1 || nn_attr_float(node, "beta", 1) != 1 ||
        nn_attr_int(node, "transA", 0) || nn_attr_int(node, "transB", 0)) {
        (void)writer_emit_as(n, "Gemm", node->n_inputs, NULL);
        return done(n);
    }
    const char *bias = writer_input(n, 2);
    const char *product =
        put2(n, *bias ? NULL : n->outputs[0], "MatMul", writer_input(n, 0), writer_input(n, 1));
    if (*bias)
        (void)put2(n, n->outputs[0], "Add", product, bias);
    return done(n);
}

/* x Phi(x), Phi by the error function or by tanh, in the order in which other programs know it again. */
static int32_t gelu(OnnxNode *n) {
    const int32_t type = info_of(n, 0)->type;
    const char *x = writer_input(n, 0), *inner;
    if (strcmp(nn_attr_string(n->node, "approximate", "none"), "tanh") == 0) {
        const char *cube = put2(n, NULL, "Mul", put2(n, NULL, "Mul", x, x), x);
        const char *sum = put2(n, NULL, "Add", x, put2(n, NULL, "Mul", cube, number(n, type, 0.044715)));
        inner = put1(n, NULL, "Tanh", put2(n, NULL, "Mul", sum, number(n, type, sqrt(2 / M_PI))));
    } else {
        inner = put1(n, NULL, "Erf", put2(n, NULL, "Div", x, number(n, type, M_SQRT2)));
    }
    const char *twice = put2(n, NULL, "Mul", x, put2(n, NULL, "Add", inner, number(n, type, 1)));
    (void)put2(n, n->outputs[0], "Mul", twice, number(n, type, 0.5));
    return done(n);
}

static const char *cast_to(OnnxNode *n, const char *out, const char *x, int32_t type) {
    return put(n, out, "Cast", 1, &x, NN_ATTRS(NN_INT("to", type)));
}

/* (x - mean) / sqrt(variance + epsilon) * scale + bias; statistics of 16-bit floats in f32. */
static int32_t layer_normalization(OnnxNode *n) {
    const NnValueInfo *info = info_of(n, 0);
    int64_t axis = nn_attr_int(n->node, "axis", -1), axes[NN_MAX_RANK];
    if (info->rank < 0 || info->rank > NN_MAX_RANK)
        return NN_UNSUPPORTED;
    axis -= axis >= 0 ? info->rank : 0;
    for (int64_t i = 0; i < -axis; i++)
        axes[i] = axis + i;
    const int32_t wide = info->type == NN_F64 ? NN_F64 : NN_F32;
    const NnAttr over[] = {NN_INTS("axes", (uint32_t)-axis, axes)};
    const char *const *out = n->outputs;
    const char *x = writer_input(n, 0), *bias = writer_input(n, 2);
    x = info->type == wide ? x : cast_to(n, NULL, x, wide);
    const char *mean = put(n, n->n_outputs > 1 && *out[1] ? out[1] : NULL, "ReduceMean", 1, &x, over, 1);
    const char *centred = put2(n, NULL, "Sub", x, mean);
    const char *square = put2(n, NULL, "Mul", centred, centred);
    const char *variance = put(n, NULL, "ReduceMean", 1, &square, over, 1);
    const char *deviation =
        put1(n, NULL, "Sqrt",
             put2(n, NULL, "Add", variance, number(n, wide, nn_attr_float(n->node, "epsilon", 1e-5))));
    if (n->n_outputs > 2 && *out[2])
        (void)put1(n, out[2], "Reciprocal", deviation);
    const char *y = put2(n, NULL, "Div", centred, deviation);
    y = info->type == wide ? y : cast_to(n, NULL, y, info->type);
    y = put2(n, *bias ? NULL : out[0], "Mul", y, writer_input(n, 1));
    if (*bias)
        (void)put2(n, out[0], "Add", y, bias);
    return done(n);
}

/* The modes had other names, and pictures two dimensions. */
static int32_t grid_sample(OnnxNode *n) {
    static const char *const renamed[] = {"mode", NULL};
    const char *mode = nn_attr_string(n->node, "mode", "linear");
    const NnValueInfo *x = info_of(n, 0);
    if (n->scope->to->w->opset < 16 || x->rank != 4)
        return NN_UNSUPPORTED;
    Onnx__NodeProto *p = writer_emit_as(n, "GridSample", n->node->n_inputs, renamed);
    const char *old = strcmp(mode, "linear") == 0  ? "bilinear"
                      : strcmp(mode, "cubic") == 0 ? "bicubic"
                                                   : mode;
    writer_attr(n->scope->to->w, p, &NN_TEXT("mode", old));
    return done(n);
}

/* The axis was an attribute. */
static int32_t dft(OnnxNode *n) {
    int64_t axis = -2;
    uint32_t count = 1;
    if (n->scope->to->w->opset < 17 || (info_of(n, 2) && (!integers(n, 2, &count, &axis) || count != 1)))
        return NN_UNSUPPORTED;
    writer_attr(n->scope->to->w, writer_emit_as(n, "DFT", 2, NULL), &NN_INT("axis", axis));
    return done(n);
}

static int32_t reshape_like(OnnxNode *n) {
    (void)put2(n, n->outputs[0], "Reshape", writer_input(n, 0), put1(n, NULL, "Shape", writer_input(n, 1)));
    return done(n);
}

static int32_t filled(OnnxNode *n, float value) {
    const int32_t type = info_of(n, 0)->type;
    int64_t one = 1;
    float *element = writer_memory(n->scope->to->w, sizeof *element);
    if (element == NULL || type == NN_NONE)
        return NN_UNSUPPORTED;
    *element = value;
    const NnTensor tensor = {.buffer = element, .type = NN_F32, .rank = 1, .dims = &one};
    const NnAttr attr = {.name = "value", .kind = NN_ATTR_TENSOR, .u.tensor = &tensor};
    const char *whole = put1(n, NULL, "Shape", writer_input(n, 0));
    whole = put(n, type == NN_F32 ? n->outputs[0] : NULL, "ConstantOfShape", 1, &whole, &attr, 1);
    if (type != NN_F32)
        (void)cast_to(n, n->outputs[0], whole, type);
    return done(n);
}

static int32_t ones_like(OnnxNode *n) { return filled(n, 1); }
static int32_t zeros_like(OnnxNode *n) { return filled(n, 0); }

static const struct {
    const char *domain, *op;
    int32_t (*write)(OnnxNode *);
} rules[] = {
    {"", "ReduceL1", reduce},
    {"", "ReduceL2", reduce},
    {"", "ReduceLogSum", reduce},
    {"", "ReduceLogSumExp", reduce},
    {"", "ReduceMax", reduce},
    {"", "ReduceMean", reduce},
    {"", "ReduceMin", reduce},
    {"", "ReduceProd", reduce},
    {"", "ReduceSumSquare", reduce},
    {"", "Split", split},
    {"", "Pad", pad},
    {"", "CastLike", cast_like},
    {"", "Shape", shape},
    {"", "Reshape", reshape},
    {"", "Trilu", trilu},
    {"", "RoiAlign", roi_align},
    {"", "HardSwish", hard_swish},
    {"", "Mish", mish},
    {"", "Gelu", gelu},
    {"", "Gemm", gemm},
    {"", "LayerNormalization", layer_normalization},
    {"", "GridSample", grid_sample},
    {"", "DFT", dft},
    {"nn", "ReshapeLike", reshape_like},
    {"nn", "OnesLike", ones_like},
    {"nn", "ZerosLike", zeros_like},
};

int32_t writer_older(OnnxNode *n) {
    for (uint32_t i = 0; i < NN_COUNT(rules); i++)
        if (strcmp(rules[i].op, n->node->op) == 0 && strcmp(rules[i].domain, n->node->domain) == 0)
            return rules[i].write(n);
    return NN_UNSUPPORTED;
}
