/* SPDX-License-Identifier: Apache-2.0 */
/* Each task runs once, on whatever thread; nested calls and calls from several threads at once are served. */
#include "run/pool.h"

#include <criterion/criterion.h>
#include <pthread.h>
#include <stdatomic.h>
#include <unistd.h>

typedef struct Work {
    NnPool *pool;
    atomic_uint hits[64];
    atomic_ulong inner;
} Work;

static void inner(void *arg, uint32_t task) { atomic_fetch_add(&((Work *)arg)->inner, task); }

static void outer(void *arg, uint32_t task) {
    Work *w = arg;
    atomic_fetch_add(&w->hits[task], 1);
    if (task % 5 == 0)
        nn_pool_parallel(w->pool, 4, inner, w);
}

static void run_jobs(uint32_t threads) {
    Work w = {.pool = nn_pool_new(threads)};
    for (uint32_t job = 0; job < 2000; job++) {
        if (job % 500 == 499)
            usleep(1000); /* long enough for the workers to fall asleep */
        nn_pool_parallel(w.pool, job % 64, outer, &w);
    }
    uint64_t expected = 0;
    for (uint32_t task = 0; task < 64; task++) {
        uint32_t runs = 0;
        for (uint32_t job = 0; job < 2000; job++)
            runs += job % 64 > task;
        cr_assert_eq(atomic_load(&w.hits[task]), runs);
        expected += task % 5 == 0 ? runs * 6ul : 0;
    }
    cr_assert_eq(atomic_load(&w.inner), expected);
    nn_pool_free(w.pool);
}

Test(pool, one_thread) { run_jobs(1); }
Test(pool, two_threads) { run_jobs(2); }
Test(pool, more_threads_than_cores) { run_jobs(9); }

static void *foreign(void *arg) {
    Work *w = arg;
    for (int job = 0; job < 500; job++)
        nn_pool_parallel(w->pool, 8, inner, w);
    return NULL;
}

Test(pool, two_callers_at_once) {
    Work w = {.pool = nn_pool_new(2)};
    pthread_t other;
    cr_assert_eq(pthread_create(&other, NULL, foreign, &w), 0);
    (void)foreign(&w);
    (void)pthread_join(other, NULL);
    cr_assert_eq(atomic_load(&w.inner), 1000ul * 28);
    nn_pool_free(w.pool);
}

Test(pool, counts_its_caller) {
    NnPool *p = nn_pool_new(3);
    cr_assert_eq(nn_pool_threads(p), 3);
    nn_pool_free(p);
}
