/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Images and labels in idx files (LeCun, Cortes, Burges: the MNIST database), plain or gzip: a magic number,
 * extents as 32-bit big-endian numbers, bytes. What the header says must be what follows, to the byte, and
 * images must be as many as labels.
 */
#include "file.h"

#define MAX_BYTES (UINT64_C(1) << 36)
#define MAX_IDX_RANK 4
#define U8_MAGIC 0x0800u

typedef struct Array {
    char *path;
    uint8_t *bytes;
    uint64_t count, size; /* samples, and bytes of one */
    uint32_t rank;
    uint64_t dims[MAX_IDX_RANK];
} Array;

struct NnData {
    NnDataInfo info;
    NnField fields[2];
    NnSplit splits[2];
    int64_t dims[3];
    const char **names;
    Array images[2], labels[2]; /* of train and test */
    char digest[32];
};

static const NnSetting settings[] = {
    {.name = "path", .kind = NN_SET_PATH, .flags = NN_SET_REQUIRED, .doc = "Folder of the four files."},
    {.name = "train_images",
     .kind = NN_SET_STRING,
     .preset = "train-images-idx3-ubyte",
     .doc = "Images to train on; a file named so, or with .gz behind it."},
    {.name = "train_labels",
     .kind = NN_SET_STRING,
     .preset = "train-labels-idx1-ubyte",
     .doc = "Their labels."},
    {.name = "test_images",
     .kind = NN_SET_STRING,
     .preset = "t10k-images-idx3-ubyte",
     .doc = "Images to test on."},
    {.name = "test_labels",
     .kind = NN_SET_STRING,
     .preset = "t10k-labels-idx1-ubyte",
     .doc = "Their labels."},
    {.name = "classes",
     .kind = NN_SET_INT,
     .flags = NN_SET_RANGE,
     .min = 1,
     .max = 256,
     .unit = "classes",
     .doc = "Number of classes; absent: the largest label tells."},
    {.name = "names", .kind = NN_SET_STRINGS, .doc = "Names of the classes, for people."},
};

/* ---- one file ---- */

static uint32_t big_endian(const uint8_t *b) {
    return (uint32_t)b[0] << 24 | (uint32_t)b[1] << 16 | (uint32_t)b[2] << 8 | b[3];
}

/* The name with .gz, or without it; the path is free()d by the caller, NULL when there is neither. */
static char *find_file(const char *folder, const char *name) {
    static const char *const endings[] = {"", ".gz"};
    const size_t room = strlen(folder) + strlen(name) + 5;
    char *path = malloc(room);

    for (int i = 0; path && i < 2; i++) {
        (void)snprintf(path, room, "%s/%s%s", folder, name, endings[i]);
        FILE *file = fopen(path, "rbe");
        if (file) {
            (void)fclose(file);
            return path;
        }
    }
    free(path);
    return NULL;
}

static int32_t read_header(File *f, Array *a, uint32_t min_rank, uint32_t max_rank) {
    uint8_t header[4 + 4 * MAX_IDX_RANK];
    uint64_t got, total = 1;
    int32_t code = file_read(f, header, 4, &got);

    if (code != NN_OK)
        return code;
    if (got < 4)
        return file_fail(f, got, "cut short: an idx file begins with 4 bytes");
    const uint32_t magic = big_endian(header);
    if (magic >> 16 || (magic & 0xff) == 0 || (magic & 0xff00) != U8_MAGIC)
        return file_fail(f, 0, "not an idx file of bytes: the magic number is 0x%08x, 0x0000080N is expected",
                         magic);
    a->rank = magic & 0xff;
    if (a->rank < min_rank || a->rank > max_rank)
        return file_fail(f, 3, "%u dimensions, %u to %u are expected", a->rank, min_rank, max_rank);
    code = file_read(f, header, UINT64_C(4) * a->rank, &got);
    if (code != NN_OK)
        return code;
    if (got < UINT64_C(4) * a->rank)
        return file_fail(f, 4 + got, "cut short in the header");
    for (uint32_t i = 0; i < a->rank; i++) {
        a->dims[i] = big_endian(header + 4 * i);
        if (a->dims[i] == 0)
            return file_fail(f, 4 + UINT64_C(4) * i, "dimension %u is 0", i);
        if (a->dims[i] > MAX_BYTES / total)
            return file_fail(f, 4 + UINT64_C(4) * i, "more than %llu bytes of data",
                             (unsigned long long)MAX_BYTES);
        total *= a->dims[i];
    }
    a->count = a->dims[0];
    a->size = total / a->count;
    return NN_OK;
}

static int32_t read_array(const NnHost *nn, Array *a, uint32_t min_rank, uint32_t max_rank,
                          NnStatus *status) {
    File f;
    uint64_t got = 0, extra = 0;
    uint8_t beyond;
    int32_t code = file_open(&f, nn, a->path, status);

    if (code == NN_OK)
        code = read_header(&f, a, min_rank, max_rank);
    if (code == NN_OK)
        code = file_take(&f, a->count * a->size, &a->bytes, &got);
    if (code == NN_OK && got < a->count * a->size)
        code = file_fail(&f, f.at, "cut short: the header promises %llu bytes, %llu follow",
                         (unsigned long long)(a->count * a->size), (unsigned long long)got);
    if (code == NN_OK)
        code = file_read(&f, &beyond, 1, &extra);
    if (code == NN_OK && extra)
        code = file_fail(&f, f.at - 1, "more bytes than the %llu that the header promises",
                         (unsigned long long)(a->count * a->size));
    file_close(&f);
    return code;
}

/* ---- the four together ---- */

static int32_t load(const NnHost *nn, const NnConfig *config, const char *key, Array *a, uint32_t min_rank,
                    uint32_t max_rank, NnStatus *status) {
    const NnConfigApi *c = nn->config;
    const NnConfig *path = c->get(config, "path");
    const char *folder = c->path(path), *name = c->string(c->get(config, key));
    char text[512];

    a->path = find_file(folder, name);
    if (a->path)
        return read_array(nn, a, min_rank, max_rank, status);
    (void)snprintf(text, sizeof text, "there is no file %s/%s, nor the same with .gz", folder, name);
    return c->fail(path, status, text);
}

static int32_t fit(const NnHost *nn, const NnData *d, NnStatus *status) {
    for (int s = 0; s < 2; s++) {
        const Array *images = &d->images[s], *labels = &d->labels[s];
        if (images->count != labels->count)
            return nn_fail(nn, status, NN_INVALID, "%s: offset 4: %llu labels for the %llu images of %s",
                           labels->path, (unsigned long long)labels->count, (unsigned long long)images->count,
                           images->path);
    }
    const Array *a = &d->images[0], *b = &d->images[1];
    if (a->rank != b->rank || memcmp(a->dims + 1, b->dims + 1, (a->rank - 1) * sizeof *a->dims) != 0)
        return nn_fail(nn, status, NN_INVALID, "%s: offset 4: the images have another shape than those of %s",
                       b->path, a->path);
    return NN_OK;
}

static int32_t count_classes(const NnHost *nn, const NnConfig *config, const NnData *d, uint64_t *classes,
                             NnStatus *status) {
    const NnConfig *given = nn->config->get(config, "classes");

    *classes = given ? (uint64_t)nn->config->integer(given) : 0;
    for (int s = 0; s < 2; s++) {
        const Array *labels = &d->labels[s];
        for (uint64_t i = 0; i < labels->count; i++)
            if (given && labels->bytes[i] >= *classes)
                return nn_fail(nn, status, NN_INVALID, "%s: offset %llu: label %u, 0 to %llu are expected",
                               labels->path, (unsigned long long)(8 + i), labels->bytes[i],
                               (unsigned long long)(*classes - 1));
            else if (!given && labels->bytes[i] >= *classes)
                *classes = labels->bytes[i] + UINT64_C(1);
    }
    return NN_OK;
}

static int32_t take_names(const NnHost *nn, const NnConfig *config, NnData *d, uint64_t classes,
                          NnStatus *status) {
    const NnConfigApi *c = nn->config;
    const NnConfig *names = c->get(config, "names");
    char text[128];

    if (names == NULL)
        return NN_OK;
    if (c->count(names) != classes) {
        (void)snprintf(text, sizeof text, "%llu names for %llu classes", (unsigned long long)c->count(names),
                       (unsigned long long)classes);
        return c->fail(names, status, text);
    }
    d->names = malloc(classes * sizeof *d->names);
    if (d->names == NULL)
        return nn_fail(nn, status, NN_OUT_OF_MEMORY, "no memory for the names of the classes");
    for (uint64_t i = 0; i < classes; i++)
        d->names[i] = c->string(c->at(names, i));
    return NN_OK;
}

/* Images of two dimensions become one channel, as convolutions expect. */
static void fill_info(NnData *d, uint64_t classes) {
    const Array *a = &d->images[0];
    uLong crc = crc32(0, NULL, 0);
    int32_t rank = 0;

    if (a->rank == 3)
        d->dims[rank++] = 1;
    for (uint32_t i = 1; i < a->rank; i++)
        d->dims[rank++] = (int64_t)a->dims[i];
    for (int s = 0; s < 2; s++) {
        crc = crc32_z(crc, d->images[s].bytes, d->images[s].count * d->images[s].size);
        crc = crc32_z(crc, d->labels[s].bytes, d->labels[s].count);
    }
    (void)snprintf(d->digest, sizeof d->digest, "crc32 %08lx", (unsigned long)crc);
    d->fields[0] = (NnField){.name = "x", .type = NN_U8, .rank = rank, .dims = d->dims, .scale = 1.0 / 255};
    d->fields[1] = (NnField){.name = "y", .type = NN_I64, .classes = classes, .labels = d->names};
    d->splits[0] = (NnSplit){"train", d->images[0].count};
    d->splits[1] = (NnSplit){"test", d->images[1].count};
    d->info = (NnDataInfo){.struct_size = sizeof d->info,
                           .n_fields = NN_COUNT(d->fields),
                           .field_stride = NN_STRIDE(d->fields),
                           .n_splits = NN_COUNT(d->splits),
                           .split_stride = NN_STRIDE(d->splits),
                           .fields = d->fields,
                           .splits = d->splits,
                           .digest = d->digest};
}

static void close_idx(NnData *d) {
    for (int s = 0; s < 2; s++) {
        free(d->images[s].path);
        free(d->images[s].bytes);
        free(d->labels[s].path);
        free(d->labels[s].bytes);
    }
    free(d->names);
    free(d);
}

static int32_t open_idx(const NnHost *nn, const NnConfig *config, NnData **data, NnStatus *status) {
    NnData *d = calloc(1, sizeof *d);
    uint64_t classes = 0;
    int32_t code;

    if (d == NULL)
        return nn_fail(nn, status, NN_OUT_OF_MEMORY, "no memory to open idx files");
    code = load(nn, config, "train_images", &d->images[0], 2, MAX_IDX_RANK, status);
    if (code == NN_OK)
        code = load(nn, config, "train_labels", &d->labels[0], 1, 1, status);
    if (code == NN_OK)
        code = load(nn, config, "test_images", &d->images[1], 2, MAX_IDX_RANK, status);
    if (code == NN_OK)
        code = load(nn, config, "test_labels", &d->labels[1], 1, 1, status);
    if (code == NN_OK)
        code = fit(nn, d, status);
    if (code == NN_OK)
        code = count_classes(nn, config, d, &classes, status);
    if (code == NN_OK)
        code = take_names(nn, config, d, classes, status);
    if (code != NN_OK) {
        close_idx(d);
        return code;
    }
    fill_info(d, classes);
    *data = d;
    return NN_OK;
}

static const NnDataInfo *describe(NnData *d) { return &d->info; }

static int32_t read_idx(NnData *d, uint32_t split, uint64_t n, const uint64_t *indices, void *const *buffers,
                        NnStatus *status) {
    const Array *images = &d->images[split], *labels = &d->labels[split];
    uint8_t *x = buffers[0];
    int64_t *y = buffers[1];

    (void)status;
    for (uint64_t i = 0; i < n; i++) {
        if (x)
            memcpy(x + i * images->size, images->bytes + indices[i] * images->size, images->size);
        if (y)
            y[i] = labels->bytes[indices[i]];
    }
    return NN_OK;
}

static const NnDataset idx = {
    .struct_size = sizeof idx,
    .n_settings = NN_COUNT(settings),
    .setting_stride = NN_STRIDE(settings),
    .name = "idx",
    .doc = "Images and labels in idx files, plain or gzip, as MNIST and Fashion-MNIST come.",
    .settings = settings,
    .open = open_idx,
    .describe = describe,
    .read = read_idx,
    .close = close_idx};

static const NnExport exports[] = {{NN_DATASET_KIND, "idx", &idx}};
NN_PLUGIN(idx, "Images in idx files", exports)
