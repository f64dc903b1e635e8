/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The device `reference`: the operators' own kernels, in host memory, on the calling thread. Slow, and right:
 * the oracle that other devices are compared with, and the last in the line of those that take what others
 * cannot do.
 */
#include "nn/plugin.h"

static const NnDeviceKind reference;

static int32_t enumerate(const NnHost *nn, uint32_t *count, NnStatus *status) {
    (void)nn;
    (void)status;
    *count = 1;
    return NN_OK;
}

static int32_t describe(const NnHost *nn, uint32_t index, NnDeviceInfo *info, NnStatus *status) {
    (void)nn;
    (void)index;
    (void)status;
    info->alignment = 64;
    info->types = NN_ANY;
    (void)snprintf(info->name, sizeof info->name, "plain loops in double precision, one thread");
    return NN_OK;
}

static int32_t open_device(const NnHost *nn, uint32_t index, const NnConfig *config, NnDevice **device,
                           NnStatus *status) {
    static const NnDeviceKind *the_device = &reference; /* all that there is of it */
    (void)nn;
    (void)index;
    (void)config;
    (void)status;
    *device = (NnDevice *)(void *)&the_device;
    return NN_OK;
}

static const NnDeviceKind reference = {
    .struct_size = sizeof reference,
    .name = "reference",
    .memory = "host",
    .priority = -1000,
    .doc = "The operators' own kernels: plain loops that accumulate in double precision, on one thread.",
    .enumerate = enumerate,
    .describe = describe,
    .open = open_device,
};

static bool same_shape(const NnValueInfo *a, const NnValueInfo *b) {
    bool same = a && b && a->type == b->type && a->rank == b->rank;
    for (int32_t i = 0; same && i < a->rank; i++)
        same = a->dims[i] == b->dims[i];
    return same;
}

/* An element-wise operator reads element i of an input of its output's shape before it writes element i. */
static int32_t plan(const NnHost *nn, NnDevice *device, const NnNode *node, NnPlan *plan, NnStatus *status) {
    (void)nn;
    (void)device;
    (void)status;
    if (!(node->definition->flags & NN_OP_ELEMENTWISE) || node->n_outputs != 1)
        return NN_OK;
    for (uint32_t i = 0; i < node->n_inputs && plan->n_in_place < NN_COUNT(plan->in_place); i++)
        if (same_shape(node->inputs[i], node->outputs[0]))
            plan->in_place[plan->n_in_place++] = (NnInPlace){.input = i, .output = 0};
    return NN_OK;
}

static int32_t run(void *state, const NnCall *call) {
    (void)state;
    return call->node->definition->compute(call);
}

static const NnKernel any = {.struct_size = sizeof any,
                             .since_min = 1,
                             .priority = -1000,
                             .domain = "",
                             .op = "*",
                             .device = "reference",
                             .plan = plan,
                             .run = run};

static const NnExport list[] = {
    {NN_DEVICE_KIND, "reference", &reference},
    {NN_KERNEL_KIND, "*", &any},
};

NN_PLUGIN(reference, "The reference device: every operator's own kernel.", list)
