/* SPDX-License-Identifier: Apache-2.0 */
/* Loaders. One that needs a file is judged by its table and by how it refuses to open without one; one that
 * opens is read, twice and by two threads at once. */
#include "guard.h"
#include "object.h"
#include "tensor.h"

#include <pthread.h>
#include <stdlib.h>

#define SAMPLES 8u
#define FIELDS_MAX 8u

typedef struct Loader {
    Kit *kit;
    const NnDataset *table;
    NnData *data;
    const NnDataInfo *info;
} Loader;

static const NnField *field_at(const NnDataInfo *d, uint32_t i) {
    return (const void *)((const char *)d->fields + (size_t)i * d->field_stride);
}

static const NnSplit *split_at(const NnDataInfo *d, uint32_t i) {
    return (const void *)((const char *)d->splits + (size_t)i * d->split_stride);
}

static uint64_t sample_bytes(const NnField *f) {
    uint64_t n = nn_type_size(f->type);
    for (int32_t i = 0; i < f->rank; i++)
        n *= (uint64_t)f->dims[i];
    return n;
}

static bool judge_description(const Loader *l) {
    const NnDataInfo *d = l->info;
    bool good = kit_expect(l->kit, WRONG_TABLE,
                           d && d->n_fields > 0 && d->n_fields <= FIELDS_MAX && d->fields &&
                               d->field_stride >= sizeof(NnField) && d->n_splits > 0 && d->splits &&
                               d->split_stride >= sizeof(NnSplit),
                           "it describes no fields or no splits");
    for (uint32_t i = 0; good && i < d->n_fields; i++) {
        const NnField *f = field_at(d, i);
        good = kit_expect(l->kit, WRONG_TABLE,
                          f->name && type_is(f->type, NN_ANY) && f->rank >= 0 && f->rank <= NN_MAX_RANK &&
                              (f->classes == 0 || type_is(f->type, NN_INTEGERS)),
                          "field %u lacks a name, or its type, rank or classes cannot be", i);
    }
    for (uint32_t i = 0; good && i < d->n_splits; i++)
        good = kit_expect(l->kit, WRONG_TABLE, split_at(d, i)->name != NULL, "split %u has no name", i);
    return good;
}

/* Reads samples into buffers of the exact size; all bytes one after the other, from malloc. */
static char *read_samples(const Loader *l, uint32_t split, uint64_t n, const uint64_t *indices, bool guard,
                          NnStatus *status) {
    Buffer buffers[FIELDS_MAX];
    void *to[FIELDS_MAX];
    uint64_t total = 0;
    for (uint32_t i = 0; i < l->info->n_fields; i++) {
        const uint64_t bytes = n * sample_bytes(field_at(l->info, i));
        if (!buffer_new(&buffers[i], NULL, bytes, WRITES_PAST_BUFFER, "a field's buffer"))
            abort();
        buffer_fill(&buffers[i], 0x5a);
        to[i] = (char *)buffers[i].handle + buffers[i].offset;
        total += bytes;
    }
    const int32_t code = l->table->read(l->data, split, n, indices, to, status);
    char *all = code == NN_OK ? malloc(total + 1) : NULL, text[160];
    for (uint64_t at = 0, i = 0; i < l->info->n_fields; i++) {
        const char *damage = guard ? buffer_damage(&buffers[i], text, sizeof text) : NULL;
        if (guard)
            (void)kit_expect(l->kit, WRITES_PAST_BUFFER, damage == NULL, "%s", damage ? damage : "");
        if (all)
            buffer_read(&buffers[i], all + at);
        at += buffers[i].bytes;
        buffer_free(&buffers[i]);
    }
    return all;
}

static uint64_t bytes_of(const Loader *l, uint64_t n) {
    uint64_t total = 0;
    for (uint32_t i = 0; i < l->info->n_fields; i++)
        total += n * sample_bytes(field_at(l->info, i));
    return total;
}

typedef struct Reader {
    const Loader *loader;
    const char *want;
    uint64_t n;
    const uint64_t *indices;
    bool differs;
} Reader;

static void *read_again(void *arg) {
    Reader *r = arg;
    for (int i = 0; i < 20 && !r->differs; i++) {
        NnStatus *status = nn_status_new();
        char *got = read_samples(r->loader, 0, r->n, r->indices, false, status);
        r->differs = got == NULL || memcmp(got, r->want, bytes_of(r->loader, r->n)) != 0;
        free(got);
        nn_status_free(status);
    }
    return NULL;
}

static void judge_readers(const Loader *l, const char *want, uint64_t n, const uint64_t *indices) {
    Reader a = {l, want, n, indices, false}, b = a;
    pthread_t thread;
    if (pthread_create(&thread, NULL, read_again, &a) != 0)
        return;
    (void)read_again(&b);
    (void)pthread_join(thread, NULL);
    (void)kit_expect(l->kit, RACES, !a.differs && !b.differs,
                     "two threads that read at once get other samples");
}

static void judge_reading(const Loader *l) {
    NnStatus *status = nn_status_new();
    const uint64_t count = split_at(l->info, 0)->count, n = MIN(SAMPLES, count);
    uint64_t indices[SAMPLES];
    for (uint64_t i = 0; i < n; i++)
        indices[i] = i * 7919 % count;
    kit_doing(l->kit, "read");
    char *first = read_samples(l, 0, n, indices, true, status),
         *again = read_samples(l, 0, n, indices, true, status);
    if (kit_expect(l->kit, WRONG_FORWARD, first && again, "samples cannot be read: %s",
                   nn_status_message(status))) {
        if (kit_expect(l->kit, NOT_REPEATABLE, memcmp(first, again, bytes_of(l, n)) == 0,
                       "the same samples again are others"))
            judge_readers(l, first, n, indices);
    }
    free(first);
    free(again);
    nn_status_free(status);
}

void judge_dataset(Kit *k) {
    Loader l = {.kit = k};
    KitHost host;
    NnConfig *owner = NULL;
    const NnConfig *config = NULL;
    l.table = object_export(k, sizeof *l.table);
    if (l.table == NULL)
        return;
    k->findings->stage = STAGE_RUN;
    object_host(k, k->subject->file, &host);
    if (kit_case(k, "the table")) {
        judge_settings(k, l.table->settings, l.table->n_settings, l.table->setting_stride, "setting");
        if (!kit_expect(k, WRONG_TABLE,
                        NN_HAS(l.table, open) && NN_HAS(l.table, describe) && NN_HAS(l.table, read) &&
                            l.table->doc,
                        "it cannot open, describe and read, or says nothing of itself"))
            return;
    }
    owner = nn_config_parse("{}", 2, "defaults", k->status);
    if (owner)
        (void)nn_config_api()->check(owner, l.table->settings, l.table->n_settings, l.table->setting_stride,
                                     l.table->name, &config, k->status);
    if (config == NULL) {
        kit_skip(k, WRONG_FORWARD, "%s", nn_status_message(k->status));
    } else if (kit_case(k, "the defaults")) {
        kit_doing(k, "open");
        const int32_t code = l.table->open(&host.table, config, &l.data, k->status);
        (void)kit_expect(k, WRONG_TABLE, code == nn_status_code(k->status),
                         "it does not open, with code %d and no sentence", code);
        l.info = code == NN_OK ? l.table->describe(l.data) : NULL;
        if (code != NN_OK)
            kit_skip(k, WRONG_FORWARD, "with its defaults it does not open: %s",
                     nn_status_message(k->status));
        else if (judge_description(&l) && split_at(l.info, 0)->count > 0)
            judge_reading(&l);
        if (code == NN_OK && NN_HAS(l.table, close))
            l.table->close(l.data);
    }
    nn_config_free(owner);
}
