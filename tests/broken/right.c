/* SPDX-License-Identifier: Apache-2.0 */
/* Defect: none. An operator with its rule, kernels with views, in place, workspaces and threads, and a claim:
 * what the others of the shelf do wrong is done right here, so that whoever tests them cannot pass by failing
 * all. */
#include "swish.h"

/* ---- the operator's rule ---- */

static int32_t gradient(NnGradient *d) { return swish_gradient(d, nn_attr_float(d->node, "beta", 1)); }

static const NnSetting attrs[] = SWISH_BETA(0, 0, 0);
SWISH_OPERATOR(swish_operator, gradient, attrs);

/* ---- Relu: of views, over its input ---- */

static int32_t relu_plan(const NnHost *nn, NnDevice *device, const NnNode *node, NnPlan *out,
                         NnStatus *status) {
    (void)nn;
    (void)device;
    (void)node;
    (void)status;
    out->strided = 1;
    out->n_in_place = 1;
    out->in_place[0] = (NnInPlace){.input = 0, .output = 0};
    return NN_OK;
}

static int32_t relu_run(void *state, const NnCall *call) {
    (void)state;
    const NnTensor *t = call->inputs[0];
    const float *x = nn_data(t);
    float *y = nn_data(call->outputs[0]);
    const int64_t n = nn_elements(t);
    for (int64_t i = 0; i < n; i++) {
        int64_t at = 0;
        for (int64_t d = t->rank - 1, rest = i; d >= 0; rest /= t->dims[d], d--)
            at += rest % t->dims[d] * t->strides[d];
        y[i] = x[at] < 0 ? 0 : x[at];
    }
    return NN_OK;
}

SHELF_KERNEL(relu, "Relu", .match = shelf_match, .plan = relu_plan, .run = relu_run);

/* ---- MatMul: B packed into panels of four columns ---- */

#define PANEL 4

static int32_t matmul_plan(const NnHost *nn, NnDevice *device, const NnNode *node, NnPlan *out,
                           NnStatus *status) {
    (void)nn;
    (void)device;
    (void)status;
    out->workspace = (uint64_t)node->inputs[1]->dims[0] * PANEL * sizeof(float);
    return NN_OK;
}

static int32_t matmul_run(void *state, const NnCall *call) {
    (void)state;
    const NnTensor *a = call->inputs[0], *b = call->inputs[1];
    const float *x = nn_data(a), *w = nn_data(b);
    float *y = nn_data(call->outputs[0]), *panel = shelf_workspace(call);
    const int64_t m = a->dims[0], k = a->dims[1], n = b->dims[1];
    for (int64_t from = 0; from < n; from += PANEL) {
        for (int64_t l = 0; l < k; l++)
            for (int64_t j = 0; j < PANEL; j++)
                panel[l * PANEL + j] = from + j < n ? w[l * n + from + j] : 0;
        for (int64_t i = 0; i < m; i++)
            for (int64_t j = 0; j < PANEL && from + j < n; j++) {
                double sum = 0;
                for (int64_t l = 0; l < k; l++)
                    sum += (double)x[i * k + l] * (double)panel[l * PANEL + j];
                y[i * n + from + j] = (float)sum;
            }
    }
    return NN_OK;
}

SHELF_KERNEL(matmul, "MatMul", .match = shelf_match_matrices, .plan = matmul_plan, .run = matmul_run);

/* ---- ReduceSum: a state, and as many partial sums as tasks, whatever the number of threads ---- */

#define TASKS 8

typedef struct Sum {
    int64_t count;
} Sum;

typedef struct SumJob {
    const float *x;
    double *sums;
    int64_t count;
} SumJob;

static int32_t sum_plan(const NnHost *nn, NnDevice *device, const NnNode *node, NnPlan *out,
                        NnStatus *status) {
    (void)device;
    Sum *state = nn->alloc(nn, sizeof *state);
    if (state == NULL)
        return nn_fail(nn, status, NN_OUT_OF_MEMORY, "no memory for the state of ReduceSum");
    state->count = nn_product(node->inputs[0]->dims, 0, node->inputs[0]->rank);
    out->state = state;
    out->workspace = TASKS * sizeof(double);
    return NN_OK;
}

static void sum_part(void *arg, uint32_t task) {
    const SumJob *job = arg;
    const int64_t end = shelf_part(job->count, task + 1, TASKS);
    double sum = 0;
    for (int64_t i = shelf_part(job->count, task, TASKS); i < end; i++)
        sum += (double)job->x[i];
    job->sums[task] = sum;
}

static int32_t sum_run(void *arg, const NnCall *call) {
    const Sum *state = arg;
    SumJob job = {.x = nn_data(call->inputs[0]), .sums = shelf_workspace(call), .count = state->count};
    double sum = 0;
    call->host->parallel(call->host, TASKS, sum_part, &job);
    for (int i = 0; i < TASKS; i++)
        sum += job.sums[i];
    *(float *)nn_data(call->outputs[0]) = (float)sum;
    return NN_OK;
}

static void sum_release(const NnHost *nn, void *state) { nn->free(nn, state); }

SHELF_KERNEL(reduce_sum, "ReduceSum", .match = shelf_match_whole, .plan = sum_plan, .run = sum_run,
             .release = sum_release);

/* ---- Add and the Relu of its result as one ---- */

static bool same_shape(const NnValueInfo *a, const NnValueInfo *b) {
    return a->type == b->type && a->rank == b->rank &&
           (a->rank == 0 || memcmp(a->dims, b->dims, (size_t)a->rank * sizeof *a->dims) == 0);
}

static bool is_pair(const NnNode *add, const NnNode *rectify) {
    return strcmp(add->op, "Add") == 0 && *add->domain == '\0' && strcmp(rectify->op, "Relu") == 0 &&
           *rectify->domain == '\0' && rectify->inputs[0] == add->outputs[0] && add->outputs[0]->uses == 1 &&
           !(add->outputs[0]->flags & NN_VALUE_ESCAPES) && add->inputs[0]->type == NN_F32 &&
           same_shape(add->inputs[0], add->inputs[1]);
}

static int32_t claim(const NnHost *nn, NnDevice *device, const NnView *view, NnClaims *claims,
                     NnStatus *status) {
    (void)nn;
    (void)device;
    (void)status;
    for (uint32_t i = 0; i < view->n_nodes; i++) {
        const NnValueInfo *x = view->nodes[i]->n_inputs == 1 ? view->nodes[i]->inputs[0] : NULL;
        if (x && x->producer >= 0 && is_pair(view->nodes[x->producer], view->nodes[i]))
            claims->add(claims, 2, (const uint32_t[]){(uint32_t)x->producer, i}, 0);
    }
    return NN_OK;
}

static int32_t pair_run(void *state, const NnCall *call) {
    (void)state;
    const float *a = nn_data(call->inputs[0]), *b = nn_data(call->inputs[call->n_inputs - 1]);
    float *y = nn_data(call->outputs[0]);
    const int64_t n = nn_elements(call->outputs[0]);
    for (int64_t i = 0; i < n; i++)
        y[i] = a[i] + b[i] < 0 ? 0 : a[i] + b[i];
    return NN_OK;
}

static const NnClaim pair = {.struct_size = sizeof pair,
                             .priority = 50,
                             .name = "add-relu",
                             .device = "cpu",
                             .claim = claim,
                             .run = pair_run};

static const NnExport exports[] = {{NN_OPERATOR_KIND, "shelf/Swish", &swish_operator},
                                   {NN_KERNEL_KIND, "Relu", &relu},
                                   {NN_KERNEL_KIND, "MatMul", &matmul},
                                   {NN_KERNEL_KIND, "ReduceSum", &reduce_sum},
                                   {NN_CLAIM_KIND, "add-relu", &pair}};
NN_PLUGIN(right, "What the shelf's others do wrong, done right.", exports)
