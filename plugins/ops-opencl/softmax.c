/* SPDX-License-Identifier: Apache-2.0 */
/* Softmax, LogSoftmax, the cross entropy against labels, and their gradients, along any axis. */
#include "ops-opencl/opencl.h"

#include "plugins/ops-opencl/fault.cl.h"
#include "plugins/ops-opencl/lanes.cl.h"
#include "plugins/ops-opencl/real.cl.h"
#include "plugins/ops-opencl/softmax.cl.h"

#define GROUP 64u /* as softmax.cl has it */

/* As softmax.cl has it. */
typedef struct Params {
    uint32_t outer, n, inner, mean, none, weighted, ignores, groups;
    uint32_t ignored[2];
} Params;

static Params params_of(const NnValueInfo *x, int64_t axis) {
    axis += axis < 0 ? x->rank : 0;
    return (Params){.outer = (uint32_t)nn_product(x->dims, 0, (int32_t)axis),
                    .n = (uint32_t)x->dims[axis],
                    .inner = (uint32_t)nn_product(x->dims, (int32_t)axis + 1, x->rank)};
}

/* A stage without its extents: the program depends on how rows are walked, which is one way for most
 * networks. */
static OclStage *stage(const NnHost *nn, OclPlan *plan, const NnNode *node, const char *kernel, bool wide,
                       const Params *p, uint32_t n_args, const OclArg *args, NnStatus *status) {
    const bool cpu = plan->ocl->cpu, rows = p->inner == 1 && (cpu || p->n >= GROUP / 2);
    char options[128];
    (void)snprintf(options, sizeof options, "-DI=%s -DLANES=%d%s%s %s", wide ? "long" : "int", cpu ? 16 : 1,
                   rows ? " -DROWS" : "", rows && !cpu ? " -DGROUPS" : "", ocl_real(node->inputs[0]->type));
    const OclSource source = {
        .name = "softmax", .parts = {real_cl, lanes_cl, fault_cl, softmax_cl}, .options = options};
    OclStage *s = plan->ocl->stage(nn, plan, &source, kernel, n_args, status);
    if (s == NULL)
        return NULL;
    memcpy(s->args, args, n_args * sizeof *args);
    (void)plan->ocl->params(nn, plan, s, p, sizeof *p, status);
    if (rows && !cpu)
        ocl_groups(s, p->outer, GROUP);
    else
        ocl_pieces(plan->ocl, s, (uint64_t)p->outer * (cpu ? (p->inner + 15) / 16 : p->inner));
    return s;
}

/* ---- rows ---- */

static int32_t match(const NnHost *nn, NnDevice *device, const NnNode *node, NnStatus *reason) {
    if (node->inputs[0]->rank == 0)
        return nn_fail(nn, reason, NN_UNSUPPORTED, "%s of a scalar", node->op);
    if (strstr(node->op, "Grad") && ocl_count(node->inputs[0]) != ocl_count(node->inputs[1]))
        return nn_fail(nn, reason, NN_UNSUPPORTED, "%s: gradient and result do not fit", node->op);
    return ocl_match_real(nn, device, node, reason);
}

static int32_t plan(const NnHost *nn, NnDevice *device, const NnNode *node, NnPlan *out, NnStatus *status) {
    const Params p = params_of(node->inputs[0], nn_attr_int(node, "axis", -1));
    const bool logs = strstr(node->op, "Log") != NULL, grad = strstr(node->op, "Grad") != NULL;
    const OclArg one[] = {{.role = OCL_INPUT}, {.role = OCL_OUTPUT}},
                 two[] = {{.role = OCL_INPUT}, {.role = OCL_INPUT, .index = 1}, {.role = OCL_OUTPUT}};
    OclPlan *made = ocl_plan(nn, device, status);
    if (made && grad)
        (void)stage(nn, made, node, logs ? "log_softmax_grad" : "softmax_grad", true, &p, 3, two, status);
    else if (made)
        (void)stage(nn, made, node, logs ? "log_softmax" : "softmax", true, &p, 2, one, status);
    out->n_in_place = 1;
    out->in_place[0] = (NnInPlace){0, 0};
    return ocl_planned(nn, made, out, status);
}

/* ---- the loss ---- */

static bool is_grad(const NnNode *node) { return strstr(node->op, "Grad") != NULL; }

static const NnValueInfo *weights_of(const NnNode *node) {
    const uint32_t at = is_grad(node) ? 3 : 2;
    return node->n_inputs > at ? node->inputs[at] : NULL;
}

static int32_t loss_match(const NnHost *nn, NnDevice *device, const NnNode *node, NnStatus *reason) {
    const NnValueInfo *labels = node->inputs[is_grad(node) ? 2 : 1];
    if (labels->type != NN_I64 && labels->type != NN_I32)
        return nn_fail(nn, reason, NN_UNSUPPORTED, "%s: the labels are %s", node->op,
                       nn_type_name(labels->type));
    return ocl_match_real(nn, device, node, reason);
}

static Params loss_params(const NnNode *node) {
    Params p = params_of(node->inputs[is_grad(node) ? 1 : 0], 1);
    const char *reduction = nn_attr_string(node, "reduction", "mean");
    const uint64_t ignored = (uint64_t)nn_attr_int(node, "ignore_index", 0);
    p.mean = strcmp(reduction, "mean") == 0;
    p.none = strcmp(reduction, "none") == 0;
    p.weighted = weights_of(node) != NULL;
    p.ignores = nn_attr(node, "ignore_index") != NULL;
    p.ignored[0] = (uint32_t)ignored;
    p.ignored[1] = (uint32_t)(ignored >> 32);
    p.groups = (uint64_t)p.outer * p.inner > 1u << 14 ? 16 : 1; /* which add the losses */
    return p;
}

/* Sums of losses and weights, or of weights alone where `log_prob` is nothing. */
static bool add_sums(const NnHost *nn, OclPlan *plan, const NnNode *node, bool wide, const Params *p,
                     const OclArg args[6], NnStatus *status) {
    OclStage *s = stage(nn, plan, node, "loss_sums", wide, p, 6, args, status);
    if (s)
        ocl_groups(s, p->groups, GROUP);
    return s != NULL;
}

/* The kernels' arguments for labels. */
#define LABELS(at)                                                                                           \
    {.role = OCL_INPUT, .index = (at)},                                                                      \
        {.role = weights_of(node) ? OCL_INPUT : OCL_NOTHING, .index = (at) + 1}, {                           \
        .role = OCL_FAULT                                                                                    \
    }

/* Workspace: the sums of each group, and log_prob where nobody asks for it. */
static int32_t loss_plan(const NnHost *nn, NnDevice *device, const NnNode *node, NnPlan *out,
                         NnStatus *status) {
    const Params p = loss_params(node);
    const int32_t type = node->inputs[0]->type;
    const bool wide = node->inputs[1]->type == NN_I64, asked = node->n_outputs > 1 && node->outputs[1],
               direct = strcmp(node->op, "NegativeLogLikelihoodLoss") == 0;
    const uint32_t size = (uint32_t)nn_type_size(type), pair = 2 * ocl_real_size(type);
    OclArg log_prob = {.role = OCL_WORKSPACE, .size = size, .offset = 256};
    if (direct)
        log_prob = (OclArg){.role = OCL_INPUT};
    else if (asked)
        log_prob = (OclArg){.role = OCL_OUTPUT, .index = 1};
    const OclArg y = {.role = OCL_OUTPUT}, sums = {.role = OCL_WORKSPACE, .size = pair},
                 at_once = p.groups == 1 ? y : (OclArg){.role = OCL_NOTHING};
    const OclArg first[] = {{.role = OCL_INPUT}, log_prob}, each[] = {log_prob, LABELS(1), y},
                 some[] = {log_prob, LABELS(1), sums, at_once}, total[] = {sums, y};
    OclPlan *made = ocl_plan(nn, device, status);
    const bool wanted = node->outputs[0] != NULL;
    if (made && (direct || stage(nn, made, node, "log_softmax", wide, &p, 2, first, status)) && wanted) {
        OclStage *s = NULL;
        if (p.none)
            s = stage(nn, made, node, "loss_each", wide, &p, 5, each, status);
        else if (add_sums(nn, made, node, wide, &p, some, status) && p.groups > 1)
            s = stage(nn, made, node, "loss_total", wide, &p, 2, total, status);
        if (s)
            ocl_items(s, p.none ? (uint64_t)p.outer * p.inner : 1);
    }
    out->workspace = 256 + (asked || direct ? 0 : size * (uint64_t)p.outer * p.inner * p.n);
    return ocl_planned(nn, made, out, status);
}

/* Workspace: the sums of each group. */
static int32_t loss_grad_plan(const NnHost *nn, NnDevice *device, const NnNode *node, NnPlan *out,
                              NnStatus *status) {
    Params p = loss_params(node);
    const bool wide = node->inputs[2]->type == NN_I64;
    const OclArg sums = {.role = OCL_WORKSPACE, .size = 2 * ocl_real_size(node->inputs[0]->type)},
                 none = {.role = OCL_NOTHING};
    const OclArg weights[] = {none, LABELS(2), sums, none}, grad[] = {{.role = OCL_INPUT},
                                                                      {.role = OCL_INPUT, .index = 1},
                                                                      LABELS(2),
                                                                      sums,
                                                                      {.role = OCL_OUTPUT}};
    OclPlan *made = ocl_plan(nn, device, status);
    const bool counts = p.weighted || p.ignores; /* else every position weighs 1 */
    p.groups = counts ? p.groups : 0;
    if (made && (!p.mean || !counts || add_sums(nn, made, node, wide, &p, weights, status)))
        (void)stage(nn, made, node, "loss_grad", wide, &p, 7, grad, status);
    out->workspace = 256;
    return ocl_planned(nn, made, out, status);
}

OCL_KERNEL(softmax, "", "Softmax", match, plan)
OCL_KERNEL(softmax_grad, "nn", "SoftmaxGrad", match, plan)
OCL_KERNEL(log_softmax, "", "LogSoftmax", match, plan)
OCL_KERNEL(log_softmax_grad, "nn", "LogSoftmaxGrad", match, plan)
OCL_KERNEL(loss, "", "SoftmaxCrossEntropyLoss", loss_match, loss_plan)
OCL_KERNEL(nll, "", "NegativeLogLikelihoodLoss", loss_match, loss_plan)
OCL_KERNEL(loss_grad, "nn", "SoftmaxCrossEntropyLossGrad", loss_match, loss_grad_plan)

static const NnExport exports[] = {{NN_KERNEL_KIND, "Softmax", &softmax},
                                   {NN_KERNEL_KIND, "nn/SoftmaxGrad", &softmax_grad},
                                   {NN_KERNEL_KIND, "LogSoftmax", &log_softmax},
                                   {NN_KERNEL_KIND, "nn/LogSoftmaxGrad", &log_softmax_grad},
                                   {NN_KERNEL_KIND, "SoftmaxCrossEntropyLoss", &loss},
                                   {NN_KERNEL_KIND, "NegativeLogLikelihoodLoss", &nll},
                                   {NN_KERNEL_KIND, "nn/SoftmaxCrossEntropyLossGrad", &loss_grad}};
NN_PLUGIN(softmax, "Softmax and its losses by OpenCL.", exports)
