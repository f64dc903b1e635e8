/* SPDX-License-Identifier: Apache-2.0 */
/* One operator in two versions: up to 1 it doubled, from 2 on it also adds one. */
#include "nn/plugin.h"

static int32_t infer(NnInfer *n) {
    n->output(n, 0, n->node->inputs[0]->type, n->node->inputs[0]->rank, n->node->inputs[0]->dims);
    return NN_OK;
}

static int32_t compute(const NnCall *call) {
    const float *x = nn_data(call->inputs[0]);
    float *y = nn_data(call->outputs[0]);
    for (int64_t i = 0; i < nn_elements(call->inputs[0]); i++)
        y[i] = 2 * x[i] + (call->node->version >= 2 ? 1 : 0);
    return NN_OK;
}

static const NnParam in[] = {{.name = "X", .var = "T", .types = NN_MASK(NN_F32)}};
static const NnParam out[] = {{.name = "Y", .var = "T", .types = NN_MASK(NN_F32)}};

#define TWICE(since_version, text)                                                                           \
    {                                                                                                        \
        .struct_size = sizeof(NnOperator), .since = (since_version), .domain = "test", .name = "Twice",      \
        .doc = (text), .sort = NN_PRIMITIVE, .n_inputs = 1, .n_outputs = 1, .param_stride = sizeof(NnParam), \
        .min_outputs = 1, .inputs = in, .outputs = out, .infer = infer, .compute = compute                   \
    }

static const NnOperator old = TWICE(1, "Y = 2 X."), fresh = TWICE(2, "Y = 2 X + 1.");

static const NnExport list[] = {
    {NN_OPERATOR_KIND, "test/Twice", &fresh},
    {NN_OPERATOR_KIND, "test/Twice-1", &old},
};

NN_PLUGIN(twice, "One operator in two versions.", list)
