/* SPDX-License-Identifier: Apache-2.0 */
/* Copies: between the host and the device, and within the device. */
#include "stream.h"

int32_t ocl_copy_in(NnDevice *d, NnStream *s, NnBuffer to, uint64_t offset, const void *from, uint64_t bytes,
                    NnStatus *status) {
    const OclBuffer *b = to;
    OclEntry e = {.what = "a copy from the host"};
    if (bytes == 0)
        return NN_OK;
    if (ocl_ready(s, status) != NN_OK)
        return NN_ERROR;
    const cl_int code = d->cl->EnqueueWriteBuffer(s->queue, b->memory, CL_FALSE, b->offset + offset, bytes,
                                                  from, 0, NULL, &e.event);
    return ocl_enqueued(s, code, &e, status);
}

int32_t ocl_copy_out(NnDevice *d, NnStream *s, void *to, NnBuffer from, uint64_t offset, uint64_t bytes,
                     NnStatus *status) {
    const OclBuffer *b = from;
    OclEntry e = {.what = "a copy to the host"};
    if (bytes == 0)
        return NN_OK;
    if (ocl_ready(s, status) != NN_OK)
        return NN_ERROR;
    const cl_int code = d->cl->EnqueueReadBuffer(s->queue, b->memory, CL_FALSE, b->offset + offset, bytes, to,
                                                 0, NULL, &e.event);
    return ocl_enqueued(s, code, &e, status);
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
    const cl_int code =
        d->cl->EnqueueCopyBuffer(s->queue, from->memory, to->memory, a, b, bytes, 0, NULL, &e.event);
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
