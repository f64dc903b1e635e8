/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The shelf of deliberately broken plug-ins: each file of this folder is one, with one defect, which its
 * first lines name and which is also its file's name (behind a dot is the kind of what has it, where that is
 * no kernel and no operator); `right` has none. `nnrun plugin test` has to tell them apart
 * (tests/nnrun/test-kit.sh). Here is what they do right: kernels of the device `cpu`, preferred to its own.
 */
#ifndef NN_TESTS_BROKEN_SHELF_H
#define NN_TESTS_BROKEN_SHELF_H

#include "nn/plugin.h"

/* A kernel of the device cpu for an operator of ONNX; what follows are more fields. */
#define SHELF_KERNEL(id, onnx, ...)                                                                          \
    static const NnKernel id = {.struct_size = sizeof id,                                                    \
                                .since_min = 1,                                                              \
                                .priority = 50,                                                              \
                                .domain = "",                                                                \
                                .op = onnx,                                                                  \
                                .device = "cpu",                                                             \
                                __VA_ARGS__}

/* An object that exports one kernel. */
#define SHELF_PLUGIN(id, text, onnx, kernel)                                                                 \
    static const NnExport exports[] = {{NN_KERNEL_KIND, onnx, &kernel}};                                     \
    NN_PLUGIN(id, text, exports)

static inline NN_MAYBE_UNUSED bool shelf_types(const NnNode *node, uint64_t types) {
    for (uint32_t i = 0; i < node->n_inputs; i++)
        if (node->inputs[i] && !(NN_MASK(node->inputs[i]->type) & types))
            return false;
    return true;
}

/* For `match`: everything is f32. */
static inline NN_MAYBE_UNUSED int32_t shelf_match(const NnHost *nn, NnDevice *device, const NnNode *node,
                                                  NnStatus *reason) {
    (void)device;
    return shelf_types(node, NN_MASK(NN_F32)) ? NN_OK
                                              : nn_fail(nn, reason, NN_UNSUPPORTED, "inputs are f32 here");
}

/* For `match`: two matrices of f32. */
static inline NN_MAYBE_UNUSED int32_t shelf_match_matrices(const NnHost *nn, NnDevice *device,
                                                           const NnNode *node, NnStatus *reason) {
    return node->inputs[0]->rank == 2 && node->inputs[1]->rank == 2
               ? shelf_match(nn, device, node, reason)
               : nn_fail(nn, reason, NN_UNSUPPORTED, "operands are matrices here");
}

/* For `match` of a reduction: f32, over all axes. */
static inline NN_MAYBE_UNUSED int32_t shelf_match_whole(const NnHost *nn, NnDevice *device,
                                                        const NnNode *node, NnStatus *reason) {
    (void)device;
    const NnValueInfo *axes = node->n_inputs > 1 ? node->inputs[1] : NULL;
    const bool all = axes == NULL || (axes->rank == 1 && axes->dims[0] == 0);
    if (!all || nn_attr_int(node, "noop_with_empty_axes", 0) != 0)
        return nn_fail(nn, reason, NN_UNSUPPORTED, "all axes are reduced here");
    return node->inputs[0]->type == NN_F32 ? NN_OK
                                           : nn_fail(nn, reason, NN_UNSUPPORTED, "data is f32 here, not %s",
                                                     nn_type_name(node->inputs[0]->type));
}

/* For `match` of an operator with lines along an axis: f32, along the last one. */
static inline NN_MAYBE_UNUSED int32_t shelf_match_rows(const NnHost *nn, NnDevice *device, const NnNode *node,
                                                       NnStatus *reason) {
    const int64_t axis = nn_attr_int(node, "axis", -1);
    return axis == -1 || axis == node->inputs[0]->rank - 1
               ? shelf_match(nn, device, node, reason)
               : nn_fail(nn, reason, NN_UNSUPPORTED, "the axis is the last one here");
}

static inline NN_MAYBE_UNUSED void *shelf_workspace(const NnCall *call) {
    return call->workspace ? (char *)call->workspace + call->workspace_offset : NULL;
}

/* The last extent, and how many rows of it there are. */
static inline NN_MAYBE_UNUSED int64_t shelf_columns(const NnTensor *t) {
    return t->rank > 0 ? t->dims[t->rank - 1] : 1;
}
static inline NN_MAYBE_UNUSED int64_t shelf_rows(const NnTensor *t) {
    return nn_product(t->dims, 0, t->rank - 1);
}

/* Where part `i` of `n` equal ones begins. */
static inline NN_MAYBE_UNUSED int64_t shelf_part(int64_t count, uint32_t i, uint32_t n) {
    return count * i / n;
}

/* For `run`: Relu of f32. */
static inline NN_MAYBE_UNUSED int32_t shelf_relu(void *state, const NnCall *call) {
    (void)state;
    const float *x = nn_data(call->inputs[0]);
    float *y = nn_data(call->outputs[0]);
    const int64_t n = nn_elements(call->inputs[0]);
    for (int64_t i = 0; i < n; i++)
        y[i] = x[i] < 0 ? 0 : x[i];
    return NN_OK;
}

#endif
