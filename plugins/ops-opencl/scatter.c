/* SPDX-License-Identifier: Apache-2.0 */
/* GatherElements, GatherND, ScatterElements, ScatterND and the gradients of what is picked by index. */
#include "scatter.h"

#include "plugins/ops-opencl/fault.cl.h"
#include "plugins/ops-opencl/real.cl.h"
#include "plugins/ops-opencl/scatter.cl.h"

#define ITEMS 16384u /* that keep a device busy which is no processor */

static const NnValueInfo *moved_of(const NnNode *node) { return node->inputs[0]; }

/* As scatter.cl numbers them. */
static uint32_t meeting(const NnNode *node) {
    static const char *const names[] = {"none", "add", "mul", "min", "max"};
    const char *name = scatter_word(node)->adds ? "add" : nn_attr_string(node, "reduction", "none");
    for (uint32_t i = 0; i < NN_COUNT(names); i++)
        if (strcmp(names[i], name) == 0)
            return i;
    return 0;
}

/* ---- the program ---- */

/* The type that is computed with, or that moves elements of that size; NULL: not done. */
static const char *type_of(const OclService *ocl, int32_t type, bool meets, bool *real) {
    static const char *const moved[] = {[1] = "uchar", [2] = "ushort", [4] = "uint", [8] = "ulong"},
                             *const whole[NN_TYPE_COUNT] = {
                                 [NN_U8] = "uchar", [NN_I8] = "char", [NN_U16] = "ushort", [NN_I16] = "short",
                                 [NN_U32] = "uint", [NN_I32] = "int", [NN_U64] = "ulong",  [NN_I64] = "long"};
    const uint64_t size = nn_type_size(type);
    *real = meets && (type == NN_F32 || type == NN_F16 || (type == NN_F64 && ocl->f64));
    if (*real)
        return "";
    if (meets)
        return type > 0 && type < NN_TYPE_COUNT ? whole[type] : NULL;
    return size < NN_COUNT(moved) ? moved[size] : NULL;
}

static int32_t match(const NnHost *nn, NnDevice *device, const NnNode *node, NnStatus *reason) {
    const OclService *ocl = ocl_service(nn, device, reason);
    const NnValueInfo *at = node->inputs[1];
    ScatterParams p;
    uint32_t outer;
    bool real;
    if (ocl == NULL)
        return NN_UNSUPPORTED;
    if (at->type != NN_I64 && at->type != NN_I32)
        return nn_fail(nn, reason, NN_UNSUPPORTED, "%s: the indices are %s, expected i32 or i64", node->op,
                       nn_type_name(at->type));
    if (type_of(ocl, moved_of(node)->type, meeting(node) != 0, &real) == NULL || !ocl_small(node))
        return nn_fail(nn, reason, NN_UNSUPPORTED, "%s of %s is not done here", node->op,
                       nn_type_name(moved_of(node)->type));
    const char *why = scatter_describe(node, &p, &outer);
    return why ? nn_fail(nn, reason, NN_UNSUPPORTED, "%s: %s", node->op, why) : NN_OK;
}

static OclStage *stage(const NnHost *nn, OclPlan *plan, const NnNode *node, const char *kernel,
                       uint32_t n_args, const OclArg *args, const ScatterParams *p, NnStatus *status) {
    const int32_t type = moved_of(node)->type;
    char options[96];
    bool real;
    const char *name = type_of(plan->ocl, type, meeting(node) != 0, &real);
    (void)snprintf(options, sizeof options, "-DHOW=%u -DI=%s %s%s", meeting(node),
                   node->inputs[1]->type == NN_I64 ? "long" : "int",
                   real ? "-DREALS " : "-DT=", real ? ocl_real(type) : name);
    const OclSource source = {
        .name = "scatter", .parts = {fault_cl, real ? real_cl : NULL, scatter_cl}, .options = options};
    OclStage *s = plan->ocl->stage(nn, plan, &source, kernel, n_args, status);
    if (s) {
        memcpy(s->args, args, n_args * sizeof *args);
        (void)plan->ocl->params(nn, plan, s, p, sizeof *p, status);
    }
    return s;
}

/* `along` elements by `rows` and `more`; a processor walks along by one item where `walks`. */
static void grid(const OclPlan *plan, OclStage *s, uint64_t along, uint64_t rows, uint64_t more, bool walks) {
    if (s == NULL)
        return;
    ocl_rows(s, rows, along);
    if (walks && plan->ocl->cpu)
        s->local[0] = s->global[0] = 1;
    s->dims = 3;
    s->local[2] = 1;
    s->global[2] = (size_t)more;
}

/* So many that all units have work, `items` being there without; bits do not depend on it. */
static uint32_t ranges_for(const OclService *ocl, uint64_t items, uint32_t axis) {
    const uint64_t wanted = ocl->cpu ? 4 * (uint64_t)ocl->units : ITEMS;
    uint32_t ranges = 1;
    while (ranges < axis && ranges < 65536 && ranges * items < wanted)
        ranges *= 2;
    return ranges;
}

/* ---- plans ---- */

static int32_t plan_gather(const NnHost *nn, NnDevice *device, const NnNode *node, NnPlan *out,
                           NnStatus *status) {
    const bool elements = scatter_word(node)->elements;
    const OclArg args[] = {
        {.role = OCL_INPUT}, {.role = OCL_INPUT, .index = 1}, {.role = OCL_OUTPUT}, {.role = OCL_FAULT}};
    ScatterParams p;
    uint32_t outer;
    OclPlan *plan = scatter_describe(node, &p, &outer) ? NULL : ocl_plan(nn, device, status);
    OclStage *s =
        plan ? stage(nn, plan, node, elements ? "gather_elements" : "gather_rows", 4, args, &p, status)
             : NULL;
    grid(plan, s, p.inner, p.count, 1, !elements);
    return ocl_planned(nn, plan, out, status);
}

/* Workspace: the row of each update. */
static void add_rows(const NnHost *nn, OclPlan *plan, const NnNode *node, ScatterParams *p, uint32_t outer,
                     NnStatus *status) {
    const bool adds = scatter_word(node)->adds;
    const OclArg to = {.role = OCL_WORKSPACE}, y = {.role = OCL_OUTPUT};
    const OclArg find[] = {{.role = OCL_INPUT, .index = 1}, to, {.role = OCL_FAULT}};
    const OclArg put[] = {{.role = OCL_INPUT, .index = adds ? 0 : 2}, to, y};
    const ScatterParams all = {.count = (uint32_t)ocl_count(node->outputs[0])};
    p->ranges = ranges_for(plan->ocl, (uint64_t)outer * (plan->ocl->cpu ? 1 : p->inner), p->axis);
    OclStage *s = adds ? stage(nn, plan, node, "clear", 1, &y, &all, status) : NULL;
    if (s)
        ocl_items(s, all.count);
    if (nn->code(status) != NN_OK || (s = stage(nn, plan, node, "rows", 3, find, p, status)) == NULL)
        return;
    ocl_items(s, p->count);
    grid(plan, stage(nn, plan, node, "scatter_rows", 3, put, p, status), p->inner, p->ranges, outer, true);
}

static void add_elements(const NnHost *nn, OclPlan *plan, const NnNode *node, ScatterParams *p,
                         NnStatus *status) {
    const OclArg args[] = {{.role = OCL_INPUT, .index = 1},
                           {.role = OCL_INPUT, .index = 2},
                           {.role = OCL_OUTPUT},
                           {.role = OCL_FAULT}};
    p->ranges = ranges_for(plan->ocl, p->inner, p->axis);
    grid(plan, stage(nn, plan, node, "scatter_elements", 4, args, p, status), p->inner, p->ranges, 1, false);
}

static int32_t plan_scatter(const NnHost *nn, NnDevice *device, const NnNode *node, NnPlan *out,
                            NnStatus *status) {
    ScatterParams p;
    uint32_t outer;
    OclPlan *plan = scatter_describe(node, &p, &outer) ? NULL : ocl_plan(nn, device, status);
    if (plan && scatter_word(node)->elements)
        add_elements(nn, plan, node, &p, status);
    else if (plan)
        add_rows(nn, plan, node, &p, outer, status);
    if (!scatter_word(node)->elements)
        out->workspace = UINT64_C(4) * p.count;
    if (!scatter_word(node)->adds) {
        out->n_in_place = 1;
        out->in_place[0] = (NnInPlace){0, 0};
    }
    return ocl_planned(nn, plan, out, status);
}

/* Updates go into a copy of the data, unless the data may be written to. */
static int32_t run_scatter(void *state, const NnCall *call) {
    const OclPlan *plan = state;
    const int32_t code = plan->ocl->copy(call, call->outputs[0], call->inputs[0]);
    return code == NN_OK ? ocl_run(state, call) : code;
}

OCL_KERNEL(gather_elements, "", "GatherElements", match, plan_gather)
OCL_KERNEL(gather_nd, "", "GatherND", match, plan_gather)
OCL_KERNEL(gather_nd_grad, "nn", "GatherNDGrad", match, plan_scatter)
OCL_KERNEL(gather_grad, "nn", "GatherGrad", match, plan_scatter)

#define SCATTER(id, name)                                                                                    \
    static const NnKernel id = {.struct_size = sizeof id,                                                    \
                                .since_min = 1,                                                              \
                                .domain = "",                                                                \
                                .op = name,                                                                  \
                                .device = "opencl",                                                          \
                                .match = match,                                                              \
                                .plan = plan_scatter,                                                        \
                                .run = run_scatter,                                                          \
                                .release = ocl_release};
SCATTER(scatter_elements, "ScatterElements")
SCATTER(scatter_nd, "ScatterND")

static const NnExport exports[] = {
    {NN_KERNEL_KIND, "GatherElements", &gather_elements},   {NN_KERNEL_KIND, "GatherND", &gather_nd},
    {NN_KERNEL_KIND, "nn/GatherNDGrad", &gather_nd_grad},   {NN_KERNEL_KIND, "nn/GatherGrad", &gather_grad},
    {NN_KERNEL_KIND, "ScatterElements", &scatter_elements}, {NN_KERNEL_KIND, "ScatterND", &scatter_nd}};
NN_PLUGIN(scatter, "Picking and placing by an index each, by OpenCL.", exports)
