/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The host that the kit is to a plug-in: the real one's table with other memory and other threads. Blocks
 * have known bytes behind them; which allocation fails is chosen by number.
 */
#include "guard.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>

#define TAIL 64u
#define TEAM_MAX 8u
#define AROUND 0xc3

static struct {
    pthread_mutex_t lock;
    GHashTable *blocks; /* address -> bytes, of what was handed out and not given back */
    MemoryCount count;
    bool in_run, failed, paused;
    uint64_t fail_at;
} memory = {.lock = PTHREAD_MUTEX_INITIALIZER};

MemoryCount memory_count(void) {
    pthread_mutex_lock(&memory.lock);
    const MemoryCount count = memory.count;
    pthread_mutex_unlock(&memory.lock);
    return count;
}

void memory_in_run(bool in_run) { memory.in_run = in_run; }

void memory_pause(bool paused) { memory.paused = paused; }

void memory_fail_at(uint64_t n) {
    memory.fail_at = n;
    memory.failed = false;
}

bool memory_has_failed(void) { return memory.failed; }

bool memory_refuse(void) {
    pthread_mutex_lock(&memory.lock);
    const bool now = !memory.paused && memory.fail_at && --memory.fail_at == 0;
    memory.failed = memory.failed || now;
    pthread_mutex_unlock(&memory.lock);
    return now;
}

void *memory_take(void *fresh, uint64_t bytes) {
    pthread_mutex_lock(&memory.lock);
    if (memory.blocks == NULL)
        memory.blocks = g_hash_table_new(NULL, NULL);
    if (fresh) {
        g_hash_table_insert(memory.blocks, fresh, GSIZE_TO_POINTER(bytes));
        memory.count.made++;
        memory.count.live++;
        memory.count.in_run += memory.in_run;
    }
    pthread_mutex_unlock(&memory.lock);
    return fresh;
}

uint64_t memory_bytes(const void *block) {
    pthread_mutex_lock(&memory.lock);
    const gpointer bytes = block && memory.blocks ? g_hash_table_lookup(memory.blocks, block) : NULL;
    pthread_mutex_unlock(&memory.lock);
    return GPOINTER_TO_SIZE(bytes);
}

bool memory_forget(const void *block) {
    pthread_mutex_lock(&memory.lock);
    const bool known = block && memory.blocks && g_hash_table_remove(memory.blocks, block);
    memory.count.live -= known;
    pthread_mutex_unlock(&memory.lock);
    return known;
}

/* ---- the table ---- */

/* [size, 64 bytes][what was asked for][known bytes] */
static void *host_alloc(const NnHost *host, uint64_t bytes) {
    (void)host;
    if (memory_refuse() || bytes > SIZE_MAX / 2)
        return NULL;
    const size_t size = ((size_t)bytes + 2 * TAIL + TAIL - 1) / TAIL * TAIL;
    char *block = aligned_alloc(TAIL, size);
    if (block == NULL)
        return NULL;
    memset(block, 0, TAIL + (size_t)bytes);
    memcpy(block, &bytes, sizeof bytes);
    memset(block + TAIL + bytes, AROUND, TAIL);
    return memory_take(block + TAIL, bytes);
}

static void host_free(const NnHost *host, void *p) {
    (void)host;
    if (!memory_forget(p))
        return;
    char *block = (char *)p - TAIL;
    uint64_t bytes;
    memcpy(&bytes, block, sizeof bytes);
    for (uint32_t i = 0; i < TAIL; i++)
        memory.count.damaged = memory.count.damaged || (uint8_t)block[TAIL + bytes + i] != AROUND;
    free(block);
}

/* ---- tasks ---- */

typedef struct Team {
    pthread_barrier_t start;
    atomic_uint next;
    uint32_t tasks;
    void (*fn)(void *, uint32_t);
    void *arg;
} Team;

static void *work(void *arg) {
    Team *team = arg;
    (void)pthread_barrier_wait(&team->start);
    for (uint32_t i; (i = atomic_fetch_add(&team->next, 1)) < team->tasks;)
        team->fn(team->arg, i);
    return NULL;
}

/* All threads start at the same moment, so that tasks meet as often as they can. */
static void run_team(uint32_t threads, uint32_t tasks, void (*fn)(void *, uint32_t), void *arg) {
    Team team = {.tasks = tasks, .fn = fn, .arg = arg};
    pthread_t others[TEAM_MAX];
    const uint32_t n = MIN(MIN(threads, tasks), TEAM_MAX);
    atomic_init(&team.next, 0);
    if (pthread_barrier_init(&team.start, NULL, n) != 0)
        abort();
    for (uint32_t i = 0; i + 1 < n; i++)
        if (pthread_create(&others[i], NULL, work, &team) != 0)
            abort();
    (void)work(&team);
    for (uint32_t i = 0; i + 1 < n; i++)
        (void)pthread_join(others[i], NULL);
    (void)pthread_barrier_destroy(&team.start);
}

static void host_parallel(const NnHost *host, uint32_t tasks, void (*fn)(void *arg, uint32_t task),
                          void *arg) {
    KitHost *k = (KitHost *)(uintptr_t)host;
    void (*const between)(void *) = k->between;
    k->between = NULL;
    k->split = k->split || tasks > 1;
    if (k->order == TASKS_THREADS && tasks > 1) {
        run_team(k->threads, tasks, fn, arg);
        return;
    }
    if (k->order == TASKS_TORN && tasks > 1) {
        k->order = TASKS_FORWARD; /* for tasks within tasks */
        const uint32_t writes = torn_parallel(tasks, fn, arg, k->stop_at);
        k->writes = MAX(k->writes, writes);
        k->order = TASKS_TORN;
        return;
    }
    for (uint32_t i = 0; i < tasks; i++) {
        fn(arg, k->order == TASKS_BACKWARD ? tasks - 1 - i : i);
        if (between && i == 0)
            between(k->between_arg);
    }
}

static uint32_t host_threads(const NnHost *host) { return ((const KitHost *)(const void *)host)->threads; }

/* What a plug-in logs is no part of the report. */
static void host_log(const NnHost *host, int32_t level, const char *message) {
    (void)host;
    (void)level;
    (void)message;
}

void kit_host_init(KitHost *k, const NnHost *under) {
    *k = (KitHost){.table = *under, .under = under, .order = TASKS_FORWARD, .threads = 2};
    k->table.alloc = host_alloc;
    k->table.free = host_free;
    k->table.parallel = host_parallel;
    k->table.threads = host_threads;
    k->table.log = host_log;
}
