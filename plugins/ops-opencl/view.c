/* SPDX-License-Identifier: Apache-2.0 */
/* Operators that give the same bytes another shape: they cost nothing where the result may take the input's
 * memory. */
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

#define KERNEL(id, dom, name)                                                                                \
    static const NnKernel id = {.struct_size = sizeof id,                                                    \
                                .since_min = 1,                                                              \
                                .domain = dom,                                                               \
                                .op = name,                                                                  \
                                .device = "opencl",                                                          \
                                .plan = plan,                                                                \
                                .run = run,                                                                  \
                                .release = ocl_release};
KERNEL(reshape, "", "Reshape")
KERNEL(flatten, "", "Flatten")
KERNEL(squeeze, "", "Squeeze")
KERNEL(unsqueeze, "", "Unsqueeze")
KERNEL(reshape_like, "nn", "ReshapeLike")

static const NnExport exports[] = {{NN_KERNEL_KIND, "Reshape", &reshape},
                                   {NN_KERNEL_KIND, "Flatten", &flatten},
                                   {NN_KERNEL_KIND, "Squeeze", &squeeze},
                                   {NN_KERNEL_KIND, "Unsqueeze", &unsqueeze},
                                   {NN_KERNEL_KIND, "nn/ReshapeLike", &reshape_like}};
NN_PLUGIN(view, "Reshapes without copies.", exports)
