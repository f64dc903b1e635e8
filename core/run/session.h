/* SPDX-License-Identifier: Apache-2.0 */
/* A session as the compiler and the executor see it: devices, variables in memory, the arenas that programs
 * share. */
#ifndef NN_RUN_SESSION_H
#define NN_RUN_SESSION_H

#include "graph/graph.h"
#include "network.h"
#include "run/device.h"

#define NN_DEPTH_MAX 64u /* programs within programs */

typedef struct NnVariableStore {
    NnBuffer buffer;
    uint64_t bytes;
} NnVariableStore;

struct NnSession {
    NnContext *context;
    NnNetwork *network;
    uint32_t flags;
    const NnConfig *device_config;
    uint64_t seed, step;
    GArray *devices; /* NnRunDevice, in order of preference */
    NnSpace spaces[NN_SPACES_MAX];
    uint32_t n_spaces;
    uint32_t main_space; /* where variables live */
    GArray *variables;   /* NnVariableStore, by index; buffer NULL until first used */
    GArray *arenas;      /* NnStore, by depth * NN_SPACES_MAX + space */
    NnStatus *status;    /* what kernels write to; copied to the caller's */
    GHashTable *labels;  /* tag -> "node conv2 (Conv)" */
    uint64_t next_tag;
};

static inline NnRunDevice *nn_session_device(NnSession *s, uint32_t i) {
    return &g_array_index(s->devices, NnRunDevice, i);
}
/* The buffer of a variable in main_space, initialised on first use. */
int32_t nn_session_variable(NnSession *, NnVariable *, NnBuffer *, NnStatus *);
NnStore *nn_session_arena(NnSession *, uint32_t depth, uint32_t space);

/* init.c: fills dense host memory as the specification's initialiser says. */
int32_t nn_variable_fill(const NnVariableSpec *, uint64_t seed, void *to, NnStatus *);
uint64_t nn_variable_bytes(const NnVariableSpec *);

#endif
