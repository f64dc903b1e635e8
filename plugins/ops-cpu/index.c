/* SPDX-License-Identifier: Apache-2.0 */
/* Picking and placing by index on the CPU: Gather and its gradient, ArgMax along rows, Equal of integers, and
 * fills. */
#include "cpu.h"

typedef struct Pick {
    size_t outer, axis, inner, count; /* data is [outer, axis, inner], count indices */
    bool wide;                        /* i64 indices */
} Pick;

static int32_t plan_pick(const NnHost *nn, NnDevice *device, const NnNode *node, NnPlan *out,
                         NnStatus *status) {
    (void)device;
    Pick *p = cpu_state(nn, sizeof *p, status);
    if (p == NULL)
        return nn->code(status);
    const bool grad = strcmp(node->op, "GatherGrad") == 0;
    const NnValueInfo *data = node->inputs[grad ? 2 : 0], *indices = node->inputs[1];
    int64_t axis = nn_attr_int(node, "axis", 0);
    axis += axis < 0 ? data->rank : 0;
    p->outer = (size_t)nn_product(data->dims, 0, (int32_t)axis);
    p->axis = (size_t)data->dims[axis];
    p->inner = (size_t)nn_product(data->dims, (int32_t)axis + 1, data->rank);
    p->count = (size_t)nn_product(indices->dims, 0, indices->rank);
    p->wide = indices->type == NN_I64;
    out->state = p;
    return NN_OK;
}

static int32_t index_at(const Pick *p, const NnCall *call, size_t i, size_t *at) {
    const NnTensor *t = call->inputs[1];
    const int64_t k = p->wide ? ((const int64_t *)nn_data(t))[i] : ((const int32_t *)nn_data(t))[i];
    const int64_t n = (int64_t)p->axis;
    if (k < -n || k >= n)
        return nn_fail(call->host, call->status, NN_INVALID,
                       "index %lld at position %llu: expected %lld to %lld", (long long)k,
                       (unsigned long long)i, (long long)-n, (long long)n - 1);
    *at = (size_t)(k < 0 ? k + n : k);
    return NN_OK;
}

static int32_t run_gather(void *state, const NnCall *call) {
    const Pick *p = state;
    const size_t bytes = p->inner * nn_type_size(call->inputs[0]->type);
    const char *from = nn_data(call->inputs[0]);
    char *to = nn_data(call->outputs[0]);
    for (size_t i = 0; i < p->count; i++) {
        size_t at;
        if (index_at(p, call, i, &at) != NN_OK)
            return NN_INVALID;
        for (size_t o = 0; o < p->outer; o++)
            memcpy(to + (o * p->count + i) * bytes, from + (o * p->axis + at) * bytes, bytes);
    }
    return NN_OK;
}

/* Rows are added in the order of the indices; threads share the columns, so that the order is the same for
 * any number. */
typedef struct Scatter {
    const Pick *p;
    const NnCall *call;
    uint32_t tasks;
} Scatter;

static void scatter_part(void *arg, uint32_t task) {
    const Scatter *s = arg;
    const Pick *p = s->p;
    const float *dy = nn_data(s->call->inputs[0]);
    float *dx = nn_data(s->call->outputs[0]);
    const size_t begin = cpu_part(p->inner, task, s->tasks), end = cpu_part(p->inner, task + 1, s->tasks);
    for (size_t r = 0; r < p->outer * p->axis; r++)
        memset(dx + r * p->inner + begin, 0, (end - begin) * sizeof *dx);
    for (size_t o = 0; o < p->outer; o++)
        for (size_t i = 0; i < p->count; i++) {
            size_t at;
            if (index_at(p, s->call, i, &at) != NN_OK)
                return;
            const float *from = dy + (o * p->count + i) * p->inner;
            float *to = dx + (o * p->axis + at) * p->inner;
            for (size_t c = begin; c < end; c++)
                to[c] += from[c];
        }
}

static int32_t run_scatter(void *state, const NnCall *call) {
    Scatter s = {.p = state, .call = call, .tasks = 1};
    for (size_t i = 0; i < s.p->count; i++) {
        size_t at;
        if (index_at(s.p, call, i, &at) != NN_OK)
            return NN_INVALID;
    }
    if (s.p->outer * s.p->count * s.p->inner > 65536 && s.p->inner >= 64)
        s.tasks = call->host->threads(call->host);
    if (s.tasks == 1)
        scatter_part(&s, 0);
    else
        call->host->parallel(call->host, s.tasks, scatter_part, &s);
    return NN_OK;
}

/* ---- ArgMax and ArgMin along rows ---- */

static int32_t match_arg(const NnHost *nn, NnDevice *device, const NnNode *node, NnStatus *reason) {
    const NnValueInfo *x = node->inputs[0];
    int64_t axis = nn_attr_int(node, "axis", 0);
    axis += axis < 0 ? x->rank : 0;
    if (cpu_match_f32(nn, device, node, reason) != NN_OK)
        return NN_UNSUPPORTED;
    if (nn_product(x->dims, (int32_t)axis + 1, x->rank) != 1 || nn_attr_int(node, "select_last_index", 0) ||
        x->dims[axis] == 0)
        return nn_fail(nn, reason, NN_UNSUPPORTED,
                       "ArgMax is fast along the last dimension and for the first of equals only");
    return NN_OK;
}

static int32_t plan_arg(const NnHost *nn, NnDevice *device, const NnNode *node, NnPlan *out,
                        NnStatus *status) {
    (void)device;
    Pick *p = cpu_state(nn, sizeof *p, status);
    if (p == NULL)
        return nn->code(status);
    const NnValueInfo *x = node->inputs[0];
    int64_t axis = nn_attr_int(node, "axis", 0);
    axis += axis < 0 ? x->rank : 0;
    p->outer = (size_t)nn_product(x->dims, 0, (int32_t)axis);
    p->axis = (size_t)x->dims[axis];
    out->state = p;
    return NN_OK;
}

static int32_t run_arg_max(void *state, const NnCall *call) {
    const Pick *p = state;
    const float *x = nn_data(call->inputs[0]);
    int64_t *y = nn_data(call->outputs[0]);
    for (size_t r = 0; r < p->outer; r++, x += p->axis) {
        size_t best = 0;
        for (size_t i = 1; i < p->axis; i++)
            best = x[i] > x[best] || (x[i] != x[i] && x[best] == x[best]) ? i : best;
        y[r] = (int64_t)best;
    }
    return NN_OK;
}

/* ---- fills ---- */

static int32_t run_zeros(void *state, const NnCall *call) {
    (void)state;
    NnTensor *y = call->outputs[0];
    const uint64_t bytes = (uint64_t)nn_elements(y) * nn_type_size(y->type);
    if (bytes)
        memset(nn_data(y), 0, bytes);
    return NN_OK;
}

static int32_t match_equal(const NnHost *nn, NnDevice *device, const NnNode *node, NnStatus *reason) {
    (void)device;
    const NnValueInfo *a = node->inputs[0], *b = node->inputs[1];
    bool same = a->rank == b->rank && a->type == NN_I64;
    for (int32_t i = 0; same && i < a->rank; i++)
        same = a->dims[i] == b->dims[i];
    return same ? NN_OK
                : nn_fail(nn, reason, NN_UNSUPPORTED,
                          "Equal of integers is fast for i64 of the same shape only");
}

static int32_t run_equal(void *state, const NnCall *call) {
    (void)state;
    const int64_t *a = nn_data(call->inputs[0]), *b = nn_data(call->inputs[1]),
                  n = nn_elements(call->outputs[0]);
    uint8_t *y = nn_data(call->outputs[0]);
    for (int64_t i = 0; i < n; i++)
        y[i] = a[i] == b[i];
    return NN_OK;
}

#define KERNEL_PLAIN(id, dom, name, m, r)                                                                    \
    static const NnKernel id = {.struct_size = sizeof id,                                                    \
                                .since_min = 1,                                                              \
                                .domain = dom,                                                               \
                                .op = name,                                                                  \
                                .device = "cpu",                                                             \
                                .match = m,                                                                  \
                                .run = r};
CPU_KERNEL(gather, "", "Gather", NULL, plan_pick, run_gather)
CPU_KERNEL(gather_grad, "nn", "GatherGrad", cpu_match_f32, plan_pick, run_scatter)
CPU_KERNEL(arg_max, "", "ArgMax", match_arg, plan_arg, run_arg_max)
KERNEL_PLAIN(equal, "", "Equal", match_equal, run_equal)
KERNEL_PLAIN(zeros_like, "nn", "ZerosLike", NULL, run_zeros)

static const NnExport exports[] = {{NN_KERNEL_KIND, "Gather", &gather},
                                   {NN_KERNEL_KIND, "nn/GatherGrad", &gather_grad},
                                   {NN_KERNEL_KIND, "ArgMax", &arg_max},
                                   {NN_KERNEL_KIND, "Equal", &equal},
                                   {NN_KERNEL_KIND, "nn/ZerosLike", &zeros_like}};
NN_PLUGIN(index, "Picking and placing by index on the CPU.", exports)
