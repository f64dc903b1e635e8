/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Two calls at once: in the midst of the first, between two of its tasks, a second one runs from its plan to
 * its release; then both run on threads of their own, over and over. Neither may change the other's bits.
 */
#include "trial.h"

#include <pthread.h>
#include <stdatomic.h>
#include <time.h>

#define SECONDS .02

/* A rig of its own on the same case. */
typedef struct Twin {
    Rig rig;
    KitHost host;
    Place place;
    RigResult alone; /* its bits when nothing else runs */
    const atomic_bool *stop;
    bool ready, differs;
    char text[160];
} Twin;

static void repeat(Twin *w) {
    RigResult got = rig_run(&w->rig, (RigCall){.poison = 0});
    if (!w->differs && (got.code != NN_OK || rig_same_bits(&w->alone, &got, w->text, sizeof w->text)))
        w->differs = true;
    rig_result_free(&got);
}

static bool twin_begin(const Trial *t, Twin *w) {
    NnStatus *status = nn_status_new();
    const Place *p = t->rig->place;
    *w = (Twin){.rig = *t->rig, .host = *t->rig->host};
    w->rig.host = &w->host;
    w->rig.n_retired = 0;
    w->ready = p == NULL || place_open(&w->place, &w->host.table, p->kind, status) == NN_OK;
    w->rig.place = p ? &w->place : NULL;
    w->ready = w->ready && rig_plan(&w->rig, status) == NN_OK;
    if (w->ready)
        w->alone = rig_run(&w->rig, (RigCall){.poison = 0});
    nn_status_free(status);
    return w->ready && w->alone.code == NN_OK;
}

static void twin_end(Twin *w) {
    if (w->ready)
        rig_release(&w->rig);
    place_close(&w->place);
    rig_result_free(&w->alone);
}

/* ---- between two tasks ---- */

static void interrupt(void *arg) { repeat(arg); }

static void nested(const Trial *t, Twin *other) {
    char text[160];
    RigResult alone = rig_run(t->rig, (RigCall){.poison = 0});
    t->rig->host->between = interrupt;
    t->rig->host->between_arg = other;
    RigResult got = rig_run(t->rig, (RigCall){.poison = 0});
    t->rig->host->between = NULL;
    const char *wrong = rig_same_bits(&alone, &got, text, sizeof text);
    (void)kit_expect(t->kit, RACES, wrong == NULL && !other->differs,
                     "another call between two of its tasks changes the bits: %s",
                     wrong ? wrong : other->text);
    rig_result_free(&alone);
    rig_result_free(&got);
}

/* ---- on two threads ---- */

static void *go_on(void *arg) {
    Twin *w = arg;
    while (!atomic_load(w->stop) && !w->differs)
        repeat(w);
    return NULL;
}

static double seconds(void) {
    struct timespec t;
    (void)clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + (double)t.tv_nsec * 1e-9;
}

static void at_once(const Trial *t, Twin *other, Twin *own) {
    atomic_bool stop;
    pthread_t thread;
    atomic_init(&stop, false);
    other->stop = own->stop = &stop;
    if (pthread_create(&thread, NULL, go_on, other) != 0)
        return;
    for (const double end = seconds() + SECONDS; seconds() < end && !own->differs;)
        repeat(own);
    atomic_store(&stop, true);
    (void)pthread_join(thread, NULL);
    (void)kit_expect(t->kit, RACES, !own->differs && !other->differs,
                     "beside another call it gives other bits: %s", own->differs ? own->text : other->text);
}

void trial_beside(const Trial *t) {
    Twin other, own;
    /* An asynchronous device orders its calls itself. */
    if (t->rig->place && t->rig->place->kind && t->rig->place->kind->flags & NN_DEVICE_ASYNC)
        return;
    const bool both = twin_begin(t, &other) & twin_begin(t, &own);
    if (both) {
        nested(t, &other);
        at_once(t, &other, &own);
    }
    twin_end(&other);
    twin_end(&own);
}
