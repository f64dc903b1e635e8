/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the objects of this package share: the device's services. The kernels themselves (simd/) are linked
 * into the device's object only; the others ask for their table, so that they stay small and are loaded fast.
 */
#ifndef CPU_CPU_H
#define CPU_CPU_H

#include "nn/plugin.h"
#include "simd/simd.h"

#define CPU_SIMD_SERVICE "nn.cpu.simd"
#define CPU_SIMD_VERSION 1u

/* The table of the best instruction set; NULL with the status set when the device is not this package's. */
static inline NN_MAYBE_UNUSED const CpuSimd *cpu_kernels(const NnHost *nn, NnDevice *device,
                                                         NnStatus *status) {
    const CpuSimd *simd = nn_device_query(device, CPU_SIMD_SERVICE, CPU_SIMD_VERSION);
    if (simd == NULL)
        (void)nn_fail(nn, status, NN_UNSUPPORTED, "the device does not offer " CPU_SIMD_SERVICE " version %u",
                      CPU_SIMD_VERSION);
    return simd;
}

static inline void cpu_parallel(const void *self, uint32_t tasks, void (*fn)(void *arg, uint32_t task),
                                void *arg) {
    const NnHost *nn = self;
    nn->parallel(nn, tasks, fn, arg);
}

/* The host's threads, as the kernels take them. */
static inline NN_MAYBE_UNUSED CpuPool cpu_pool(const NnHost *nn) {
    return (CpuPool){.parallel = cpu_parallel, .self = nn, .threads = nn->threads(nn)};
}

static inline NN_MAYBE_UNUSED void *cpu_workspace(const NnCall *call) {
    return call->workspace ? (char *)call->workspace + call->workspace_offset : NULL;
}

static inline NN_MAYBE_UNUSED bool cpu_type(const NnNode *node, uint32_t input, int32_t type) {
    return input < node->n_inputs && node->inputs[input] && node->inputs[input]->type == type;
}

/* For `match`: the first input is f32. Kernels that know other types match for themselves. */
static inline NN_MAYBE_UNUSED int32_t cpu_match_f32(const NnHost *nn, NnDevice *device, const NnNode *node,
                                                    NnStatus *reason) {
    (void)device;
    if (cpu_type(node, 0, NN_F32))
        return NN_OK;
    return nn_fail(nn, reason, NN_UNSUPPORTED, "%s is fast for f32 only, the first input is %s", node->op,
                   node->n_inputs && node->inputs[0] ? nn_type_name(node->inputs[0]->type) : "absent");
}

/* Memory for a kernel's state, freed by cpu_release. */
static inline NN_MAYBE_UNUSED void *cpu_state(const NnHost *nn, uint64_t bytes, NnStatus *status) {
    void *state = nn->alloc(nn, bytes);
    if (state == NULL)
        (void)nn_fail(nn, status, NN_OUT_OF_MEMORY, "no memory for a kernel's plan of %llu bytes",
                      (unsigned long long)bytes);
    return state;
}

static inline NN_MAYBE_UNUSED void cpu_release(const NnHost *nn, void *state) { nn->free(nn, state); }

/* A kernel of the device, with a state that cpu_release frees. */
#define CPU_KERNEL(id, of, name, matches, plans, runs)                                                       \
    static const NnKernel id = {.struct_size = sizeof id,                                                    \
                                .since_min = 1,                                                              \
                                .domain = of,                                                                \
                                .op = name,                                                                  \
                                .device = "cpu",                                                             \
                                .match = matches,                                                            \
                                .plan = plans,                                                               \
                                .run = runs,                                                                 \
                                .release = cpu_release};

#endif
