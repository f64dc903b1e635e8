/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Samples out of files of arrays, in any format that a plug-in reads: an array is a field, its first
 * dimension the samples, which all have as many of. Samples for testing come from a second file (or folder),
 * or are drawn by a seed. Nothing is copied that lies in the file as it is.
 */
#include "nn/plugin.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <zlib.h>

#define MAX_FIELDS 64u
#define MAX_CLASSES (INT64_C(1) << 31)

/* One array of one split's file. */
typedef struct Array {
    char *name;
    int32_t type, rank;
    int64_t dims[NN_MAX_RANK];
    const uint8_t *data;
    uint64_t bytes;
    uint8_t *owned; /* NULL where the data lies in the file */
} Array;

/* The arrays of a split: of one file, or of a folder with a file for each. */
typedef struct Part {
    const char *path;
    Array arrays[MAX_FIELDS];
    uint32_t n, n_files;
    uint8_t *files[MAX_FIELDS];
} Part;

struct NnData {
    NnDataInfo info;
    NnField fields[MAX_FIELDS];
    uint64_t bytes[MAX_FIELDS]; /* of one sample */
    const Array *from[2][MAX_FIELDS];
    NnSplit splits[2];
    Part parts[2];
    uint32_t n_parts;
    uint64_t *rows; /* of one part: those to train on, then those to test on; NULL: each part is a split */
    char digest[32];
};

/* A part that is being read. */
typedef struct Load {
    const NnHost *nn;
    Part *part;
    const char *called; /* the array's name, where its file has but one; NULL: as the file says */
    const uint8_t *bytes;
    uint64_t n;
} Load;

static const NnSetting settings[] = {
    {.name = "path",
     .kind = NN_SET_PATH,
     .flags = NN_SET_REQUIRED,
     .doc = "A file of arrays (npz, safetensors, csv), or a folder of files with one array each (npy)."},
    {.name = "test_path",
     .kind = NN_SET_PATH,
     .doc = "The same with samples to test on; absent: samples of the first are held out."},
    {.name = "fields",
     .kind = NN_SET_MAP,
     .preset = "{}",
     .doc = "Which array (in a folder: which file) is which field, {x: images, y: labels}; empty: each array "
            "of the file "
            "is the field of its name."},
    {.name = "classes",
     .kind = NN_SET_MAP,
     .preset = "{}",
     .doc = "Fields of whole numbers that stand for classes or words, and how many of them there are: {y: "
            "10}. A field "
            "y of single whole numbers has as many as its largest says; 0: it is a number."},
    {.name = "test",
     .kind = NN_SET_FLOAT,
     .flags = NN_SET_RANGE,
     .preset = "0.2",
     .min = 0,
     .max = 0.9,
     .doc = "The share of samples to hold out, where there is no test_path."},
    {.name = "seed", .kind = NN_SET_INT, .preset = "0", .doc = "Another seed holds out other samples."},
};

/* ---- files ---- */

static int32_t take_array(void *self, const NnArray *a, NnStatus *status) {
    const Load *l = self;
    Part *part = l->part;
    const uint8_t *data = a->data;

    if (part->n == MAX_FIELDS)
        return nn_fail(l->nn, status, NN_INVALID, "more than %u arrays", MAX_FIELDS);
    Array *own = &part->arrays[part->n];
    const char *name = l->called ? l->called : a->name;
    *own = (Array){
        .type = a->type, .rank = a->rank, .data = data, .bytes = a->bytes, .name = malloc(strlen(name) + 1)};
    if (a->bytes && (data < l->bytes || data + a->bytes > l->bytes + l->n)) {
        own->data = own->owned = malloc(a->bytes);
        if (own->owned)
            memcpy(own->owned, data, a->bytes);
    }
    part->n++;
    if (own->name == NULL || (a->bytes && own->data == NULL))
        return nn_fail(l->nn, status, NN_OUT_OF_MEMORY, "no memory for array %s", name);
    (void)strcpy(own->name, name);
    if (a->rank)
        memcpy(own->dims, a->dims, (size_t)a->rank * sizeof *a->dims);
    return NN_OK;
}

static int32_t read_bytes(const NnHost *nn, const char *path, uint8_t **bytes, uint64_t *n,
                          NnStatus *status) {
    struct stat about;
    FILE *file = fopen(path, "rbe");

    *bytes = NULL;
    if (file == NULL)
        return nn_fail(nn, status, errno == ENOENT ? NN_NOT_FOUND : NN_INVALID, "%s: %s", path,
                       strerror(errno));
    if (fstat(fileno(file), &about) != 0 || !S_ISREG(about.st_mode)) {
        (void)fclose(file);
        return nn_fail(nn, status, NN_INVALID, "%s: this is no file", path);
    }
    *n = (uint64_t)about.st_size;
    *bytes = malloc(*n + 1);
    const bool whole = *bytes && fread(*bytes, 1, *n, file) == *n;
    (void)fclose(file);
    if (whole)
        return NN_OK;
    return *bytes ? nn_fail(nn, status, NN_INVALID, "%s: it became shorter while it was read", path)
                  : nn_fail(nn, status, NN_OUT_OF_MEMORY, "%s: no memory for %llu bytes", path,
                            (unsigned long long)*n);
}

static int32_t load_file(const NnHost *nn, Part *part, const char *path, const char *called,
                         NnStatus *status) {
    const char *slash = strrchr(path, '/'), *dot = strrchr(slash ? slash : path, '.');
    const NnHost *host = NULL;
    Load l = {.nn = nn, .part = part, .called = called};
    const NnFormat *format =
        NN_HAS(nn, find) ? nn->find(nn, NN_FORMAT_KIND, dot ? dot + 1 : "", &host, status) : NULL;
    const uint32_t before = part->n;

    if (format == NULL || !NN_HAS(format, read)) {
        (void)nn_fail(nn, status, NN_INVALID, "its format holds no arrays");
        nn->where(status, path);
        return nn->code(status);
    }
    uint8_t *bytes;
    int32_t code = read_bytes(nn, path, &bytes, &l.n, status);
    if (bytes)
        part->files[part->n_files++] = bytes;
    l.bytes = bytes;
    const NnSource source = {.struct_size = sizeof source, .self = &l, .array = take_array};
    if (code == NN_OK && (code = format->read(host, bytes, l.n, &source, status)) == NN_OK && called &&
        part->n != before + 1)
        code = nn_fail(nn, status, NN_INVALID, "%u arrays, one is expected", part->n - before);
    if (code != NN_OK && strncmp(nn->message(status), path, strlen(path)) != 0)
        nn->where(status, path);
    return code;
}

static int32_t load_part(const NnHost *nn, const NnConfig *config, Part *part, NnStatus *status) {
    const NnConfigApi *c = nn->config;
    const NnConfig *fields = c->get(config, "fields");
    struct stat about;

    if (stat(part->path, &about) != 0 || !S_ISDIR(about.st_mode))
        return load_file(nn, part, part->path, NULL, status);
    if (c->count(fields) == 0 || c->count(fields) > MAX_FIELDS)
        return c->fail(fields, status,
                       "a folder needs the names of its files: {x: images.npy, y: labels.npy}");
    for (uint64_t i = 0; i < c->count(fields); i++) {
        const char *file = c->string(c->at(fields, i));
        char path[4096];
        if (file == NULL)
            return c->fail(c->at(fields, i), status, "the name of a file is expected");
        (void)snprintf(path, sizeof path, "%s/%s", part->path, file);
        if (load_file(nn, part, path, file, status) != NN_OK)
            return nn->code(status);
    }
    return NN_OK;
}

static const Array *find_array(const Part *part, const char *name) {
    for (uint32_t i = 0; i < part->n; i++)
        if (strcmp(part->arrays[i].name, name) == 0)
            return &part->arrays[i];
    return NULL;
}

/* ---- fields ---- */

/* Without a word each array of the first part is a field. */
static int32_t name_fields(const NnHost *nn, const NnConfig *config, NnData *d, NnStatus *status) {
    const NnConfigApi *c = nn->config;
    const NnConfig *fields = c->get(config, "fields");
    const uint64_t n = c->count(fields) ? c->count(fields) : d->parts[0].n;

    if (n > MAX_FIELDS)
        return c->fail(fields, status, "more fields than a sample can have");
    for (uint32_t i = 0; i < n; i++) {
        const bool said = c->count(fields) != 0;
        const char *array = said ? c->string(c->at(fields, i)) : d->parts[0].arrays[i].name;
        d->fields[i].name = said ? c->key(fields, i) : array;
        for (uint32_t k = 0; k < d->n_parts; k++) {
            d->from[k][i] = array ? find_array(&d->parts[k], array) : NULL;
            if (d->from[k][i] == NULL)
                return nn_fail(nn, status, NN_INVALID, "%s: it has no array \"%.100s\"", d->parts[k].path,
                               array ? array : "");
        }
    }
    d->info.n_fields = (uint32_t)n;
    return n ? NN_OK : nn_fail(nn, status, NN_INVALID, "%s: it has no arrays", d->parts[0].path);
}

static int32_t check_fields(const NnHost *nn, NnData *d, NnStatus *status) {
    for (uint32_t k = 0; k < d->n_parts; k++)
        for (uint32_t i = 0; i < d->info.n_fields; i++) {
            const Array *a = d->from[k][i], *first = d->from[0][i], *lead = d->from[k][0];
            if (!(NN_MASK(a->type) & NN_ANY) || a->rank < 1)
                return nn_fail(nn, status, NN_INVALID,
                               "%s: array %.80s is %s of %d dimensions; rows of numbers are "
                               "expected",
                               d->parts[k].path, a->name, nn_type_name(a->type), a->rank);
            if (a->dims[0] != lead->dims[0])
                return nn_fail(nn, status, NN_INVALID, "%s: array %.80s has %lld samples, %.80s has %lld",
                               d->parts[k].path, a->name, (long long)a->dims[0], lead->name,
                               (long long)lead->dims[0]);
            if (a->type != first->type || a->rank != first->rank ||
                memcmp(a->dims + 1, first->dims + 1, (size_t)(a->rank - 1) * sizeof *a->dims) != 0)
                return nn_fail(nn, status, NN_INVALID, "%s: array %.80s has another type or shape than in %s",
                               d->parts[k].path, a->name, d->parts[0].path);
            d->fields[i].type = a->type;
            d->fields[i].rank = a->rank - 1;
            d->fields[i].dims = first->dims + 1;
            d->bytes[i] = a->dims[0] ? a->bytes / (uint64_t)a->dims[0] : 0;
        }
    return NN_OK;
}

static int64_t whole_at(const Array *a, uint64_t i) {
    const uint64_t size = nn_type_size(a->type);
    uint64_t bits = 0;

    memcpy(&bits, a->data + i * size, size); /* little endian */
    if (NN_MASK(a->type) & NN_SIGNED && size < 8 && bits >> (8 * size - 1))
        bits |= UINT64_MAX << (8 * size);
    return (int64_t)bits;
}

/* Every element of the field is one of so many classes (0: as many as its largest says). */
static int32_t count_classes(const NnHost *nn, NnData *d, uint32_t i, int64_t said, NnStatus *status) {
    int64_t most = -1;

    for (uint32_t k = 0; k < d->n_parts; k++) {
        const Array *a = d->from[k][i];
        if (!(NN_MASK(a->type) & NN_INTEGERS))
            return nn_fail(nn, status, NN_INVALID, "%s: array %.80s is %s, classes are whole numbers",
                           d->parts[k].path, a->name, nn_type_name(a->type));
        for (uint64_t e = 0; e < a->bytes / nn_type_size(a->type); e++) {
            const int64_t value = whole_at(a, e);
            if (value < 0 || value >= (said ? said : MAX_CLASSES))
                return nn_fail(nn, status, NN_INVALID,
                               "%s: element %llu of array %.80s is %lld, 0 to %lld are expected",
                               d->parts[k].path, (unsigned long long)e, a->name, (long long)value,
                               (long long)(said ? said : MAX_CLASSES) - 1);
            most = value > most ? value : most;
        }
    }
    d->fields[i].classes = (uint64_t)(said ? said : most + 1);
    return NN_OK;
}

static int32_t find_classes(const NnHost *nn, const NnConfig *config, NnData *d, NnStatus *status) {
    const NnConfigApi *c = nn->config;
    const NnConfig *classes = c->get(config, "classes");
    uint32_t used = 0;

    for (uint32_t i = 0; i < d->info.n_fields; i++) {
        const NnConfig *said = c->get(classes, d->fields[i].name);
        const int64_t n = said ? c->integer(said) : 0;
        used += said != NULL;
        if (said && (c->kind(said) != NN_CONFIG_INT || n < 0 || n > MAX_CLASSES))
            return c->fail(said, status, "how many classes there are is expected, as a whole number");
        const bool is_target = strcmp(d->fields[i].name, "y") == 0 && d->fields[i].rank == 0 &&
                               (NN_MASK(d->fields[i].type) & NN_INTEGERS);
        if ((said ? n > 0 : is_target) && count_classes(nn, d, i, n, status) != NN_OK)
            return nn->code(status);
    }
    return used == c->count(classes) ? NN_OK
                                     : c->fail(classes, status, "it names a field that the data has not");
}

/* ---- splits ---- */

static uint64_t mix(uint64_t z) { /* SplitMix64 (Steele, Lea, Flood 2014) */
    z += UINT64_C(0x9e3779b97f4a7c15);
    z = (z ^ (z >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
    z = (z ^ (z >> 27)) * UINT64_C(0x94d049bb133111eb);
    return z ^ (z >> 31);
}

/* Each choice of rows to hold out is equally likely (Knuth's algorithm S). */
static int32_t split(const NnHost *nn, const NnConfig *config, NnData *d, NnStatus *status) {
    const NnConfigApi *c = nn->config;
    const uint64_t n = (uint64_t)d->from[0][0]->dims[0], seed = (uint64_t)c->integer(c->get(config, "seed"));
    uint64_t held = (uint64_t)((double)n * c->number(c->get(config, "test")) + 0.5), train = 0;

    d->info.n_splits = 2;
    d->splits[1] = (NnSplit){"test", d->n_parts == 2 ? (uint64_t)d->from[1][0]->dims[0] : held};
    d->splits[0] = (NnSplit){"train", d->n_parts == 2 ? n : n - held};
    if (d->splits[0].count == 0)
        return nn_fail(nn, status, NN_INVALID, "%s: no sample is left to train on", d->parts[0].path);
    if (d->n_parts == 2)
        return NN_OK;
    d->rows = malloc(n * sizeof *d->rows);
    if (d->rows == NULL)
        return nn_fail(nn, status, NN_OUT_OF_MEMORY, "%s: no memory for %llu samples", d->parts[0].path,
                       (unsigned long long)n);
    uint64_t test = n - held;
    for (uint64_t i = 0; i < n; i++)
        if (mix(mix(seed) + i) % (n - i) < held) {
            d->rows[test++] = i;
            held--;
        } else {
            d->rows[train++] = i;
        }
    return NN_OK;
}

/* ---- the loader ---- */

static void close_arrays(NnData *d) {
    for (uint32_t k = 0; k < d->n_parts; k++) {
        for (uint32_t i = 0; i < d->parts[k].n; i++) {
            free(d->parts[k].arrays[i].name);
            free(d->parts[k].arrays[i].owned);
        }
        for (uint32_t i = 0; i < d->parts[k].n_files; i++)
            free(d->parts[k].files[i]);
    }
    free(d->rows);
    free(d);
}

static void fill_info(NnData *d) {
    uLong sum = crc32(0, NULL, 0);

    for (uint32_t k = 0; k < d->n_parts; k++)
        for (uint32_t i = 0; i < d->info.n_fields; i++)
            if (d->from[k][i]->bytes)
                sum = crc32_z(sum, d->from[k][i]->data, d->from[k][i]->bytes);
    (void)snprintf(d->digest, sizeof d->digest, "crc32 %08lx", (unsigned long)sum);
    d->info = (NnDataInfo){.struct_size = sizeof d->info,
                           .n_fields = d->info.n_fields,
                           .field_stride = NN_STRIDE(d->fields),
                           .n_splits = 2,
                           .split_stride = NN_STRIDE(d->splits),
                           .fields = d->fields,
                           .splits = d->splits,
                           .digest = d->digest};
}

static int32_t open_arrays(const NnHost *nn, const NnConfig *config, NnData **data, NnStatus *status) {
    const NnConfigApi *c = nn->config;
    const NnConfig *second = c->get(config, "test_path");
    const char *test = second ? c->path(second) : NULL;
    NnData *d = calloc(1, sizeof *d);

    if (d == NULL)
        return nn_fail(nn, status, NN_OUT_OF_MEMORY, "no memory for arrays");
    d->n_parts = test ? 2 : 1;
    d->parts[0].path = c->path(c->get(config, "path"));
    d->parts[1].path = test;
    int32_t code = NN_OK;
    for (uint32_t k = 0; k < d->n_parts && code == NN_OK; k++) {
        code = load_part(nn, config, &d->parts[k], status);
        if (code != NN_OK)
            nn->where(status, c->place(c->get(config, k ? "test_path" : "path")));
    }
    if (code == NN_OK && name_fields(nn, config, d, status) == NN_OK &&
        check_fields(nn, d, status) == NN_OK && find_classes(nn, config, d, status) == NN_OK &&
        split(nn, config, d, status) == NN_OK) {
        fill_info(d);
        *data = d;
        return NN_OK;
    }
    close_arrays(d);
    return nn->code(status);
}

static const NnDataInfo *describe(NnData *d) { return &d->info; }

static int32_t read_samples(NnData *d, uint32_t s, uint64_t n, const uint64_t *indices, void *const *buffers,
                            NnStatus *status) {
    const uint32_t part = d->rows ? 0 : s;

    (void)status;
    for (uint32_t f = 0; f < d->info.n_fields; f++)
        for (uint64_t i = 0; buffers[f] && d->bytes[f] && i < n; i++) {
            const uint64_t row = d->rows ? d->rows[(s ? d->splits[0].count : 0) + indices[i]] : indices[i];
            memcpy((uint8_t *)buffers[f] + i * d->bytes[f], d->from[part][f]->data + row * d->bytes[f],
                   d->bytes[f]);
        }
    return NN_OK;
}

static const NnDataset arrays = {.struct_size = sizeof arrays,
                                 .n_settings = NN_COUNT(settings),
                                 .setting_stride = NN_STRIDE(settings),
                                 .name = "arrays",
                                 .doc = "Arrays of NumPy and others: npz, npy, safetensors, csv.",
                                 .settings = settings,
                                 .open = open_arrays,
                                 .describe = describe,
                                 .read = read_samples,
                                 .close = close_arrays};

static const NnExport exports[] = {{NN_DATASET_KIND, "arrays", &arrays}};
NN_PLUGIN(arrays, "Samples out of files of arrays", exports)
