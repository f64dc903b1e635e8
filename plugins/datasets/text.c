/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A text as a sequence of characters: each character of the file is a class, numbered in the order of the
 * code points. A sample is a window of `length` characters, its target the same window one character later.
 * The last part of the text is held out for testing. UTF-8 only, plain or gzip.
 */
#include "file.h"

#define MAX_BYTES (UINT64_C(1) << 31)
#define CODE_POINTS 0x110000u
#define MAX_CHARACTERS 65535u

struct NnData {
    NnDataInfo info;
    NnField fields[2];
    NnSplit splits[2];
    int64_t length;
    uint64_t stride, start[2];
    uint16_t *ids;
    char (*characters)[5]; /* as UTF-8 */
    const char **labels;
    char digest[32];
};

static const NnSetting settings[] = {
    {.name = "path",
     .kind = NN_SET_PATH,
     .flags = NN_SET_REQUIRED,
     .doc = "The text, in UTF-8, plain or gzip."},
    {.name = "length",
     .kind = NN_SET_INT,
     .flags = NN_SET_RANGE,
     .preset = "64",
     .min = 1,
     .max = 1 << 20,
     .unit = "characters",
     .doc = "Characters in one sample."},
    {.name = "stride",
     .kind = NN_SET_INT,
     .flags = NN_SET_RANGE,
     .min = 1,
     .max = 1 << 20,
     .unit = "characters",
     .doc = "From the beginning of one sample to the next; absent: the length, so that samples follow on one "
            "another."},
    {.name = "test",
     .kind = NN_SET_FLOAT,
     .flags = NN_SET_RANGE,
     .preset = "0.1",
     .min = 0,
     .max = 0.9,
     .doc = "The share at the end of the text that is held out."},
};

/* ---- characters ---- */

/* Marks what occurs; returns the number of characters in the text. */
static uint64_t survey(const uint8_t *bytes, uint64_t n, uint16_t *number) {
    uint64_t count = 0;
    uint32_t u = 0;

    for (uint64_t at = 0; at < n; count++) {
        at += utf8_decode(bytes + at, n - at, &u);
        number[u] = 1;
    }
    return count;
}

static int32_t number_characters(const NnHost *nn, const char *path, NnData *d, uint16_t *number,
                                 NnStatus *status) {
    uint32_t classes = 0;

    for (uint32_t u = 0; u < CODE_POINTS; u++)
        classes += number[u];
    if (classes > MAX_CHARACTERS)
        return nn_fail(nn, status, NN_INVALID, "%s: %u different characters, at most %u are allowed", path,
                       classes, MAX_CHARACTERS);
    d->characters = calloc(classes, sizeof *d->characters);
    d->labels = malloc(classes * sizeof *d->labels);
    if (d->characters == NULL || d->labels == NULL)
        return nn_fail(nn, status, NN_OUT_OF_MEMORY, "%s: no memory for the characters", path);
    classes = 0;
    for (uint32_t u = 0; u < CODE_POINTS; u++)
        if (number[u])
            number[u] = (uint16_t)classes++;
    d->fields[0].classes = classes;
    return NN_OK;
}

static int32_t take_text(const NnHost *nn, const char *path, const uint8_t *bytes, uint64_t n, NnData *d,
                         uint64_t *count, NnStatus *status) {
    uint16_t *number = calloc(CODE_POINTS, sizeof *number);
    uint32_t u = 0;
    int32_t code;

    if (number == NULL)
        return nn_fail(nn, status, NN_OUT_OF_MEMORY, "%s: no memory to read it", path);
    code = file_check_text(nn, path, bytes, n, status);
    if (code == NN_OK) {
        *count = survey(bytes, n, number);
        code = number_characters(nn, path, d, number, status);
    }
    if (code == NN_OK && (d->ids = malloc((*count + 1) * sizeof *d->ids)) == NULL)
        code = nn_fail(nn, status, NN_OUT_OF_MEMORY, "%s: no memory for the text", path);
    for (uint64_t at = 0, i = 0; code == NN_OK && at < n; i++) {
        const uint32_t length = utf8_decode(bytes + at, n - at, &u);
        d->ids[i] = number[u];
        memcpy(d->characters[number[u]], bytes + at, length);
        at += length;
    }
    for (uint64_t i = 0; code == NN_OK && i < d->fields[0].classes; i++)
        d->labels[i] = d->characters[i];
    free(number);
    return code;
}

/* ---- windows ---- */

static uint64_t windows(const NnData *d, uint64_t characters) {
    const uint64_t needed = (uint64_t)d->length + 1; /* the target needs one more */
    return characters < needed ? 0 : (characters - needed) / d->stride + 1;
}

static int32_t split_text(const NnHost *nn, const NnConfig *config, const char *path, NnData *d,
                          uint64_t count, NnStatus *status) {
    const NnConfigApi *c = nn->config;
    const NnConfig *stride = c->get(config, "stride");
    const double share = c->number(c->get(config, "test"));
    const uint64_t held_out = (uint64_t)((double)count * share);

    d->length = c->integer(c->get(config, "length"));
    d->stride = stride ? (uint64_t)c->integer(stride) : (uint64_t)d->length;
    d->start[1] = count - held_out;
    d->splits[0] = (NnSplit){"train", windows(d, count - held_out)};
    d->splits[1] = (NnSplit){"test", windows(d, held_out)};
    if (d->splits[0].count == 0)
        return nn_fail(nn, status, NN_INVALID, "%s: %llu characters to train on, a sample needs %lld", path,
                       (unsigned long long)(count - held_out), (long long)d->length + 1);
    if (d->splits[1].count == 0 && share > 0)
        return nn_fail(nn, status, NN_INVALID, "%s: %llu characters to test on, a sample needs %lld", path,
                       (unsigned long long)held_out, (long long)d->length + 1);
    return NN_OK;
}

static void fill_info(NnData *d, const uint8_t *bytes, uint64_t n) {
    (void)snprintf(d->digest, sizeof d->digest, "crc32 %08lx",
                   (unsigned long)crc32_z(crc32(0, NULL, 0), bytes, n));
    d->fields[0] = (NnField){.name = "x",
                             .type = NN_I64,
                             .rank = 1,
                             .dims = &d->length,
                             .classes = d->fields[0].classes,
                             .labels = d->labels};
    d->fields[1] = d->fields[0];
    d->fields[1].name = "y";
    d->info = (NnDataInfo){.struct_size = sizeof d->info,
                           .flags = d->stride == (uint64_t)d->length ? NN_DATA_SEQUENCE : 0,
                           .n_fields = NN_COUNT(d->fields),
                           .field_stride = NN_STRIDE(d->fields),
                           .n_splits = d->splits[1].count ? 2 : 1,
                           .split_stride = NN_STRIDE(d->splits),
                           .fields = d->fields,
                           .splits = d->splits,
                           .digest = d->digest};
}

static void close_text(NnData *d) {
    free(d->ids);
    free(d->characters);
    free(d->labels);
    free(d);
}

static int32_t open_text(const NnHost *nn, const NnConfig *config, NnData **data, NnStatus *status) {
    const char *path = nn->config->path(nn->config->get(config, "path"));
    NnData *d = calloc(1, sizeof *d);
    uint8_t *bytes = NULL;
    uint64_t n = 0, count = 0;
    int32_t code;

    if (d == NULL)
        return nn_fail(nn, status, NN_OUT_OF_MEMORY, "no memory to open a text");
    code = file_load(nn, path, MAX_BYTES, &bytes, &n, status);
    if (code == NN_NOT_FOUND)
        nn->where(status, nn->config->place(nn->config->get(config, "path")));
    if (code == NN_OK)
        code = take_text(nn, path, bytes, n, d, &count, status);
    if (code == NN_OK)
        code = split_text(nn, config, path, d, count, status);
    if (code == NN_OK) {
        fill_info(d, bytes, n);
        *data = d;
    } else {
        close_text(d);
    }
    free(bytes);
    return code;
}

static const NnDataInfo *describe(NnData *d) { return &d->info; }

static int32_t read_text(NnData *d, uint32_t split, uint64_t n, const uint64_t *indices, void *const *buffers,
                         NnStatus *status) {
    const uint64_t length = (uint64_t)d->length;

    (void)status;
    for (uint64_t i = 0; i < n; i++) {
        const uint16_t *window = d->ids + d->start[split] + indices[i] * d->stride;
        for (uint64_t field = 0; field < 2; field++) {
            int64_t *to = buffers[field];
            for (uint64_t k = 0; to && k < length; k++)
                to[i * length + k] = window[k + field];
        }
    }
    return NN_OK;
}

static const NnDataset text = {
    .struct_size = sizeof text,
    .n_settings = NN_COUNT(settings),
    .setting_stride = NN_STRIDE(settings),
    .name = "text",
    .doc = "A text as a sequence of characters, each to be told from those before it.",
    .settings = settings,
    .open = open_text,
    .describe = describe,
    .read = read_text,
    .close = close_text};

static const NnExport exports[] = {{NN_DATASET_KIND, "text", &text}};
NN_PLUGIN(text, "Characters of a text", exports)
