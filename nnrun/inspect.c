/* SPDX-License-Identifier: Apache-2.0 */
/* Reading a file for what it says of itself. Its nodes are built in a graph that is thrown away, so that
 * whatever they lack is found here. */
#include "inspect.h"

#include "nn-train/train.h"
#include "nn/plugin.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const NnGraphApi *api_of(const Inspection *in) { return nn_context_host(in->program->context)->graph; }

static char *shape_text(int32_t type, int32_t rank, const int64_t *dims, const char *const *names) {
    GString *out = g_string_new(type == NN_NONE ? "?" : nn_type_name(type));
    g_string_append(out, rank < 0 ? "[...]" : "[");
    for (int32_t i = 0; i < rank; i++)
        if (dims[i] >= 0)
            g_string_append_printf(out, "%s%" G_GINT64_FORMAT, i ? "," : "", dims[i]);
        else
            g_string_append_printf(out, "%s%s", i ? "," : "",
                                   names && names[i] && *names[i] ? names[i] : "?");
    if (rank >= 0)
        g_string_append_c(out, ']');
    return g_string_free(out, FALSE);
}

/* ---- what the format tells ---- */

static NnValue *take_input(void *self, const char *name, int32_t type, int32_t rank, const int64_t *dims,
                           const char *const *dim_names, NnStatus *status) {
    Inspection *in = self;
    const Port port = {g_strdup(name), shape_text(type, rank, dims, dim_names)};
    (void)status;
    g_array_append_val(in->inputs, port);
    return api_of(in)->input(in->graph, name, type, rank, dims);
}

static NnValue *take_initial(void *self, const NnArray *a, int32_t role, NnStatus *status) {
    Inspection *in = self;
    (void)role;
    (void)status;
    if (NN_MASK(a->type) & NN_FLOATS) {
        in->tensors++;
        in->numbers += a->bytes / nn_type_size(a->type);
    } else {
        in->others++;
    }
    return api_of(in)->constant(in->graph, a->type, a->rank, a->dims, a->data);
}

static int32_t take_output(void *self, const char *name, NnValue *value, NnStatus *status) {
    Inspection *in = self;
    const NnValueInfo *info = api_of(in)->info(in->graph, value);
    const Port port = {g_strdup(name), shape_text(info->type, info->rank, info->dims, NULL)};
    (void)status;
    g_array_append_val(in->outputs, port);
    return NN_OK;
}

static int32_t take_node(void *self, const NnFileNode *node, NnStatus *status) {
    Inspection *in = self;
    const guint count = GPOINTER_TO_UINT(g_hash_table_lookup(in->operators, node->op));
    (void)status;
    g_hash_table_insert(in->operators, g_strdup(node->op), GUINT_TO_POINTER(count + 1));
    return NN_OK;
}

static int32_t take_pair(void *self, const NnPair *pair, NnStatus *status) {
    Inspection *in = self;
    (void)status;
    if (g_str_equal(pair->key, "producer_name") && *pair->value && in->producer == NULL)
        in->producer = g_strdup(pair->value);
    if (g_str_equal(pair->key, "producer_version") && *pair->value && in->producer) {
        char *both = g_strconcat(in->producer, " ", pair->value, NULL);
        g_free(in->producer);
        in->producer = both;
    }
    return NN_OK;
}

static int32_t take_companion(void *self, const char *name, uint64_t offset, uint64_t length,
                              const void **bytes, NnStatus *status) {
    Inspection *in = self;
    g_autoptr(GError) error = NULL;
    g_autofree char *path = g_build_filename(in->folder, name, NULL);
    char *real = realpath(path, NULL);
    g_autofree char *prefix =
        g_str_has_suffix(in->folder, "/") ? g_strdup(in->folder) : g_strconcat(in->folder, "/", NULL);
    const bool inside = real == NULL || g_str_has_prefix(real, prefix);
    free(real);
    if (!inside)
        return nn_status_fail(status, NN_INVALID, "%s: it is outside of the model's folder", path);
    GMappedFile *file = g_mapped_file_new(path, FALSE, &error);
    if (file == NULL)
        return nn_status_fail(status, NN_INVALID, "%s", error->message);
    g_ptr_array_add(in->mapped, file);
    if (!g_ptr_array_find_with_equal_func(in->companions, name, g_str_equal, NULL))
        g_ptr_array_add(in->companions, g_strdup(name));
    const uint64_t size = g_mapped_file_get_length(file);
    if (offset > size || length > size - offset)
        return nn_status_fail(status, NN_INVALID,
                              "%s: it has %" G_GUINT64_FORMAT " bytes; %" G_GUINT64_FORMAT
                              " from offset %" G_GUINT64_FORMAT " on are expected",
                              path, size, length, offset);
    *bytes = g_mapped_file_get_contents(file) + offset;
    return NN_OK;
}

/* ---- the file ---- */

static void clear_port(void *data) {
    Port *port = data;
    g_free(port->name);
    g_free(port->shape);
}

static void read_graph(Inspection *in, const NnFormat *format, const char *path) {
    NnContext *context = in->program->context;
    NnStatus *status = in->program->status;
    g_autofree char *bytes = NULL;
    g_autoptr(GError) error = NULL;
    gsize n;
    char *real = realpath(path, NULL);
    in->folder = real ? g_path_get_dirname(real) : NULL;
    free(real);
    if (in->folder == NULL || !g_file_get_contents(path, &bytes, &n, &error)) {
        nn_status_fail(status, NN_INVALID, "%s: %s", path,
                       error ? error->message : "No such file or directory");
        return;
    }
    const NnGraphSource source = {.struct_size = sizeof source,
                                  .self = in,
                                  .input = take_input,
                                  .initial = take_initial,
                                  .output = take_output,
                                  .pair = take_pair,
                                  .companion = take_companion,
                                  .node = take_node};
    in->graph = nn_graph_new(context, NULL, "inspected", NN_INFERENCE);
    if (format->read_graph(nn_registry_host(context, format), bytes, n, in->graph, &source, status) != NN_OK)
        nn_status_where(status, "%s", path);
    else if (in->outputs->len == 0)
        nn_status_fail(status, NN_INVALID, "%s: the graph has no outputs", path);
    nn_graph_free(in->graph);
    in->graph = NULL;
}

bool inspect_file(Inspection *in, Program *p, const char *path) {
    *in = (Inspection){.program = p,
                       .inputs = g_array_new(FALSE, FALSE, sizeof(Port)),
                       .outputs = g_array_new(FALSE, FALSE, sizeof(Port)),
                       .operators = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL),
                       .companions = g_ptr_array_new_with_free_func(g_free),
                       .mapped = g_ptr_array_new_with_free_func((GDestroyNotify)g_mapped_file_unref)};
    g_array_set_clear_func(in->inputs, clear_port);
    g_array_set_clear_func(in->outputs, clear_port);
    NnContext *context = nnrun_context(p);
    const NnFormat *format = context ? nn_arrays_format(context, path, NN_READ_GRAPH, p->status) : NULL;
    if (format)
        read_graph(in, format, path);
    g_ptr_array_set_size(in->mapped, 0);
    return nn_status_code(p->status) == NN_OK;
}

void inspect_clear(Inspection *in) {
    g_array_unref(in->inputs);
    g_array_unref(in->outputs);
    g_hash_table_unref(in->operators);
    g_ptr_array_unref(in->companions);
    g_ptr_array_unref(in->mapped);
    g_free(in->producer);
    g_free(in->folder);
}

/* ---- what was found ---- */

static GList *operator_names(const Inspection *in) {
    return g_list_sort(g_hash_table_get_keys(in->operators), (GCompareFunc)strcmp);
}

static void print_ports(const char *label, const GArray *ports) {
    for (guint i = 0; i < ports->len; i++) {
        const Port *port = &g_array_index(ports, Port, i);
        printf("%-10s %s %s\n", i ? "" : label, port->name, port->shape);
    }
}

static void print_text(const Inspection *in) {
    int column = 11;
    GList *names = operator_names(in);
    if (in->producer)
        printf("%-10s %s\n", "from", in->producer);
    print_ports("inputs", in->inputs);
    print_ports("outputs", in->outputs);
    printf("%-10s %" G_GUINT64_FORMAT " numbers in %" G_GUINT64_FORMAT " tensors\n", "weights", in->numbers,
           in->tensors);
    printf("%-10s", "operators");
    for (GList *n = names; n; n = n->next) {
        g_autofree char *text = g_strdup_printf(
            "%s %u", (const char *)n->data, GPOINTER_TO_UINT(g_hash_table_lookup(in->operators, n->data)));
        if (column + (int)strlen(text) + 2 > 80)
            column = printf("\n%10s", "");
        column += printf(" %s%s", text, n->next ? "," : "");
    }
    putchar('\n');
    g_list_free(names);
}

static void json_ports(const char *label, const GArray *ports) {
    printf("\"%s\": [", label);
    for (guint i = 0; i < ports->len; i++) {
        const Port *port = &g_array_index(ports, Port, i);
        g_autofree char *name = g_strescape(port->name, NULL), *shape = g_strescape(port->shape, NULL);
        printf("%s{\"name\": \"%s\", \"shape\": \"%s\"}", i ? ", " : "", name, shape);
    }
    printf("], ");
}

void inspect_print(const Inspection *in, bool json) {
    if (!json) {
        print_text(in);
        return;
    }
    GList *names = operator_names(in);
    putchar('{');
    json_ports("inputs", in->inputs);
    json_ports("outputs", in->outputs);
    printf("\"weights\": %" G_GUINT64_FORMAT ", \"tensors\": %" G_GUINT64_FORMAT ", \"operators\": {",
           in->numbers, in->tensors);
    for (GList *n = names; n; n = n->next) {
        g_autofree char *name = g_strescape(n->data, NULL);
        printf("%s\"%s\": %u", n == names ? "" : ", ", name,
               GPOINTER_TO_UINT(g_hash_table_lookup(in->operators, n->data)));
    }
    puts("}}");
    g_list_free(names);
}
