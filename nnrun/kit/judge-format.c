/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Formats of arrays: what is written comes back as it was, to the bit, or is refused with a sentence. Files
 * that are cut short, or in which a byte is another, are read or refused, and nothing else happens.
 */
#include "object.h"
#include "tensor.h"

#include <math.h>
#include <stdlib.h>

#define HOSTILE 300u /* places in a file */
#define FAILURES_MAX 24u

typedef struct File {
    char *bytes;
    uint64_t n;
    uint32_t writes, fail_at; /* the sink fails at that write; 0: never */
} File;

typedef struct Content {
    NnArray arrays[NN_TYPE_COUNT];
    Tensor *tensors[NN_TYPE_COUNT];
    NnPair pairs[2];
    uint64_t n, n_pairs;
} Content;

typedef struct Formats {
    Kit *kit;
    const NnFormat *format;
    KitHost host;
    uint32_t taken;
} Formats;

/* ---- contents ---- */

static const struct {
    const char *text;
    int32_t rank;
    int64_t dims[3];
} shapes[] = {{"[]", 0, {0}},           {"[3]", 1, {3}},           {"[2,3]", 2, {2, 3}},
              {"[0]", 1, {0}},          {"[2,0,3]", 3, {2, 0, 3}}, {"[1,1,1]", 3, {1, 1, 1}},
              {"[7,2,5]", 3, {7, 2, 5}}};

static const char *const names[] = {
    "w", "layer.0/weight", "running mean", "a-b_c.d", "\xc3\xa9t\xc3\xa9", "x=1,y[2]", "#hash", "quote\"d"};

static void add_array(Content *c, int32_t type, uint32_t shape, const char *name) {
    const double special[] = {-0.0, HUGE_VAL, 1e-5, -1.0 / 3};
    Tensor *t = tensor_new(type, shapes[shape].rank, shapes[shape].dims);
    for (int64_t i = 0; i < tensor_count(&t->t); i++) {
        const double plain = type == NN_BOOL ? (double)(i % 2) : (double)i * 3.5;
        tensor_set(&t->t, i, i < 4 && type_is(type, NN_FLOATS) ? special[i] : plain);
    }
    c->tensors[c->n] = t;
    c->arrays[c->n++] = (NnArray){.name = name,
                                  .type = type,
                                  .rank = t->t.rank,
                                  .dims = t->dims,
                                  .data = t->t.buffer,
                                  .bytes = tensor_bytes(&t->t)};
}

static void content_clear(Content *c) {
    for (uint64_t i = 0; i < c->n; i++)
        tensor_free(c->tensors[i]);
}

/* ---- writing and reading ---- */

static int32_t put(void *self, const void *bytes, uint64_t n, NnStatus *status) {
    File *f = self;
    if (++f->writes == f->fail_at)
        return nn_status_fail(status, NN_ERROR, "the disk is full");
    f->bytes = g_realloc(f->bytes, f->n + n + 1);
    if (n)
        memcpy(f->bytes + f->n, bytes, n);
    f->n += n;
    return NN_OK;
}

static int32_t write_file(Formats *j, const Content *c, File *f, NnStatus *status) {
    const NnSink sink = {.struct_size = sizeof sink, .self = f, .write = put};
    kit_doing(j->kit, "write");
    const int32_t code =
        j->format->write(&j->host.table, c->n, c->arrays, c->n_pairs, c->pairs, &sink, status);
    return code == NN_OK ? nn_status_code(status) : code;
}

/* What came back, held against what was written (NULL: against what any array is). */
typedef struct Seen {
    const Content *want;
    bool single;
    uint64_t n, n_pairs;
    char wrong[200];
} Seen;

static bool well_formed(const NnArray *a) {
    uint64_t bytes = nn_type_size(a->type);
    bool good = a->name && a->rank >= 0 && a->rank <= NN_MAX_RANK && (a->rank == 0 || a->dims);
    for (int32_t i = 0; good && i < a->rank; i++)
        good = a->dims[i] >= 0 && !__builtin_mul_overflow(bytes, (uint64_t)a->dims[i], &bytes);
    return good && a->bytes == bytes;
}

static const NnArray *wanted(const Seen *s, const char *name) {
    for (uint64_t i = 0; i < s->want->n; i++)
        if (s->single || strcmp(s->want->arrays[i].name, name) == 0)
            return &s->want->arrays[i];
    return NULL;
}

static int32_t see_array(void *self, const NnArray *a, NnStatus *status) {
    Seen *s = self;
    volatile char sum = 0;
    (void)status;
    s->n++;
    if (!well_formed(a)) {
        (void)snprintf(s->wrong, sizeof s->wrong,
                       "an array's name, type, extents and size do not fit together");
        return NN_OK;
    }
    for (uint64_t i = 0; i < a->bytes; i++)
        sum = (char)(sum ^ ((const char *)a->data)[i]);
    const NnArray *w = s->want ? wanted(s, a->name) : NULL;
    if (s->want && w == NULL)
        (void)snprintf(s->wrong, sizeof s->wrong, "there is an array '%.40s' that was not written", a->name);
    else if (w && (w->type != a->type || w->rank != a->rank ||
                   (w->rank && memcmp(w->dims, a->dims, (size_t)w->rank * sizeof *w->dims) != 0)))
        (void)snprintf(s->wrong, sizeof s->wrong,
                       "array '%.40s' of %s and rank %d comes back as %s of rank %d", w->name,
                       nn_type_name(w->type), w->rank, nn_type_name(a->type), a->rank);
    else if (w && a->bytes && memcmp(w->data, a->data, a->bytes) != 0)
        (void)snprintf(s->wrong, sizeof s->wrong, "array '%.40s' of %s comes back with other bits", w->name,
                       nn_type_name(w->type));
    return NN_OK;
}

static int32_t see_pair(void *self, const NnPair *p, NnStatus *status) {
    Seen *s = self;
    bool known = s->want == NULL;
    (void)status;
    for (uint64_t i = 0; s->want && i < s->want->n_pairs; i++) {
        const bool it = p->key && strcmp(s->want->pairs[i].key, p->key) == 0;
        s->n_pairs += it;
        known = known || (it && p->value && strcmp(s->want->pairs[i].value, p->value) == 0);
    }
    if (!known && p->key && s->n_pairs)
        (void)snprintf(s->wrong, sizeof s->wrong, "the text '%.40s' comes back as another", p->key);
    return NN_OK;
}

/* The bytes end where forbidden memory begins. */
static int32_t read_file(Formats *j, const char *bytes, uint64_t n, Seen *seen, NnStatus *status) {
    const NnSource source = {
        .struct_size = sizeof source, .self = seen, .array = see_array, .pair = see_pair};
    const uint64_t room = (n + 63) / 64 * 64;
    Buffer b;
    if (!buffer_new(&b, NULL, room, WRITES_PAST_BUFFER, "the file's bytes"))
        return nn_status_fail(status, NN_OUT_OF_MEMORY, "the kit has no memory for a file");
    char *at = (char *)b.handle + b.offset + room - n;
    if (n)
        memcpy(at, bytes, n);
    kit_doing(j->kit, "read");
    const int32_t code = j->format->read(&j->host.table, at, n, &source, status);
    buffer_free(&b);
    return code == NN_OK ? nn_status_code(status) : code;
}

/* ---- there and back ---- */

static const char *compare(Formats *j, const Content *c, const File *f, char *text, size_t size) {
    NnStatus *status = nn_status_new();
    Seen seen = {.want = c, .single = (j->format->flags & NN_FORMAT_SINGLE) != 0};
    const int32_t code = read_file(j, f->bytes, f->n, &seen, status);
    text[0] = '\0';
    if (code != NN_OK)
        (void)snprintf(text, size, "what it wrote it does not read: %s", nn_status_message(status));
    else if (seen.wrong[0])
        (void)g_strlcpy(text, seen.wrong, size);
    else if (seen.n != c->n || seen.n_pairs != c->n_pairs)
        (void)snprintf(text, size, "%d arrays and %d texts were written, %d and %d come back", (int)c->n,
                       (int)c->n_pairs, (int)seen.n, (int)seen.n_pairs);
    nn_status_free(status);
    return text[0] ? text : NULL;
}

/* True with the file when it was written. */
static bool there_and_back(Formats *j, const Content *c, File *f) {
    Kit *k = j->kit;
    NnStatus *status = nn_status_new();
    File again = {.n = 0};
    char text[300];
    const uint64_t live = memory_count().live;
    const int32_t code = write_file(j, c, f, status);
    if (code != NN_OK) {
        (void)kit_expect(k, REFUSES_ITS_CLAIM, nn_status_code(status) != NN_OK,
                         "it is not written, without a reason");
    } else {
        j->taken++;
        const char *wrong = compare(j, c, f, text, sizeof text);
        (void)kit_expect(k, WRONG_ROUND_TRIP, wrong == NULL, "%s", wrong ? wrong : "");
        const bool same = write_file(j, c, &again, status) == NN_OK && again.n == f->n &&
                          (f->n == 0 || memcmp(again.bytes, f->bytes, f->n) == 0);
        (void)kit_expect(k, NOT_REPEATABLE, same, "written once more it has other bytes");
    }
    (void)kit_expect(k, LEAKS, memory_count().live <= live, "it keeps memory of a file that is done");
    g_free(again.bytes);
    nn_status_free(status);
    return code == NN_OK;
}

static void judge_each(Formats *j) {
    for (int32_t type = 1; type < NN_TYPE_COUNT; type++)
        for (uint32_t s = 0; type_is(type, NN_ANY) && s < G_N_ELEMENTS(shapes); s++) {
            Content c = {.n = 0};
            File f = {.n = 0};
            add_array(&c, type, s, "weight");
            if (kit_case(j->kit, "an array of %s %s", nn_type_name(type), shapes[s].text))
                (void)there_and_back(j, &c, &f);
            g_free(f.bytes);
            content_clear(&c);
        }
}

/* ---- what goes wrong outside of the format ---- */

static void judge_sink(Formats *j, const Content *c) {
    for (uint32_t n = 1;; n++) {
        File f = {.fail_at = n};
        NnStatus *status = nn_status_new();
        const int32_t code = write_file(j, c, &f, status);
        const bool failed = f.writes >= n;
        if (failed)
            (void)kit_expect(j->kit, WRONG_ROUND_TRIP, code != NN_OK,
                             "write %u fails, and it goes on as if it had not", n);
        nn_status_free(status);
        g_free(f.bytes);
        if (!failed || n == FAILURES_MAX)
            return;
    }
}

static void judge_memory(Formats *j, const Content *c, const File *file) {
    for (uint32_t n = 1; n <= 2 * FAILURES_MAX; n++) {
        const bool writes = n % 2;
        const uint64_t live = memory_count().live;
        File f = {.n = 0};
        Seen seen = {.want = c};
        NnStatus *status = nn_status_new();
        j->kit->findings->stage = STAGE_WITHOUT_MEMORY;
        memory_fail_at((n + 1) / 2);
        const int32_t code =
            writes ? write_file(j, c, &f, status) : read_file(j, file->bytes, file->n, &seen, status);
        const bool failed = memory_has_failed();
        memory_fail_at(0);
        j->kit->findings->stage = STAGE_RUN;
        if (failed && code != NN_OK)
            (void)kit_expect(j->kit, IGNORES_FAILED_ALLOCATION, nn_status_code(status) != NN_OK,
                             "without memory it fails without a sentence");
        else if (failed)
            (void)kit_expect(j->kit, IGNORES_FAILED_ALLOCATION,
                             writes ? f.n == file->n && memcmp(f.bytes, file->bytes, f.n) == 0
                                    : seen.n == c->n,
                             "without memory it goes on with something else");
        (void)kit_expect(j->kit, LEAKS, memory_count().live <= live, "of a call that failed it keeps memory");
        nn_status_free(status);
        g_free(f.bytes);
    }
}

static void read_hostile(Formats *j, const char *bytes, uint64_t n, const char *what, uint64_t at) {
    NnStatus *status = nn_status_new();
    Seen seen = {.want = NULL};
    const uint64_t live = memory_count().live;
    const int32_t code = read_file(j, bytes, n, &seen, status);
    (void)kit_expect(j->kit, WRONG_ROUND_TRIP,
                     code == NN_OK ? seen.wrong[0] == '\0' : nn_status_code(status) != NN_OK, "%s %d: %s",
                     what, (int)at, seen.wrong[0] ? seen.wrong : "it is refused without a sentence");
    (void)kit_expect(j->kit, LEAKS, memory_count().live <= live,
                     "%s %d: of a file that it refuses it keeps memory", what, (int)at);
    nn_status_free(status);
}

static void judge_hostile(Formats *j, const File *file) {
    static const uint8_t changes[] = {0xff, 0x01, 0x80, '\n'};
    const uint64_t step = file->n / HOSTILE + 1;
    for (uint64_t at = 0; at < file->n; at += step)
        if (kit_case(j->kit, "a file of which %d bytes are left", (int)at))
            read_hostile(j, file->bytes, at, "cut at", at);
    for (uint64_t at = 0; at < file->n; at += step)
        for (uint32_t i = 0; i < G_N_ELEMENTS(changes); i++) {
            file->bytes[at] = (char)(file->bytes[at] ^ changes[i]);
            if (kit_case(j->kit, "a file whose byte %d is another", (int)at))
                read_hostile(j, file->bytes, file->n, "changed at", at);
            file->bytes[at] = (char)(file->bytes[at] ^ changes[i]);
        }
}

/* ---- */

/* As many arrays as there are types that it takes, with names that try the syntax, and two texts. */
static void judge_many(Formats *j) {
    Content c = {.n = 0};
    File f = {.n = 0};
    for (int32_t type = 1; type < NN_TYPE_COUNT; type++) {
        Content one = {.n = 0};
        File alone = {.n = 0};
        NnStatus *status = nn_status_new();
        add_array(&one, type_is(type, NN_ANY) ? type : NN_F32, 2, "w");
        if (type_is(type, NN_ANY) && write_file(j, &one, &alone, status) == NN_OK &&
            (c.n == 0 || !(j->format->flags & NN_FORMAT_SINGLE)))
            add_array(&c, type, (uint32_t)type % G_N_ELEMENTS(shapes), names[c.n % G_N_ELEMENTS(names)]);
        nn_status_free(status);
        g_free(alone.bytes);
        content_clear(&one);
    }
    c.n = MIN(c.n, G_N_ELEMENTS(names));
    if (!(j->format->flags & NN_FORMAT_BARE)) {
        c.n_pairs = 2;
        c.pairs[0] = (NnPair){"kind", "a \"text\" of\ntwo lines"};
        c.pairs[1] = (NnPair){"maker", "\xc3\xa9t\xc3\xa9 \\ / {}"};
    }
    if (kit_case(j->kit, "%d arrays and %d texts", (int)c.n, (int)c.n_pairs)) {
        if (there_and_back(j, &c, &f)) {
            judge_sink(j, &c);
            judge_memory(j, &c, &f);
        }
    } else {
        NnStatus *status = nn_status_new(); /* a child before this one has done that much */
        (void)write_file(j, &c, &f, status);
        nn_status_free(status);
    }
    judge_hostile(j, &f);
    g_free(f.bytes);
    content_clear(&c);
}

void judge_format(Kit *k) {
    Formats j = {.kit = k};
    const NnFormat *f = j.format = object_export(k, sizeof *f);
    if (f == NULL)
        return;
    k->findings->stage = STAGE_RUN;
    object_host(k, k->subject->file, &j.host);
    if (kit_case(k, "the table")) {
        (void)kit_expect(k, WRONG_TABLE, f->doc && *f->doc && f->extension && *f->extension,
                         "it says nothing of itself (doc), or names no extension");
        (void)kit_expect(k, WRONG_TABLE, f->read || f->write || f->read_graph || f->write_graph,
                         "it neither reads nor writes anything");
    }
    if (f->read == NULL || f->write == NULL) {
        kit_skip(k, WRONG_ROUND_TRIP, "arrays are not both written and read");
        return;
    }
    judge_each(&j);
    judge_many(&j);
    if (k->skip == 0)
        (void)kit_expect(k, REFUSES_ITS_CLAIM, j.taken > 0, "no array of any type is written");
}
