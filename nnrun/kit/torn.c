/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Tasks of one call, torn apart: two threads have half of them each, and the first is stopped in the midst of
 * its half until the other has done its own. Where it stops is chosen by its writes: the pages that are
 * watched are read-only when the tasks begin, so that the first write to each is told by a fault, between the
 * reading of an old value and the writing of the new one. What two tasks have in common then goes wrong each
 * time that it is tried, on a machine with one processor too.
 */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include "guard.h"

#include <pthread.h>
#include <stdatomic.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

#define WATCHED_MAX 64u
#define PATIENCE 2000 /* naps; who holds a lock that the other one needs goes on after these */
#define NAP 50000     /* nanoseconds */

typedef struct Half {
    void (*fn)(void *arg, uint32_t task);
    void *arg;
    uint32_t from, to;
} Half;

enum { GOES, STOPPED, RESUMED };

static struct {
    struct {
        char *start;
        size_t bytes;
    } watched[WATCHED_MAX];
    uint32_t n, stop_at;
    pthread_t first;
    atomic_bool active, first_goes, first_done;
    atomic_int state;
    atomic_uint writes; /* of the first thread to pages that nobody had written to */
} torn;

static void nap(void) { (void)nanosleep(&(struct timespec){.tv_nsec = NAP}, NULL); }

void torn_watch(const void *start, size_t bytes) {
    const size_t page = (size_t)sysconf(_SC_PAGESIZE), before = (uintptr_t)start % page;
    if (torn.n == WATCHED_MAX || bytes == 0)
        return;
    torn.watched[torn.n].start = (char *)(uintptr_t)start - before;
    torn.watched[torn.n++].bytes = (before + bytes + page - 1) / page * page;
}

void torn_forget(void) { torn.n = 0; }

static void protect(int how) {
    for (uint32_t i = 0; i < torn.n; i++)
        (void)mprotect(torn.watched[i].start, torn.watched[i].bytes, how);
}

bool torn_fault(const char *at) {
    const size_t page = (size_t)sysconf(_SC_PAGESIZE);
    for (uint32_t i = 0; i < torn.n && atomic_load(&torn.active); i++) {
        char *start = torn.watched[i].start;
        if (at < start || at >= start + torn.watched[i].bytes)
            continue;
        (void)mprotect(start + (size_t)(at - start) / page * page, page, PROT_READ | PROT_WRITE);
        if (atomic_load(&torn.first_goes) && pthread_equal(pthread_self(), torn.first) &&
            atomic_fetch_add(&torn.writes, 1) + 1 == torn.stop_at) {
            atomic_store(&torn.state, STOPPED);
            for (int n = 0; n < PATIENCE && atomic_load(&torn.state) == STOPPED; n++)
                nap();
        }
        return true;
    }
    return false;
}

static void do_half(const Half *h) {
    for (uint32_t i = h->from; i < h->to; i++)
        h->fn(h->arg, i);
}

static void *do_first(void *arg) {
    torn.first = pthread_self();
    atomic_store(&torn.first_goes, true);
    do_half(arg);
    atomic_store(&torn.first_done, true);
    return NULL;
}

uint32_t torn_parallel(uint32_t tasks, void (*fn)(void *arg, uint32_t task), void *arg, uint32_t stop_at) {
    Half halves[] = {{fn, arg, 0, tasks / 2}, {fn, arg, tasks / 2, tasks}};
    pthread_t thread;
    torn.stop_at = stop_at;
    atomic_store(&torn.state, GOES);
    atomic_store(&torn.writes, 0);
    atomic_store(&torn.first_goes, false);
    atomic_store(&torn.first_done, false);
    atomic_store(&torn.active, true);
    protect(PROT_READ);
    if (pthread_create(&thread, NULL, do_first, &halves[0]) == 0) {
        while (!atomic_load(&torn.first_done) && atomic_load(&torn.state) == GOES)
            nap();
        do_half(&halves[1]);
        atomic_store(&torn.state, RESUMED);
        (void)pthread_join(thread, NULL);
    } else {
        protect(PROT_READ | PROT_WRITE);
        do_half(&halves[0]);
        do_half(&halves[1]);
    }
    protect(PROT_READ | PROT_WRITE);
    atomic_store(&torn.active, false);
    return atomic_load(&torn.writes);
}
