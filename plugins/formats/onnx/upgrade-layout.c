/* SPDX-License-Identifier: Apache-2.0 */
/* Older forms of operators that move data: what are inputs today were attributes; Upsample, Scatter. */
#include "onnx.h"

static bool axes(Call *c) { return onnx_ints_to_input(c, "axes", 1); }

static bool shape(Call *c) { return onnx_ints_to_input(c, "shape", 1); }

static bool k(Call *c) { return onnx_ints_to_input(c, "k", 1); }

static bool slice(Call *c) {
    return onnx_ints_to_input(c, "starts", 1) && onnx_ints_to_input(c, "ends", 2) &&
           onnx_ints_to_input(c, "axes", 3);
}

static bool paddings(Call *c) { return onnx_ints_to_input(c, "paddings", 1); }

static bool pads(Call *c) { return onnx_ints_to_input(c, "pads", 1) && onnx_number_to_input(c, "value", 2); }

static bool split_lengths(Call *c) { return onnx_ints_to_input(c, "split", 1); }

/* Equal parts, as many as there are outputs. */
static bool split_equally(Call *c) {
    c->n_outputs = (uint32_t)c->node->n_output;
    return c->n_inputs > 1 || onnx_attr_set(c, NN_INT("num_outputs", c->n_outputs));
}

static bool concat_axis(Call *c) { return onnx_attr(c, "axis") || onnx_attr_set(c, NN_INT("axis", 1)); }

/* Opset 1 repeats along one axis, both told by scalars. */
static bool tile(Call *c) {
    const NnValueInfo *x = onnx_info(c, 0), *tiles = onnx_info(c, 1), *axis = onnx_info(c, 2);
    int64_t repeats[NN_MAX_RANK];
    double number[2];
    if (axis == NULL)
        return true;
    const NnValueInfo *told[2] = {tiles, axis};
    for (unsigned i = 0; i < 2; i++) {
        const NnTensor *t = told[i] ? told[i]->value : NULL;
        if (t == NULL || nn_elements(t) != 1 || x == NULL || x->rank < 0)
            return onnx_refuse(c, "its tiles and axis (opset 1) are not known before it runs");
        const void *p = nn_data(t);
        number[i] = t->type == NN_I64   ? (double)*(const int64_t *)p
                    : t->type == NN_I32 ? (double)*(const int32_t *)p
                    : t->type == NN_F32 ? (double)*(const float *)p
                    : t->type == NN_F64 ? *(const double *)p
                                        : -1;
    }
    if (!(number[1] >= 0 && number[1] < x->rank) || !(number[0] >= 0 && number[0] <= 1e15))
        return onnx_refuse(c, "axis %g and tiles %g do not fit its %d dimensions", number[1], number[0],
                           x->rank);
    for (int32_t i = 0; i < x->rank; i++)
        repeats[i] = i == (int32_t)number[1] ? (int64_t)number[0] : 1;
    c->n_inputs = 2;
    return onnx_set_input(c, 1, nn_vector(onnx_host(c), onnx_graph(c), x->rank, repeats));
}

static bool scatter(Call *c) {
    c->op = "ScatterElements";
    c->opset = ONNX_NEWEST;
    return true;
}

static NnValue *floats(const Call *c, uint32_t n, const double *values) {
    float list[NN_MAX_RANK] = {0};
    const int64_t count = n;
    for (uint32_t i = 0; i < n; i++)
        list[i] = (float)values[i];
    return onnx_host(c)->graph->constant(onnx_graph(c), NN_F32, 1, &count, list);
}

/* Upsample and the first Resize: output pixel i is input pixel floor(i / scale). */
static bool resize_plainly(Call *c) {
    const NnAttr *mode = onnx_attr(c, "mode");
    if (mode && mode->kind == NN_ATTR_STRING && strcmp(mode->u.s, "bilinear") == 0 &&
        !onnx_attr_set(c, NN_TEXT("mode", "linear")))
        return false;
    if (c->n_inputs != 2)
        return onnx_refuse(c, "it has %u inputs, expected the data and the scales", c->n_inputs);
    NnValue *scales = c->inputs[1];
    c->inputs[1] = NULL;
    c->op = "Resize";
    c->opset = ONNX_NEWEST;
    return onnx_set_input(c, 2, scales) &&
           onnx_attr_set(c, NN_TEXT("coordinate_transformation_mode", "asymmetric")) &&
           onnx_attr_set(c, NN_TEXT("nearest_mode", "floor"));
}

static bool upsample_1(Call *c) {
    const double scales[4] = {1, 1, onnx_attr_float(c, "height_scale", 1),
                              onnx_attr_float(c, "width_scale", 1)};
    onnx_attr_drop(c, "height_scale");
    onnx_attr_drop(c, "width_scale");
    return c->n_inputs > 1 || onnx_attr(c, "scales") || onnx_set_input(c, 1, floats(c, 4, scales));
}

static bool upsample_7(Call *c) {
    const NnAttr *a = onnx_attr(c, "scales");
    if (a == NULL)
        return true;
    if (a->kind != NN_ATTR_FLOATS || a->count > NN_MAX_RANK)
        return onnx_refuse(c, "attribute scales: expected at most %d numbers", NN_MAX_RANK);
    NnValue *v = floats(c, a->count, a->u.floats);
    onnx_attr_drop(c, "scales");
    return onnx_set_input(c, 1, v);
}

const Rule onnx_rules_layout[] = {{"Reshape", 5, shape},
                                  {"Squeeze", 13, axes},
                                  {"Unsqueeze", 13, axes},
                                  {"ReduceSum", 13, axes},
                                  {"ReduceL1", 18, axes},
                                  {"ReduceL2", 18, axes},
                                  {"ReduceLogSum", 18, axes},
                                  {"ReduceLogSumExp", 18, axes},
                                  {"ReduceMax", 18, axes},
                                  {"ReduceMean", 18, axes},
                                  {"ReduceMin", 18, axes},
                                  {"ReduceProd", 18, axes},
                                  {"ReduceSumSquare", 18, axes},
                                  {"Slice", 10, slice},
                                  {"Pad", 2, paddings},
                                  {"Pad", 11, pads},
                                  {"Split", 13, split_lengths},
                                  {"Split", 18, split_equally},
                                  {"Concat", 4, concat_axis},
                                  {"Tile", 6, tile},
                                  {"TopK", 10, k},
                                  {"Scatter", ONNX_NEWEST + 1, scatter},
                                  {"Upsample", 7, upsample_1},
                                  {"Upsample", 9, upsample_7},
                                  {"Upsample", ONNX_NEWEST + 1, resize_plainly},
                                  {"Resize", 11, resize_plainly},
                                  {NULL, 0, NULL}};
