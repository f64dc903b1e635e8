/* SPDX-License-Identifier: Apache-2.0 */
/* Operators that give the same bytes another shape, or another type: they cost nothing where the result may
 * take the input's memory. */
#include "ops-opencl/opencl.h"

static int32_t plan(const NnHost *nn, NnDevice *device, const NnNode *node, NnPlan *out, NnStatus *status) {
    (void)node;
    out->n_in_place = 1;
    out->in_place[0] = (NnInPlace){0, 0};
    return ocl_planned(nn, ocl_plan(nn, device, status), out, status);
}

static int32_t run(void *state, const NnCall *call) {
    const OclPlan *plan = state;
    return plan->ocl->copy(call, call->outputs[0], call->inputs[0]);
}

/* A bool is 0 or 1, which other bytes are not. */
static int32_t match_bits(const NnHost *nn, NnDevice *device, const NnNode *node, NnStatus *reason) {
    (void)device;
    return node->outputs[0]->type != NN_BOOL || node->inputs[0]->type == NN_BOOL
               ? NN_OK
               : nn_fail(nn, reason, NN_UNSUPPORTED, "BitCast to bool makes other bits");
}

#define KERNEL(id, dom, name, matches)                                                                       \
    static const NnKernel id = {.struct_size = sizeof id,                                                    \
                                .since_min = 1,                                                              \
                                .domain = dom,                                                               \
                                .op = name,                                                                  \
                                .device = "opencl",                                                          \
                                .match = matches,                                                            \
                                .plan = plan,                                                                \
                                .run = run,                                                                  \
                                .release = ocl_release};
KERNEL(reshape, "", "Reshape", NULL)
KERNEL(flatten, "", "Flatten", NULL)
KERNEL(squeeze, "", "Squeeze", NULL)
KERNEL(unsqueeze, "", "Unsqueeze", NULL)
KERNEL(reshape_like, "nn", "ReshapeLike", NULL)
KERNEL(bit_cast, "", "BitCast", match_bits)

static const NnExport exports[] = {{NN_KERNEL_KIND, "Reshape", &reshape},
                                   {NN_KERNEL_KIND, "Flatten", &flatten},
                                   {NN_KERNEL_KIND, "Squeeze", &squeeze},
                                   {NN_KERNEL_KIND, "Unsqueeze", &unsqueeze},
                                   {NN_KERNEL_KIND, "nn/ReshapeLike", &reshape_like},
                                   {NN_KERNEL_KIND, "BitCast", &bit_cast}};
NN_PLUGIN(view, "Reshapes without copies.", exports)
