/* SPDX-License-Identifier: Apache-2.0 */
/* Defect: wrong-round-trip. A format whose reader takes a scalar for a vector of one element: the dimensions
 * come back as [1] where they were []. */
#include "shelf.h"

#define MAGIC "shelf-1\n"
#define NAME_MAX_BYTES 4096u

/* An array's head in the file; its name and its data follow. Pairs have a key and a value instead. */
typedef struct Head {
    uint32_t name_bytes;
    int32_t type, rank; /* type 0: a pair, whose value is the data */
    uint32_t reserved;
    uint64_t bytes;
    int64_t dims[NN_MAX_RANK];
} Head;

/* ---- writing ---- */

static int32_t put(const NnSink *sink, Head *head, const char *name, const void *data, NnStatus *status) {
    head->name_bytes = (uint32_t)strlen(name) + 1;
    int32_t code = sink->write(sink->self, head, sizeof *head, status);
    if (code == NN_OK)
        code = sink->write(sink->self, name, head->name_bytes, status);
    return code == NN_OK && head->bytes ? sink->write(sink->self, data, head->bytes, status) : code;
}

static int32_t write_all(const NnHost *nn, uint64_t n, const NnArray *arrays, uint64_t n_pairs,
                         const NnPair *pairs, const NnSink *sink, NnStatus *status) {
    int32_t code = sink->write(sink->self, MAGIC, sizeof MAGIC - 1, status);
    for (uint64_t i = 0; i < n_pairs && code == NN_OK; i++) {
        Head head = {.bytes = strlen(pairs[i].value) + 1};
        code = put(sink, &head, pairs[i].key, pairs[i].value, status);
    }
    for (uint64_t i = 0; i < n && code == NN_OK; i++) {
        Head head = {.type = arrays[i].type, .rank = arrays[i].rank, .bytes = arrays[i].bytes};
        if (strlen(arrays[i].name) >= NAME_MAX_BYTES)
            return nn_fail(nn, status, NN_INVALID, "the name of array %llu is longer than %u bytes",
                           (unsigned long long)i, NAME_MAX_BYTES);
        for (int32_t d = 0; d < head.rank; d++)
            head.dims[d] = arrays[i].dims[d];
        code = put(sink, &head, arrays[i].name, arrays[i].data, status);
    }
    return code;
}

/* ---- reading ---- */

typedef struct Cursor {
    const NnHost *nn;
    const char *bytes;
    uint64_t at, n;
    NnStatus *status;
} Cursor;

static int32_t bad(const Cursor *c, const char *what) {
    return nn_fail(c->nn, c->status, NN_INVALID, "at byte %llu: %s", (unsigned long long)c->at, what);
}

static const void *take(Cursor *c, uint64_t n) {
    if (n > c->n - c->at) {
        (void)bad(c, "the file ends inside of an array");
        return NULL;
    }
    c->at += n;
    return c->bytes + c->at - n;
}

/* Does the number of bytes fit the type and the dimensions? */
static bool fits(const Head *h) {
    uint64_t bytes = nn_type_size(h->type);
    if (bytes == 0 || h->rank < 0 || h->rank > NN_MAX_RANK)
        return false;
    for (int32_t d = 0; d < h->rank; d++)
        if (h->dims[d] < 0 || __builtin_mul_overflow(bytes, (uint64_t)h->dims[d], &bytes))
            return false;
    return bytes == h->bytes;
}

static int32_t give_array(const Cursor *c, const NnSource *source, Head *h, const char *name,
                          const void *data) {
    if (!fits(h))
        return bad(c, "type, dimensions and size of an array do not fit each other");
    if (h->rank == 0)
        h->dims[h->rank++] = 1;
    const NnArray array = {
        .name = name, .type = h->type, .rank = h->rank, .dims = h->dims, .data = data, .bytes = h->bytes};
    return source->array(source->self, &array, c->status);
}

static int32_t give_pair(const Cursor *c, const NnSource *source, const Head *h, const char *key,
                         const char *value) {
    if (h->bytes == 0 || value[h->bytes - 1] != '\0')
        return bad(c, "a value is not closed by a zero");
    const NnPair pair = {.key = key, .value = value};
    return source->pair ? source->pair(source->self, &pair, c->status) : NN_OK;
}

static int32_t read_all(const NnHost *nn, const void *bytes, uint64_t n, const NnSource *source,
                        NnStatus *status) {
    Cursor c = {.nn = nn, .bytes = bytes, .n = n, .status = status};
    if (n < sizeof MAGIC - 1 || memcmp(bytes, MAGIC, sizeof MAGIC - 1) != 0)
        return bad(&c, "expected \"shelf-1\" and a new line");
    c.at = sizeof MAGIC - 1;
    int32_t code = NN_OK;
    while (c.at < n && code == NN_OK) {
        Head head;
        const void *from = take(&c, sizeof head);
        if (from == NULL)
            return nn->code(status);
        memcpy(&head, from, sizeof head);
        const char *name = take(&c, head.name_bytes);
        const void *data = name ? take(&c, head.bytes) : NULL;
        if (data == NULL)
            return nn->code(status);
        if (head.name_bytes == 0 || head.name_bytes > NAME_MAX_BYTES || name[head.name_bytes - 1] != '\0')
            return bad(&c, "a name is not closed by a zero");
        code = head.type == NN_NONE ? give_pair(&c, source, &head, name, data)
                                    : give_array(&c, source, &head, name, data);
    }
    return code;
}

static const NnFormat format = {.struct_size = sizeof format,
                                .name = "shelf",
                                .extension = "shelf",
                                .doc = "Arrays one after the other, each behind a head of fixed size.",
                                .write = write_all,
                                .read = read_all};

static const NnExport exports[] = {{NN_FORMAT_KIND, "shelf", &format}};
NN_PLUGIN(wrong_round_trip, "The format shelf.", exports)
