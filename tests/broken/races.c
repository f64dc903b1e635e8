/* SPDX-License-Identifier: Apache-2.0 */
/* Defect: races. Softmax gives each thread rows of its own, and all of them the same scratch row for the
 * exponentials. */
#include "shelf.h"

#include <math.h>

typedef struct Job {
    const float *x;
    float *y, *scratch;
    int64_t rows, columns;
    uint32_t tasks;
} Job;

static int32_t plan(const NnHost *nn, NnDevice *device, const NnNode *node, NnPlan *out, NnStatus *status) {
    (void)nn;
    (void)device;
    (void)status;
    const NnValueInfo *x = node->inputs[0];
    out->workspace = (uint64_t)x->dims[x->rank - 1] * sizeof(float);
    return NN_OK;
}

static void softmax(const float *x, float *y, float *scratch, int64_t n) {
    float top = x[0];
    double sum = 0;
    for (int64_t i = 1; i < n; i++)
        top = x[i] > top ? x[i] : top;
    for (int64_t i = 0; i < n; i++) {
        scratch[i] = expf(x[i] - top);
        sum += (double)scratch[i];
    }
    for (int64_t i = 0; i < n; i++)
        y[i] = (float)((double)scratch[i] / sum);
}

static void run_part(void *arg, uint32_t task) {
    const Job *job = arg;
    const int64_t end = shelf_part(job->rows, task + 1, job->tasks);
    for (int64_t r = shelf_part(job->rows, task, job->tasks); r < end; r++)
        softmax(job->x + r * job->columns, job->y + r * job->columns, job->scratch, job->columns);
}

static int32_t run(void *state, const NnCall *call) {
    (void)state;
    const NnTensor *x = call->inputs[0];
    Job job = {.x = nn_data(x),
               .y = nn_data(call->outputs[0]),
               .scratch = shelf_workspace(call),
               .rows = shelf_rows(x),
               .columns = shelf_columns(x),
               .tasks = call->host->threads(call->host)};
    if (job.columns > 0)
        call->host->parallel(call->host, job.tasks, run_part, &job);
    return NN_OK;
}

SHELF_KERNEL(softmax_kernel, "Softmax", .match = shelf_match_rows, .plan = plan, .run = run);
SHELF_PLUGIN(races, "Softmax on several threads.", "Softmax", softmax_kernel)
