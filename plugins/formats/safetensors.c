/* SPDX-License-Identifier: Apache-2.0 */
/*
 * safetensors (Hugging Face, format 0.3): eight bytes of header length, a header in JSON, then the arrays'
 * bytes. Reading is strict: the header is at most 100 MB and inside of the file, the arrays cover the data
 * without holes and overlaps, nothing occurs twice, nothing unknown occurs. The header is walked twice, once
 * to check and to count, once to fill tables of just that size, so that hostile bytes never make them grow.
 * Whatever is wrong is told with its offset.
 */
#include "json.h"

#include <stdlib.h>

#define MAX_HEADER 100000000u
#define PREFIX 8u /* bytes of the header length */
#define METADATA "__metadata__"

typedef struct Dtype {
    const char *name;
    int32_t type;
} Dtype;

static const Dtype dtypes[] = {
    {"F32", NN_F32},   {"F64", NN_F64},       {"F16", NN_F16},          {"BF16", NN_BF16},
    {"I64", NN_I64},   {"I32", NN_I32},       {"I16", NN_I16},          {"I8", NN_I8},
    {"U8", NN_U8},     {"U16", NN_U16},       {"U32", NN_U32},          {"U64", NN_U64},
    {"BOOL", NN_BOOL}, {"C64", NN_COMPLEX64}, {"F8_E4M3", NN_F8E4M3FN}, {"F8_E5M2", NN_F8E5M2},
};

typedef struct Tensor {
    const char *name;
    const int64_t *dims;
    uint64_t begin, end; /* in the data */
    uint32_t at;         /* offset of its entry in the file */
    uint8_t type, rank;
} Tensor;

/* The tables are NULL in the first walk, which counts only. */
typedef struct Header {
    Tensor *tensors;
    NnPair *pairs;
    int64_t *dims;
    char *text;
    size_t n_tensors, n_pairs, n_dims, n_text;
} Header;

/* ---- the header ---- */

/* A string into the pool; in the counting walk, *text is NULL. */
static bool take_text(Reader *r, const char **text) {
    Header *h = r->header;
    char *out = h->text ? h->text + h->n_text : NULL;
    size_t length;

    if (!take_string(r, out, out ? SIZE_MAX : 0, &length))
        return false;
    h->n_text += length + 1;
    *text = out;
    return true;
}

static bool take_dtype(Reader *r, Tensor *t) {
    char name[16];
    size_t length;
    skip_space(r);
    const size_t start = r->at;

    if (!take_string(r, name, sizeof name, &length))
        return false;
    for (size_t i = 0; i < NN_COUNT(dtypes); i++)
        if (length < sizeof name && strcmp(name, dtypes[i].name) == 0) {
            t->type = (uint8_t)dtypes[i].type;
            return true;
        }
    return bad(r, start, "unknown dtype \"%s\"", name);
}

static bool take_shape(Reader *r, Tensor *t) {
    Header *h = r->header;
    bool more;

    t->dims = h->dims ? h->dims + h->n_dims : NULL;
    if (!take_open(r, '[', ']', &more))
        return false;
    while (more) {
        uint64_t dim;
        skip_space(r);
        const size_t start = r->at;
        if (!take_number(r, &dim))
            return false;
        if (dim > INT64_MAX)
            return bad(r, start, "a dimension beyond 2^63 - 1");
        if (t->rank == NN_MAX_RANK)
            return bad(r, start, "more than %d dimensions", NN_MAX_RANK);
        if (h->dims)
            h->dims[h->n_dims] = (int64_t)dim;
        h->n_dims++;
        t->rank++;
        if (!take_separator(r, ']', &more))
            return false;
    }
    return true;
}

static bool take_offsets(Reader *r, Tensor *t) {
    skip_space(r);
    const size_t start = r->at;

    if (!take(r, '[') || !take_number(r, &t->begin) || !take(r, ',') || !take_number(r, &t->end) ||
        !take(r, ']'))
        return false;
    return t->begin <= t->end || bad(r, start, "data_offsets end before they begin");
}

static bool take_tensor(Reader *r, Tensor *t) {
    static const char *const names[] = {"dtype", "shape", "data_offsets"};
    static bool (*const takers[])(Reader *, Tensor *) = {take_dtype, take_shape, take_offsets};
    bool seen[3] = {false};
    bool more;

    if (!take_open(r, '{', '}', &more))
        return false;
    while (more) {
        char key[16];
        size_t length, i;
        skip_space(r);
        const size_t start = r->at;
        if (!take_string(r, key, sizeof key, &length))
            return false;
        for (i = 0; i < 3 && (length >= sizeof key || strcmp(key, names[i]) != 0); i++) {
        }
        if (i == 3)
            return bad(r, start, "unknown key \"%s\"; dtype, shape and data_offsets are expected", key);
        if (seen[i])
            return bad(r, start, "the key %s is there twice", names[i]);
        seen[i] = true;
        if (!take(r, ':') || !takers[i](r, t) || !take_separator(r, '}', &more))
            return false;
    }
    for (int i = 0; i < 3; i++)
        if (!seen[i])
            return bad(r, t->at, "%s is missing", names[i]);
    return true;
}

static bool take_metadata(Reader *r) {
    Header *h = r->header;
    bool more;

    if (!take_open(r, '{', '}', &more))
        return false;
    while (more) {
        NnPair pair;
        if (!take_text(r, &pair.key) || !take(r, ':') || !take_text(r, &pair.value) ||
            !take_separator(r, '}', &more))
            return false;
        if (h->pairs)
            h->pairs[h->n_pairs] = pair;
        h->n_pairs++;
    }
    return true;
}

static bool is_metadata(const Reader *r) {
    Reader look = *r;
    char key[sizeof METADATA + 1];
    size_t length;

    return take_string(&look, key, sizeof key, &length) && strcmp(key, METADATA) == 0;
}

static bool walk(Reader *r) {
    Header *h = r->header;
    bool more, metadata = false;

    r->at = PREFIX;
    if (r->at < r->end && r->bytes[r->at] != '{') /* not even a space may stand before it */
        return expected(r, "'{'");
    if (!take_open(r, '{', '}', &more))
        return false;
    while (more) {
        Tensor t = {0};
        skip_space(r);
        t.at = (uint32_t)r->at;
        if (at_char(r, '"') && is_metadata(r)) {
            size_t length;
            if (metadata)
                return bad(r, r->at, "the key " METADATA " is there twice");
            metadata = true;
            if (!take_string(r, NULL, 0, &length) || !take(r, ':') || !take_metadata(r))
                return false;
        } else {
            if (!take_text(r, &t.name) || !take(r, ':') || !take_tensor(r, &t))
                return false;
            if (h->tensors)
                h->tensors[h->n_tensors] = t;
            h->n_tensors++;
        }
        if (!take_separator(r, '}', &more))
            return false;
    }
    skip_space(r);
    return r->at == r->end || expected(r, "spaces up to the end of the header");
}

/* ---- what the header says, against itself and the data ---- */

/* Elements times bytes; false when that is beyond 64 bits. */
static bool byte_count(int32_t type, int32_t rank, const int64_t *dims, uint64_t *bytes) {
    bool fits = true;

    *bytes = nn_type_size(type);
    for (int32_t i = 0; i < rank; i++)
        if (dims[i] == 0) {
            *bytes = 0;
            return true;
        }
    for (int32_t i = 0; i < rank; i++)
        fits = fits && !__builtin_mul_overflow(*bytes, (uint64_t)dims[i], bytes);
    return fits;
}

static int by_name(const void *a, const void *b) {
    return strcmp((*(const Tensor *const *)a)->name, (*(const Tensor *const *)b)->name);
}

static int by_place(const void *a, const void *b) {
    const Tensor *s = *(const Tensor *const *)a, *t = *(const Tensor *const *)b;

    if (s->begin != t->begin)
        return s->begin < t->begin ? -1 : 1;
    return s->end == t->end ? 0 : s->end < t->end ? -1 : 1;
}

static int by_key(const void *a, const void *b) {
    return strcmp((*(const NnPair *const *)a)->key, (*(const NnPair *const *)b)->key);
}

static bool check_sizes(const Reader *r) {
    for (size_t i = 0; i < r->header->n_tensors; i++) {
        const Tensor *t = &r->header->tensors[i];
        uint64_t bytes;
        if (!byte_count(t->type, t->rank, t->dims, &bytes))
            return bad(r, t->at, "tensor \"%.80s\": its shape is beyond 64 bits", t->name);
        if (bytes != t->end - t->begin)
            return bad(r, t->at, "tensor \"%.80s\": its shape wants %llu bytes, its data_offsets hold %llu",
                       t->name, (unsigned long long)bytes, (unsigned long long)(t->end - t->begin));
    }
    return true;
}

static bool check_names(const Reader *r, const Tensor **order) {
    const size_t n = r->header->n_tensors;

    if (n)
        qsort(order, n, sizeof *order, by_name);
    for (size_t i = 1; i < n; i++)
        if (strcmp(order[i]->name, order[i - 1]->name) == 0) {
            const uint32_t a = order[i]->at, b = order[i - 1]->at;
            return bad(r, a > b ? a : b, "tensor \"%.80s\" is there twice", order[i]->name);
        }
    return true;
}

static bool check_cover(const Reader *r, const Tensor **order, uint64_t data) {
    const size_t n = r->header->n_tensors;
    uint64_t covered = 0;

    if (n)
        qsort(order, n, sizeof *order, by_place);
    for (size_t i = 0; i < n; i++) {
        const Tensor *t = order[i];
        if (t->begin != covered)
            return bad(r, t->at, "tensor \"%.80s\" begins at byte %llu of the data, %s %llu", t->name,
                       (unsigned long long)t->begin,
                       t->begin < covered ? "inside of another that ends at" : "after a hole from",
                       (unsigned long long)covered);
        if (t->end > data)
            return bad(r, t->at, "tensor \"%.80s\" ends at byte %llu of the data, which has %llu", t->name,
                       (unsigned long long)t->end, (unsigned long long)data);
        covered = t->end;
    }
    return covered == data || bad(r, r->end + covered, "%llu bytes behind the last tensor",
                                  (unsigned long long)(data - covered));
}

static bool no_memory(const Reader *r) {
    r->nn->fail(r->status, NN_OUT_OF_MEMORY, "no memory to check the header");
    return false;
}

static bool check_pairs(const Reader *r) {
    const size_t n = r->header->n_pairs;
    const NnPair **order = malloc((n + 1) * sizeof *order);
    bool good = true;

    if (order == NULL)
        return no_memory(r);
    for (size_t i = 0; i < n; i++)
        order[i] = &r->header->pairs[i];
    if (n)
        qsort(order, n, sizeof *order, by_key);
    for (size_t i = 1; i < n && good; i++)
        if (strcmp(order[i]->key, order[i - 1]->key) == 0)
            good = bad(r, PREFIX, METADATA " has the key \"%.80s\" twice", order[i]->key);
    free(order);
    return good;
}

static bool check_tensors(const Reader *r, uint64_t data) {
    const size_t n = r->header->n_tensors;
    const Tensor **order = malloc((n + 1) * sizeof *order);
    bool good;

    if (order == NULL)
        return no_memory(r);
    for (size_t i = 0; i < n; i++)
        order[i] = &r->header->tensors[i];
    good = check_sizes(r) && check_names(r, order) && check_cover(r, order, data);
    free(order);
    return good;
}

static bool allocate(const Reader *r, const Header *counted, Header *h) {
    *h = (Header){
        .tensors = malloc((counted->n_tensors + 1) * sizeof *h->tensors),
        .pairs = malloc((counted->n_pairs + 1) * sizeof *h->pairs),
        .dims = malloc((counted->n_dims + 1) * sizeof *h->dims),
        .text = malloc(counted->n_text + 1),
    };
    if (h->tensors && h->pairs && h->dims && h->text)
        return true;
    r->nn->fail(r->status, NN_OUT_OF_MEMORY, "no memory for the tables of the header");
    return false;
}

static int32_t deliver(const Reader *r, const NnSource *source) {
    const Header *h = r->header;
    int32_t code = NN_OK;

    for (size_t i = 0; code == NN_OK && NN_HAS(source, pair) && i < h->n_pairs; i++)
        code = source->pair(source->self, &h->pairs[i], r->status);
    for (size_t i = 0; code == NN_OK && NN_HAS(source, array) && i < h->n_tensors; i++) {
        const Tensor *t = &h->tensors[i];
        const NnArray array = {.name = t->name,
                               .type = t->type,
                               .rank = t->rank,
                               .dims = t->dims,
                               .data = r->bytes + r->end + t->begin,
                               .bytes = t->end - t->begin};
        code = source->array(source->self, &array, r->status);
    }
    return code;
}

static int32_t read_file(const NnHost *nn, const void *bytes, uint64_t n, const NnSource *source,
                         NnStatus *status) {
    Header counted = {0}, header = {0};
    Reader r = {.bytes = bytes, .nn = nn, .status = status, .header = &counted};
    uint64_t length = 0;
    int32_t code = NN_INVALID;

    if (n < PREFIX)
        return nn_fail(nn, status, NN_INVALID,
                       "offset 0: not safetensors: %llu bytes, at least %u are expected",
                       (unsigned long long)n, PREFIX);
    for (unsigned i = PREFIX; i-- > 0;)
        length = length << 8 | r.bytes[i];
    if (length > MAX_HEADER)
        return nn_fail(nn, status, NN_INVALID,
                       "offset 0: not safetensors: a header of %llu bytes, at most %u are allowed",
                       (unsigned long long)length, MAX_HEADER);
    if (length > n - PREFIX)
        return nn_fail(nn, status, NN_INVALID,
                       "offset 0: cut short: the header would end at byte %llu, the file has %llu",
                       (unsigned long long)(length + PREFIX), (unsigned long long)n);
    r.end = PREFIX + (size_t)length;
    if (!walk(&r))
        return nn->code(status);
    if (allocate(&r, &counted, &header)) {
        r.header = &header;
        if (walk(&r) && check_pairs(&r) && check_tensors(&r, n - r.end))
            code = deliver(&r, source);
        else
            code = nn->code(status);
    } else {
        code = NN_OUT_OF_MEMORY;
    }
    free(header.tensors);
    free(header.pairs);
    free(header.dims);
    free(header.text);
    return code;
}

/* ---- writing ---- */

typedef struct Text {
    char *bytes;
    size_t n, room;
    bool failed;
} Text;

static void append(Text *text, const char *bytes, size_t n) {
    if (text->failed)
        return;
    if (text->room - text->n < n) {
        const size_t room = (text->room + n) * 2;
        char *more = realloc(text->bytes, room);
        if (more == NULL) {
            text->failed = true;
            return;
        }
        text->bytes = more;
        text->room = room;
    }
    memcpy(text->bytes + text->n, bytes, n);
    text->n += n;
}

static void append_string(Text *text, const char *string) {
    append(text, "\"", 1);
    for (const char *c = string; *c; c++) {
        char escape[8];
        if (*c == '"' || *c == '\\')
            append(text, escape, (size_t)snprintf(escape, sizeof escape, "\\%c", *c));
        else if ((unsigned char)*c < 0x20)
            append(text, escape, (size_t)snprintf(escape, sizeof escape, "\\u%04x", (unsigned)*c));
        else
            append(text, c, 1);
    }
    append(text, "\"", 1);
}

static bool is_utf8(const char *string) { return utf8_valid(string, strlen(string)) == strlen(string); }

static const char *dtype_name(int32_t type) {
    for (size_t i = 0; i < NN_COUNT(dtypes); i++)
        if (dtypes[i].type == type)
            return dtypes[i].name;
    return NULL;
}

static int32_t check_array(const NnHost *nn, const NnArray *a, NnStatus *status) {
    uint64_t bytes;

    if (!is_utf8(a->name))
        return nn_fail(nn, status, NN_INVALID, "the name of a tensor is not UTF-8");
    if (strcmp(a->name, METADATA) == 0)
        return nn_fail(nn, status, NN_INVALID, "a tensor cannot have the name " METADATA);
    if (dtype_name(a->type) == NULL)
        return nn_fail(nn, status, NN_UNSUPPORTED, "tensor \"%.80s\": safetensors has no type %s", a->name,
                       nn_type_name(a->type));
    if (a->rank < 0 || a->rank > NN_MAX_RANK)
        return nn_fail(nn, status, NN_INVALID, "tensor \"%.80s\": rank %d, 0 to %d is expected", a->name,
                       a->rank, NN_MAX_RANK);
    for (int32_t i = 0; i < a->rank; i++)
        if (a->dims[i] < 0)
            return nn_fail(nn, status, NN_INVALID, "tensor \"%.80s\": a negative dimension", a->name);
    if (!byte_count(a->type, a->rank, a->dims, &bytes) || bytes != a->bytes)
        return nn_fail(nn, status, NN_INVALID, "tensor \"%.80s\": its shape does not fit its %llu bytes",
                       a->name, (unsigned long long)a->bytes);
    return NN_OK;
}

static int array_by_name(const void *a, const void *b) {
    return strcmp((*(const NnArray *const *)a)->name, (*(const NnArray *const *)b)->name);
}

static int32_t check_arrays(const NnHost *nn, uint64_t n, const NnArray *arrays, NnStatus *status) {
    const NnArray **order = malloc((n + 1) * sizeof *order);
    int32_t code = NN_OK;

    if (order == NULL)
        return nn_fail(nn, status, NN_OUT_OF_MEMORY, "no memory to check the tensors");
    for (uint64_t i = 0; i < n && code == NN_OK; i++) {
        order[i] = &arrays[i];
        code = check_array(nn, &arrays[i], status);
    }
    if (code == NN_OK && n)
        qsort(order, n, sizeof *order, array_by_name);
    for (uint64_t i = 1; i < n && code == NN_OK; i++)
        if (strcmp(order[i]->name, order[i - 1]->name) == 0)
            code = nn_fail(nn, status, NN_INVALID, "tensor \"%.80s\" is there twice", order[i]->name);
    free(order);
    return code;
}

static void append_header(Text *text, uint64_t n, const NnArray *arrays, uint64_t n_pairs,
                          const NnPair *pairs) {
    char number[64];
    uint64_t at = 0;

    append(text, "\0\0\0\0\0\0\0\0{", PREFIX + 1);
    if (n_pairs) {
        append_string(text, METADATA);
        for (uint64_t i = 0; i < n_pairs; i++) {
            append(text, i ? "," : ":{", i ? 1 : 2);
            append_string(text, pairs[i].key);
            append(text, ":", 1);
            append_string(text, pairs[i].value);
        }
        append(text, "}", 1);
    }
    for (uint64_t i = 0; i < n; i++) {
        const NnArray *a = &arrays[i];
        if (i || n_pairs)
            append(text, ",", 1);
        append_string(text, a->name);
        append(text, ":{\"dtype\":", 10);
        append_string(text, dtype_name(a->type));
        append(text, ",\"shape\":[", 10);
        for (int32_t d = 0; d < a->rank; d++)
            append(text, number,
                   (size_t)snprintf(number, sizeof number, d ? ",%lld" : "%lld", (long long)a->dims[d]));
        append(text, number,
               (size_t)snprintf(number, sizeof number, "],\"data_offsets\":[%llu,%llu]}",
                                (unsigned long long)at, (unsigned long long)(at + a->bytes)));
        at += a->bytes;
    }
    append(text, "}", 1);
    while (text->n % 8 && !text->failed) /* so that the data is aligned when the file is mapped */
        append(text, " ", 1);
}

static int32_t write_file(const NnHost *nn, uint64_t n, const NnArray *arrays, uint64_t n_pairs,
                          const NnPair *pairs, const NnSink *sink, NnStatus *status) {
    Text text = {0};
    int32_t code = check_arrays(nn, n, arrays, status);

    for (uint64_t i = 0; i < n_pairs && code == NN_OK; i++)
        if (!is_utf8(pairs[i].key) || !is_utf8(pairs[i].value))
            code = nn_fail(nn, status, NN_INVALID, "a key or value of the metadata is not UTF-8");
    if (code != NN_OK)
        return code;
    append_header(&text, n, arrays, n_pairs, pairs);
    if (text.failed)
        code = nn_fail(nn, status, NN_OUT_OF_MEMORY, "no memory for the header");
    else if (text.n - PREFIX > MAX_HEADER)
        code = nn_fail(nn, status, NN_INVALID, "a header of %zu bytes, at most %u are allowed",
                       text.n - PREFIX, MAX_HEADER);
    if (code == NN_OK) {
        for (unsigned i = 0; i < PREFIX; i++)
            text.bytes[i] = (char)((uint64_t)(text.n - PREFIX) >> (8 * i));
        code = sink->write(sink->self, text.bytes, text.n, status);
    }
    for (uint64_t i = 0; i < n && code == NN_OK; i++)
        if (arrays[i].bytes)
            code = sink->write(sink->self, arrays[i].data, arrays[i].bytes, status);
    free(text.bytes);
    return code;
}

static const NnFormat safetensors = {
    .struct_size = sizeof safetensors,
    .name = "safetensors",
    .extension = "safetensors",
    .doc = "Named arrays behind a header in JSON (Hugging Face), read strictly.",
    .write = write_file,
    .read = read_file};

static const NnExport exports[] = {{NN_FORMAT_KIND, "safetensors", &safetensors}};
NN_PLUGIN(safetensors, "Weights as safetensors", exports)
