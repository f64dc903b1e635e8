/* SPDX-License-Identifier: Apache-2.0 */
/* Element-wise operators of any number of tensors, which are broadcast with each other: Sum, Mean, Max, Min.
 */
#ifndef OPS_FAMILY_VARIADIC_H
#define OPS_FAMILY_VARIADIC_H

#include "broadcast.h"

/* Sum, Max and others of any number of inputs. */
#define NN_OF_MANY(types)                                                                                    \
    .flags = NN_OP_ELEMENTWISE,                                                                              \
    NN_IN({"X", "T", types, NN_VARIADIC, 0, "the operands, broadcast with each other"}),                     \
    NN_OUT({"Y", "T", types, 0, 0, "result, of the broadcast shape"})
#define NN_VARIADIC_SAMPLES                                                                                  \
    NN_SAMPLES("[2,3]", "[2,3] [3] [2,1]", "[] [2]", "[0,3] [3]", "i64[2,2]@-9:9 i64[2]@-9:9")

/* Sum, Max, Min of any number of inputs, from left to right. */
static inline int32_t nn_variadic_compute(const NnCall *call, const NnBinary *f, double scale) {
    NnTensor *c = call->outputs[0];
    int64_t index[NN_MAX_RANK] = {0}, strides[NN_MAX_RANK];
    const int64_t n = nn_elements(c);
    const bool whole = nn_is(c->type, NN_INTEGERS), natural = f->natural && c->type == NN_U64;
    for (int64_t k = 0; k < n; k++, nn_next(c->rank, c->dims, index)) {
        double real = 0;
        int64_t integer = 0;
        for (uint32_t i = 0; i < call->n_inputs; i++) {
            const NnTensor *x = call->inputs[i];
            nn_broadcast_strides(x, c->rank, strides);
            const int64_t at = nn_at(c->rank, index, strides),
                          e = whole ? nn_load_int(nn_data(x), x->type, at) : 0;
            const double r = whole ? 0 : nn_load(nn_data(x), x->type, at);
            real = i ? f->real(real, r) : r;
            integer = !i        ? e
                      : natural ? (int64_t)f->natural((uint64_t)integer, (uint64_t)e)
                                : f->whole(integer, e);
        }
        if (whole)
            nn_store_int(nn_data(c), c->type, k, integer);
        else
            nn_store(nn_data(c), c->type, k, real * scale);
    }
    return NN_OK;
}

/* Largest or smallest: what arrives goes to those that equal the result, in even parts. */
static inline int32_t nn_extremum_rule(NnGradient *g) {
    const uint32_t n = g->node->n_inputs;
    NnValue *ties = NULL, *d = NN_DY(g);
    for (uint32_t i = 0; n > 1 && i < n; i++) {
        NnValue *tie = nn_rule_cast(g, nn_rule2(g, "Equal", g->inputs[i], g->outputs[0]), d);
        ties = ties ? nn_rule2(g, "Add", ties, tie) : tie;
    }
    d = ties ? nn_rule2(g, "Div", d, ties) : d;
    for (uint32_t i = 0; i < n; i++) {
        NnValue *tie = n > 1 && g->wanted[i]
                           ? nn_rule_cast(g, nn_rule2(g, "Equal", g->inputs[i], g->outputs[0]), d)
                           : NULL;
        if (g->wanted[i])
            nn_broadcast_grad(g, i, tie ? nn_rule2(g, "Mul", d, tie) : d);
    }
    return NN_OK;
}

#endif
