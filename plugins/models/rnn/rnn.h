/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Recurrent networks: what a cell is. The family runs a cell over time with Scan; the projection of its input
 * is done for all time steps at once, outside of the loop, so that the loop holds only what depends on the
 * step before.
 */
#ifndef NN_MODELS_RNN_H
#define NN_MODELS_RNN_H

#include "models/shared/supervised.h"

#define RNN_MAX_STATES 2

typedef struct RnnCell {
    const char *name;
    int64_t gates;   /* the projections have gates * units columns */
    uint32_t states; /* carried tensors [N, units]; the first is the cell's output */
    int64_t biased;  /* the gate that starts at `forget_bias`, -1: none */
    /* One step: `input` [N, gates * units] holds x W + b, `recurrent` [units, gates * units] the weights of
     * the state. */
    void (*step)(const Net *, NnValue *input, NnValue *recurrent, NnValue *const *states, NnValue **next);
} RnnCell;

extern const RnnCell rnn_elman, rnn_gru, rnn_lstm;

/* Columns of x [N, n * units] as n matrices [N, units]. */
static inline NN_MAYBE_UNUSED void rnn_split(const Net *net, NnValue *x, uint32_t n, NnValue **parts) {
    (void)nn_ops(net->nn, net->g, "Split", NN_VALUES(x),
                 NN_ATTRS(NN_INT("axis", 1), NN_INT("num_outputs", n)), parts, n);
}

#endif
