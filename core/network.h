/* SPDX-License-Identifier: Apache-2.0 */
/* A network: the variables that a model family declared and the functions that it built over them. */
#ifndef NN_CORE_NETWORK_H
#define NN_CORE_NETWORK_H

#include "graph/graph.h"

struct NnVariable {
    NnVariableSpec spec; /* strings and dims are the variable's own */
    NnNetwork *network;
    uint32_t index;
};

struct NnNetwork {
    NnContext *context;
    const NnModel *model;
    int32_t order;
    GPtrArray *variables; /* NnVariable * */
    GPtrArray *functions; /* NnFunction *, one reference each */
    GHashTable *by_name;  /* variable name -> NnVariable * */
};

/* Declares a variable, or finds the one of that name if it is the same; NULL with the status set. */
NnVariable *nn_network_declare(NnNetwork *, const NnVariableSpec *, NnStatus *);

#endif
