/* SPDX-License-Identifier: Apache-2.0 */
/* Two composite operators whose bodies are each other: an expansion that would never end. */
#include "nn/plugin.h"

static int32_t infer(NnInfer *n) {
    n->output(n, 0, n->node->inputs[0]->type, n->node->inputs[0]->rank, n->node->inputs[0]->dims);
    return NN_OK;
}

static int32_t to_pong(NnBody *b) {
    b->outputs[0] = nn_op1(b->host, b->graph, "test/Pong", b->inputs[0]);
    return NN_OK;
}

static int32_t to_ping(NnBody *b) {
    b->outputs[0] = nn_op1(b->host, b->graph, "test/Ping", b->inputs[0]);
    return NN_OK;
}

static const NnParam in[] = {{.name = "X", .var = "T", .types = NN_MASK(NN_F32)}};
static const NnParam out[] = {{.name = "Y", .var = "T", .types = NN_MASK(NN_F32)}};

#define COMPOSITE(op_name, op_body)                                                                          \
    {                                                                                                        \
        .struct_size = sizeof(NnOperator), .since = 1, .domain = "test", .name = (op_name),                  \
        .doc = "Never ends.", .sort = NN_COMPOSITE, .n_inputs = 1, .n_outputs = 1,                           \
        .param_stride = sizeof(NnParam), .min_outputs = 1, .inputs = in, .outputs = out, .infer = infer,     \
        .body = (op_body)                                                                                    \
    }

static const NnOperator ping = COMPOSITE("Ping", to_pong), pong = COMPOSITE("Pong", to_ping);

static const NnExport list[] = {
    {NN_OPERATOR_KIND, "test/Ping", &ping},
    {NN_OPERATOR_KIND, "test/Pong", &pong},
};

NN_PLUGIN(cycle, "Two operators that are made of each other.", list)
