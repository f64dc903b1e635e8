/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One operator on one case, made ready for kernels: the node as a backend is shown it, and calls of a kernel
 * with guarded buffers. A rig is made for a case, planned for a kernel, run as often as wanted.
 */
#ifndef NNRUN_KIT_RIG_H
#define NNRUN_KIT_RIG_H

#include "guard.h"
#include "sample.h"

typedef struct Rig {
    Kit *kit;
    const char *op;
    const NnOperator *def;
    Sample *sample;
    NnGraph *graph;
    NnNode node; /* with outputs that nobody asks for left out */
    const NnValueInfo *outputs[SAMPLE_MAX];

    const NnKernel *kernel;
    Place *place; /* NULL: host memory, no device */
    KitHost *host;
    NnPlan plan;
    Buffer retired[4 * SAMPLE_MAX];
    uint32_t n_retired;
} Rig;

/* How a call is made. Zero: poison 0, dense, quiet. */
typedef struct RigCall {
    uint8_t poison;        /* what outputs and workspace hold before */
    bool guard;            /* damage and changed inputs are charged */
    bool torn;             /* outputs and workspace are watched for TASKS_TORN */
    bool retire;           /* the buffers of this call may never be touched again */
    uint32_t stride;       /* 0: dense; 1: rows apart; 2: transposed */
    const NnInPlace *pair; /* an output in the memory of an input */
    const Sample *inputs;  /* other values of the same shapes; NULL: the sample's */
} RigCall;

typedef struct RigResult {
    int32_t code;
    bool damaged; /* and so no result to compare */
    bool starved; /* there was no memory for the buffers, and the kernel was not called */
    Tensor *out[SAMPLE_MAX];
    char why[TEXT_MAX]; /* the sentence of a failure */
    double seconds;     /* from the call of run to its completion */
} RigResult;

/* The node of a sample; false with the status set when it is not one. */
bool rig_begin(Rig *, Kit *, const char *op, const NnOperator *, Sample *);
void rig_end(Rig *);

/* The status gives the reason of a no. */
int32_t rig_match(Rig *, const NnKernel *, Place *, KitHost *, NnStatus *);
int32_t rig_plan(Rig *, NnStatus *);
RigResult rig_run(Rig *, RigCall);
void rig_release(Rig *);
void rig_result_free(RigResult *);

/* The definition's own `compute` as a kernel. */
extern const NnKernel rig_reference;
/* The same case by the reference, unguarded; `inputs` as in RigCall. */
RigResult rig_reference_run(Rig *, const Sample *inputs);

/* NULL, or what differs: `got` against `want` within a tolerance. */
const char *rig_compare(const Rig *, const RigResult *got, const RigResult *want, char *text, size_t size);
/* The same for results of a wider type: what was rounded to integers may be one apart. */
const char *rig_compare_wide(const Rig *, const RigResult *got, const RigResult *want, char *text,
                             size_t size);
/* The same bits? NULL, or the first element that has not. */
const char *rig_same_bits(const RigResult *a, const RigResult *b, char *text, size_t size);

bool rig_on_host(const NnOperator *, uint32_t input); /* a shape value */
const NnParam *rig_param(const NnParam *list, uint32_t stride, uint32_t n, uint32_t i);

#endif
