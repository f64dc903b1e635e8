/* SPDX-License-Identifier: Apache-2.0 */
/*
 * How a device does an operator (kind "nn.kernel/1"), or several nodes at once (kind "nn.claim/1").
 * match, plan and claim may think; run only enqueues: it never allocates, blocks or looks anything up.
 */
#ifndef NN_KERNEL_H
#define NN_KERNEL_H

#include "nn/device.h"
#include "nn/operator.h"

#define NN_KERNEL_KIND "nn.kernel/1"
#define NN_CLAIM_KIND "nn.claim/1"

typedef struct NnInPlace {
    uint32_t input, output; /* the output may take the input's memory */
} NnInPlace;

/* Filled by `plan`. The nodes and values that plan was shown live until `release`. */
typedef struct NnPlan {
    uint32_t struct_size;
    uint32_t n_in_place;
    void *state; /* the kernel's own, given to run and release */
    uint64_t workspace;
    NnInPlace in_place[16];
    uint64_t strided; /* mask of inputs that may be strided views */
    double flop;      /* for the profile; 0: unknown */
} NnPlan;

typedef struct NnKernel {
    uint32_t struct_size;
    int32_t since_min, since_max; /* versions of the operator; max 0: no end */
    int32_t priority;
    const char *domain, *op; /* op "*": any primitive operator, by its definition's `compute` */
    const char *device;      /* device kind */
    double cost;             /* reserved */
    /* NN_OK, or NN_UNSUPPORTED with the reason. Shapes are known. NULL: always. */
    int32_t (*match)(const NnHost *, NnDevice *, const NnNode *, NnStatus *reason);
    int32_t (*plan)(const NnHost *, NnDevice *, const NnNode *, NnPlan *,
                    NnStatus *); /* NULL: nothing to plan */
    int32_t (*run)(void *state, const NnCall *);
    void (*release)(const NnHost *, void *state);
} NnKernel;

/* Nodes in an order in which they can run. `inputs` and `outputs` are set for an accepted claim only. */
typedef struct NnView {
    uint32_t struct_size;
    uint32_t n_nodes, n_inputs, n_outputs;
    const NnNode *const *nodes;
    const NnValueInfo *const *inputs;
    const NnValueInfo *const *outputs;
    int32_t phase;
    int32_t reserved;
} NnView;

typedef struct NnClaims NnClaims;
struct NnClaims {
    uint32_t struct_size;
    uint32_t reserved;
    void *self;
    /* Claims a set of nodes by their index in the view; `tag` comes back to plan. Sets must not overlap. */
    void (*add)(NnClaims *, uint32_t n, const uint32_t *nodes, uint64_t tag);
};

typedef struct NnClaim {
    uint32_t struct_size;
    int32_t priority;
    const char *name;
    const char *device;
    int32_t (*claim)(const NnHost *, NnDevice *, const NnView *, NnClaims *, NnStatus *);
    /* The accepted nodes, and the values that enter and leave them in the order in which run gets them. */
    int32_t (*plan)(const NnHost *, NnDevice *, const NnView *, uint64_t tag, NnPlan *, NnStatus *);
    int32_t (*run)(void *state, const NnCall *);
    void (*release)(const NnHost *, void *state);
} NnClaim;

#endif
