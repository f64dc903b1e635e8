/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Device memory: places in large blocks, first fit, neighbours joined when they are freed. What is freed may
 * be given out again at once, because whatever the stream still does with it comes before whatever the next
 * owner enqueues.
 */
#include "device.h"

#include <inttypes.h>
#include <stdlib.h>

#define BLOCK_BYTES (UINT64_C(32) << 20)
#define GRAIN UINT64_C(256) /* at least the alignment of what any kernel reads, and a cache line */

struct OclBlock {
    OclBlock *next;
    uint64_t bytes;
    OclBuffer *first;
};

static int32_t no_memory(NnDevice *d, uint64_t bytes, const char *why, NnStatus *status) {
    return nn_fail(d->nn, status, NN_OUT_OF_MEMORY,
                   "device %s: %" PRIu64 " bytes do not fit: %" PRIu64 " of its %" PRIu64
                   " bytes are in use%s%s",
                   d->name, bytes, d->in_use, d->budget, why ? ", and it says " : "", why ? why : "");
}

static int32_t add_block(NnDevice *d, uint64_t bytes, NnStatus *status) {
    const uint64_t usual = BLOCK_BYTES < d->largest ? BLOCK_BYTES : d->largest;
    uint64_t size = bytes > usual ? bytes : usual;
    if (size > d->budget - d->in_use)
        size = bytes;
    if (size > d->budget - d->in_use)
        return no_memory(d, bytes, NULL, status);
    cl_int code = CL_INVALID_BUFFER_SIZE;
    cl_mem memory =
        size > d->largest ? NULL : d->cl->CreateBuffer(d->context, CL_MEM_READ_WRITE, size, NULL, &code);
    char said[OCL_SAID];
    if (memory == NULL || code != CL_SUCCESS)
        return no_memory(d, bytes, ocl_said(d, code, said), status);
    OclBlock *block = calloc(1, sizeof *block);
    OclBuffer *all = calloc(1, sizeof *all);
    if (block == NULL || all == NULL) {
        free(block);
        free(all);
        (void)d->cl->ReleaseMemObject(memory);
        return nn_fail(d->nn, status, NN_OUT_OF_MEMORY, "device %s: no host memory to keep its books",
                       d->name);
    }
    *all = (OclBuffer){.memory = memory, .bytes = size, .block = block};
    *block = (OclBlock){.next = d->blocks, .bytes = size, .first = all};
    d->blocks = block;
    d->in_use += size;
    return NN_OK;
}

static OclBuffer *first_fit(const NnDevice *d, uint64_t bytes) {
    for (const OclBlock *block = d->blocks; block; block = block->next)
        for (OclBuffer *b = block->first; b; b = b->after)
            if (!b->used && b->bytes >= bytes)
                return b;
    return NULL;
}

/* The rest of a place that is larger than asked for becomes a place of its own. */
static void split(OclBuffer *b, uint64_t bytes) {
    OclBuffer *rest = b->bytes - bytes >= GRAIN ? calloc(1, sizeof *rest) : NULL;
    if (rest == NULL)
        return;
    *rest = (OclBuffer){.memory = b->memory,
                        .offset = b->offset + bytes,
                        .bytes = b->bytes - bytes,
                        .block = b->block,
                        .before = b,
                        .after = b->after};
    if (b->after)
        b->after->before = rest;
    b->after = rest;
    b->bytes = bytes;
}

int32_t ocl_alloc(NnDevice *d, NnStream *stream, uint64_t bytes, NnBuffer *out, NnStatus *status) {
    (void)stream;
    if (bytes > d->budget)
        return no_memory(d, bytes, NULL, status);
    bytes = (bytes + GRAIN - 1 + (bytes == 0)) / GRAIN * GRAIN;
    OclBuffer *b = first_fit(d, bytes);
    if (b == NULL && add_block(d, bytes, status) == NN_OK)
        b = first_fit(d, bytes);
    if (b == NULL)
        return d->nn->code(status);
    split(b, bytes);
    b->used = true;
    *out = b;
    return NN_OK;
}

/* b takes over its right neighbour. */
static void join(OclBuffer *b) {
    OclBuffer *gone = b->after;
    b->bytes += gone->bytes;
    b->after = gone->after;
    if (b->after)
        b->after->before = b;
    free(gone);
}

static void drop_block(NnDevice *d, OclBlock *block) {
    for (OclBlock **p = &d->blocks; *p; p = &(*p)->next)
        if (*p == block) {
            *p = block->next;
            break;
        }
    d->in_use -= block->bytes;
    /* OpenCL keeps the memory until the commands that use it are done. */
    if (!d->hung)
        (void)d->cl->ReleaseMemObject(block->first->memory);
    for (OclBuffer *b = block->first, *after; b; b = after) {
        after = b->after;
        free(b);
    }
    free(block);
}

void ocl_free(NnDevice *d, NnStream *stream, NnBuffer buffer) {
    (void)stream;
    OclBuffer *b = buffer;
    if (b == NULL)
        return;
    b->used = false;
    if (b->after && !b->after->used)
        join(b);
    if (b->before && !b->before->used) {
        b = b->before;
        join(b);
    }
    /* One empty block of the usual size stays for what comes next. */
    if (b->bytes == b->block->bytes && (b->bytes > BLOCK_BYTES || d->blocks->next))
        drop_block(d, b->block);
}

void ocl_heap_close(NnDevice *d) {
    while (d->blocks)
        drop_block(d, d->blocks);
}
