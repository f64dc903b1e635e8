/* SPDX-License-Identifier: Apache-2.0 */
/* Gather, OneHot, and where the largest and the smallest element stand. */
#include "ops-opencl/opencl.h"

#include "plugins/ops-opencl/arg.cl.h"
#include "plugins/ops-opencl/fault.cl.h"
#include "plugins/ops-opencl/index.cl.h"

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

typedef struct Pick {
    const char *kernel;
    uint32_t n_args;
    OclArg args[4];
} Pick;

static int32_t plan_pick(const NnHost *nn, NnDevice *device, const NnValueInfo *indices, int32_t type,
                         const Pick *pick, const Params *p, uint64_t items, NnPlan *out, NnStatus *status) {
    char options[64];
    (void)snprintf(options, sizeof options, "-DT=%s -DI=%s", moved_as(type),
                   indices->type == NN_I64 ? "long" : "int");
    const OclSource source = {.name = "index", .parts = {fault_cl, index_cl}, .options = options};
    OclPlan *plan = ocl_plan(nn, device, status);
    OclStage *s = plan ? plan->ocl->stage(nn, plan, &source, pick->kernel, pick->n_args, status) : NULL;
    if (s) {
        memcpy(s->args, pick->args, pick->n_args * sizeof *s->args);
        ocl_items(s, items);
        (void)plan->ocl->params(nn, plan, s, p, sizeof *p, status);
    }
    return ocl_planned(nn, plan, out, status);
}

static int32_t plan_gather(const NnHost *nn, NnDevice *device, const NnNode *node, NnPlan *out,
                           NnStatus *status) {
    Params p = params_of(node->inputs[0], nn_attr_int(node, "axis", 0));
    p.count = (uint32_t)ocl_count(node->inputs[1]);
    const Pick pick = {
        "gather",
        4,
        {{.role = OCL_INPUT}, {.role = OCL_INPUT, .index = 1}, {.role = OCL_OUTPUT}, {.role = OCL_FAULT}}};
    return plan_pick(nn, device, node->inputs[1], node->outputs[0]->type, &pick, &p,
                     ocl_count(node->outputs[0]), out, status);
}

static int32_t plan_one_hot(const NnHost *nn, NnDevice *device, const NnNode *node, NnPlan *out,
                            NnStatus *status) {
    const NnValueInfo *y = node->outputs[0];
    const Params p = params_of(y, nn_attr_int(node, "axis", -1));
    const Pick pick = {
        "one_hot", 3, {{.role = OCL_INPUT}, {.role = OCL_INPUT, .index = 2}, {.role = OCL_OUTPUT}}};
    return plan_pick(nn, device, node->inputs[0], y->type, &pick, &p, ocl_count(y), out, status);
}

static int32_t match_arg(const NnHost *nn, NnDevice *device, const NnNode *node, NnStatus *reason) {
    const NnValueInfo *x = node->inputs[0];
    if (ocl_match_f32(nn, device, node, reason) != NN_OK)
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
    char options[64];
    (void)snprintf(options, sizeof options, "-DBETTER=%s -DLAST=%d", most ? "isgreater" : "isless", last);
    const OclSource source = {.name = "arg", .parts = {arg_cl}, .options = options};
    OclPlan *plan = ocl_plan(nn, device, status);
    OclStage *s = plan ? plan->ocl->stage(nn, plan, &source, "arg", 2, status) : NULL;
    if (s) {
        ocl_arg(s, 0, OCL_INPUT, 0);
        ocl_arg(s, 1, OCL_OUTPUT, 0);
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
