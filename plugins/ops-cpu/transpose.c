/* SPDX-License-Identifier: Apache-2.0 */
/* Transpose on the CPU: any order of dimensions, in tiles where the last one changes place. */
#include "cpu.h"

#define TILE 16u
#define MAX_DIMS 8u

/* The result's extents with neighbours merged that stay neighbours, and the stride in the input of each. */
typedef struct State {
    uint32_t n;
    size_t dims[MAX_DIMS], strides[MAX_DIMS];
    uint32_t fast; /* the result's dimension whose input stride is 1 */
    size_t size, outer;
} State;

static bool describe(const NnNode *node, State *s) {
    const NnValueInfo *x = node->inputs[0];
    uint32_t count;
    const int64_t *perm = nn_attr_ints(node, "perm", &count);
    size_t stride[NN_MAX_RANK], step = 1;
    for (int32_t d = x->rank - 1; d >= 0; d--) {
        stride[d] = step;
        step *= (size_t)x->dims[d];
    }
    for (int32_t i = 0; i < x->rank; i++) {
        const int64_t d = perm ? (perm[i] < 0 ? perm[i] + x->rank : perm[i]) : x->rank - 1 - i;
        const size_t dim = (size_t)x->dims[d];
        if (dim == 1)
            continue;
        if (s->n > 0 && s->strides[s->n - 1] == stride[d] * dim) {
            s->dims[s->n - 1] *= dim;
            s->strides[s->n - 1] = stride[d];
            continue;
        }
        if (s->n == MAX_DIMS)
            return false;
        s->dims[s->n] = dim;
        s->strides[s->n++] = stride[d];
    }
    if (s->n == 0) {
        s->dims[0] = s->strides[0] = 1;
        s->n = 1;
    }
    s->size = nn_type_size(x->type);
    s->fast = s->n - 1;
    for (uint32_t d = 0; d < s->n; d++)
        if (s->strides[d] == 1)
            s->fast = d;
    s->outer = 1;
    for (uint32_t d = 0; d + 1 < s->n; d++)
        s->outer *= d == s->fast ? 1 : s->dims[d];
    return s->size == 1 || s->size == 2 || s->size == 4 || s->size == 8;
}

static int32_t match(const NnHost *nn, NnDevice *device, const NnNode *node, NnStatus *reason) {
    (void)device;
    State s = {.n = 0};
    return describe(node, &s)
               ? NN_OK
               : nn_fail(nn, reason, NN_UNSUPPORTED, "Transpose is fast for up to %u dimensions", MAX_DIMS);
}

static int32_t plan(const NnHost *nn, NnDevice *device, const NnNode *node, NnPlan *out, NnStatus *status) {
    (void)device;
    State *s = cpu_state(nn, sizeof *s, status);
    if (s == NULL)
        return nn->code(status);
    (void)describe(node, s);
    out->state = s;
    return NN_OK;
}

#define COPY_TILE(type)                                                                                      \
    for (size_t a = 0; a < na; a++)                                                                          \
        for (size_t b = 0; b < nb; b++)                                                                      \
            ((type *)to)[a * to_a + b] = ((const type *)from)[a * from_a + b * from_b];                      \
    return;

static void copy_tile(size_t size, char *to, size_t to_a, const char *from, size_t from_a, size_t from_b,
                      size_t na, size_t nb) {
    switch (size) {
    case 1: COPY_TILE(uint8_t)
    case 2: COPY_TILE(uint16_t)
    case 4: COPY_TILE(uint32_t)
    default: COPY_TILE(uint64_t)
    }
}

typedef struct Job {
    const State *s;
    const char *x;
    char *y;
    uint32_t tasks;
} Job;

/* One plane spanned by the result's last dimension and the one that is fast in the input, for each of the
 * others. */
static void plane(const Job *job, size_t index) {
    const State *s = job->s;
    const uint32_t last = s->n - 1;
    size_t from = 0, to = 0, step[MAX_DIMS];
    step[last] = 1;
    for (uint32_t d = last; d-- > 0;)
        step[d] = step[d + 1] * s->dims[d + 1];
    for (uint32_t d = last; d-- > 0;) {
        if (d == s->fast)
            continue;
        const size_t i = index % s->dims[d];
        index /= s->dims[d];
        from += i * s->strides[d];
        to += i * step[d];
    }
    if (s->fast == last) {
        memcpy(job->y + to * s->size, job->x + from * s->size, s->dims[last] * s->size);
        return;
    }
    const size_t rows = s->dims[s->fast], columns = s->dims[last];
    for (size_t a = 0; a < rows; a += TILE)
        for (size_t b = 0; b < columns; b += TILE)
            copy_tile(s->size, job->y + (to + a * step[s->fast] + b) * s->size, step[s->fast],
                      job->x + (from + a + b * s->strides[last]) * s->size, 1, s->strides[last],
                      rows - a < TILE ? rows - a : TILE, columns - b < TILE ? columns - b : TILE);
}

static void run_part(void *arg, uint32_t task) {
    const Job *job = arg;
    const size_t end = cpu_part(job->s->outer, task + 1, job->tasks);
    for (size_t i = cpu_part(job->s->outer, task, job->tasks); i < end; i++)
        plane(job, i);
}

static int32_t run(void *state, const NnCall *call) {
    const State *s = state;
    Job job = {.s = s, .x = nn_data(call->inputs[0]), .y = nn_data(call->outputs[0]), .tasks = 1};
    const int64_t n = nn_elements(call->outputs[0]);
    if (n == 0)
        return NN_OK;
    if (n > 65536 && s->outer > 1)
        job.tasks = call->host->threads(call->host);
    if (job.tasks == 1)
        run_part(&job, 0);
    else
        call->host->parallel(call->host, job.tasks, run_part, &job);
    return NN_OK;
}

static const NnKernel transpose = {.struct_size = sizeof transpose,
                                   .since_min = 1,
                                   .domain = "",
                                   .op = "Transpose",
                                   .device = "cpu",
                                   .match = match,
                                   .plan = plan,
                                   .run = run,
                                   .release = cpu_release};

static const NnExport exports[] = {{NN_KERNEL_KIND, "Transpose", &transpose}};
NN_PLUGIN(transpose, "Transpose on the CPU.", exports)
