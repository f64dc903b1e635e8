/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Waiting for the device, but not for ever. The driver rings when an event is done; a host that hears nothing
 * looks up a few times, and gives the device up when it has completed no command for as long as the setting
 * `timeout` says. Looks are counted rather than seconds, so that a process that was stopped by its user gives
 * the device time to go on as well.
 */
#include "stream.h"

#include <time.h>

#define LOOKS 8

bool ocl_alarm_new(OclAlarm *a) {
    pthread_condattr_t clock;
    if (pthread_condattr_init(&clock) != 0)
        return false;
    bool good = pthread_condattr_setclock(&clock, CLOCK_MONOTONIC) == 0;
    good = good && pthread_cond_init(&a->bell, &clock) == 0;
    (void)pthread_condattr_destroy(&clock);
    if (good && pthread_mutex_init(&a->lock, NULL) != 0) {
        (void)pthread_cond_destroy(&a->bell);
        good = false;
    }
    return good;
}

bool ocl_alarm_free(OclAlarm *a) {
    (void)pthread_mutex_lock(&a->lock);
    const bool due = a->due > 0;
    (void)pthread_mutex_unlock(&a->lock);
    if (due)
        return false;
    (void)pthread_mutex_destroy(&a->lock);
    (void)pthread_cond_destroy(&a->bell);
    return true;
}

static void CL_CALLBACK ring(cl_event event, cl_int state, void *alarm) {
    OclAlarm *a = alarm;
    (void)state;
    (void)pthread_mutex_lock(&a->lock);
    a->rung = a->rung || event == a->awaited; /* one of an earlier wait may ring late */
    a->due--;
    (void)pthread_cond_signal(&a->bell);
    (void)pthread_mutex_unlock(&a->lock);
}

/* Whether the driver will ring. */
static bool set_alarm(NnStream *s, cl_event event) {
    OclAlarm *a = &s->alarm;
    (void)pthread_mutex_lock(&a->lock);
    a->awaited = event;
    a->rung = false;
    a->due++;
    (void)pthread_mutex_unlock(&a->lock);
    if (s->device->cl->SetEventCallback(event, CL_COMPLETE, ring, a) == CL_SUCCESS)
        return true;
    (void)pthread_mutex_lock(&a->lock);
    a->due--;
    (void)pthread_mutex_unlock(&a->lock);
    return false;
}

static bool heard(OclAlarm *a, double seconds) {
    struct timespec until;
    (void)clock_gettime(CLOCK_MONOTONIC, &until);
    const double whole = (double)(time_t)seconds, ns = (double)until.tv_nsec + 1e9 * (seconds - whole);
    until.tv_sec += (time_t)whole + (ns >= 1e9);
    until.tv_nsec = (long)(ns >= 1e9 ? ns - 1e9 : ns);
    (void)pthread_mutex_lock(&a->lock);
    int code = 0;
    while (!a->rung && code == 0)
        code = pthread_cond_timedwait(&a->bell, &a->lock, &until);
    const bool good = a->rung;
    (void)pthread_mutex_unlock(&a->lock);
    return good;
}

/* CL_COMPLETE (which is CL_SUCCESS), an error, or a state on the way there. */
static cl_int state_of(const OclApi *cl, cl_event event) {
    cl_int state = CL_COMPLETE;
    const cl_int code =
        cl->GetEventInfo(event, CL_EVENT_COMMAND_EXECUTION_STATUS, sizeof state, &state, NULL);
    return code == CL_SUCCESS ? state : code;
}

/* The entry that the device is at, as far as one can see from here. */
static uint64_t oldest(const NnStream *s) {
    uint64_t n = s->first;
    while (n < s->next && state_of(s->device->cl, s->ring[n % OCL_RING].event) <= CL_COMPLETE)
        n++;
    return n;
}

static bool done_in_time(NnStream *s, cl_event event) {
    const NnDevice *d = s->device;
    uint64_t at = s->first;
    for (int looks = 0; looks < LOOKS; looks++) {
        if (heard(&s->alarm, d->timeout / LOOKS) || state_of(d->cl, event) <= CL_COMPLETE)
            return true;
        const uint64_t now = oldest(s);
        if (now > at)
            looks = -1;
        at = now;
    }
    return false;
}

static void give_up(NnStream *s) {
    NnDevice *d = s->device;
    const uint64_t at = oldest(s);
    const OclEntry *e = at < s->next ? &s->ring[at % OCL_RING] : NULL;
    s->hung = d->hung = true;
    ocl_trouble(s, NN_ERROR, e ? e->tag : 0, "device %s has completed nothing for %g seconds%s%s", d->name,
                d->timeout, e ? ", it is at " : "", e ? e->what : "");
}

cl_int ocl_await(NnStream *s, cl_event event) {
    const OclApi *cl = s->device->cl;
    cl_int state = s->hung ? CL_COMPLETE : state_of(cl, event);
    if (state <= CL_COMPLETE)
        return state;
    (void)cl->Flush(s->queue); /* which only the waiting function does by itself */
    if (s->device->timeout > 0 && set_alarm(s, event) && !done_in_time(s, event)) {
        give_up(s);
        return CL_SUCCESS;
    }
    const cl_int code = cl->WaitForEvents(1, &event);
    state = state_of(cl, event);
    return state < CL_COMPLETE ? state : code;
}
