/* SPDX-License-Identifier: Apache-2.0 */
/* Reductions of f32 on the CPU: the Reduce family, nn/SumTo (the gradient of broadcasting) and nn/AllFinite.
 */
#include "simd/reduce.h"
#include "cpu.h"

#define GRAIN 32768u /* elements a task */

typedef struct State {
    CpuReduce reduce;
    const CpuReduceKernels *kernels;
} State;

typedef struct Word {
    const char *op;
    CpuReduceCode code;
    bool mean, root;
} Word;

static const Word words[] = {
    {"ReduceSum", CPU_REDUCE_SUM, false, false},   {"ReduceMean", CPU_REDUCE_SUM, true, false},
    {"ReduceMax", CPU_REDUCE_MAX, false, false},   {"ReduceMin", CPU_REDUCE_MIN, false, false},
    {"ReduceProd", CPU_REDUCE_PROD, false, false}, {"ReduceSumSquare", CPU_REDUCE_SQUARES, false, false},
    {"ReduceL1", CPU_REDUCE_ABS, false, false},    {"ReduceL2", CPU_REDUCE_SQUARES, false, true},
    {"SumTo", CPU_REDUCE_SUM, false, false},
};

static bool mask_of_axes(const NnNode *node, uint32_t *mask) {
    const NnValueInfo *x = node->inputs[0], *axes = node->n_inputs > 1 ? node->inputs[1] : NULL;
    const int64_t n = axes && axes->value ? nn_elements(axes->value) : 0;
    if (axes && axes->value == NULL && !(axes->rank == 1 && axes->dims[0] == 0))
        return false;
    *mask = n == 0 && !nn_attr_int(node, "noop_with_empty_axes", 0) ? (uint32_t)((UINT64_C(1) << x->rank) - 1)
                                                                    : 0;
    for (int64_t i = 0; i < n; i++) {
        const int64_t axis = ((const int64_t *)nn_data(axes->value))[i];
        *mask |= 1u << (axis < 0 ? axis + x->rank : axis);
    }
    return true;
}

static uint32_t mask_of_like(const NnNode *node) {
    const NnValueInfo *x = node->inputs[0], *like = node->inputs[1];
    uint32_t mask = 0;
    for (int32_t i = 0; i < x->rank; i++) {
        const int32_t at = i - (x->rank - like->rank);
        if (at < 0 || (like->dims[at] == 1 && x->dims[i] != 1))
            mask |= 1u << i;
    }
    return mask;
}

static bool describe(const NnNode *node, CpuReduce *r) {
    const NnValueInfo *x = node->inputs[0];
    uint32_t mask = 0;
    if (strcmp(node->op, "SumTo") == 0)
        mask = mask_of_like(node);
    else if (!mask_of_axes(node, &mask))
        return false;
    r->outputs = r->length = 1;
    for (int32_t i = 0; i < x->rank; i++) {
        const bool reduced = mask >> i & 1;
        const size_t n = (size_t)x->dims[i];
        *(reduced ? &r->length : &r->outputs) *= n;
        if (n == 1)
            continue;
        if (r->n_dims > 0 && r->reduced[r->n_dims - 1] == reduced) {
            r->dims[r->n_dims - 1] *= n;
            continue;
        }
        if (r->n_dims == CPU_REDUCE_DIMS)
            return false;
        r->dims[r->n_dims] = n;
        r->reduced[r->n_dims++] = reduced;
    }
    if (r->n_dims == 0)
        r->dims[r->n_dims++] = 1;
    return true;
}

static int32_t match(const NnHost *nn, NnDevice *device, const NnNode *node, NnStatus *reason) {
    CpuReduce r = {.n_dims = 0};
    if (cpu_match_f32(nn, device, node, reason) != NN_OK)
        return NN_UNSUPPORTED;
    if (!describe(node, &r))
        return nn_fail(nn, reason, NN_UNSUPPORTED,
                       "%s: axes that are not known, or more than %u groups of them", node->op,
                       CPU_REDUCE_DIMS);
    return NN_OK;
}

/* The result is the input; others, of one element too, write what they start from before they read. */
static bool is_copy(const CpuReduce *r) {
    return r->length == 1 && r->code == CPU_REDUCE_SUM && r->scale == 1.0f;
}

static int32_t plan(const NnHost *nn, NnDevice *device, const NnNode *node, NnPlan *out, NnStatus *status) {
    const CpuSimd *simd = cpu_kernels(nn, device, status);
    State *state = simd ? cpu_state(nn, sizeof *state, status) : NULL;
    if (state == NULL)
        return nn->code(status);
    state->kernels = simd->reduce;
    (void)describe(node, &state->reduce);
    for (uint32_t i = 0; i < NN_COUNT(words); i++)
        if (strcmp(words[i].op, node->op) == 0) {
            state->reduce.code = words[i].code;
            state->reduce.root = words[i].root;
            state->reduce.scale = words[i].mean ? 1.0f / (float)state->reduce.length : 1.0f;
        }
    out->state = state;
    out->flop = (double)state->reduce.outputs * (double)state->reduce.length;
    if (is_copy(&state->reduce)) {
        out->n_in_place = 1;
        out->in_place[0] = (NnInPlace){0, 0};
    }
    return NN_OK;
}

typedef struct Job {
    const State *state;
    const float *x;
    float *y;
    uint32_t tasks;
} Job;

static void run_part(void *arg, uint32_t task) {
    const Job *job = arg;
    const size_t n = job->state->reduce.outputs;
    job->state->kernels->run(&job->state->reduce, job->x, job->y, cpu_part(n, task, job->tasks),
                             cpu_part(n, task + 1, job->tasks));
}

static int32_t run(void *arg, const NnCall *call) {
    const State *state = arg;
    const CpuReduce *r = &state->reduce;
    Job job = {.state = state, .x = nn_data(call->inputs[0]), .y = nn_data(call->outputs[0])};
    if (is_copy(r)) {
        if (job.x != job.y)
            memcpy(job.y, job.x, r->outputs * sizeof(float));
        return NN_OK;
    }
    const uint32_t threads = call->host->threads(call->host);
    job.tasks = r->outputs * r->length < 2 * (size_t)GRAIN || r->outputs < threads ? 1 : threads;
    if (job.tasks == 1)
        run_part(&job, 0);
    else
        call->host->parallel(call->host, job.tasks, run_part, &job);
    return NN_OK;
}

/* ---- nn/AllFinite ---- */

static int32_t finite_match(const NnHost *nn, NnDevice *device, const NnNode *node, NnStatus *reason) {
    (void)device;
    for (uint32_t i = 0; i < node->n_inputs; i++)
        if (!cpu_type(node, i, NN_F32))
            return nn_fail(nn, reason, NN_UNSUPPORTED, "AllFinite is fast for f32 only");
    return NN_OK;
}

static int32_t finite_plan(const NnHost *nn, NnDevice *device, const NnNode *node, NnPlan *out,
                           NnStatus *status) {
    (void)node;
    const CpuSimd *simd = cpu_kernels(nn, device, status);
    State *state = simd ? cpu_state(nn, sizeof *state, status) : NULL;
    if (state == NULL)
        return nn->code(status);
    state->kernels = simd->reduce;
    out->state = state;
    return NN_OK;
}

static int32_t finite_run(void *arg, const NnCall *call) {
    const State *state = arg;
    bool all = true;
    for (uint32_t i = 0; i < call->n_inputs && all; i++)
        all = state->kernels->finite(nn_data(call->inputs[i]), (size_t)nn_elements(call->inputs[i]));
    *(uint8_t *)nn_data(call->outputs[0]) = all;
    return NN_OK;
}

CPU_KERNEL(sum, "", "ReduceSum", match, plan, run)
CPU_KERNEL(mean, "", "ReduceMean", match, plan, run)
CPU_KERNEL(max, "", "ReduceMax", match, plan, run)
CPU_KERNEL(min, "", "ReduceMin", match, plan, run)
CPU_KERNEL(prod, "", "ReduceProd", match, plan, run)
CPU_KERNEL(squares, "", "ReduceSumSquare", match, plan, run)
CPU_KERNEL(l1, "", "ReduceL1", match, plan, run)
CPU_KERNEL(l2, "", "ReduceL2", match, plan, run)
CPU_KERNEL(sum_to, "nn", "SumTo", match, plan, run)
static const NnKernel all_finite = {.struct_size = sizeof all_finite,
                                    .since_min = 1,
                                    .domain = "nn",
                                    .op = "AllFinite",
                                    .device = "cpu",
                                    .match = finite_match,
                                    .plan = finite_plan,
                                    .run = finite_run,
                                    .release = cpu_release};

static const NnExport exports[] = {
    {NN_KERNEL_KIND, "ReduceSum", &sum},   {NN_KERNEL_KIND, "ReduceMean", &mean},
    {NN_KERNEL_KIND, "ReduceMax", &max},   {NN_KERNEL_KIND, "ReduceMin", &min},
    {NN_KERNEL_KIND, "ReduceProd", &prod}, {NN_KERNEL_KIND, "ReduceSumSquare", &squares},
    {NN_KERNEL_KIND, "ReduceL1", &l1},     {NN_KERNEL_KIND, "ReduceL2", &l2},
    {NN_KERNEL_KIND, "nn/SumTo", &sum_to}, {NN_KERNEL_KIND, "nn/AllFinite", &all_finite}};
NN_PLUGIN(reduce, "Reductions on the CPU.", exports)
