/* SPDX-License-Identifier: Apache-2.0 */
/* Streams: a queue, the ring of what is under way in it, and what went wrong there. */
#include "stream.h"

#include <stdarg.h>
#include <stdlib.h>

static const OclFault no_fault;

int32_t ocl_stream_new(NnDevice *d, NnStream **out, NnStatus *status) {
    NnStream *s = calloc(1, sizeof *s);
    cl_int code = CL_OUT_OF_HOST_MEMORY;
    OclFault none = no_fault;
    const bool alarm = s && ocl_alarm_new(&s->alarm);
    if (alarm)
        s->queue = d->cl->CreateCommandQueue(
            d->context, d->id, d->out_of_order ? CL_QUEUE_OUT_OF_ORDER_EXEC_MODE_ENABLE : 0, &code);
    if (alarm && code == CL_SUCCESS)
        s->faults = d->cl->CreateBuffer(d->context, CL_MEM_READ_WRITE | CL_MEM_COPY_HOST_PTR, sizeof none,
                                        &none, &code);
    if (!alarm || code != CL_SUCCESS) {
        char said[OCL_SAID];
        if (alarm && s->queue)
            (void)d->cl->ReleaseCommandQueue(s->queue);
        if (alarm)
            (void)ocl_alarm_free(&s->alarm);
        free(s);
        return nn_fail(d->nn, status, NN_ERROR, "device %s gives no queue: %s", d->name,
                       ocl_said(d, code, said));
    }
    s->device = d;
    ocl_staging_open(s);
    *out = s;
    return NN_OK;
}

void ocl_trouble(NnStream *s, int32_t code, uint64_t tag, const char *format, ...) {
    if (s->code != NN_OK)
        return;
    va_list args;
    va_start(args, format);
    (void)vsnprintf(s->trouble, sizeof s->trouble, format, args);
    va_end(args);
    s->code = code;
    s->tag = tag;
}

/* ---- what is under way ---- */

void ocl_retire(NnStream *s, uint64_t below) {
    char said[OCL_SAID];
    for (; s->first < below && !s->hung; s->first++) {
        const OclEntry *e = &s->ring[s->first % OCL_RING];
        const cl_int code = ocl_await(s, e->event);
        if (s->hung)
            return;
        if (code != CL_SUCCESS)
            ocl_trouble(s, NN_ERROR, e->tag, "device %s says %s about %s", s->device->name,
                        ocl_said(s->device, code, said), e->what);
        else if (e->then)
            e->then(s, e->slot);
        (void)s->device->cl->ReleaseEvent(e->event);
    }
}

bool ocl_has_room(NnStream *s) {
    if (s->code == NN_OK && s->next - s->first == OCL_RING)
        ocl_retire(s, s->first + 1);
    ocl_hazards_reserve(s);
    return s->code == NN_OK;
}

int32_t ocl_ready(NnStream *s, NnStatus *status) {
    return ocl_has_room(s) ? NN_OK
                           : nn_fail(s->device->nn, status, NN_ERROR, "device %s takes nothing more: %s",
                                     s->device->name, s->trouble);
}

int32_t ocl_enqueued(NnStream *s, cl_int code, const OclEntry *e, NnStatus *status) {
    char said[OCL_SAID];
    if (code == CL_SUCCESS) {
        s->ring[s->next++ % OCL_RING] = *e;
        return NN_OK;
    }
    ocl_hazards_clear(s); /* what it was to touch, it does not */
    const bool memory = code == CL_MEM_OBJECT_ALLOCATION_FAILURE || code == CL_OUT_OF_HOST_MEMORY;
    return nn_fail(s->device->nn, status, memory ? NN_OUT_OF_MEMORY : NN_ERROR, "device %s refuses %s: %s",
                   s->device->name, e->what, ocl_said(s->device, code, said));
}

void ocl_stream_free(NnDevice *d, NnStream *s) {
    ocl_retire(s, s->next);
    if (s->hung)
        return; /* the driver may still write to it */
    ocl_staging_close(s);
    (void)d->cl->ReleaseMemObject(s->faults);
    (void)d->cl->ReleaseCommandQueue(s->queue);
    if (ocl_alarm_free(&s->alarm))
        free(s);
}

int32_t ocl_reset(NnDevice *d, NnStream *s, NnStatus *status) {
    ocl_retire(s, s->next);
    if (s->hung)
        return ocl_ready(s, status);
    s->code = NN_OK;
    s->tag = 0;
    s->watched = false;
    OclEntry e = {.what = "a copy from the host"};
    ocl_touch(s, s->faults, 0, sizeof no_fault, true);
    const cl_int code = d->cl->EnqueueWriteBuffer(s->queue, s->faults, CL_FALSE, 0, sizeof no_fault,
                                                  &no_fault, 0, NULL, &e.event);
    return ocl_enqueued(s, code, &e, status);
}

/* ---- kernels ---- */

cl_mem ocl_faults(NnStream *s) {
    s->watched = true;
    return s->faults;
}

int32_t ocl_launch(const NnCall *call, const OclStage *stage) {
    NnStream *s = call->stream;
    OclEntry e = {.tag = call->tag, .what = "a kernel"};
    const cl_event *list;
    const cl_uint n = ocl_waits(s, &list);
    const cl_int code =
        s->device->cl->EnqueueNDRangeKernel(s->queue, stage->kernel, stage->dims, NULL, stage->global,
                                            stage->local[0] ? stage->local : NULL, n, list, &e.event);
    return ocl_enqueued(s, code, &e, call->status);
}
