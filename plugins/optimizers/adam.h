/* SPDX-License-Identifier: Apache-2.0 */
/* The direction that Adam and AdamW share (Kingma, Ba 2015, algorithm 1): settings beta1, beta2, eps; slots
 * mean, square. */
#ifndef NN_OPTIMIZERS_ADAM_H
#define NN_OPTIMIZERS_ADAM_H

#include "update.h"

/* 1 - beta^t */
static inline NnValue *adam_correction(NnUpdate *u, double beta) {
    NnValue *power = nn_op2(u->host, u->graph, "Pow", number(u, beta), cast(u, u->step));
    return sub(u, number(u, 1), power);
}

/* The corrections are scalars: each weight costs one root and one division. */
static inline NnValue *adam_direction(NnUpdate *u) {
    const double beta1 = setting(u, "beta1"), beta2 = setting(u, "beta2");
    NnValue *mean1 = mean(u, beta1, u->slots[0], u->grad);
    NnValue *mean2 = mean(u, beta2, u->slots[1], mul(u, u->grad, u->grad));
    u->new_slots[0] = mean1;
    u->new_slots[1] = mean2;
    NnValue *scale1 = divide(u, number(u, 1), adam_correction(u, beta1));
    NnValue *scale2 = divide(u, number(u, 1), root(u, adam_correction(u, beta2)));
    NnValue *denominator = add(u, mul(u, root(u, mean2), scale2), number(u, setting(u, "eps")));
    return mul(u, divide(u, mean1, denominator), scale1);
}

#endif
