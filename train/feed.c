/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Reading ahead: one thread fills the one of two buffers that the training does not hold. All memory is taken
 * when the feed is made. What it reads depends on (epoch, step) alone, so the thread's timing never shows.
 */
#include "data.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

typedef struct Slot {
    NnBatch batch;
    NnStatus *status;
    bool full;
} Slot;

struct NnFeed {
    const NnSourceData *source;
    const NnSamples *view;
    NnOrderPlan plan;
    Slot slots[2];
    uint64_t *permutation, *positions;
    uint64_t epoch, step, last; /* what the thread reads next, and where it ends */
    uint64_t permuted;          /* the epoch whose permutation is held */
    uint32_t reading, held;     /* the thread's slot, and the training's */
    pthread_t thread; /* POSIX's, not GLib's, whose locks are hidden from the tools that look for races */
    pthread_mutex_t lock;
    pthread_cond_t changed;
    bool running, stop, ended, holding;
};

static void fill(NnFeed *f, Slot *slot) {
    if (f->permuted != f->epoch)
        nn_order_permute(&f->plan, f->epoch, f->permutation);
    f->permuted = f->epoch;
    slot->batch.epoch = f->epoch;
    slot->batch.step = f->step;
    slot->batch.n = nn_order_batch(&f->plan, f->permutation, f->step, f->positions);
    for (uint64_t i = 0; i < slot->batch.n; i++)
        f->positions[i] =
            f->view->subset ? f->view->subset[f->positions[i]] : f->view->first + f->positions[i];
    (void)nn_source_read(f->source, f->view->split, slot->batch.n, f->positions, slot->batch.fields,
                         slot->status);
    if (++f->step < f->plan.steps)
        return;
    f->step = 0;
    f->epoch++;
}

static void *run(void *data) {
    NnFeed *f = data;
    pthread_mutex_lock(&f->lock);
    while (!f->stop && f->epoch <= f->last) {
        Slot *slot = &f->slots[f->reading];
        if (slot->full) {
            pthread_cond_wait(&f->changed, &f->lock);
            continue;
        }
        pthread_mutex_unlock(&f->lock);
        fill(f, slot);
        pthread_mutex_lock(&f->lock);
        slot->full = true;
        f->reading ^= 1;
        pthread_cond_broadcast(&f->changed);
        if (nn_status_code(slot->status) != NN_OK)
            break;
    }
    f->ended = true;
    pthread_cond_broadcast(&f->changed);
    pthread_mutex_unlock(&f->lock);
    return NULL;
}

static bool take_buffers(NnFeed *f, const bool *wanted) {
    const NnDataInfo *info = f->source->info;
    for (int s = 0; s < 2; s++) {
        f->slots[s].batch.fields = g_new0(void *, info->n_fields);
        f->slots[s].status = nn_status_new();
        for (uint32_t i = 0; i < info->n_fields; i++) {
            uint64_t bytes;
            if (!wanted[i])
                continue;
            if (__builtin_mul_overflow(nn_field_bytes(nn_data_field(info, i)), f->plan.batch, &bytes) ||
                bytes > SIZE_MAX - 64 || posix_memalign(&f->slots[s].batch.fields[i], 64, bytes + 64) != 0) {
                f->slots[s].batch.fields[i] = NULL;
                return false;
            }
        }
    }
    f->permutation = g_try_new(uint64_t, f->plan.count + 1);
    f->positions = g_try_new(uint64_t, f->plan.batch);
    return f->permutation && f->positions;
}

NnFeed *nn_feed_new(const NnSourceData *source, const NnSamples *view, const NnOrderPlan *plan,
                    const bool *wanted, NnStatus *status) {
    NnFeed *f = g_new0(NnFeed, 1);
    f->source = source;
    f->view = view;
    f->plan = *plan;
    f->permuted = UINT64_MAX;
    pthread_mutex_init(&f->lock, NULL);
    pthread_cond_init(&f->changed, NULL);
    if (take_buffers(f, wanted))
        return f;
    nn_status_fail(status, NN_OUT_OF_MEMORY,
                   "there is no memory for batches of %" G_GUINT64_FORMAT " samples", plan->batch);
    nn_feed_free(f);
    return NULL;
}

void nn_feed_free(NnFeed *f) {
    if (f == NULL)
        return;
    nn_feed_stop(f);
    for (int s = 0; s < 2; s++) {
        for (uint32_t i = 0; f->slots[s].batch.fields && i < f->source->info->n_fields; i++)
            free(f->slots[s].batch.fields[i]);
        g_free(f->slots[s].batch.fields);
        nn_status_free(f->slots[s].status);
    }
    g_free(f->permutation);
    g_free(f->positions);
    pthread_mutex_destroy(&f->lock);
    pthread_cond_destroy(&f->changed);
    g_free(f);
}

void nn_feed_start(NnFeed *f, uint64_t epoch, uint64_t step, uint64_t last) {
    nn_feed_stop(f);
    f->epoch = epoch + (f->plan.steps ? step / f->plan.steps : 0);
    f->step = f->plan.steps ? step % f->plan.steps : 0;
    f->last = f->plan.steps ? last : 0;
    if (f->plan.steps == 0)
        f->epoch = 1;
    f->running = pthread_create(&f->thread, NULL, run, f) == 0;
    if (f->running)
        return;
    nn_status_fail(f->slots[0].status, NN_ERROR, "a thread that reads the data could not be begun");
    f->slots[0].full = true;
}

void nn_feed_stop(NnFeed *f) {
    if (f->running) {
        pthread_mutex_lock(&f->lock);
        f->stop = true;
        pthread_cond_broadcast(&f->changed);
        pthread_mutex_unlock(&f->lock);
        pthread_join(f->thread, NULL);
    }
    f->running = false;
    f->stop = f->ended = f->holding = false;
    f->reading = f->held = 0;
    for (int s = 0; s < 2; s++) {
        f->slots[s].full = false;
        if (f->slots[s].status)
            nn_status_clear(f->slots[s].status);
    }
}

int32_t nn_feed_next(NnFeed *f, const NnBatch **batch, NnStatus *status) {
    pthread_mutex_lock(&f->lock);
    /* `held` is the slot to take next; the one before it was the training's until now. */
    Slot *before = &f->slots[f->held ^ 1], *slot = &f->slots[f->held];
    if (f->holding) {
        before->full = false;
        pthread_cond_broadcast(&f->changed);
    }
    while (!slot->full && !f->ended)
        pthread_cond_wait(&f->changed, &f->lock);
    const bool there = slot->full;
    f->holding = there;
    f->held ^= 1;
    pthread_mutex_unlock(&f->lock);
    *batch = &slot->batch;
    if (!there)
        return nn_status_fail(status, NN_ERROR, "the data has come to its end");
    if (nn_status_code(slot->status) == NN_OK)
        return NN_OK;
    return nn_status_fail(status, nn_status_code(slot->status), "%s", nn_status_message(slot->status));
}

const NnOrderPlan *nn_feed_plan(const NnFeed *f) { return &f->plan; }
