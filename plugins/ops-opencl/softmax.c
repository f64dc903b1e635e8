/* SPDX-License-Identifier: Apache-2.0 */
/* Softmax, LogSoftmax, the cross entropy against labels, and their gradients, along any axis. */
#include "ops-opencl/opencl.h"

#include "plugins/ops-opencl/fault.cl.h"
#include "plugins/ops-opencl/real.cl.h"
#include "plugins/ops-opencl/softmax.cl.h"

/* As softmax.cl has it. */
typedef struct Params {
    uint32_t outer, n, inner, mean, none, weighted, ignores;
    uint32_t ignored[2];
} Params;

static Params params_of(const NnValueInfo *x, int64_t axis) {
    axis += axis < 0 ? x->rank : 0;
    return (Params){.outer = (uint32_t)nn_product(x->dims, 0, (int32_t)axis),
                    .n = (uint32_t)x->dims[axis],
                    .inner = (uint32_t)nn_product(x->dims, (int32_t)axis + 1, x->rank)};
}

static OclStage *stage(const NnHost *nn, OclPlan *plan, const NnNode *node, const char *kernel, bool wide,
                       const Params *p, uint32_t n_args, const OclArg *args, NnStatus *status) {
    char options[64];
    (void)snprintf(options, sizeof options, "-DI=%s %s", wide ? "long" : "int",
                   ocl_real(node->inputs[0]->type));
    const OclSource source = {
        .name = "softmax", .parts = {real_cl, fault_cl, softmax_cl}, .options = options};
    OclStage *s = plan->ocl->stage(nn, plan, &source, kernel, n_args, status);
    if (s) {
        memcpy(s->args, args, n_args * sizeof *args);
        ocl_items(s, (uint64_t)p->outer * p->inner);
        (void)plan->ocl->params(nn, plan, s, p, sizeof *p, status);
    }
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
    return p;
}

/* One group, which is what `total` runs in. */
static void as_total(OclStage *s) {
    if (s)
        ocl_groups(s, 1, 64);
}

/* Workspace: the loss of each position, its weight, and log_prob where nobody asks for it. */
static int32_t loss_plan(const NnHost *nn, NnDevice *device, const NnNode *node, NnPlan *out,
                         NnStatus *status) {
    const Params p = loss_params(node);
    const bool wide = node->inputs[1]->type == NN_I64, asked = node->n_outputs > 1 && node->outputs[1],
               direct = strcmp(node->op, "NegativeLogLikelihoodLoss") == 0;
    const uint32_t size = (uint32_t)nn_type_size(node->inputs[0]->type);
    const uint64_t rows = (uint64_t)p.outer * p.inner, row_bytes = (size * rows + 63) & ~UINT64_C(63);
    OclArg log_prob = {.role = OCL_WORKSPACE, .size = size, .offset = 2 * row_bytes};
    if (direct)
        log_prob = (OclArg){.role = OCL_INPUT};
    else if (asked)
        log_prob = (OclArg){.role = OCL_OUTPUT, .index = 1};
    const OclArg y = {.role = OCL_OUTPUT},
                 weight = {.role = OCL_WORKSPACE, .size = size, .offset = row_bytes},
                 loss = p.none ? y : (OclArg){.role = OCL_WORKSPACE, .size = size};
    const OclArg first[] = {{.role = OCL_INPUT}, log_prob};
    const OclArg second[] = {log_prob,
                             {.role = OCL_INPUT, .index = 1},
                             {.role = weights_of(node) ? OCL_INPUT : OCL_NOTHING, .index = 2},
                             {.role = OCL_FAULT},
                             loss,
                             weight};
    const OclArg third[] = {loss, weight, y};
    OclPlan *made = ocl_plan(nn, device, status);
    const bool wanted = node->outputs[0] != NULL;
    if (made && (direct || stage(nn, made, node, "log_softmax", wide, &p, 2, first, status)) && wanted &&
        stage(nn, made, node, "positions", wide, &p, 6, second, status) && !p.none)
        as_total(stage(nn, made, node, "total", wide, &p, 3, third, status));
    out->workspace = 2 * row_bytes + (asked || direct ? 0 : size * rows * p.n);
    return ocl_planned(nn, made, out, status);
}

/* Workspace: the weight of each position, and their sum. */
static int32_t loss_grad_plan(const NnHost *nn, NnDevice *device, const NnNode *node, NnPlan *out,
                              NnStatus *status) {
    const Params p = loss_params(node);
    const int32_t type = node->inputs[0]->type;
    const uint32_t size = (uint32_t)nn_type_size(type);
    const bool wide = node->inputs[2]->type == NN_I64;
    const uint64_t row_bytes = (size * (uint64_t)p.outer * p.inner + 63) & ~UINT64_C(63);
    const OclArg labels = {.role = OCL_INPUT, .index = 2}, weight = {.role = OCL_WORKSPACE, .size = size},
                 all = {.role = OCL_WORKSPACE, .size = ocl_real_size(type), .offset = row_bytes};
    const OclArg first[] = {labels,
                            {.role = weights_of(node) ? OCL_INPUT : OCL_NOTHING, .index = 3},
                            {.role = OCL_FAULT},
                            weight};
    const OclArg second[] = {weight, all};
    const OclArg third[] = {{.role = OCL_INPUT}, {.role = OCL_INPUT, .index = 1}, labels, weight, all,
                            {.role = OCL_OUTPUT}};
    OclPlan *made = ocl_plan(nn, device, status);
    if (made && stage(nn, made, node, "weights_of", wide, &p, 4, first, status)) {
        as_total(stage(nn, made, node, "total_weight", wide, &p, 2, second, status));
        (void)stage(nn, made, node, "loss_grad", wide, &p, 6, third, status);
    }
    out->workspace = row_bytes + 64;
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
