/* SPDX-License-Identifier: Apache-2.0 */
/* Conversion between element types: Cast and CastLike. */
#ifndef OPS_FAMILY_CAST_H
#define OPS_FAMILY_CAST_H

#include "index.h"

#define NN_CAST_ATTRIBUTES                                                                                   \
    NN_FLAG("saturate", "1", "kept for ONNX's 8-bit floats; without effect on others"),                      \
        NN_CHOICE("round_mode", "up", "up|down|nearest", "kept for ONNX's f8e8m0; without effect on others")

static inline int32_t nn_cast_infer(NnInfer *n, int32_t type) {
    if (type != NN_NONE && !nn_is(type, NN_ANY))
        return nn_bad(n, "element type %s (%d) is not supported", nn_type_name(type), type);
    const NnValueInfo *x = n->node->inputs[0];
    int64_t dims[NN_MAX_RANK];
    nn_dims_of(x, dims);
    n->output(n, 0, type, x->rank, dims);
    nn_pass_value(n, type, x->rank);
    return NN_OK;
}

static inline int32_t nn_cast_rule(NnGradient *g) {
    g->grads[0] = nn_rule_cast(g, NN_DY(g), g->inputs[0]);
    return NN_OK;
}

static inline int32_t nn_cast_compute(const NnCall *call) {
    const NnTensor *x = call->inputs[0];
    NnTensor *y = call->outputs[0];
    const uint64_t whole = NN_INTEGERS | NN_MASK(NN_BOOL);
    const int64_t n = nn_elements(x);
    for (int64_t i = 0; i < n; i++)
        if (nn_is(x->type, whole) && nn_is(y->type, whole))
            nn_store_int(nn_data(y), y->type, i, nn_load_int(nn_data(x), x->type, i));
        else
            nn_store(nn_data(y), y->type, i, nn_load(nn_data(x), x->type, i));
    return NN_OK;
}

#endif
