/* SPDX-License-Identifier: Apache-2.0 */
/* Older forms of layers: normalization, dropout, recurrence, pooling, sampling of images. */
#include "onnx.h"

/* y = scale (x - mean) / sqrt(var + epsilon) + bias with statistics of all dimensions but the first. */
static bool normalize_each(Call *c) {
    const NnHost *nn = onnx_host(c);
    NnGraph *g = onnx_graph(c);
    if (c->n_inputs != 5 || onnx_info(c, 0) == NULL || onnx_info(c, 4) == NULL)
        return onnx_refuse(c, "it has %u inputs, expected 5", c->n_inputs);
    NnValue *var = nn_op2(nn, g, "Add", c->inputs[4], onnx_like(c, 4, onnx_attr_float(c, "epsilon", 1e-5)));
    NnValue *x = nn_op2(nn, g, "Sub", c->inputs[0], c->inputs[3]);
    NnValue *y = nn_op2(nn, g, "Div", nn_op2(nn, g, "Mul", x, c->inputs[1]), nn_op1(nn, g, "Sqrt", var));
    return onnx_finish(c, nn_op2(nn, g, "Add", y, c->inputs[2]));
}

/* Before opset 7 is_test said what training_mode says; up to opset 13 asking for the statistics did. The
 * saved ones were never more than a place to keep things. */
static bool batch_normalization(Call *c) {
    bool training = c->n_outputs > 1;
    if (c->opset < 7)
        training = onnx_attr_int(c, "is_test", 0) == 0;
    const bool spatial = onnx_attr_int(c, "spatial", 1) != 0;
    onnx_attr_drop(c, "is_test");
    onnx_attr_drop(c, "spatial");
    if (!spatial && training)
        return onnx_refuse(c, "training with spatial=0 is not supported");
    if (!spatial)
        return normalize_each(c);
    if (c->n_outputs > 3)
        return onnx_refuse(
            c, "its outputs saved_mean and saved_var, which opset 14 took away, are not supported");
    return !training || onnx_attr_set(c, NN_INT("training_mode", 1));
}

static bool dropout(Call *c) {
    const NnHost *nn = onnx_host(c);
    NnGraph *g = onnx_graph(c);
    const double ratio = onnx_attr_float(c, "ratio", 0.5);
    const bool training = c->opset < 7 && onnx_attr_int(c, "is_test", 0) == 0;
    const NnValueInfo *x = onnx_info(c, 0);
    onnx_attr_drop(c, "ratio");
    onnx_attr_drop(c, "is_test");
    if (x == NULL || !onnx_set_input(c, 1, nn_scalar(nn, g, NN_F32, ratio)) ||
        (training && !onnx_set_input(c, 2, nn_scalar(nn, g, NN_BOOL, 1))))
        return false;
    if (c->n_outputs < 2 || c->opset >= 10 || x->type == NN_NONE)
        return true;
    if (!onnx_emit(c))
        return false;
    /* The mask was a number before it was a truth. */
    c->outputs[1] = nn_op(nn, g, "Cast", NN_VALUES(c->outputs[1]), NN_ATTRS(NN_INT("to", x->type)));
    c->done = true;
    return c->outputs[1] != NULL;
}

/* Opset 18 had a scale and a bias for each group, 21 has them for each channel. */
static bool group_normalization(Call *c) {
    const NnHost *nn = onnx_host(c);
    NnGraph *g = onnx_graph(c);
    const int64_t groups = onnx_attr_int(c, "num_groups", 0), one = 1, all = -1;
    if (c->n_inputs != 3 || groups < 1)
        return onnx_refuse(c, "it has %u inputs and num_groups %lld", c->n_inputs, (long long)groups);
    NnValue *count = nn_vector(nn, g, 1, &groups);
    NnValue *channels = nn_op(nn, g, "Shape", c->inputs, 1, NN_ATTRS(NN_INT("start", 1), NN_INT("end", 2)));
    NnValue *each = nn_op2(nn, g, "Div", channels, count);
    NnValue *shape = nn_op(nn, g, "Concat", NN_VALUES(count, each), NN_ATTRS(NN_INT("axis", 0)));
    for (uint32_t i = 1; i < 3; i++) {
        NnValue *column = nn_op2(nn, g, "Unsqueeze", c->inputs[i], nn_vector(nn, g, 1, &one));
        NnValue *wide = nn_op2(nn, g, "Expand", column, shape);
        if (!onnx_set_input(c, i, nn_op2(nn, g, "Reshape", wide, nn_vector(nn, g, 1, &all))))
            return false;
    }
    return true;
}

static bool recurrent(Call *c) {
    onnx_attr_drop(c, "output_sequence");
    return true;
}

static bool whole_p(Call *c) {
    const double p = onnx_attr_float(c, "p", 2);
    if (!(p >= 1 && p <= 1e6) || p != (double)(int64_t)p)
        return onnx_refuse(c, "p is %g: only whole numbers are supported, as from opset 2 on", p);
    return onnx_attr_set(c, NN_INT("p", (int64_t)p));
}

static bool roi_align(Call *c) {
    return onnx_attr(c, "coordinate_transformation_mode") ||
           onnx_attr_set(c, NN_TEXT("coordinate_transformation_mode", "output_half_pixel"));
}

static bool grid_sample(Call *c) {
    const NnAttr *mode = onnx_attr(c, "mode");
    if (mode == NULL || mode->kind != NN_ATTR_STRING)
        return true;
    if (strcmp(mode->u.s, "bilinear") == 0)
        return onnx_attr_set(c, NN_TEXT("mode", "linear"));
    return strcmp(mode->u.s, "bicubic") != 0 || onnx_attr_set(c, NN_TEXT("mode", "cubic"));
}

static bool dft_axis(Call *c) {
    const int64_t axis = onnx_attr_int(c, "axis", 1);
    onnx_attr_drop(c, "axis");
    return onnx_set_input(c, 2, onnx_host(c)->graph->constant(onnx_graph(c), NN_I64, 0, NULL, &axis));
}

const Rule onnx_rules_network[] = {{"BatchNormalization", 14, batch_normalization},
                                   {"Dropout", 12, dropout},
                                   {"GroupNormalization", 21, group_normalization},
                                   {"RNN", 7, recurrent},
                                   {"GRU", 7, recurrent},
                                   {"LSTM", 7, recurrent},
                                   {"LpPool", 2, whole_p},
                                   {"GlobalLpPool", 2, whole_p},
                                   {"RoiAlign", 16, roi_align},
                                   {"GridSample", 20, grid_sample},
                                   {"DFT", 20, dft_axis},
                                   {NULL, 0, NULL}};
