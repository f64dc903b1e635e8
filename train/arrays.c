/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Files of named arrays, whatever their format: the plug-in is chosen by the file's extension, so no format
 * is named here. Reading copies nothing that lies in the file as it is; writing is one rename.
 */
#include "training.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

struct NnArrays {
    char *bytes;
    gsize length;
    GArray *arrays;   /* NnArray, with names and dims of their own */
    GPtrArray *owned; /* data that does not lie within bytes */
    GArray *pairs;    /* NnPair */
};

/* ---- formats ---- */

static bool fits(const NnFormat *f, const char *extension, NnFormatUse use) {
    const bool able = use == NN_READ_ARRAYS    ? NN_HAS(f, read)
                      : use == NN_WRITE_ARRAYS ? NN_HAS(f, write)
                                               : NN_HAS(f, read_graph);
    return able && f->extension && g_str_equal(f->extension, extension);
}

static const NnFormat *format_at(NnContext *context, uint32_t i) {
    const NnEntry *e = nn_registry_entry(context, i);
    return g_str_equal(e->kind, NN_FORMAT_KIND) ? nn_registry_table(context, e->kind, e->name, NULL) : NULL;
}

static void fail_unknown(NnContext *context, const char *path, NnFormatUse use, NnStatus *status) {
    const char *base = strrchr(path, '/') ? strrchr(path, '/') + 1 : path, *dot = strrchr(base, '.');
    g_autoptr(GString) known = g_string_new(NULL);
    for (uint32_t i = 0; i < nn_registry_count(context); i++) {
        const NnFormat *f = format_at(context, i);
        if (f && f->extension && fits(f, f->extension, use))
            g_string_append_printf(known, "%s.%s", known->len ? ", " : "", f->extension);
    }
    g_autofree char *there =
        known->len ? g_strconcat("there are ", known->str, NULL) : g_strdup("there is none");
    nn_status_fail(status, NN_INVALID,
                   use == NN_READ_GRAPH ? "%s: no format of graphs is known for files that end in \"%s\"; %s"
                                        : "%s: no format of arrays is known for files that end in \"%s\"; %s",
                   path, dot ? dot : base, there);
}

const NnFormat *nn_arrays_format(NnContext *context, const char *path, NnFormatUse use, NnStatus *status) {
    const char *dot = strrchr(path, '.'), *extension = dot && !strchr(dot, '/') ? dot + 1 : "";
    /* Most formats are called as their files end, and the others need not be loaded then. */
    for (int by_name = 1; by_name >= 0; by_name--)
        for (uint32_t i = 0; i < nn_registry_count(context); i++) {
            if (by_name && !g_str_equal(nn_registry_entry(context, i)->name, extension))
                continue;
            const NnFormat *f = format_at(context, i);
            if (f && fits(f, extension, use))
                return f;
        }
    fail_unknown(context, path, use, status);
    return NULL;
}

/* ---- reading ---- */

static void clear_array(void *data) {
    const NnArray *a = data;
    g_free((char *)(uintptr_t)a->name);
    g_free((int64_t *)(uintptr_t)a->dims);
}

static void clear_pair(void *data) {
    const NnPair *pair = data;
    g_free((char *)(uintptr_t)pair->key);
    g_free((char *)(uintptr_t)pair->value);
}

static int32_t take_array(void *self, const NnArray *a, NnStatus *status) {
    NnArrays *all = self;
    NnArray copy = *a;
    const char *data = a->data;
    if (a->bytes && (data < all->bytes || data + a->bytes > all->bytes + all->length)) {
        void *own = g_try_malloc(a->bytes);
        if (own == NULL)
            return nn_status_fail(status, NN_OUT_OF_MEMORY,
                                  "there is no memory for array %s of %" G_GUINT64_FORMAT " bytes", a->name,
                                  a->bytes);
        copy.data = memcpy(own, data, a->bytes);
        g_ptr_array_add(all->owned, own);
    }
    copy.name = g_strdup(a->name);
    copy.dims = g_memdup2(a->dims, (gsize)a->rank * sizeof *a->dims);
    g_array_append_val(all->arrays, copy);
    /* cppcheck-suppress memleak ; the array has them */
    return NN_OK;
}

static int32_t take_pair(void *self, const NnPair *pair, NnStatus *status) {
    NnArrays *all = self;
    const NnPair copy = {g_strdup(pair->key), g_strdup(pair->value)};
    (void)status;
    g_array_append_val(all->pairs, copy);
    return NN_OK;
}

NnArrays *nn_arrays_read(NnContext *context, const char *path, NnStatus *status) {
    g_autoptr(GError) error = NULL;
    const NnFormat *format = nn_arrays_format(context, path, NN_READ_ARRAYS, status);
    if (format == NULL)
        return NULL;
    NnArrays *all = g_new0(NnArrays, 1);
    all->arrays = g_array_new(FALSE, TRUE, sizeof(NnArray));
    all->pairs = g_array_new(FALSE, TRUE, sizeof(NnPair));
    all->owned = g_ptr_array_new_with_free_func(g_free);
    g_array_set_clear_func(all->arrays, clear_array);
    g_array_set_clear_func(all->pairs, clear_pair);
    const NnSource source = {
        .struct_size = sizeof source, .self = all, .array = take_array, .pair = take_pair};
    if (!g_file_get_contents(path, &all->bytes, &all->length, &error))
        nn_status_fail(status, NN_INVALID, "%s", error->message);
    else if (format->read(nn_registry_host(context, format), all->bytes, all->length, &source, status) !=
             NN_OK)
        nn_status_where(status, "%s", path);
    if (nn_status_code(status) == NN_OK)
        return all;
    nn_arrays_free(all);
    return NULL;
}

void nn_arrays_free(NnArrays *all) {
    if (all == NULL)
        return;
    g_array_unref(all->arrays);
    g_array_unref(all->pairs);
    g_ptr_array_unref(all->owned);
    g_free(all->bytes);
    g_free(all);
}

uint64_t nn_arrays_count(const NnArrays *all) { return all->arrays->len; }

const NnArray *nn_arrays_get(const NnArrays *all, uint64_t i) {
    return &g_array_index(all->arrays, NnArray, i);
}

uint64_t nn_arrays_pairs(const NnArrays *all, const NnPair **pairs) {
    *pairs = (const NnPair *)(const void *)all->pairs->data;
    return all->pairs->len;
}

/* ---- writing ---- */

typedef struct Write {
    NnContext *context;
    const NnFormat *format;
    uint64_t n, n_pairs;
    const NnArray *arrays;
    const NnPair *pairs;
    int fd;
} Write;

static int32_t sink_write(void *self, const void *bytes, uint64_t n, NnStatus *status) {
    const Write *w = self;
    const char *at = bytes;
    while (n) {
        const ssize_t done = write(w->fd, at, MIN(n, (uint64_t)1 << 30));
        if (done < 0 && errno != EINTR)
            return nn_status_fail(status, NN_ERROR, "%s", g_strerror(errno));
        at += MAX(done, 0);
        n -= (uint64_t)MAX(done, 0);
    }
    return NN_OK;
}

static int32_t write_file(void *arg, int fd, NnStatus *status) {
    Write *w = arg;
    w->fd = fd;
    const NnSink sink = {.struct_size = sizeof sink, .self = w, .write = sink_write};
    return w->format->write(nn_registry_host(w->context, w->format), w->n, w->arrays, w->n_pairs, w->pairs,
                            &sink, status);
}

int32_t nn_arrays_store(NnContext *context, const NnFormat *format, const char *folder, const char *name,
                        uint64_t n, const NnArray *arrays, uint64_t n_pairs, const NnPair *pairs,
                        NnStatus *status) {
    Write w = {
        .context = context, .format = format, .n = n, .n_pairs = n_pairs, .arrays = arrays, .pairs = pairs};
    return nn_file_replace(folder, name, true, write_file, &w, status);
}

int32_t nn_arrays_write(NnContext *context, const char *path, uint64_t n, const NnArray *arrays,
                        uint64_t n_pairs, const NnPair *pairs, NnStatus *status) {
    const NnFormat *format = nn_arrays_format(context, path, NN_WRITE_ARRAYS, status);
    if (format == NULL)
        return nn_status_code(status);
    g_autofree char *folder = g_path_get_dirname(path), *name = g_path_get_basename(path);
    const bool bare = (format->flags & NN_FORMAT_BARE) != 0;
    return nn_arrays_store(context, format, folder, name, n, arrays, bare ? 0 : n_pairs, pairs, status);
}
