/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Checkpoints: all variables that are kept, through a weight format, with the record and a SHA-256 of the
 * tensors in the file's own metadata, so that one rename commits everything. Nothing is believed on loading:
 * names, types, shapes and digest are compared.
 */
#include "training.h"

#include "nn/plugin.h"

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

int32_t nn_checkpoint_save(NnTraining *t, const char *name, NnStatus *status) {
    const NnFormat *format = t->config.format;
    if (nn_training_settle(t, status) != NN_OK)
        return nn_status_code(status);
    g_autoptr(GArray) arrays = g_array_new(FALSE, TRUE, sizeof(NnArray));
    g_array_set_clear_func(arrays, clear_copy);
    if (read_variables(t, arrays, status) != NN_OK)
        return nn_status_code(status);
    g_autofree char *digest = digest_of(arrays);
    g_autofree char *record = nn_record_text(t, digest);
    g_autofree char *folder = g_build_filename(t->folder, "weights", NULL);
    g_autofree char *file = g_strconcat(name, ".", format->extension, NULL);
    const NnPair pair = {RECORD_KEY, record};
    if (nn_arrays_store(t->context, format, folder, file, arrays->len,
                        (const NnArray *)(const void *)arrays->data, 1, &pair, status) != NN_OK)
        return nn_status_code(status);
    if (!g_str_equal(name, "last"))
        return NN_OK;
    t->saved = true;
    t->saved_step = t->step;
    /* The copy for people is of the checkpoint that a training goes on from. */
    return nn_run_write(t, "record.yaml", record, status);
}

/* ---- loading ---- */

/* A file that was read, its arrays in the order of their names. */
typedef struct Contents {
    NnArrays *file;
    GArray *arrays; /* NnArray, borrowed */
    NnConfig *record;
} Contents;

static void contents_clear(Contents *c) {
    if (c->arrays)
        g_array_unref(c->arrays);
    nn_config_free(c->record);
    nn_arrays_free(c->file);
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
    const NnPair *pairs;
    *c = (Contents){.file = nn_arrays_read(context, path, status)};
    if (c->file == NULL)
        return nn_status_code(status);
    c->arrays = g_array_new(FALSE, TRUE, sizeof(NnArray));
    for (uint64_t i = 0; i < nn_arrays_count(c->file); i++)
        g_array_append_val(c->arrays, *nn_arrays_get(c->file, i));
    g_array_sort(c->arrays, by_name);
    const uint64_t n = nn_arrays_pairs(c->file, &pairs);
    for (uint64_t i = 0; i < n && c->record == NULL && nn_status_code(status) == NN_OK; i++)
        if (g_str_equal(pairs[i].key, RECORD_KEY))
            c->record = nn_config_parse(pairs[i].value, strlen(pairs[i].value), "the record", status);
    if (nn_status_code(status) == NN_OK)
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

/* What training adds beside the model's own variables. */
static bool is_added(const NnVariableSpec *spec) {
    return spec->lifetime != NN_KEPT || g_str_has_prefix(spec->name, "slot.") ||
           g_str_equal(spec->name, NN_HALTED);
}

int32_t nn_training_load_weights(NnTraining *t, const char *path, NnStatus *status) {
    Contents c;
    NnVariable *const *variables;
    const uint32_t n = nn_network_variables(t->network, &variables);
    if (contents_read(&c, t->context, path, status) == NN_OK) {
        for (uint32_t i = 0; i < n && nn_status_code(status) == NN_OK; i++)
            if (!is_added(nn_variable_spec(variables[i])))
                load_variable(t, variables[i], &c, status);
        if (nn_status_code(status) == NN_OK)
            check_rest(t, &c, status);
        nn_status_where(status, "weights %s", path);
    }
    contents_clear(&c);
    return nn_status_code(status);
}

int32_t nn_training_load(NnTraining *t, const char *path, NnStatus *status) {
    Contents c;
    NnVariable *const *variables;
    const uint32_t n = nn_network_variables(t->network, &variables);
    if (contents_read(&c, t->context, path, status) == NN_OK) {
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
