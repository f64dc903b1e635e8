/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Choices that depend on the device alone, such as the tile of a product. Without a measurement the preset
 * holds. Where the device is opened with `tune`, the candidates are run in turn, the fastest one whose
 * result is the preset's bit by bit is chosen, and the choice is stored among the built programs (cache.c),
 * where every later run finds it, with `tune` or without. No result depends on what is chosen.
 */
#include "stream.h"

#include <inttypes.h>
#include <stdlib.h>
#include <time.h>

#define CANDIDATES_MAX 8u
#define ROUNDS 6u
#define ENOUGH 0.5 /* seconds */
#define GAIN 0.97  /* of the preset's time; what is nearer is noise */

struct OclChoice {
    OclChoice *next;
    const char *name;
    uint32_t at;
};

/* What runs a trial: two operands, a result, and what the result is compared with. */
typedef struct Bench {
    NnDevice *device;
    NnStream *stream;
    NnEvent *event;
    NnTensor tensors[3];
    uint64_t bytes;
    char *host, *expected;
} Bench;

static double now(void) {
    struct timespec t;
    (void)clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

static bool finish(Bench *b) {
    uint64_t tag;
    return ocl_record(b->device, b->stream, b->event, NULL) == NN_OK &&
           ocl_wait(b->device, b->event, &tag, NULL) == NN_OK;
}

/* Seconds of one run; negative: it failed. */
static double run_once(Bench *b, OclPlan *plan) {
    const NnTensor *const inputs[] = {&b->tensors[0], &b->tensors[1]};
    NnTensor *const outputs[] = {&b->tensors[2]};
    const NnCall call = {.struct_size = sizeof call,
                         .n_inputs = 2,
                         .n_outputs = 1,
                         .inputs = inputs,
                         .outputs = outputs,
                         .host = b->device->nn,
                         .device = b->device,
                         .stream = b->stream};
    const double begin = now();
    return plan->ocl->run(plan, &call) == NN_OK && finish(b) ? now() - begin : -1;
}

static bool result(Bench *b, char *to) {
    return ocl_copy_out(b->device, b->stream, to, b->tensors[2].buffer, 0, b->bytes, NULL) == NN_OK &&
           finish(b);
}

static void bench_close(Bench *b) {
    for (uint32_t i = 0; i < 3; i++)
        ocl_free(b->device, b->stream, b->tensors[i].buffer);
    if (b->event)
        ocl_event_free(b->device, b->event);
    if (b->stream)
        ocl_stream_free(b->device, b->stream);
    free(b->host);
    free(b->expected);
}

/* Operands between -1 and 1. */
static bool bench_open(Bench *b, NnDevice *d, uint64_t bytes) {
    *b = (Bench){.device = d, .bytes = bytes, .host = malloc(bytes), .expected = malloc(bytes)};
    bool good = b->host && b->expected && ocl_stream_new(d, &b->stream, NULL) == NN_OK &&
                ocl_event_new(d, &b->event, NULL) == NN_OK;
    uint32_t state = 1;
    for (uint32_t i = 0; i < 3 && good; i++) {
        b->tensors[i].type = NN_F32;
        good = ocl_alloc(d, b->stream, bytes, &b->tensors[i].buffer, NULL) == NN_OK;
        for (uint64_t k = 0; k < bytes / 4; k++) {
            state = state * 1664525u + 1013904223u; /* Knuth, TAOCP 2, 3.3.4 */
            ((float *)(void *)b->host)[k] = (float)((int32_t)state) * 0x1p-31f;
        }
        good = good && ocl_copy_in(d, b->stream, b->tensors[i].buffer, 0, b->host, bytes, NULL) == NN_OK &&
               finish(b);
    }
    return good;
}

static void report(const NnDevice *d, const OclContest *c, const double *best, uint32_t winner) {
    char text[768];
    int at = snprintf(text, sizeof text, "%.100s on %.200s:", c->name, d->name);
    for (uint32_t i = 0; i < c->n; i++) /* at most 8 of 32 */
        at += best[i] < 0 ? snprintf(text + at, sizeof text - (size_t)at, " no,")
                          : snprintf(text + at, sizeof text - (size_t)at, " %.3g ms,", best[i] * 1e3);
    (void)snprintf(text + at, sizeof text - (size_t)at, " number %u is chosen", winner + 1);
    d->nn->log(d->nn, 1, text);
}

/* The fastest; the preset where nothing is clearly faster. False: the preset itself does not run. */
static bool contest(Bench *b, const OclContest *c, OclPlan *const *plans, uint32_t *winner) {
    double best[CANDIDATES_MAX];
    if (plans[c->preset] == NULL || run_once(b, plans[c->preset]) < 0 || !result(b, b->expected))
        return false;
    for (uint32_t i = 0; i < c->n; i++) {
        const bool good = plans[i] && run_once(b, plans[i]) >= 0 && result(b, b->host) &&
                          memcmp(b->host, b->expected, b->bytes) == 0;
        best[i] = good ? 1e30 : -1;
    }
    const double begin = now();
    for (uint32_t k = 0; k < ROUNDS && (k == 0 || now() - begin < ENOUGH); k++)
        for (uint32_t i = 0; i < c->n; i++) {
            const double seconds = best[i] < 0 ? -1 : run_once(b, plans[i]);
            best[i] = seconds < best[i] ? seconds : best[i];
        }
    *winner = c->preset;
    for (uint32_t i = 0; i < c->n; i++)
        if (best[i] >= 0 && best[i] < best[*winner] * (*winner == c->preset ? GAIN : 1))
            *winner = i;
    report(b->device, c, best, *winner);
    return best[c->preset] >= 0;
}

static bool measure(const NnHost *nn, NnDevice *d, const OclContest *c, uint32_t *winner) {
    OclPlan *plans[CANDIDATES_MAX] = {NULL};
    Bench b;
    bool good = c->n <= CANDIDATES_MAX && bench_open(&b, d, c->bytes);
    for (uint32_t i = 0; i < c->n && good; i++)
        plans[i] = c->trial(nn, d, i);
    good = good && contest(&b, c, plans, winner);
    for (uint32_t i = 0; i < c->n && c->n <= CANDIDATES_MAX; i++)
        if (plans[i])
            d->service.free(nn, plans[i]);
    if (c->n <= CANDIDATES_MAX)
        bench_close(&b);
    return good;
}

static uint32_t find_choice(const NnHost *nn, NnDevice *d, const OclContest *c) {
    char what[3 * OCL_TEXT];
    uint64_t key[2];
    unsigned char *stored = NULL, chosen;
    size_t bytes = 0;
    uint32_t winner = c->preset;
    (void)snprintf(what, sizeof what, "choice\n%s\n%s\n%s\n", c->name, d->name, d->driver);
    for (uint64_t k = 0; k < 2; k++)
        key[k] = ocl_hash(k, what, strlen(what));
    if (ocl_cache_read(nn, key, what, &stored, &bytes)) {
        chosen = bytes == 1 ? stored[0] : UINT8_MAX;
        free(stored);
        if (chosen < c->n)
            return chosen;
    }
    if (d->tune && measure(nn, d, c, &winner)) {
        chosen = (unsigned char)winner;
        ocl_cache_write(nn, key, what, &chosen, 1);
    }
    return winner;
}

uint32_t ocl_prefer(const NnHost *nn, NnDevice *d, const OclContest *c) {
    for (const OclChoice *known = d->choices; known; known = known->next)
        if (strcmp(known->name, c->name) == 0)
            return known->at;
    const uint32_t at = find_choice(nn, d, c);
    OclChoice *known = malloc(sizeof *known);
    if (known) {
        *known = (OclChoice){.next = d->choices, .name = c->name, .at = at};
        d->choices = known;
    }
    return at;
}

void ocl_choices_close(NnDevice *d) {
    for (OclChoice *c = d->choices, *next; c; c = next) {
        next = c->next;
        free(c);
    }
    d->choices = NULL;
}
