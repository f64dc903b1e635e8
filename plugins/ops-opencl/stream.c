/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Streams are in-order queues. What is enqueued leaves its event in a ring until the host has waited for it,
 * so that an error of completion can be told by the tag of the call that it came from. The ring bounds what
 * is under way: a host that runs far ahead waits for the oldest.
 */
#include "device.h"

#include <stdlib.h>

#define RING 1024u

typedef struct Entry {
    cl_event event;
    uint64_t tag;
} Entry;

struct NnStream {
    NnDevice *device;
    cl_command_queue queue;
    Entry ring[RING];
    uint32_t first, n;
    cl_int failed; /* the first error of completion, until reset */
    uint64_t tag;
    cl_mem faults; /* as fault.cl has it */
    bool watched;  /* a kernel that may report a fault was enqueued */
    char fault[128];
};

typedef struct Fault {
    uint32_t tag[2], found[2], expected, spare;
} Fault;

struct NnEvent {
    NnStream *stream;
    cl_event marker;
};

/* ---- streams ---- */

int32_t ocl_stream_new(NnDevice *d, NnStream **out, NnStatus *status) {
    NnStream *s = calloc(1, sizeof *s);
    cl_int code = CL_OUT_OF_HOST_MEMORY;
    Fault none = {.expected = 0};
    if (s)
        s->queue = d->cl->CreateCommandQueue(d->context, d->id, 0, &code);
    if (s && code == CL_SUCCESS)
        s->faults = d->cl->CreateBuffer(d->context, CL_MEM_READ_WRITE | CL_MEM_COPY_HOST_PTR, sizeof none,
                                        &none, &code);
    if (s == NULL || code != CL_SUCCESS) {
        if (s && s->queue)
            (void)d->cl->ReleaseCommandQueue(s->queue);
        free(s);
        return nn_fail(d->nn, status, NN_ERROR, "device %s gives no queue: %s", d->name, ocl_error(code));
    }
    s->device = d;
    *out = s;
    return NN_OK;
}

/* Looks at the oldest entry, which is done, or waited for here. */
static void retire(NnStream *s) {
    const OclApi *cl = s->device->cl;
    Entry *e = &s->ring[s->first];
    cl_int state = CL_COMPLETE;
    cl_int code = cl->GetEventInfo(e->event, CL_EVENT_COMMAND_EXECUTION_STATUS, sizeof state, &state, NULL);
    if (code == CL_SUCCESS && state > CL_COMPLETE) {
        code = cl->WaitForEvents(1, &e->event);
        state = CL_COMPLETE;
        if (code != CL_SUCCESS)
            (void)cl->GetEventInfo(e->event, CL_EVENT_COMMAND_EXECUTION_STATUS, sizeof state, &state, NULL);
    }
    if (state < 0)
        code = state;
    if (code != CL_SUCCESS && s->failed == CL_SUCCESS) {
        s->failed = code;
        s->tag = e->tag;
    }
    (void)cl->ReleaseEvent(e->event);
    s->first = (s->first + 1) % RING;
    s->n--;
}

static void remember(NnStream *s, cl_event event, uint64_t tag) {
    if (s->n == RING)
        retire(s);
    s->ring[(s->first + s->n++) % RING] = (Entry){event, tag};
}

void ocl_stream_free(NnDevice *d, NnStream *s) {
    (void)d->cl->Finish(s->queue);
    while (s->n > 0)
        retire(s);
    (void)d->cl->ReleaseMemObject(s->faults);
    (void)d->cl->ReleaseCommandQueue(s->queue);
    free(s);
}

/* After an error of completion nothing more is accepted. */
static int32_t refused(const NnStream *s, NnStatus *status) {
    return nn_fail(s->device->nn, status, NN_ERROR, "device %s failed before: %s", s->device->name,
                   s->fault[0] ? s->fault : ocl_error(s->failed));
}

static int32_t enqueued(NnStream *s, cl_int code, cl_event event, uint64_t tag, const char *what,
                        NnStatus *status) {
    if (code == CL_SUCCESS) {
        remember(s, event, tag);
        return NN_OK;
    }
    const bool memory = code == CL_MEM_OBJECT_ALLOCATION_FAILURE || code == CL_OUT_OF_HOST_MEMORY;
    return nn_fail(s->device->nn, status, memory ? NN_OUT_OF_MEMORY : NN_ERROR, "device %s refuses %s: %s",
                   s->device->name, what, ocl_error(code));
}

/* ---- copies ---- */

int32_t ocl_copy_in(NnDevice *d, NnStream *s, NnBuffer to, uint64_t offset, const void *from, uint64_t bytes,
                    NnStatus *status) {
    const OclBuffer *b = to;
    cl_event event = NULL;
    if (bytes == 0)
        return NN_OK;
    if (s->failed != CL_SUCCESS || s->fault[0])
        return refused(s, status);
    const cl_int code = d->cl->EnqueueWriteBuffer(s->queue, b->memory, CL_FALSE, b->offset + offset, bytes,
                                                  from, 0, NULL, &event);
    return enqueued(s, code, event, 0, "a copy from the host", status);
}

int32_t ocl_copy_out(NnDevice *d, NnStream *s, void *to, NnBuffer from, uint64_t offset, uint64_t bytes,
                     NnStatus *status) {
    const OclBuffer *b = from;
    cl_event event = NULL;
    if (bytes == 0)
        return NN_OK;
    if (s->failed != CL_SUCCESS || s->fault[0])
        return refused(s, status);
    const cl_int code = d->cl->EnqueueReadBuffer(s->queue, b->memory, CL_FALSE, b->offset + offset, bytes, to,
                                                 0, NULL, &event);
    return enqueued(s, code, event, 0, "a copy to the host", status);
}

static int32_t copy_tagged(NnDevice *d, NnStream *s, const OclBuffer *to, uint64_t to_offset,
                           const OclBuffer *from, uint64_t from_offset, uint64_t bytes, uint64_t tag,
                           NnStatus *status) {
    cl_event event = NULL;
    const uint64_t a = from->offset + from_offset, b = to->offset + to_offset;
    if (bytes == 0 || (a == b && from->memory == to->memory))
        return NN_OK;
    if (s->failed != CL_SUCCESS || s->fault[0])
        return refused(s, status);
    const cl_int code =
        d->cl->EnqueueCopyBuffer(s->queue, from->memory, to->memory, a, b, bytes, 0, NULL, &event);
    return enqueued(s, code, event, tag, "a copy", status);
}

int32_t ocl_copy(NnDevice *d, NnStream *s, NnBuffer to, uint64_t to_offset, NnBuffer from,
                 uint64_t from_offset, uint64_t bytes, NnStatus *status) {
    return copy_tagged(d, s, to, to_offset, from, from_offset, bytes, 0, status);
}

int32_t ocl_copy_tensor(const NnCall *call, const NnTensor *to, const NnTensor *from) {
    const uint64_t bytes = (uint64_t)nn_elements(from) * nn_type_size(from->type);
    return copy_tagged(call->device, call->stream, to->buffer, to->offset, from->buffer, from->offset, bytes,
                       call->tag, call->status);
}

/* ---- kernels ---- */

cl_mem ocl_faults(NnStream *s) {
    s->watched = true;
    return s->faults;
}

int32_t ocl_launch(const NnCall *call, const OclStage *stage) {
    NnStream *s = call->stream;
    cl_event event = NULL;
    for (uint32_t i = 0; i < stage->dims; i++)
        if (stage->global[i] == 0)
            return NN_OK;
    if (s->failed != CL_SUCCESS || s->fault[0])
        return refused(s, call->status);
    const cl_int code =
        s->device->cl->EnqueueNDRangeKernel(s->queue, stage->kernel, stage->dims, NULL, stage->global,
                                            stage->local[0] ? stage->local : NULL, 0, NULL, &event);
    return enqueued(s, code, event, call->tag, "a kernel", call->status);
}

/* ---- events ---- */

int32_t ocl_event_new(NnDevice *d, NnEvent **out, NnStatus *status) {
    *out = calloc(1, sizeof **out);
    return *out ? NN_OK : nn_fail(d->nn, status, NN_OUT_OF_MEMORY, "no memory for an event");
}

void ocl_event_free(NnDevice *d, NnEvent *e) {
    if (e->marker)
        (void)d->cl->ReleaseEvent(e->marker);
    free(e);
}

int32_t ocl_record(NnDevice *d, NnStream *s, NnEvent *e, NnStatus *status) {
    if (e->marker)
        (void)d->cl->ReleaseEvent(e->marker);
    e->marker = NULL;
    e->stream = s;
    cl_int code = d->cl->EnqueueMarkerWithWaitList(s->queue, 0, NULL, &e->marker);
    if (code == CL_SUCCESS)
        code = d->cl->Flush(s->queue);
    return code == CL_SUCCESS
               ? NN_OK
               : nn_fail(d->nn, status, NN_ERROR, "device %s takes no event: %s", d->name, ocl_error(code));
}

/* Whether a kernel reported an index out of range, which it has left out. */
static cl_int look_for_fault(NnStream *s) {
    Fault f;
    s->watched = false;
    cl_int code =
        s->device->cl->EnqueueReadBuffer(s->queue, s->faults, CL_TRUE, 0, sizeof f, &f, 0, NULL, NULL);
    if (code != CL_SUCCESS || (f.tag[0] | f.tag[1]) == 0)
        return code;
    const int64_t found = (int64_t)((uint64_t)f.found[1] << 32 | f.found[0]);
    s->tag = (uint64_t)f.tag[1] << 32 | f.tag[0];
    (void)snprintf(s->fault, sizeof s->fault, "index %lld: expected 0 to %lld", (long long)found,
                   (long long)f.expected - 1);
    f = (Fault){.expected = 0};
    return s->device->cl->EnqueueWriteBuffer(s->queue, s->faults, CL_TRUE, 0, sizeof f, &f, 0, NULL, NULL);
}

int32_t ocl_wait(NnDevice *d, NnEvent *e, uint64_t *tag, NnStatus *status) {
    *tag = 0;
    if (e->marker == NULL)
        return NN_OK;
    NnStream *s = e->stream;
    const cl_int code = d->cl->WaitForEvents(1, &e->marker);
    while (s->n > 0)
        retire(s);
    if (code != CL_SUCCESS && s->failed == CL_SUCCESS)
        s->failed = code;
    if (s->watched && s->failed == CL_SUCCESS)
        s->failed = look_for_fault(s);
    *tag = s->tag;
    if (s->fault[0])
        return nn_fail(d->nn, status, NN_INVALID, "%s", s->fault);
    return s->failed == CL_SUCCESS
               ? NN_OK
               : nn_fail(d->nn, status, NN_ERROR, "device %s says %s", d->name, ocl_error(s->failed));
}

int32_t ocl_stream_wait(NnDevice *d, NnStream *s, NnEvent *e, NnStatus *status) {
    if (e->marker == NULL || e->stream == s)
        return NN_OK;
    const cl_int code = d->cl->EnqueueBarrierWithWaitList(s->queue, 1, &e->marker, NULL);
    return code == CL_SUCCESS ? NN_OK
                              : nn_fail(d->nn, status, NN_ERROR, "device %s cannot wait for an event: %s",
                                        d->name, ocl_error(code));
}

int32_t ocl_reset(NnDevice *d, NnStream *s, NnStatus *status) {
    (void)status;
    (void)d->cl->Finish(s->queue);
    while (s->n > 0)
        retire(s);
    s->failed = CL_SUCCESS;
    s->fault[0] = '\0';
    s->tag = 0;
    return NN_OK;
}
