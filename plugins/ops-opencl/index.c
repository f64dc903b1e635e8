/* SPDX-License-Identifier: Apache-2.0 */
/* Gather, OneHot, and where the largest and the smallest element stand. */
#include "ops-opencl/opencl.h"

#include "plugins/ops-opencl/arg.cl.h"
#include "plugins/ops-opencl/fault.cl.h"
#include "plugins/ops-opencl/index.cl.h"
#include "plugins/ops-opencl/lanes.cl.h"
#include "plugins/ops-opencl/real.cl.h"

/* As index.cl has it. */
typedef struct Params {
    uint32_t outer, axis, inner, count;
} Params;

static Params params_of(const NnValueInfo *data, int64_t axis) {
    axis += axis < 0 ? data->rank : 0;
    return (Params){.outer = (uint32_t)nn_product(data->dims, 0, (int32_t)axis),
                    .axis = (uint32_t)data->dims[axis],
                    .inner = (uint32_t)nn_product(data->dims, (int32_t)axis + 1, data->rank)};
}

static const char *moved_as(int32_t type) {
    static const char *const names[] = {[1] = "uchar", [2] = "ushort", [4] = "uint", [8] = "ulong"};
    const uint64_t size = nn_type_size(type);
    return size < NN_COUNT(names) ? names[size] : NULL;
}

static int32_t match(const NnHost *nn, NnDevice *device, const NnNode *node, NnStatus *reason) {
    (void)device;
    const bool hot = strcmp(node->op, "OneHot") == 0;
    const NnValueInfo *at = node->inputs[hot ? 0 : 1], *data = hot ? node->outputs[0] : node->inputs[0];
    if (at->type != NN_I64 && at->type != NN_I32)
        return nn_fail(nn, reason, NN_UNSUPPORTED, "%s: the indices are %s, expected i32 or i64", node->op,
                       nn_type_name(at->type));
    if (moved_as(data->type) == NULL || !ocl_small(node))
        return nn_fail(nn, reason, NN_UNSUPPORTED, "%s of %s is not done here", node->op,
                       nn_type_name(data->type));
    return NN_OK;
}

/* A stage whose items are still to be said. */
static OclStage *stage(const NnHost *nn, OclPlan *plan, int32_t indices, int32_t type, const char *kernel,
                       const Params *p, uint32_t n_args, const OclArg *args, NnStatus *status) {
    char options[64];
    (void)snprintf(options, sizeof options, "-DT=%s -DI=%s", moved_as(type),
                   indices == NN_I64 ? "long" : "int");
    const OclSource source = {.name = "index", .parts = {fault_cl, index_cl}, .options = options};
    OclStage *s = plan->ocl->stage(nn, plan, &source, kernel, n_args, status);
    if (s) {
        memcpy(s->args, args, n_args * sizeof *s->args);
        (void)plan->ocl->params(nn, plan, s, p, sizeof *p, status);
    }
    return s;
}

static int32_t plan_gather(const NnHost *nn, NnDevice *device, const NnNode *node, NnPlan *out,
                           NnStatus *status) {
    Params p = params_of(node->inputs[0], nn_attr_int(node, "axis", 0));
    p.count = (uint32_t)ocl_count(node->inputs[1]);
    const OclArg args[] = {
        {.role = OCL_INPUT}, {.role = OCL_INPUT, .index = 1}, {.role = OCL_OUTPUT}, {.role = OCL_FAULT}};
    OclPlan *plan = ocl_plan(nn, device, status);
    OclStage *s =
        plan ? stage(nn, plan, node->inputs[1]->type, node->outputs[0]->type, "gather", &p, 4, args, status)
             : NULL;
    if (s && plan->ocl->cpu && p.inner >= 16)
        ocl_pieces(plan->ocl, s, (uint64_t)p.outer * p.count);
    else if (s)
        ocl_items(s, plan->ocl->cpu ? (uint64_t)p.outer * p.count : ocl_count(node->outputs[0]));
    return ocl_planned(nn, plan, out, status);
}

static int32_t plan_one_hot(const NnHost *nn, NnDevice *device, const NnNode *node, NnPlan *out,
                            NnStatus *status) {
    const NnValueInfo *y = node->outputs[0];
    const Params p = params_of(y, nn_attr_int(node, "axis", -1));
    const OclArg args[] = {{.role = OCL_INPUT}, {.role = OCL_INPUT, .index = 2}, {.role = OCL_OUTPUT}};
    OclPlan *plan = ocl_plan(nn, device, status);
    OclStage *s =
        plan ? stage(nn, plan, node->inputs[0]->type, y->type, "one_hot", &p, 3, args, status) : NULL;
    if (s)
        ocl_items(s, ocl_count(y));
    return ocl_planned(nn, plan, out, status);
}

static int32_t match_arg(const NnHost *nn, NnDevice *device, const NnNode *node, NnStatus *reason) {
    const NnValueInfo *x = node->inputs[0];
    if (ocl_match_real(nn, device, node, reason) != NN_OK)
        return NN_UNSUPPORTED;
    if (x->rank == 0 ||
        (params_of(x, nn_attr_int(node, "axis", 0)).axis == 0 && ocl_count(node->outputs[0]) > 0))
        return nn_fail(nn, reason, NN_UNSUPPORTED, "%s: the axis has no elements", node->op);
    return NN_OK;
}

static int32_t plan_arg(const NnHost *nn, NnDevice *device, const NnNode *node, NnPlan *out,
                        NnStatus *status) {
    const Params at = params_of(node->inputs[0], nn_attr_int(node, "axis", 0));
    const uint32_t params[] = {at.outer, at.axis, at.inner};
    const bool most = strcmp(node->op, "ArgMax") == 0, last = nn_attr_int(node, "select_last_index", 0) != 0;
    OclPlan *plan = ocl_plan(nn, device, status);
    if (plan == NULL)
        return nn->code(status);
    const bool cpu = plan->ocl->cpu, rows = at.inner == 1 && (!cpu || at.axis >= 16),
               groups = rows && !cpu && at.axis >= 32;
    const uint32_t lanes = cpu && (rows || at.inner > 1) ? 16 : 1;
    char options[96];
    (void)snprintf(options, sizeof options, "-DLAST=%d -DLANES=%u%s%s%s %s", last, lanes,
                   most ? " -DMOST" : "", rows ? " -DROWS" : "", groups ? " -DGROUPS" : "",
                   ocl_real(node->inputs[0]->type));
    const OclSource source = {.name = "arg", .parts = {real_cl, lanes_cl, arg_cl}, .options = options};
    OclStage *s = plan->ocl->stage(nn, plan, &source, "arg", 2, status);
    if (s) {
        ocl_arg(s, 0, OCL_INPUT, 0);
        ocl_arg(s, 1, OCL_OUTPUT, 0);
        if (groups)
            ocl_groups(s, at.outer, 64);
        else if (lanes > 1)
            ocl_pieces(plan->ocl, s, (uint64_t)at.outer * ((at.inner + lanes - 1) / lanes));
        else
            ocl_items(s, (uint64_t)at.outer * at.inner);
        (void)plan->ocl->params(nn, plan, s, params, sizeof params, status);
    }
    return ocl_planned(nn, plan, out, status);
}

OCL_KERNEL(gather, "", "Gather", match, plan_gather)
OCL_KERNEL(one_hot, "", "OneHot", match, plan_one_hot)
OCL_KERNEL(arg_max, "", "ArgMax", match_arg, plan_arg)
OCL_KERNEL(arg_min, "", "ArgMin", match_arg, plan_arg)

static const NnExport exports[] = {{NN_KERNEL_KIND, "Gather", &gather},
                                   {NN_KERNEL_KIND, "OneHot", &one_hot},
                                   {NN_KERNEL_KIND, "ArgMax", &arg_max},
                                   {NN_KERNEL_KIND, "ArgMin", &arg_min}};
NN_PLUGIN(index, "Picking and placing by index by OpenCL.", exports)
