/* SPDX-License-Identifier: Apache-2.0 */
/* Softmax, LogSoftmax, SoftmaxCrossEntropyLoss and their gradients on the CPU: f32, along a dimension whose
 * elements are neighbours in memory. */
#include "cpu.h"
#include "simd/rows.h"

#define GRAIN 8192u /* elements a task */

typedef struct State {
    const CpuRowsKernels *kernels;
    void (*rows1)(const float *x, float *y, size_t n);
    void (*rows2)(const float *x, const float *y, float *z, size_t n);
    size_t rows, n;
    bool mean, none, wide_labels, ignores;
    int64_t ignored;
} State;

/* The dimension must be the last, or all after it of extent 1. */
static int32_t match_rows(const NnHost *nn, const NnNode *node, const NnValueInfo *x, int64_t axis,
                          NnStatus *reason) {
    if (x == NULL || x->type != NN_F32)
        return nn_fail(nn, reason, NN_UNSUPPORTED, "%s is fast for f32 only", node->op);
    if (axis < 0)
        axis += x->rank;
    if (x->rank == 0 || nn_product(x->dims, (int32_t)axis + 1, x->rank) != 1)
        return nn_fail(nn, reason, NN_UNSUPPORTED, "%s is fast along the last dimension only", node->op);
    return NN_OK;
}

static int32_t match(const NnHost *nn, NnDevice *device, const NnNode *node, NnStatus *reason) {
    (void)device;
    return match_rows(nn, node, node->inputs[0], nn_attr_int(node, "axis", -1), reason);
}

static State *state_new(const NnHost *nn, NnDevice *device, const NnValueInfo *x, int64_t axis,
                        NnStatus *status) {
    const CpuSimd *simd = cpu_kernels(nn, device, status);
    State *s = simd ? cpu_state(nn, sizeof *s, status) : NULL;
    if (s == NULL)
        return NULL;
    s->kernels = simd->rows;
    s->rows = (size_t)nn_product(x->dims, 0, (int32_t)(axis < 0 ? axis + x->rank : axis));
    s->n = (size_t)x->dims[axis < 0 ? axis + x->rank : axis];
    return s;
}

static int32_t plan(const NnHost *nn, NnDevice *device, const NnNode *node, NnPlan *out, NnStatus *status) {
    State *s = state_new(nn, device, node->inputs[0], nn_attr_int(node, "axis", -1), status);
    if (s == NULL)
        return nn->code(status);
    const bool logs = strstr(node->op, "Log") != NULL;
    if (strstr(node->op, "Grad"))
        s->rows2 = logs ? s->kernels->log_softmax_grad : s->kernels->softmax_grad;
    else
        s->rows1 = logs ? s->kernels->log_softmax : s->kernels->softmax;
    out->state = s;
    out->n_in_place = 1;
    out->in_place[0] = (NnInPlace){0, 0};
    return NN_OK;
}

typedef struct Job {
    const State *s;
    const float *a, *b;
    float *y;
    uint32_t tasks;
} Job;

static void run_part(void *arg, uint32_t task) {
    const Job *job = arg;
    const State *s = job->s;
    const size_t n = s->n, end = cpu_part(s->rows, task + 1, job->tasks);
    for (size_t r = cpu_part(s->rows, task, job->tasks); r < end; r++)
        if (s->rows1)
            s->rows1(job->a + r * n, job->y + r * n, n);
        else
            s->rows2(job->a + r * n, job->b + r * n, job->y + r * n, n);
}

static void split(const NnCall *call, Job *job, void (*part)(void *, uint32_t)) {
    const uint32_t threads = call->host->threads(call->host);
    job->tasks = job->s->rows * job->s->n < 2 * (size_t)GRAIN || job->s->rows < threads ? 1 : threads;
    if (job->tasks == 1)
        part(job, 0);
    else
        call->host->parallel(call->host, job->tasks, part, job);
}

static int32_t run(void *state, const NnCall *call) {
    Job job = {.s = state, .a = nn_data(call->inputs[0]), .y = nn_data(call->outputs[0])};
    if (job.s->rows2)
        job.b = nn_data(call->inputs[1]);
    split(call, &job, run_part);
    return NN_OK;
}

/* ---- the loss: log_prob by rows, then the mean of what stands at the labels ---- */

static int32_t loss_match(const NnHost *nn, NnDevice *device, const NnNode *node, NnStatus *reason) {
    (void)device;
    const bool grad = strstr(node->op, "Grad") != NULL;
    const uint32_t weights = grad ? 3 : 2;
    if (node->n_inputs > weights && node->inputs[weights])
        return nn_fail(nn, reason, NN_UNSUPPORTED, "%s is fast without weights only", node->op);
    return match_rows(nn, node, node->inputs[grad ? 1 : 0], 1, reason);
}

static int32_t loss_plan(const NnHost *nn, NnDevice *device, const NnNode *node, NnPlan *out,
                         NnStatus *status) {
    const bool grad = strstr(node->op, "Grad") != NULL;
    State *s = state_new(nn, device, node->inputs[grad ? 1 : 0], 1, status);
    if (s == NULL)
        return nn->code(status);
    const char *reduction = nn_attr_string(node, "reduction", "mean");
    s->mean = strcmp(reduction, "mean") == 0;
    s->none = strcmp(reduction, "none") == 0;
    s->wide_labels = node->inputs[grad ? 2 : 1]->type == NN_I64;
    s->ignores = nn_attr(node, "ignore_index") != NULL;
    s->ignored = nn_attr_int(node, "ignore_index", 0);
    s->rows1 = s->kernels->log_softmax;
    out->state = s;
    if (!grad)
        out->workspace = s->rows * s->n * sizeof(float); /* for log_prob where nobody asks for it */
    return NN_OK;
}

/* 1 and the label; 0 when the position does not count; -1 when the label is out of range. */
static int label_at(const State *s, const NnCall *call, const NnTensor *labels, size_t r, size_t *label) {
    const int64_t at =
        s->wide_labels ? ((const int64_t *)nn_data(labels))[r] : ((const int32_t *)nn_data(labels))[r];
    *label = 0;
    if (s->ignores && at == s->ignored)
        return 0;
    if (at < 0 || (uint64_t)at >= s->n) {
        (void)nn_fail(call->host, call->status, NN_INVALID, "label %lld at position %llu: expected 0 to %lld",
                      (long long)at, (unsigned long long)r, (long long)s->n - 1);
        return -1;
    }
    *label = (size_t)at;
    return 1;
}

static int32_t loss_run(void *state, const NnCall *call) {
    const State *s = state;
    const bool asked = call->n_outputs > 1 && call->outputs[1];
    Job job = {
        .s = s, .a = nn_data(call->inputs[0]), .y = asked ? nn_data(call->outputs[1]) : cpu_workspace(call)};
    split(call, &job, run_part);
    double sum = 0, count = 0;
    float *y = call->outputs[0] ? nn_data(call->outputs[0]) : NULL;
    for (size_t r = 0; r < s->rows; r++) {
        size_t label;
        const int counts = label_at(s, call, call->inputs[1], r, &label);
        if (counts < 0)
            return NN_INVALID;
        const float e = counts ? -job.y[r * s->n + label] : 0;
        sum += (double)e;
        count += counts;
        if (y && s->none)
            y[r] = e;
    }
    if (y && !s->none)
        *y = (float)(s->mean ? sum / count : sum);
    return NN_OK;
}

typedef struct Backward {
    Job job;
    const NnCall *call;
    float scale;
} Backward;

static void backward_part(void *arg, uint32_t task) {
    const Backward *back = arg;
    const State *s = back->job.s;
    const NnCall *call = back->call;
    const size_t n = s->n, end = cpu_part(s->rows, task + 1, back->job.tasks);
    for (size_t r = cpu_part(s->rows, task, back->job.tasks); r < end; r++) {
        size_t label;
        const int counts = label_at(s, call, call->inputs[2], r, &label);
        if (counts == 1)
            s->kernels->cross_entropy_grad(back->job.b + r * n, label, s->none ? back->job.a[r] : back->scale,
                                           back->job.y + r * n, n);
        else
            memset(back->job.y + r * n, 0, n * sizeof(float));
    }
}

static int32_t loss_grad_run(void *state, const NnCall *call) {
    const State *s = state;
    size_t count = 0, label;
    for (size_t r = 0; r < s->rows; r++) {
        const int counts = label_at(s, call, call->inputs[2], r, &label);
        if (counts < 0)
            return NN_INVALID;
        count += (size_t)counts;
    }
    Backward back = {.job = {.s = s,
                             .a = nn_data(call->inputs[0]),
                             .b = nn_data(call->inputs[1]),
                             .y = nn_data(call->outputs[0])},
                     .call = call};
    back.scale = s->none ? 0 : s->mean ? *back.job.a / (float)count : *back.job.a;
    split(call, &back.job, backward_part);
    return NN_OK;
}

CPU_KERNEL(softmax, "", "Softmax", match, plan, run)
CPU_KERNEL(softmax_grad, "nn", "SoftmaxGrad", match, plan, run)
CPU_KERNEL(log_softmax, "", "LogSoftmax", match, plan, run)
CPU_KERNEL(log_softmax_grad, "nn", "LogSoftmaxGrad", match, plan, run)
CPU_KERNEL(loss, "", "SoftmaxCrossEntropyLoss", loss_match, loss_plan, loss_run)
CPU_KERNEL(loss_grad, "nn", "SoftmaxCrossEntropyLossGrad", loss_match, loss_plan, loss_grad_run)

static const NnExport exports[] = {{NN_KERNEL_KIND, "Softmax", &softmax},
                                   {NN_KERNEL_KIND, "nn/SoftmaxGrad", &softmax_grad},
                                   {NN_KERNEL_KIND, "LogSoftmax", &log_softmax},
                                   {NN_KERNEL_KIND, "nn/LogSoftmaxGrad", &log_softmax_grad},
                                   {NN_KERNEL_KIND, "SoftmaxCrossEntropyLoss", &loss},
                                   {NN_KERNEL_KIND, "nn/SoftmaxCrossEntropyLossGrad", &loss_grad}};
NN_PLUGIN(softmax, "Softmax and its losses on the CPU.", exports)
