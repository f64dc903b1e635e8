/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Checkpoints: all variables that are kept, through a weight format, with the record and a SHA-256 of the
 * tensors in the file's own metadata, so that one rename commits everything. Nothing is believed on loading:
 * names, types, shapes and digest are compared.
 */
#include "training.h"

#include "nn/plugin.h"

#include <errno.h>
#include <unistd.h>

#define RECORD_KEY "nnrun.record"

/* ---- the tensors of a file, in the order of their names ---- */

static int by_name(const void *a, const void *b) {
    const NnArray *x = a, *y = b;
    return strcmp(x->name, y->name);
}

static char *digest_of(GArray *arrays) {
    g_autoptr(GChecksum) sum = g_checksum_new(G_CHECKSUM_SHA256);
    g_array_sort(arrays, by_name);
    for (guint i = 0; i < arrays->len; i++) {
        const NnArray *a = &g_array_index(arrays, NnArray, i);
        g_autofree char *head = g_strdup_printf("%s %s", a->name, nn_type_name(a->type));
        g_checksum_update(sum, (const guchar *)head, (gssize)strlen(head) + 1);
        for (int32_t d = 0; d < a->rank; d++)
            g_checksum_update(sum, (const guchar *)&a->dims[d], sizeof a->dims[d]);
        if (a->bytes)
            g_checksum_update(sum, a->data, (gssize)a->bytes);
    }
    return g_strdup(g_checksum_get_string(sum));
}

/* ---- saving ---- */

static void clear_copy(void *data) { g_free((void *)(uintptr_t)((NnArray *)data)->data); }

static int32_t read_variables(NnTraining *t, GArray *arrays, NnStatus *status) {
    NnVariable *const *variables;
    const uint32_t n = nn_network_variables(t->network, &variables);
    for (uint32_t i = 0; i < n; i++) {
        const NnVariableSpec *spec = nn_variable_spec(variables[i]);
        if (spec->lifetime != NN_KEPT)
            continue;
        const uint64_t bytes = nn_type_size(spec->type) * (uint64_t)nn_product(spec->dims, 0, spec->rank);
        void *copy = g_try_malloc0(bytes + 1);
        const NnArray a = {.name = spec->name,
                           .type = spec->type,
                           .rank = spec->rank,
                           .dims = spec->dims,
                           .data = copy,
                           .bytes = bytes};
        if (copy == NULL)
            return nn_status_fail(status, NN_OUT_OF_MEMORY, "there is no memory to save %s", spec->name);
        g_array_append_val(arrays, a);
        if (nn_session_read(t->session, variables[i], copy, bytes, status) != NN_OK)
            return nn_status_code(status);
    }
    return NN_OK;
}

typedef struct Write {
    NnTraining *t;
    const NnFormat *format;
    GArray *arrays;
    const char *record;
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
    const NnPair pair = {RECORD_KEY, w->record};
    const NnSink sink = {.struct_size = sizeof sink, .self = w, .write = sink_write};
    return w->format->write(nn_registry_host(w->t->context, w->format), w->arrays->len,
                            (const NnArray *)(const void *)w->arrays->data, 1, &pair, &sink, status);
}

int32_t nn_checkpoint_save(NnTraining *t, const char *name, NnStatus *status) {
    const NnFormat *format =
        nn_registry_table(t->context, NN_FORMAT_KIND, nn_setting_string(t->config.train, "format"), status);
    if (format && !NN_HAS(format, write))
        return nn_status_fail(status, NN_UNSUPPORTED, "the format %s does not hold checkpoints",
                              format->name);
    if (format == NULL || nn_training_settle(t, status) != NN_OK)
        return nn_status_code(status);
    g_autoptr(GArray) arrays = g_array_new(FALSE, TRUE, sizeof(NnArray));
    g_array_set_clear_func(arrays, clear_copy);
    if (read_variables(t, arrays, status) != NN_OK)
        return nn_status_code(status);
    g_autofree char *digest = digest_of(arrays);
    g_autofree char *record = nn_record_text(t, digest);
    g_autofree char *folder = g_build_filename(t->folder, "weights", NULL);
    g_autofree char *file = g_strconcat(name, ".", format->extension, NULL);
    Write w = {.t = t, .format = format, .arrays = arrays, .record = record};
    if (nn_file_replace(folder, file, true, write_file, &w, status) != NN_OK)
        return nn_status_code(status);
    /* The copy for people is of the checkpoint that a training goes on from. */
    return g_str_equal(name, "last") ? nn_run_write(t, "record.yaml", record, status) : NN_OK;
}

/* ---- loading ---- */

typedef struct Contents {
    char *bytes;
    gsize length;
    GArray *arrays; /* NnArray: their own names and dims, data within bytes */
    NnConfig *record;
    const char *path;
} Contents;

static void clear_array(void *data) {
    const NnArray *a = data;
    g_free((char *)(uintptr_t)a->name);
    g_free((int64_t *)(uintptr_t)a->dims);
}

static int32_t take_array(void *self, const NnArray *a, NnStatus *status) {
    Contents *c = self;
    NnArray copy = *a;
    (void)status;
    copy.name = g_strdup(a->name);
    copy.dims = g_memdup2(a->dims, (gsize)a->rank * sizeof *a->dims);
    g_array_append_val(c->arrays, copy);
    /* cppcheck-suppress memleak ; the array has them */
    return NN_OK;
}

static int32_t take_pair(void *self, const NnPair *pair, NnStatus *status) {
    Contents *c = self;
    if (!g_str_equal(pair->key, RECORD_KEY) || c->record)
        return NN_OK;
    c->record = nn_config_parse(pair->value, strlen(pair->value), "the record", status);
    return nn_status_code(status);
}

static const NnFormat *find_format(NnContext *context, const char *path, NnStatus *status) {
    const char *dot = strrchr(path, '.');
    const uint32_t n = nn_registry_count(context);
    for (uint32_t i = 0; dot && i < n; i++) {
        const NnEntry *e = nn_registry_entry(context, i);
        const NnFormat *f =
            g_str_equal(e->kind, NN_FORMAT_KIND) ? nn_registry_table(context, e->kind, e->name, NULL) : NULL;
        if (f && NN_HAS(f, read) && f->extension && g_str_equal(f->extension, dot + 1))
            return f;
    }
    nn_status_fail(status, NN_INVALID, "no weight format is known for files that end in \"%s\"",
                   dot ? dot : "");
    return NULL;
}

static void contents_clear(Contents *c) {
    g_array_unref(c->arrays);
    nn_config_free(c->record);
    g_free(c->bytes);
}

static int32_t check_digest(const Contents *c, NnStatus *status) {
    const char *said = nn_setting_string(c->record, "tensors_sha256");
    if (c->record == NULL || said == NULL)
        return NN_OK;
    g_autofree char *found = digest_of(c->arrays);
    if (g_str_equal(said, found))
        return NN_OK;
    return nn_status_fail(status, NN_INVALID,
                          "the tensors are damaged: their SHA-256 is %s, the record says %s", found, said);
}

static int32_t contents_read(Contents *c, NnContext *context, const char *path, NnStatus *status) {
    g_autoptr(GError) error = NULL;
    *c = (Contents){.path = path, .arrays = g_array_new(FALSE, TRUE, sizeof(NnArray))};
    g_array_set_clear_func(c->arrays, clear_array);
    const NnFormat *format = NULL;
    if (!g_file_get_contents(path, &c->bytes, &c->length, &error))
        return nn_status_fail(status, NN_INVALID, "%s", error->message);
    format = find_format(context, path, status);
    const NnSource source = {.struct_size = sizeof source, .self = c, .array = take_array, .pair = take_pair};
    if (format &&
        format->read(nn_registry_host(context, format), c->bytes, c->length, &source, status) == NN_OK)
        check_digest(c, status);
    nn_status_where(status, "checkpoint %s", path);
    return nn_status_code(status);
}

NnConfig *nn_checkpoint_config(NnContext *context, const char *path, NnStatus *status) {
    Contents c;
    NnConfig *config = NULL;
    if (contents_read(&c, context, path, status) == NN_OK) {
        const NnConfig *node = nn_setting(c.record, "config");
        char *text = node ? nn_config_text(node) : NULL;
        if (text)
            config = nn_config_parse(text, strlen(text), path, status);
        else
            nn_status_fail(status, NN_INVALID, "checkpoint %s: it holds no record of a training", path);
        free(text);
    }
    contents_clear(&c);
    return config;
}

static void shape_text(GString *out, int32_t type, int32_t rank, const int64_t *dims) {
    g_string_append_printf(out, "%s[", nn_type_name(type));
    for (int32_t i = 0; i < rank; i++)
        g_string_append_printf(out, "%s%" G_GINT64_FORMAT, i ? "," : "", dims[i]);
    g_string_append_c(out, ']');
}

static int32_t load_variable(NnTraining *t, NnVariable *variable, const Contents *c, NnStatus *status) {
    const NnVariableSpec *spec = nn_variable_spec(variable);
    const NnArray key = {.name = spec->name};
    const NnArray *a = bsearch(&key, c->arrays->data, c->arrays->len, sizeof key, by_name);
    if (a == NULL && g_str_has_prefix(spec->name, "slot."))
        return nn_status_fail(status, NN_INVALID, "it has no %s; was it trained with another optimizer?",
                              spec->name);
    if (a == NULL)
        return nn_status_fail(status, NN_INVALID, "it has no variable %s; is it of another model?",
                              spec->name);
    if (a->type == spec->type && a->rank == spec->rank &&
        (a->rank == 0 || memcmp(a->dims, spec->dims, (size_t)a->rank * sizeof *a->dims) == 0))
        return nn_session_write(t->session, variable, a->data, a->bytes, status);
    g_autoptr(GString) text = g_string_new(NULL);
    g_string_append_printf(text, "variable %s is ", spec->name);
    shape_text(text, a->type, a->rank, a->dims);
    g_string_append(text, " in the file, but ");
    shape_text(text, spec->type, spec->rank, spec->dims);
    return nn_status_fail(status, NN_INVALID, "%s in the model", text->str);
}

/* A file with more than the model asks for is of another model, the optimizer's slots apart. */
static int32_t check_rest(NnTraining *t, const Contents *c, NnStatus *status) {
    NnVariable *const *variables;
    const uint32_t n = nn_network_variables(t->network, &variables);
    g_autoptr(GHashTable) known = g_hash_table_new(g_str_hash, g_str_equal);
    for (uint32_t i = 0; i < n; i++)
        g_hash_table_add(known, (char *)(uintptr_t)nn_variable_spec(variables[i])->name);
    for (guint i = 0; i < c->arrays->len; i++) {
        const NnArray *a = &g_array_index(c->arrays, NnArray, i);
        if (!g_hash_table_contains(known, a->name) && !g_str_has_prefix(a->name, "slot."))
            return nn_status_fail(status, NN_INVALID, "it has a variable %s, which the model has not",
                                  a->name);
    }
    return NN_OK;
}

int32_t nn_training_load(NnTraining *t, const char *path, NnStatus *status) {
    Contents c;
    NnVariable *const *variables;
    const uint32_t n = nn_network_variables(t->network, &variables);
    if (contents_read(&c, t->context, path, status) == NN_OK) {
        /* bsearch needs the order that a digest may not have asked for. */
        g_array_sort(c.arrays, by_name);
        for (uint32_t i = 0; i < n && nn_status_code(status) == NN_OK; i++)
            if (nn_variable_spec(variables[i])->lifetime == NN_KEPT)
                load_variable(t, variables[i], &c, status);
        if (nn_status_code(status) == NN_OK)
            check_rest(t, &c, status);
        if (nn_status_code(status) == NN_OK && !(t->flags & NN_TRAINING_NO_UPDATES)) {
            if (c.record)
                nn_record_apply(t, c.record, status);
            else
                nn_status_fail(status, NN_INVALID,
                               "it holds no record of a training, so there is nothing to go on from");
        }
        nn_status_where(status, "checkpoint %s", path);
        t->loaded = nn_status_code(status) == NN_OK;
    }
    contents_clear(&c);
    return nn_status_code(status);
}
