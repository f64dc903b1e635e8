/* SPDX-License-Identifier: Apache-2.0 */
/* Operators that give the same bytes another shape: they cost nothing where the result may take the input's
 * memory. */
#include "cpu.h"

static int32_t plan(const NnHost *nn, NnDevice *device, const NnNode *node, NnPlan *out, NnStatus *status) {
    (void)nn;
    (void)device;
    (void)node;
    (void)status;
    out->n_in_place = 1;
    out->in_place[0] = (NnInPlace){0, 0};
    return NN_OK;
}

static int32_t run(void *state, const NnCall *call) {
    (void)state;
    const NnTensor *x = call->inputs[0], *y = call->outputs[0];
    if (nn_data(x) != nn_data(y))
        memmove(nn_data(y), nn_data(x), (uint64_t)nn_elements(x) * nn_type_size(x->type));
    return NN_OK;
}

#define KERNEL(id, dom, name)                                                                                \
    static const NnKernel id = {.struct_size = sizeof id,                                                    \
                                .since_min = 1,                                                              \
                                .domain = dom,                                                               \
                                .op = name,                                                                  \
                                .device = "cpu",                                                             \
                                .plan = plan,                                                                \
                                .run = run};
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
