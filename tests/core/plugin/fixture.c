/* SPDX-License-Identifier: Apache-2.0 */
/* One small plug-in with an operator, and by -D every way in which a plug-in can be wrong. */
#include "nn/plugin.h"

#include <stdlib.h>

#ifndef OP
#define OP "FooNorm"
#endif
#ifndef SINCE
#define SINCE 1
#endif

#ifdef UNDEFINED
void there_is_no_such_function(void);
#endif

static int32_t infer(NnInfer *n) {
#ifdef UNDEFINED
    there_is_no_such_function();
#endif
    n->output(n, 0, n->node->inputs[0]->type, n->node->inputs[0]->rank, n->node->inputs[0]->dims);
    return NN_OK;
}

static const NnParam param[] = {{"X", "T", NN_FLOATS, 0, 0, "anything"}};

/* What a table of a later version of the contract looks like. */
static const struct {
    NnOperator op;
    uint64_t later;
} table = {{
#if defined(LONGER)
               .struct_size = sizeof(NnOperator) + 8,
#elif defined(SHORTER)
               .struct_size = offsetof(NnOperator, n_samples),
#elif defined(TINY)
               .struct_size = 16,
#else
               .struct_size = sizeof(NnOperator),
#endif
               .since = SINCE,
               .domain = "",
               .name = OP,
               .doc = "Does nothing, e.g. to X. And more.",
               .sort = NN_PRIMITIVE,
               .n_inputs = 1,
               .n_outputs = 1,
               .param_stride = sizeof(NnParam),
               .min_outputs = 1,
               .inputs = param,
               .outputs = param,
               .infer = infer},
           0};

static const NnExport exports[] = {
#ifdef TWICE
    {NN_OPERATOR_KIND, OP, &table},
#endif
    {NN_OPERATOR_KIND, OP, &table}};

#ifdef START_FAILS
static int32_t start(const NnHost *nn, NnStatus *status) {
    return nn_fail(nn, status, NN_UNAVAILABLE, "needs CUDA %s or newer, found %s", "12.4", "11.8");
}
#endif

#ifndef NO_ENTRY
NN_EXPORT const NnPlugin *nn_plugin_entry(void);
NN_EXPORT const NnPlugin *nn_plugin_entry(void) {
    static NnPlugin plugin = {.head = NN_HEAD,
                              .struct_size = sizeof(NnPlugin),
                              .name = "fixture",
                              .version = "1.2.3",
                              .licence = "Apache-2.0",
                              .summary = "A fixture.",
                              .export_count = NN_COUNT(exports),
                              .export_stride = NN_STRIDE(exports),
                              .exports = exports,
#ifdef START_FAILS
                              .start = start
#endif
    };
#if defined(CRASHES)
    abort();
#elif defined(EXITS)
    _Exit(7);
#elif defined(OTHER_ABI)
    plugin.head.abi_min = 7;
    plugin.head.abi_max = 9;
#elif defined(OTHER_MAGIC)
    plugin.head.magic = 42;
#elif defined(OTHER_POINTERS)
    plugin.head.pointer_bytes = 4;
#elif defined(OTHER_ORDER)
    plugin.head.byte_order = 3;
#elif defined(OTHER_HEAD)
    plugin.head.head_size = 64;
#endif
    return &plugin;
}
#endif
