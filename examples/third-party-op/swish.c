/* SPDX-License-Identifier: Apache-2.0 */
/*
 * com.example/Swish: Y = X * sigmoid(beta * X) (Ramachandran, Zoph, Le 2017). An operator from outside of the
 * project's tree: it is built against the installed headers alone, and every network can use it by its name.
 */
#include <nn/plugin.h>

#include <math.h>

static int32_t infer(NnInfer *n) {
    const NnValueInfo *x = n->node->inputs[0];
    n->output(n, 0, x->type, x->rank, x->dims);
    return NN_OK;
}

/* With s = sigmoid(beta X): dY/dX = s + beta Y (1 - s). */
static int32_t gradient(NnGradient *d) {
    const NnHost *nn = d->host;
    NnGraph *g = d->graph;
    NnValue *x = d->inputs[0], *y = d->outputs[0];
    NnValue *beta = nn_scalar_like(nn, g, x, nn_attr_float(d->node, "beta", 1));
    NnValue *s = nn_op1(nn, g, "Sigmoid", nn_op2(nn, g, "Mul", beta, x));
    NnValue *rest = nn_op2(nn, g, "Sub", nn_scalar_like(nn, g, x, 1), s);
    NnValue *slope = nn_op2(nn, g, "Add", s, nn_op2(nn, g, "Mul", nn_op2(nn, g, "Mul", beta, y), rest));
    d->grads[0] = nn_op2(nn, g, "Mul", d->grad_outputs[0], slope);
    return NN_OK;
}

static double swish(double x, double beta) { return x / (1 + exp(-beta * x)); }

static int32_t compute(const NnCall *call) {
    const NnTensor *x = call->inputs[0];
    void *to = nn_data(call->outputs[0]);
    const double beta = nn_attr_float(call->node, "beta", 1);
    const int64_t n = nn_elements(x);
    if (x->type == NN_F32)
        for (int64_t i = 0; i < n; i++)
            ((float *)to)[i] = (float)swish(((const float *)nn_data(x))[i], beta);
    else
        for (int64_t i = 0; i < n; i++)
            ((double *)to)[i] = swish(((const double *)nn_data(x))[i], beta);
    return NN_OK;
}

static const NnParam inputs[] = {{"X", "T", NN_MASK(NN_F32) | NN_MASK(NN_F64), 0, 0, "any shape"}};
static const NnParam outputs[] = {{"Y", "T", NN_MASK(NN_F32) | NN_MASK(NN_F64), 0, 0, "of the shape of X"}};
static const NnSetting attrs[] = {{"beta", NN_SET_FLOAT, 0, "1", 0, 0, NULL, NULL, "How steep the gate is."}};
static const char *const samples[] = {"[2,3]", "[4]@-3:3 ; beta=2", "[]", "[0,2]"};

static const NnOperator op = {.struct_size = sizeof op,
                              .since = 1,
                              .domain = "com.example",
                              .name = "Swish",
                              .doc = "A smooth gate: Y = X * sigmoid(beta * X).",
                              .sort = NN_PRIMITIVE,
                              .flags = NN_OP_ELEMENTWISE,
                              .n_inputs = 1,
                              .n_outputs = 1,
                              .param_stride = sizeof(NnParam),
                              .n_attrs = NN_COUNT(attrs),
                              .attr_stride = NN_STRIDE(attrs),
                              .min_outputs = 1,
                              .inputs = inputs,
                              .outputs = outputs,
                              .attrs = attrs,
                              .infer = infer,
                              .gradient = gradient,
                              .compute = compute,
                              .n_samples = NN_COUNT(samples),
                              .samples = samples};

static const NnExport exports[] = {{NN_OPERATOR_KIND, "com.example/Swish", &op}};

NN_PLUGIN(swish, "The operator com.example/Swish.", exports)
