/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Events: where a stream stood, by its last command or a marker. Before one is recorded the fault word of the
 * stream's kernels is read into the host's memory, so that whoever waits finds it there and nothing ever
 * blocks but the wait itself.
 */
#include "stream.h"

#include <stdlib.h>

struct NnEvent {
    NnStream *stream;
    cl_event marker; /* NULL: all was done already */
    uint64_t below;  /* the entries that it stands behind */
};

int32_t ocl_event_new(NnDevice *d, NnEvent **out, NnStatus *status) {
    *out = calloc(1, sizeof **out);
    return *out ? NN_OK : nn_fail(d->nn, status, NN_OUT_OF_MEMORY, "no memory for an event");
}

void ocl_event_free(NnDevice *d, NnEvent *e) {
    if (e->marker && !d->hung)
        (void)d->cl->ReleaseEvent(e->marker);
    free(e);
}

/* A kernel reported an index out of range, which it has left out. */
static void look_at_report(NnStream *s, uint64_t slot) {
    const OclFault *f = &s->reports[slot];
    if ((f->tag[0] | f->tag[1]) == 0)
        return;
    const int64_t found = (int64_t)((uint64_t)f->found[1] << 32 | f->found[0]);
    ocl_trouble(s, NN_INVALID, (uint64_t)f->tag[1] << 32 | f->tag[0], "index %lld: expected 0 to %lld",
                (long long)found, (long long)f->expected - 1);
}

/* Enqueues a read of the fault word where one is due; a stream in trouble needs none. */
static int32_t read_report(NnStream *s, NnStatus *status) {
    const uint64_t slot = s->n_reports % OCL_REPORTS;
    if (s->n_reports >= OCL_REPORTS)
        ocl_retire(s, s->read_at[slot] + 1);
    if (!s->watched || !ocl_has_room(s))
        return NN_OK;
    OclEntry e = {.what = "a copy of the fault word", .then = look_at_report, .slot = slot};
    const cl_event *list;
    ocl_touch(s, s->faults, 0, sizeof(OclFault), false);
    const cl_uint n = ocl_waits(s, &list);
    const cl_int code = s->device->cl->EnqueueReadBuffer(s->queue, s->faults, CL_FALSE, 0, sizeof(OclFault),
                                                         &s->reports[slot], n, list, &e.event);
    if (code == CL_SUCCESS) {
        s->read_at[slot] = s->next;
        s->n_reports++;
        s->watched = false;
    }
    return ocl_enqueued(s, code, &e, status);
}

int32_t ocl_record(NnDevice *d, NnStream *s, NnEvent *e, NnStatus *status) {
    if (e->marker && !d->hung)
        (void)d->cl->ReleaseEvent(e->marker);
    *e = (NnEvent){.stream = s};
    if (s->watched && read_report(s, status) != NN_OK)
        return NN_ERROR;
    e->below = s->next;
    if (s->hung)
        return NN_OK; /* whoever waits hears of it */
    char said[OCL_SAID];
    cl_int code = CL_SUCCESS;
    if (d->out_of_order)
        code = d->cl->EnqueueMarkerWithWaitList(s->queue, 0, NULL, &e->marker);
    else if (s->next > s->first) { /* in order, the last command stands for all */
        e->marker = s->ring[(s->next - 1) % OCL_RING].event;
        code = d->cl->RetainEvent(e->marker);
    }
    if (code == CL_SUCCESS)
        code = d->cl->Flush(s->queue);
    return code == CL_SUCCESS ? NN_OK
                              : nn_fail(d->nn, status, NN_ERROR, "device %s takes no event: %s", d->name,
                                        ocl_said(d, code, said));
}

int32_t ocl_wait(NnDevice *d, NnEvent *e, uint64_t *tag, NnStatus *status) {
    NnStream *s = e->stream;
    *tag = 0;
    if (s == NULL)
        return NN_OK;
    const cl_int code = e->marker ? ocl_await(s, e->marker) : CL_SUCCESS;
    ocl_retire(s, e->below);
    char said[OCL_SAID];
    if (code != CL_SUCCESS && s->code == NN_OK)
        ocl_trouble(s, NN_ERROR, 0, "device %s says %s", d->name, ocl_said(d, code, said));
    *tag = s->tag;
    return s->code == NN_OK ? NN_OK : nn_fail(d->nn, status, s->code, "%s", s->trouble);
}

int32_t ocl_stream_wait(NnDevice *d, NnStream *s, NnEvent *e, NnStatus *status) {
    if (e->marker == NULL || e->stream == s)
        return NN_OK;
    ocl_deliver(e->stream, e->below);
    if (ocl_ready(s, status) != NN_OK)
        return NN_ERROR;
    OclEntry entry = {.what = "a wait for another stream"};
    const cl_int code = d->cl->EnqueueBarrierWithWaitList(s->queue, 1, &e->marker, &entry.event);
    return ocl_enqueued(s, code, &entry, status);
}
