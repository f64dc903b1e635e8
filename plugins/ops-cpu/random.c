/* SPDX-License-Identifier: Apache-2.0 */
/* nn/Uniform and nn/Bernoulli in f32 on the CPU, the bits of the reference. */
#include "cpu.h"
#include "simd/philox.h"

#define CHUNK 4096u /* elements drawn at a time; a multiple of the four of a block */

typedef struct State {
    const CpuPhiloxKernels *kernels;
    uint32_t salt;
    bool coin, bools, one_chance;
    double low, high;
    size_t count;
} State;

static int32_t match(const NnHost *nn, NnDevice *device, const NnNode *node, NnStatus *reason) {
    (void)device;
    const NnValueInfo *y = node->outputs[0];
    const bool coin = strcmp(node->op, "Bernoulli") == 0;
    if (y == NULL || (y->type != NN_F32 && !(coin && y->type == NN_BOOL)))
        return nn_fail(nn, reason, NN_UNSUPPORTED, "%s is fast for results in f32 only", node->op);
    if (!coin)
        return NN_OK;
    const NnValueInfo *p = node->inputs[0];
    const int64_t n = nn_product(p->dims, 0, p->rank);
    if (p->type != NN_F32 || (n != 1 && n != nn_product(y->dims, 0, y->rank)))
        return nn_fail(nn, reason, NN_UNSUPPORTED, "Bernoulli is fast for one chance, or one each, in f32");
    return NN_OK;
}

static int32_t plan(const NnHost *nn, NnDevice *device, const NnNode *node, NnPlan *out, NnStatus *status) {
    const CpuSimd *simd = cpu_kernels(nn, device, status);
    State *s = simd ? cpu_state(nn, sizeof *s, status) : NULL;
    if (s == NULL)
        return nn->code(status);
    const NnValueInfo *y = node->outputs[0];
    s->kernels = simd->philox;
    s->salt = (uint32_t)(uint64_t)nn_attr_int(node, "salt", 0);
    s->coin = strcmp(node->op, "Bernoulli") == 0;
    s->bools = y->type == NN_BOOL;
    s->count = (size_t)nn_product(y->dims, 0, y->rank);
    s->low = nn_attr_float(node, "low", 0);
    s->high = nn_attr_float(node, "high", 1);
    s->one_chance = s->coin && nn_product(node->inputs[0]->dims, 0, node->inputs[0]->rank) == 1;
    out->state = s;
    return NN_OK;
}

typedef struct Job {
    const State *s;
    CpuRandom random;
    const float *chance;
    void *y;
    uint32_t tasks;
} Job;

static void toss(const Job *job, const float *u, size_t at, size_t n) {
    const State *s = job->s;
    for (size_t i = 0; i < n; i++) {
        const bool one = u[i] < job->chance[s->one_chance ? 0 : at + i];
        if (s->bools)
            ((uint8_t *)job->y)[at + i] = one;
        else
            ((float *)job->y)[at + i] = one;
    }
}

static void run_part(void *arg, uint32_t task) {
    const Job *job = arg;
    const State *s = job->s;
    float u[CHUNK];
    const size_t chunks = (s->count + CHUNK - 1) / CHUNK, end = cpu_part(chunks, task + 1, job->tasks);
    for (size_t c = cpu_part(chunks, task, job->tasks); c < end; c++) {
        const size_t at = c * CHUNK, n = s->count - at < CHUNK ? s->count - at : CHUNK;
        float *to = s->coin ? u : (float *)job->y + at;
        s->kernels->uniform(&job->random, at / 4, n, to);
        if (s->coin)
            toss(job, u, at, n);
        else if (s->low != 0 || s->high != 1)
            for (size_t i = 0; i < n; i++)
                to[i] = (float)(s->low + (s->high - s->low) * (double)to[i]);
    }
}

static int32_t run(void *state, const NnCall *call) {
    const State *s = state;
    const int64_t *rng = nn_data(call->inputs[1]);
    Job job = {.s = s,
               .random = {.key = {(uint32_t)(uint64_t)rng[0], (uint32_t)((uint64_t)rng[0] >> 32)},
                          .step = (uint32_t)(uint64_t)rng[1],
                          .salt = s->salt},
               .chance = s->coin ? nn_data(call->inputs[0]) : NULL,
               .y = nn_data(call->outputs[0]),
               .tasks = s->count < 4 * (size_t)CHUNK ? 1 : call->host->threads(call->host)};
    if (job.tasks == 1)
        run_part(&job, 0);
    else
        call->host->parallel(call->host, job.tasks, run_part, &job);
    return NN_OK;
}

CPU_KERNEL(uniform, "nn", "Uniform", match, plan, run)
CPU_KERNEL(bernoulli, "nn", "Bernoulli", match, plan, run)

static const NnExport exports[] = {{NN_KERNEL_KIND, "nn/Uniform", &uniform},
                                   {NN_KERNEL_KIND, "nn/Bernoulli", &bernoulli}};
NN_PLUGIN(random, "Random numbers on the CPU.", exports)
