/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The first ABI fixture: an Add from outside, built against the headers as they were (tests/abi/VERSION/nn)
 * and loaded by the program as it is. It uses each part of the border that an operator has: table, inference,
 * gradient, kernel, start.
 */
#include <nn/plugin.h>

static int32_t infer(NnInfer *n) {
    const NnValueInfo *a = n->node->inputs[0], *b = n->node->inputs[1];
    if (a->rank >= 0 && b->rank >= 0 && a->rank != b->rank)
        return nn_fail(n->host, n->status, NN_INVALID, "A has rank %d, and B has rank %d", a->rank, b->rank);
    n->output(n, 0, a->type, a->rank, a->dims);
    return NN_OK;
}

static int32_t gradient(NnGradient *d) {
    d->grads[0] = d->grad_outputs[0];
    d->grads[1] = d->grad_outputs[0];
    return NN_OK;
}

static int32_t compute(const NnCall *call) {
    const float *a = nn_data(call->inputs[0]), *b = nn_data(call->inputs[1]);
    float *c = nn_data(call->outputs[0]);
    for (int64_t i = 0, n = nn_elements(call->inputs[0]); i < n; i++)
        c[i] = a[i] + b[i];
    return NN_OK;
}

static int32_t start(const NnHost *nn, NnStatus *status) {
    if (!NN_HAS(nn, plugin_path) || strstr(nn->plugin_path, "add.so") == NULL)
        return nn_fail(nn, status, NN_ERROR, "the host does not say where this object is");
    void *block = nn->alloc(nn, 100);
    if (block == NULL || (uintptr_t)block % 64 != 0)
        return nn_fail(nn, status, NN_ERROR, "the host's memory is not aligned");
    nn->free(nn, block);
    nn->log(nn, 1, "the fixture has started");
    return NN_OK;
}

static const NnParam inputs[] = {{"A", "T", NN_MASK(NN_F32), 0, 0, NULL},
                                 {"B", "T", NN_MASK(NN_F32), 0, 0, NULL}};
static const NnParam outputs[] = {{"C", "T", NN_MASK(NN_F32), 0, 0, NULL}};
static const char *const samples[] = {"f32[2,3] f32[2,3]"};
static const NnOperator add = {.struct_size = sizeof add,
                               .since = 1,
                               .domain = "com.example.abi",
                               .name = "Add",
                               .doc = "C = A + B, of equal shapes.",
                               .sort = NN_PRIMITIVE,
                               .flags = NN_OP_ELEMENTWISE,
                               .n_inputs = 2,
                               .n_outputs = 1,
                               .param_stride = sizeof(NnParam),
                               .min_outputs = 1,
                               .inputs = inputs,
                               .outputs = outputs,
                               .infer = infer,
                               .gradient = gradient,
                               .compute = compute,
                               .n_samples = NN_COUNT(samples),
                               .samples = samples};

static const NnExport exports[] = {{NN_OPERATOR_KIND, "com.example.abi/Add", &add}};

NN_EXPORT const NnPlugin *nn_plugin_entry(void);
NN_EXPORT const NnPlugin *nn_plugin_entry(void) {
    static const NnPlugin plugin = {.head = NN_HEAD,
                                    .struct_size = sizeof(NnPlugin),
                                    .name = "abi-add",
                                    .version = "0.1.0",
                                    .licence = "Apache-2.0",
                                    .summary = "The ABI fixture of version 0.1.",
                                    .export_count = NN_COUNT(exports),
                                    .export_stride = NN_STRIDE(exports),
                                    .exports = exports,
                                    .start = start};
    return &plugin;
}
