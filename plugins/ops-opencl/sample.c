/* SPDX-License-Identifier: Apache-2.0 */
/* GridSample and its gradients. */
#include "ops-opencl/opencl.h"

#include "plugins/ops-opencl/real.cl.h"
#include "plugins/ops-opencl/sample.cl.h"

/* As sample.cl has it. */
typedef struct Params {
    uint32_t batch, channels, places, n, mode, padding, corners, in[3];
} Params;

static bool is_grad(const NnNode *node) { return strcmp(node->op, "GridSampleGrad") == 0; }

static uint32_t choice(const NnNode *node, const char *key, const char *const names[3], uint32_t none) {
    const char *given = nn_attr_string(node, key, names[none]);
    for (uint32_t i = 0; i < 3; i++)
        if (strcmp(given, names[i]) == 0)
            return i;
    return none;
}

static Params params_of(const NnNode *node) {
    static const char *const modes[] = {"nearest", "linear", "cubic"}, *const paddings[] = {"zeros", "border",
                                                                                            "reflection"};
    const uint32_t first = is_grad(node) ? 1 : 0;
    const NnValueInfo *x = node->inputs[first], *grid = node->inputs[first + 1];
    const int32_t missing = 5 - x->rank;
    Params p = {.batch = (uint32_t)x->dims[0],
                .channels = (uint32_t)x->dims[1],
                .places = (uint32_t)nn_product(grid->dims, 1, grid->rank - 1),
                .n = (uint32_t)x->rank - 2,
                .mode = choice(node, "mode", modes, 1),
                .padding = choice(node, "padding_mode", paddings, 0),
                .corners = nn_attr_int(node, "align_corners", 0) != 0};
    for (int32_t d = 0; d < 3; d++)
        p.in[d] = d < missing ? 1 : (uint32_t)x->dims[2 + d - missing];
    return p;
}

static int32_t match(const NnHost *nn, NnDevice *device, const NnNode *node, NnStatus *reason) {
    const int32_t code = ocl_match_real(nn, device, node, reason);
    for (uint32_t i = 1; code == NN_OK && i < node->n_inputs; i++)
        if (!ocl_is(node, i, node->inputs[0]->type))
            return nn_fail(nn, reason, NN_UNSUPPORTED, "%s of several types is not done here", node->op);
    return code;
}

static void add(const NnHost *nn, OclPlan *plan, const NnNode *node, const char *kernel, uint32_t n_args,
                const OclArg *args, uint64_t items, NnStatus *status) {
    const Params p = params_of(node);
    const OclSource source = {
        .name = "sample", .parts = {real_cl, sample_cl}, .options = ocl_real(node->inputs[0]->type)};
    OclStage *s =
        nn->code(status) == NN_OK ? plan->ocl->stage(nn, plan, &source, kernel, n_args, status) : NULL;
    if (s) {
        memcpy(s->args, args, n_args * sizeof *args);
        ocl_pieces(plan->ocl, s, items);
        (void)plan->ocl->params(nn, plan, s, &p, sizeof p, status);
    }
}

/* Workspace of the gradient: the sums of each plane. */
static int32_t plan(const NnHost *nn, NnDevice *device, const NnNode *node, NnPlan *out, NnStatus *status) {
    const Params p = params_of(node);
    const uint32_t size = ocl_real_size(node->inputs[0]->type);
    const OclArg in[] = {{.role = OCL_INPUT},
                         {.role = OCL_INPUT, .index = 1},
                         {.role = OCL_INPUT, .index = 2}},
                 sums = {.role = OCL_WORKSPACE, .size = size};
    const OclArg y = {.role = OCL_OUTPUT}, dgrid = {.role = OCL_OUTPUT, .index = 1};
    OclPlan *made = ocl_plan(nn, device, status);
    const uint64_t places = (uint64_t)p.batch * p.places, planes = (uint64_t)p.batch * p.channels;
    if (made && !is_grad(node))
        add(nn, made, node, "sample", 3, (const OclArg[]){in[0], in[1], y}, places, status);
    if (made && is_grad(node) && node->outputs[0]) {
        add(nn, made, node, "plane_grad", 4, (const OclArg[]){in[0], in[2], y, sums}, planes, status);
        out->workspace = ocl_count(node->outputs[0]) * size;
    }
    if (made && is_grad(node) && node->n_outputs > 1 && node->outputs[1])
        add(nn, made, node, "grid_grad", 4, (const OclArg[]){in[0], in[1], in[2], dgrid}, places, status);
    return ocl_planned(nn, made, out, status);
}

OCL_KERNEL(sample, "", "GridSample", match, plan)
OCL_KERNEL(sample_grad, "nn", "GridSampleGrad", match, plan)

static const NnExport exports[] = {{NN_KERNEL_KIND, "GridSample", &sample},
                                   {NN_KERNEL_KIND, "nn/GridSampleGrad", &sample_grad}};
NN_PLUGIN(sample, "Planes read at the places of a grid, by OpenCL.", exports)
