/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Evaluates operators and small graphs at once with the reference kernels, node by node, apart from compiler
 * and executor: what the tests of operators measure with.
 */
#ifndef NN_TESTS_OPS_EAGER_H
#define NN_TESTS_OPS_EAGER_H

#include "../../nnrun/kit/sample.h"
#include "graph/graph.h"

/* Runs one operator; outputs are new tensors. A composite is run by its body. */
int32_t eager_run(NnContext *, const NnNodeSpec *, Tensor *const *inputs, Tensor **outputs, NnStatus *);

/* The values of a graph for given values of its inputs, found as they are asked for. */
typedef struct Eager {
    NnContext *context;
    GHashTable *known; /* NnValue * -> Tensor * */
    NnStatus *status;
} Eager;
void eager_begin(Eager *, NnContext *, NnStatus *);
void eager_set(Eager *, NnValue *, const NnTensor *);
const Tensor *eager_value(Eager *, NnValue *); /* NULL with the status set */
void eager_end(Eager *);

#endif
