/* SPDX-License-Identifier: Apache-2.0 */
/* Defect: races, on the state. LogSoftmax gives each thread rows of its own, and keeps the row that it is in,
 * shifted by its maximum, in the state that all of them have. */
#include "shelf.h"

#include <math.h>

typedef struct State {
    int64_t columns;
    float shifted[];
} State;

typedef struct Job {
    State *state;
    const float *x;
    float *y;
    int64_t rows;
    uint32_t tasks;
} Job;

static int32_t plan(const NnHost *nn, NnDevice *device, const NnNode *node, NnPlan *out, NnStatus *status) {
    (void)device;
    const NnValueInfo *x = node->inputs[0];
    const int64_t columns = x->dims[x->rank - 1];
    State *state = nn->alloc(nn, sizeof *state + (uint64_t)columns * sizeof(float));
    if (state == NULL)
        return nn_fail(nn, status, NN_OUT_OF_MEMORY, "no memory for a row of LogSoftmax");
    state->columns = columns;
    out->state = state;
    return NN_OK;
}

static void log_softmax(State *state, const float *x, float *y) {
    float top = x[0];
    double sum = 0;
    for (int64_t i = 1; i < state->columns; i++)
        top = x[i] > top ? x[i] : top;
    for (int64_t i = 0; i < state->columns; i++) {
        state->shifted[i] = x[i] - top;
        sum += exp((double)state->shifted[i]);
    }
    for (int64_t i = 0; i < state->columns; i++)
        y[i] = (float)((double)state->shifted[i] - log(sum));
}

static void run_part(void *arg, uint32_t task) {
    const Job *job = arg;
    const int64_t n = job->state->columns, end = shelf_part(job->rows, task + 1, job->tasks);
    for (int64_t r = shelf_part(job->rows, task, job->tasks); r < end; r++)
        log_softmax(job->state, job->x + r * n, job->y + r * n);
}

static int32_t run(void *state, const NnCall *call) {
    Job job = {.state = state,
               .x = nn_data(call->inputs[0]),
               .y = nn_data(call->outputs[0]),
               .rows = shelf_rows(call->inputs[0]),
               .tasks = call->host->threads(call->host)};
    if (job.state->columns > 0)
        call->host->parallel(call->host, job.tasks, run_part, &job);
    return NN_OK;
}

static void release(const NnHost *nn, void *state) { nn->free(nn, state); }

SHELF_KERNEL(log_softmax_kernel, "LogSoftmax", .match = shelf_match_rows, .plan = plan, .run = run,
             .release = release);
SHELF_PLUGIN(races_state, "LogSoftmax on several threads.", "LogSoftmax", log_softmax_kernel)
