/* SPDX-License-Identifier: Apache-2.0 */
/* Devices: opened twice and closed, memory copied there and back in order, and what cannot be is refused. A
 * device that is not here says why. */
#include "guard.h"
#include "object.h"

#include <stdlib.h>

#define BYTES 100003u

static void judge_copies(Kit *k, Place *p) {
    NnStatus *status = nn_status_new();
    const NnDeviceKind *kind = p->kind;
    NnBuffer a = NULL, b = NULL;
    uint8_t *here = malloc(3 * BYTES);
    if (here == NULL)
        abort();
    uint8_t *back = here + BYTES, *other = here + 2 * BYTES;
    for (uint32_t i = 0; i < BYTES; i++)
        here[i] = (uint8_t)(i * 31 >> 3);
    memset(back, 0, BYTES);
    memset(other, 0, BYTES);
    kit_doing(k, "copies");
    int32_t code = kind->alloc(p->device, p->stream, BYTES, &a, status);
    code = code == NN_OK ? kind->alloc(p->device, p->stream, BYTES, &b, status) : code;
    code = code == NN_OK ? kind->copy_in(p->device, p->stream, a, 0, here, BYTES, status) : code;
    if (code == NN_OK && NN_HAS(kind, copy)) {
        code = kind->copy(p->device, p->stream, b, 0, a, 0, BYTES, status);
        code = code == NN_OK ? kind->copy(p->device, p->stream, b, 7, a, 1000, 100, status) : code;
    } else if (code == NN_OK) {
        code = kind->copy_in(p->device, p->stream, b, 0, here, BYTES, status);
        code = code == NN_OK ? kind->copy_in(p->device, p->stream, b, 7, here + 1000, 100, status) : code;
    }
    code = code == NN_OK ? kind->copy_out(p->device, p->stream, back, b, 0, BYTES, status) : code;
    code = code == NN_OK ? kind->copy_out(p->device, p->stream, other, b, 7, 100, status) : code;
    code = code == NN_OK ? place_sync(p, status) : code;
    if (kit_expect(k, WRONG_FORWARD, code == NN_OK, "copies fail with code %d: %s", code,
                   nn_status_message(status))) {
        (void)kit_expect(k, WRONG_FORWARD,
                         memcmp(other, here + 1000, 100) == 0 && memcmp(back + 7, other, 100) == 0,
                         "a copy from and to an offset brings other bytes");
        memcpy(back + 7, here + 7, 100);
        (void)kit_expect(k, WRONG_FORWARD, memcmp(back, here, BYTES) == 0,
                         "what was copied there comes back changed");
    }
    if (a && NN_HAS(kind, free))
        kind->free(p->device, p->stream, a);
    if (b && NN_HAS(kind, free))
        kind->free(p->device, p->stream, b);
    free(here);
    nn_status_clear(status);
    NnBuffer huge = NULL;
    code = kind->alloc(p->device, p->stream, (uint64_t)1 << 60, &huge, status);
    (void)kit_expect(k, WRONG_FORWARD, code != NN_OK && nn_status_code(status) != NN_OK,
                     "an exbibyte is given, or refused without a sentence (code %d)", code);
    (void)place_sync(p, status);
    nn_status_free(status);
}

static void judge_open(Kit *k, const NnDeviceKind *kind, KitHost *host) {
    NnStatus *status = nn_status_new();
    Place one, two;
    kit_doing(k, "open");
    int32_t code = place_open(&one, &host->table, kind, status);
    if (kit_expect(k, WRONG_FORWARD, code == NN_OK, "it is there, and does not open: %s",
                   nn_status_message(status))) {
        const NnDeviceKind *own = NULL;
        memcpy(&own, one.device, sizeof own);
        (void)kit_expect(k, WRONG_TABLE, own == kind || kind->struct_size < sizeof *kind,
                         "what open gives does not start with a pointer to its NnDeviceKind");
        if (NN_HAS(kind, alloc) && NN_HAS(kind, copy_in) && NN_HAS(kind, copy_out))
            judge_copies(k, &one);
        code = place_open(&two, &host->table, kind, status);
        (void)kit_expect(k, WRONG_FORWARD, code == NN_OK || nn_status_code(status) != NN_OK,
                         "it does not open a second time, without a sentence");
        if (code == NN_OK)
            place_close(&two);
    }
    place_close(&one);
    nn_status_free(status);
}

static void judge_leaks(Kit *k, const NnDeviceKind *kind, KitHost *host) {
    uint64_t live[3];
    for (uint32_t i = 0; i < 3; i++) {
        NnStatus *status = nn_status_new();
        Place p;
        (void)place_open(&p, &host->table, kind, status);
        place_close(&p);
        nn_status_free(status);
        live[i] = memory_count().live;
    }
    (void)kit_expect(k, LEAKS, live[2] <= live[1], "opened and closed, it holds %lld more blocks",
                     (long long)(live[2] - live[1]));
}

void judge_device(Kit *k) {
    const NnDeviceKind *kind = object_export(k, sizeof *kind);
    KitHost host;
    uint32_t count = 1;
    if (kind == NULL)
        return;
    k->findings->stage = STAGE_RUN;
    object_host(k, k->subject->file, &host);
    if (kit_case(k, "the table")) {
        const bool async = kind->flags & NN_DEVICE_ASYNC,
                   here = kind->memory && strcmp(kind->memory, "host") == 0;
        judge_settings(k, kind->settings, kind->n_settings, kind->setting_stride, "setting");
        if (!kit_expect(k, WRONG_TABLE, kind->name && kind->memory && NN_HAS(kind, open) && kind->doc,
                        "it lacks a name, a kind of memory, a text, or open") ||
            !kit_expect(k, WRONG_TABLE,
                        here || (NN_HAS(kind, alloc) && NN_HAS(kind, free) && NN_HAS(kind, copy_in) &&
                                 NN_HAS(kind, copy_out)),
                        "it has memory of its own and cannot allocate, free and copy it") ||
            !kit_expect(k, WRONG_TABLE,
                        !async || (NN_HAS(kind, event_new) && NN_HAS(kind, record) && NN_HAS(kind, wait)),
                        "it is asynchronous and has no events"))
            return;
    }
    if (!kit_case(k, "number 0"))
        return;
    kit_doing(k, "enumerate");
    const int32_t code = NN_HAS(kind, enumerate) ? kind->enumerate(&host.table, &count, k->status) : NN_OK;
    if (code != NN_OK || count == 0) {
        (void)kit_expect(k, WRONG_TABLE, count == 0 || nn_status_code(k->status) != NN_OK,
                         "it is not available, and does not say why");
        kit_skip(k, WRONG_FORWARD, "not available: %s", nn_status_message(k->status));
        return;
    }
    if (NN_HAS(kind, describe)) {
        NnDeviceInfo info = {.struct_size = sizeof info};
        (void)kit_expect(k, WRONG_TABLE,
                         kind->describe(&host.table, 0, &info, k->status) == NN_OK &&
                             memchr(info.name, 0, sizeof info.name) && info.name[0],
                         "it cannot be described: %s", nn_status_message(k->status));
    }
    judge_open(k, kind, &host);
    judge_leaks(k, kind, &host);
}
