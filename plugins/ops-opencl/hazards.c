/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Order in an out-of-order queue. Each command says which bytes it reads and writes before it is enqueued,
 * and gets the events of those that came before, touched the same bytes and are not retired: a reader waits
 * for writers, a writer for both. What a writer covers whole is forgotten, since whoever comes later waits
 * for that writer. A full table is emptied by a barrier. An in-order queue needs none of this.
 */
#include "stream.h"

static void put_barrier(NnStream *s) {
    const NnDevice *d = s->device;
    char said[OCL_SAID];
    const cl_int code = d->cl->EnqueueBarrierWithWaitList(s->queue, 0, NULL, NULL);
    if (code != CL_SUCCESS)
        ocl_trouble(s, NN_ERROR, 0, "device %s takes no barrier: %s", d->name, ocl_said(d, code, said));
}

void ocl_hazards_clear(NnStream *s) {
    if (s->hazards.n > 0)
        put_barrier(s);
    s->hazards.n = s->hazards.n_waits = 0;
}

void ocl_hazards_reserve(NnStream *s) {
    if (s->hazards.n > OCL_TOUCHED - OCL_ARGS)
        ocl_hazards_clear(s);
}

static void wait_for(NnStream *s, uint64_t entry) {
    OclHazards *h = &s->hazards;
    for (uint32_t i = 0; i < h->n_waits && i < OCL_WAITS; i++)
        if (h->entries[i] == entry)
            return;
    if (h->n_waits < OCL_WAITS) {
        h->entries[h->n_waits] = entry;
        h->waits[h->n_waits] = s->ring[entry % OCL_RING].event;
    }
    h->n_waits++;
}

void ocl_touch(NnStream *s, const void *memory, uint64_t from, uint64_t bytes, bool writes) {
    OclHazards *h = &s->hazards;
    if (!s->device->out_of_order || bytes == 0)
        return;
    const uint64_t to = from + bytes;
    uint32_t kept = 0;
    for (uint32_t i = 0; i < h->n; i++) {
        const OclTouched t = h->touched[i];
        if (t.entry < s->first)
            continue;
        const bool meets = t.entry != s->next && t.memory == memory && t.from < to && from < t.to;
        if (meets && (writes || t.writes))
            wait_for(s, t.entry);
        if (!meets || !writes || t.from < from || t.to > to)
            h->touched[kept++] = t;
    }
    h->touched[kept++] = (OclTouched){memory, from, to, s->next, writes};
    h->n = kept;
}

cl_uint ocl_waits(NnStream *s, const cl_event **list) {
    OclHazards *h = &s->hazards;
    const uint32_t n = h->n_waits;
    h->n_waits = 0;
    *list = n > 0 && n <= OCL_WAITS ? h->waits : NULL;
    if (n > OCL_WAITS)
        put_barrier(s); /* more than a list takes: for everything, then */
    return *list ? n : 0;
}
