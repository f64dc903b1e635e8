/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the objects of this package share. The device's object talks to OpenCL; the others describe their work
 * as a plan: stages, each one kernel with its arguments, that `run` enqueues as they stand. A kernel's
 * arguments come in pairs (pointer, elements to skip) for every tensor, because many tensors live in one
 * buffer, and then one struct of 4-byte fields by value.
 */
#ifndef OPENCL_OPENCL_H
#define OPENCL_OPENCL_H

#include "ops-opencl/api.h"

#include "nn/plugin.h"

#define OCL_SERVICE "nn.opencl"
#define OCL_VERSION 1u

/* OCL_FAULT: where a kernel reports an index that is out of range (fault.cl), with the call's tag. */
typedef enum OclRole { OCL_NOTHING, OCL_INPUT, OCL_OUTPUT, OCL_WORKSPACE, OCL_FAULT } OclRole;

/* A tensor that a stage's kernel is given; what it was given last, so that unchanged ones are not set again.
 */
typedef struct OclArg {
    OclRole role;
    uint32_t index;  /* of the input or output */
    uint32_t size;   /* of an element in the workspace, bytes; 0: 4 */
    uint64_t offset; /* in the workspace, bytes */
    cl_mem memory;
    uint64_t at;
    bool set;
} OclArg;

typedef struct OclStage {
    cl_kernel kernel;
    uint32_t n_args, dims;
    OclArg *args;
    size_t global[3], local[3];
    cl_mem table; /* of the kernel's last argument, or NULL */
} OclStage;

typedef struct OclPlan {
    const struct OclService *ocl;
    NnDevice *device;
    uint64_t workspace; /* bytes */
    uint32_t n_stages;
    OclStage *stages;
} OclPlan;

/* What to build: texts that are put one behind the other, and the compiler's options. */
typedef struct OclSource {
    const char *name; /* for messages and the trace: "gemm" */
    const char *parts[6];
    const char *options; /* may be NULL */
} OclSource;

/* Ways of doing the same, which give the same bits, for the device to choose from (tune.c). */
typedef struct OclContest {
    const char *name;   /* of what and of which candidates; a literal: the choice is kept and stored by it */
    uint32_t n, preset; /* at most 8; preset: the one that holds without a measurement */
    uint64_t bytes;     /* of each of two f32 inputs and of the output of a trial */
    OclPlan *(*trial)(const NnHost *, NnDevice *, uint32_t candidate); /* NULL: not on this device */
} OclContest;

typedef struct OclService {
    const OclApi *cl;
    /* Of the device. */
    bool f64, f16;
    bool cpu; /* a processor: vectors rather than local memory */
    uint32_t units;
    uint64_t local_bytes;
    size_t group_max;

    OclPlan *(*plan_new)(const NnHost *, NnDevice *, NnStatus *);
    /* A further stage: the kernel `kernel` of the source, built or taken from the cache. NULL: the status
     * says why. */
    OclStage *(*stage)(const NnHost *, OclPlan *, const OclSource *, const char *kernel, uint32_t n_args,
                       NnStatus *);
    int32_t (*params)(const NnHost *, OclPlan *, const OclStage *, const void *, size_t bytes, NnStatus *);
    /* Constants that the stage keeps; the kernel takes them behind its parameters. */
    int32_t (*table)(const NnHost *, OclPlan *, OclStage *, const void *, size_t bytes, NnStatus *);
    int32_t (*run)(OclPlan *, const NnCall *);
    int32_t (*copy)(const NnCall *, const NnTensor *to, const NnTensor *from); /* whole, of one size */
    void (*free)(const NnHost *, OclPlan *);
    uint32_t (*choose)(const NnHost *, NnDevice *, const OclContest *);
} OclService;

/* NULL with the status set when the device is not this package's. */
static inline NN_MAYBE_UNUSED const OclService *ocl_service(const NnHost *nn, NnDevice *device,
                                                            NnStatus *status) {
    const OclService *ocl = nn_device_query(device, OCL_SERVICE, OCL_VERSION);
    if (ocl == NULL)
        (void)nn_fail(nn, status, NN_UNSUPPORTED, "the device does not offer " OCL_SERVICE " version %u",
                      OCL_VERSION);
    return ocl;
}

/* A plan to add stages to, and its end, when `out` has the size of the workspace: the plan becomes the node's
 * state, or is gone if anything failed. */
static inline NN_MAYBE_UNUSED OclPlan *ocl_plan(const NnHost *nn, NnDevice *device, NnStatus *status) {
    const OclService *ocl = ocl_service(nn, device, status);
    return ocl ? ocl->plan_new(nn, device, status) : NULL;
}

static inline NN_MAYBE_UNUSED int32_t ocl_planned(const NnHost *nn, OclPlan *plan, NnPlan *out,
                                                  NnStatus *status) {
    const int32_t code = nn->code(status);
    if (plan)
        plan->workspace = out->workspace;
    if (code == NN_OK)
        out->state = plan;
    else if (plan)
        plan->ocl->free(nn, plan);
    return code;
}

static inline NN_MAYBE_UNUSED void ocl_arg(OclStage *s, uint32_t at, OclRole role, uint32_t index) {
    s->args[at] = (OclArg){.role = role, .index = index};
}

/* One work item for each of n elements, in groups of a size that every device has. */
static inline NN_MAYBE_UNUSED void ocl_items(OclStage *s, uint64_t n) {
    s->dims = 1;
    s->local[0] = n < 64 ? 16 : 128;
    s->global[0] = (size_t)(n + s->local[0] - 1) / s->local[0] * s->local[0];
}

/* One work item for each of n pieces of work, hundreds of elements each; a processor takes them in small
 * groups. */
static inline NN_MAYBE_UNUSED void ocl_pieces(const OclService *ocl, OclStage *s, uint64_t n) {
    ocl_items(s, n);
    if (!ocl->cpu)
        return;
    s->local[0] = n < 32 ? 1 : 8;
    s->global[0] = (size_t)(n + s->local[0] - 1) / s->local[0] * s->local[0];
}

/* Rows of items, one for each of n elements. */
static inline NN_MAYBE_UNUSED void ocl_rows(OclStage *s, uint64_t rows, uint64_t n) {
    ocl_items(s, n);
    s->dims = 2;
    s->local[1] = 1;
    s->global[1] = (size_t)rows;
}

/* One group of `local` items for each of n results. */
static inline NN_MAYBE_UNUSED void ocl_groups(OclStage *s, uint64_t n, size_t local) {
    s->dims = 1;
    s->local[0] = local;
    s->global[0] = (size_t)n * local;
}

static inline NN_MAYBE_UNUSED uint64_t ocl_count(const NnValueInfo *v) {
    return (uint64_t)nn_product(v->dims, 0, v->rank);
}

static inline NN_MAYBE_UNUSED bool ocl_is(const NnNode *node, uint32_t input, int32_t type) {
    return input < node->n_inputs && node->inputs[input] && node->inputs[input]->type == type;
}

/* For `match`: all tensors are small enough for 32-bit indices. */
static inline NN_MAYBE_UNUSED bool ocl_small(const NnNode *node) {
    bool small = true;
    for (uint32_t i = 0; i < node->n_inputs; i++)
        small = small && (node->inputs[i] == NULL || ocl_count(node->inputs[i]) < INT32_MAX);
    for (uint32_t i = 0; i < node->n_outputs; i++)
        small = small && (node->outputs[i] == NULL || ocl_count(node->outputs[i]) < INT32_MAX);
    return small;
}

static inline NN_MAYBE_UNUSED int32_t ocl_match_f32(const NnHost *nn, NnDevice *device, const NnNode *node,
                                                    NnStatus *reason) {
    (void)device;
    if (!ocl_is(node, 0, NN_F32))
        return nn_fail(nn, reason, NN_UNSUPPORTED, "%s is done for f32 only, the first input is %s", node->op,
                       node->n_inputs && node->inputs[0] ? nn_type_name(node->inputs[0]->type) : "absent");
    return ocl_small(node)
               ? NN_OK
               : nn_fail(nn, reason, NN_UNSUPPORTED, "%s: a tensor has 2^31 elements or more", node->op);
}

/* The element types of real.cl: the option that makes it compute with one, and the bytes of its `real`. */
static inline NN_MAYBE_UNUSED const char *ocl_real(int32_t type) {
    return type == NN_F64 ? "-DREAL_F64" : type == NN_F16 ? "-DREAL_F16" : "";
}

static inline NN_MAYBE_UNUSED uint32_t ocl_real_size(int32_t type) { return type == NN_F64 ? 8 : 4; }

/* For `match`: the first input is f32, f16, or f64 where the device has it. */
static inline NN_MAYBE_UNUSED int32_t ocl_match_real(const NnHost *nn, NnDevice *device, const NnNode *node,
                                                     NnStatus *reason) {
    const OclService *ocl = ocl_service(nn, device, reason);
    if (ocl == NULL)
        return NN_UNSUPPORTED;
    if (!ocl_is(node, 0, NN_F32) && !ocl_is(node, 0, NN_F16) && !(ocl_is(node, 0, NN_F64) && ocl->f64))
        return nn_fail(nn, reason, NN_UNSUPPORTED, "%s is done for f32, f16%s only, the first input is %s",
                       node->op, ocl->f64 ? " and f64" : "",
                       node->n_inputs && node->inputs[0] ? nn_type_name(node->inputs[0]->type) : "absent");
    return ocl_small(node)
               ? NN_OK
               : nn_fail(nn, reason, NN_UNSUPPORTED, "%s: a tensor has 2^31 elements or more", node->op);
}

static inline NN_MAYBE_UNUSED int32_t ocl_run(void *state, const NnCall *call) {
    OclPlan *plan = state;
    return plan->ocl->run(plan, call);
}

static inline NN_MAYBE_UNUSED void ocl_release(const NnHost *nn, void *state) {
    OclPlan *plan = state;
    if (plan)
        plan->ocl->free(nn, plan);
}

/* A kernel of the device, by a plan of stages. */
#define OCL_KERNEL(id, of, name, matches, plans)                                                             \
    static const NnKernel id = {.struct_size = sizeof id,                                                    \
                                .since_min = 1,                                                              \
                                .domain = of,                                                                \
                                .op = name,                                                                  \
                                .device = "opencl",                                                          \
                                .match = matches,                                                            \
                                .plan = plans,                                                               \
                                .run = ocl_run,                                                              \
                                .release = ocl_release};

#endif
