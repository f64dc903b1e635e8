/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Copies: between the host and the device, and within the device. Where the device has memory of its own,
 * the host's side goes through page-locked memory in pieces of a megabyte, which the device fetches by itself
 * while the host goes on; where it has not, straight.
 */
#include "stream.h"

void ocl_staging_open(NnStream *s) {
    const NnDevice *d = s->device;
    OclStaging *g = &s->staging;
    cl_int code;
    if (d->unified)
        return;
    g->memory = d->cl->CreateBuffer(d->context, CL_MEM_READ_WRITE | CL_MEM_ALLOC_HOST_PTR,
                                    OCL_PIECES * OCL_PIECE_BYTES, NULL, &code);
    if (g->memory && code == CL_SUCCESS)
        g->mapped = d->cl->EnqueueMapBuffer(s->queue, g->memory, CL_TRUE, CL_MAP_READ | CL_MAP_WRITE, 0,
                                            OCL_PIECES * OCL_PIECE_BYTES, 0, NULL, NULL, &code);
    if (g->mapped == NULL || code != CL_SUCCESS) {
        char said[OCL_SAID], text[OCL_SAID + OCL_TEXT];
        g->mapped = NULL;
        (void)snprintf(text, sizeof text, "device %s gives no page-locked memory, copies are slower: %s",
                       d->name, ocl_said(d, code, said));
        d->nn->log(d->nn, 2, text);
    }
}

void ocl_staging_close(NnStream *s) {
    const OclApi *cl = s->device->cl;
    if (s->staging.mapped)
        (void)cl->EnqueueUnmapMemObject(s->queue, s->staging.memory, s->staging.mapped, 0, NULL, NULL);
    if (s->staging.memory)
        (void)cl->ReleaseMemObject(s->staging.memory);
}

void ocl_deliver(NnStream *s, uint64_t below) {
    ocl_retire(s, below < s->staging.undelivered ? below : s->staging.undelivered);
}

/* The slot for the next piece, once what went through it before is through. */
static uint64_t next_slot(NnStream *s) {
    OclStaging *g = &s->staging;
    const uint64_t slot = g->n % OCL_PIECES;
    if (g->n >= OCL_PIECES)
        ocl_retire(s, g->pieces[slot].entry + 1);
    return slot;
}

static void deliver(NnStream *s, uint64_t slot) {
    const OclStaging *g = &s->staging;
    memcpy(g->pieces[slot].to, g->mapped + slot * OCL_PIECE_BYTES, g->pieces[slot].bytes);
}

/* One piece between the host and a place of a buffer: out to the host, or in from there. */
static int32_t copy_piece(NnStream *s, const OclBuffer *b, uint64_t at, char *host, size_t bytes, bool out,
                          NnStatus *status) {
    const OclApi *cl = s->device->cl;
    OclStaging *g = &s->staging;
    OclEntry e = {.what = out ? "a copy to the host" : "a copy from the host"};
    char *through = host;
    if (g->mapped) {
        e.slot = next_slot(s);
        e.then = out ? deliver : NULL;
        through = g->mapped + e.slot * OCL_PIECE_BYTES;
        g->pieces[e.slot].to = host;
        g->pieces[e.slot].bytes = bytes;
    }
    if (ocl_ready(s, status) != NN_OK)
        return NN_ERROR;
    if (g->mapped && !out)
        memcpy(through, host, bytes);
    const uint64_t offset = b->offset + at;
    const cl_event *list;
    ocl_touch(s, b->memory, offset, bytes, !out);
    ocl_touch(s, NULL, (uintptr_t)through, bytes, out);
    const cl_uint n = ocl_waits(s, &list);
    const cl_int code =
        out ? cl->EnqueueReadBuffer(s->queue, b->memory, CL_FALSE, offset, bytes, through, n, list, &e.event)
            : cl->EnqueueWriteBuffer(s->queue, b->memory, CL_FALSE, offset, bytes, through, n, list,
                                     &e.event);
    if (g->mapped && code == CL_SUCCESS) {
        g->pieces[e.slot].entry = s->next;
        g->undelivered = out ? s->next + 1 : g->undelivered;
        g->n++;
    }
    return ocl_enqueued(s, code, &e, status);
}

static int32_t copy_pieces(NnStream *s, const OclBuffer *b, uint64_t at, char *host, uint64_t bytes, bool out,
                           NnStatus *status) {
    const uint64_t most = s->staging.mapped ? OCL_PIECE_BYTES : bytes;
    for (uint64_t done = 0; done < bytes; done += most) {
        const uint64_t rest = bytes - done;
        const int32_t code = copy_piece(s, b, at + done, host + done, rest < most ? rest : most, out, status);
        if (code != NN_OK)
            return code;
    }
    return NN_OK;
}

int32_t ocl_copy_in(NnDevice *d, NnStream *s, NnBuffer to, uint64_t offset, const void *from, uint64_t bytes,
                    NnStatus *status) {
    (void)d;
    /* Page-locked memory is filled from the host's at once, so nothing may be on its way there. */
    ocl_deliver(s, s->next);
    return copy_pieces(s, to, offset, (char *)(uintptr_t)from, bytes, false, status);
}

int32_t ocl_copy_out(NnDevice *d, NnStream *s, void *to, NnBuffer from, uint64_t offset, uint64_t bytes,
                     NnStatus *status) {
    (void)d;
    return copy_pieces(s, from, offset, to, bytes, true, status);
}

static int32_t copy_tagged(NnDevice *d, NnStream *s, const OclBuffer *to, uint64_t to_offset,
                           const OclBuffer *from, uint64_t from_offset, uint64_t bytes, uint64_t tag,
                           NnStatus *status) {
    OclEntry e = {.tag = tag, .what = "a copy"};
    const uint64_t a = from->offset + from_offset, b = to->offset + to_offset;
    if (bytes == 0 || (a == b && from->memory == to->memory))
        return NN_OK;
    if (ocl_ready(s, status) != NN_OK)
        return NN_ERROR;
    const cl_event *list;
    ocl_touch(s, from->memory, a, bytes, false);
    ocl_touch(s, to->memory, b, bytes, true);
    const cl_uint n = ocl_waits(s, &list);
    const cl_int code =
        d->cl->EnqueueCopyBuffer(s->queue, from->memory, to->memory, a, b, bytes, n, list, &e.event);
    return ocl_enqueued(s, code, &e, status);
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
