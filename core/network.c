/* SPDX-License-Identifier: Apache-2.0 */
/* Networks: building a model family, its variables and named functions, and functions that stand alone. */
#include "network.h"

#include "nn/plugin.h"
#include "status.h"

static void variable_free(gpointer data) {
    NnVariable *v = data;
    g_free((char *)(uintptr_t)v->spec.name);
    g_free((char *)(uintptr_t)v->spec.init);
    g_free((char *)(uintptr_t)v->spec.group);
    g_free((int64_t *)(uintptr_t)v->spec.dims);
    g_free((void *)(uintptr_t)v->spec.value);
    g_free(v);
}

static bool same_spec(const NnVariableSpec *a, const NnVariableSpec *b) {
    if (a->type != b->type || a->rank != b->rank || a->role != b->role)
        return false;
    for (int32_t i = 0; i < a->rank; i++)
        if (a->dims[i] != b->dims[i])
            return false;
    return true;
}

static int32_t check_spec(const NnVariableSpec *spec, NnStatus *status) {
    if (spec->name == NULL || *spec->name == '\0')
        return nn_status_fail(status, NN_INVALID, "a variable has no name");
    if (nn_type_size(spec->type) == 0 || spec->rank < 0 || spec->rank > NN_MAX_RANK)
        return nn_status_fail(status, NN_INVALID, "variable %s: type %s and rank %d are not possible",
                              spec->name, nn_type_name(spec->type), spec->rank);
    uint64_t bytes = nn_type_size(spec->type);
    for (int32_t i = 0; i < spec->rank; i++)
        if (spec->dims[i] < 0 || __builtin_mul_overflow(bytes, (uint64_t)spec->dims[i], &bytes) ||
            bytes > (uint64_t)1 << 46)
            return nn_status_fail(status, NN_INVALID,
                                  "variable %s: dimension %d is %lld, which is not possible", spec->name, i,
                                  (long long)spec->dims[i]);
    return NN_OK;
}

NnVariable *nn_network_declare(NnNetwork *network, const NnVariableSpec *spec, NnStatus *status) {
    if (check_spec(spec, status) != NN_OK)
        return NULL;
    NnVariable *v = g_hash_table_lookup(network->by_name, spec->name);
    if (v) {
        if (same_spec(&v->spec, spec))
            return v;
        nn_status_fail(status, NN_INVALID, "variable %s is declared twice, with different types or shapes",
                       spec->name);
        return NULL;
    }
    void *value = NULL;
    if (NN_HAS(spec, value)) {
        const uint64_t bytes = nn_type_size(spec->type) * (uint64_t)nn_product(spec->dims, 0, spec->rank);
        if ((value = g_try_malloc(bytes + 1)) == NULL) {
            nn_status_fail(status, NN_OUT_OF_MEMORY,
                           "no memory: %" G_GUINT64_FORMAT " bytes for the value of %s", bytes, spec->name);
            return NULL;
        }
        memcpy(value, spec->value, bytes);
    }
    v = g_new0(NnVariable, 1);
    memcpy(&v->spec, spec, MIN(spec->struct_size, sizeof v->spec));
    v->spec.value = value;
    v->spec.name = g_strdup(spec->name);
    v->spec.init = g_strdup(spec->init);
    v->spec.group = g_strdup(spec->group);
    v->spec.dims = g_memdup2(spec->dims, (gsize)spec->rank * sizeof *spec->dims);
    v->network = network;
    v->index = network->variables->len;
    g_ptr_array_add(network->variables, v);
    g_hash_table_insert(network->by_name, (char *)(uintptr_t)v->spec.name, v);
    return v;
}

/* ---- building a family ---- */

static NnGraph *begin(NnModelBuild *build, const char *name, int32_t phase) {
    NnNetwork *network = build->self;
    if (nn_status_failed(build->status))
        return NULL;
    return nn_graph_new(network->context, network, name, phase);
}

static int32_t end(NnModelBuild *build, NnGraph *g) {
    if (g == NULL)
        return nn_status_fail(build->status, NN_ERROR, "a function could not be begun");
    NnFunction *f = nn_network_seal(build->self, g, build->status);
    return f ? NN_OK : nn_status_code(build->status);
}

NnNetwork *nn_network_new(NnContext *context, const char *family, const NnConfig *config,
                          const NnDataInfo *data, uint64_t batch, NnStatus *status) {
    const NnModel *model = nn_registry_table(context, NN_MODEL_KIND, family, status);
    if (model == NULL)
        return NULL;
    NnNetwork *network = g_new0(NnNetwork, 1);
    network->context = context;
    network->model = model;
    network->variables = g_ptr_array_new_with_free_func(variable_free);
    network->functions = g_ptr_array_new_with_free_func((GDestroyNotify)nn_function_unref);
    network->by_name = g_hash_table_new(g_str_hash, g_str_equal);
    NnModelBuild build = {.struct_size = sizeof build,
                          .host = nn_registry_host(context, model),
                          .config = config,
                          .data = data,
                          .batch = batch,
                          .self = network,
                          .status = status,
                          .begin = begin,
                          .end = end};
    const int32_t code = NN_HAS(model, build) ? model->build(&build) : NN_UNSUPPORTED;
    if (code != NN_OK)
        nn_status_fail(status, code, "model family %s could not build its network", family);
    network->order = build.order;
    if (!nn_status_failed(status))
        return network;
    nn_network_free(network);
    return NULL;
}

void nn_network_free(NnNetwork *network) {
    if (network == NULL)
        return;
    g_ptr_array_unref(network->functions);
    g_hash_table_unref(network->by_name);
    g_ptr_array_unref(network->variables);
    g_free(network);
}

const NnModel *nn_network_model(const NnNetwork *network) { return network->model; }

int32_t nn_network_order(const NnNetwork *network) { return network->order; }

uint32_t nn_network_variables(const NnNetwork *network, NnVariable *const **variables) {
    *variables = (NnVariable *const *)network->variables->pdata;
    return network->variables->len;
}

const NnVariableSpec *nn_variable_spec(const NnVariable *variable) { return &variable->spec; }

uint32_t nn_network_functions(const NnNetwork *network, NnFunction *const **functions) {
    *functions = (NnFunction *const *)network->functions->pdata;
    return network->functions->len;
}

NnFunction *nn_network_function(const NnNetwork *network, const char *name) {
    for (guint i = 0; i < network->functions->len; i++) {
        NnFunction *f = network->functions->pdata[i];
        if (strcmp(f->graph->name, name) == 0)
            return f;
    }
    return NULL;
}

/* ---- functions seen from outside ---- */

const char *nn_function_name(const NnFunction *f) { return f->graph->name; }

const char *nn_function_input_name(const NnFunction *f, uint32_t i) {
    return i < f->graph->inputs->len ? ((const NnValue *)f->graph->inputs->pdata[i])->info.name : NULL;
}

const char *nn_function_output_name(const NnFunction *f, uint32_t i) {
    return i < f->graph->outputs->len ? g_array_index(f->graph->outputs, NnOutput, i).name : NULL;
}

NnGraph *nn_graph_new(NnContext *context, NnNetwork *network, const char *name, int32_t phase) {
    return nn_graph_alloc(context, network, NULL, name, phase);
}

void nn_graph_free(NnGraph *g) { nn_graph_release(g); }

NnFunction *nn_graph_seal(NnGraph *g, NnStatus *status) {
    if (!nn_status_failed(g->status))
        return nn_function_seal(g);
    nn_status_where(g->status, "function %s", g->name);
    nn_status_copy(status, g->status);
    nn_graph_release(g);
    return NULL;
}

void nn_function_free(NnFunction *f) { nn_function_unref(f); }

NnFunction *nn_network_seal(NnNetwork *network, NnGraph *g, NnStatus *status) {
    if (nn_network_function(network, g->name))
        nn_status_fail(g->status, NN_INVALID, "the network has a function of this name already");
    NnFunction *f = nn_graph_seal(g, status);
    if (f)
        g_ptr_array_add(network->functions, f);
    return f;
}

static void copy_list(GArray *to, const GArray *from, NnValue **map) {
    for (guint i = 0; i < from->len; i++) {
        NnAssignment a = g_array_index(from, NnAssignment, i);
        a.value = map[a.value->info.id];
        a.predicate = a.predicate ? map[a.predicate->info.id] : NULL;
        g_array_append_val(to, a);
    }
}

NnGraph *nn_function_extend(const NnFunction *f, const char *name, NnStatus *status) {
    const NnGraph *from = f->graph;
    NnGraph *g = nn_graph_alloc(from->context, from->network, NULL, name, from->phase);
    g_autofree NnValue **map = g_new0(NnValue *, from->values->len + 1);
    if (nn_graph_copy_into(g, from, map) != NN_OK) {
        nn_status_copy(status, g->status);
        nn_graph_release(g);
        return NULL;
    }
    for (guint i = 0; i < from->outputs->len; i++) {
        const NnOutput *o = &g_array_index(from->outputs, NnOutput, i);
        const NnOutput out = {.name = nn_graph_string(g, o->name), .value = map[o->value->info.id]};
        g_array_append_val(g->outputs, out);
    }
    copy_list(g->assignments, from->assignments, map);
    copy_list(g->gradients, from->gradients, map);
    g->loss = from->loss ? map[from->loss->info.id] : NULL;
    g->group = nn_graph_string(g, from->group);
    g->salt = from->salt;
    return g;
}

NnValue *nn_graph_loss(const NnGraph *g, const char **group) {
    if (group)
        *group = g->group;
    return nn_value_now(g->loss);
}

NnValue *nn_graph_gradient(const NnGraph *g, const NnVariable *variable) {
    for (guint i = 0; i < g->gradients->len; i++)
        if (g_array_index(g->gradients, NnAssignment, i).variable == variable)
            return g_array_index(g->gradients, NnAssignment, i).value;
    return NULL;
}

NnValue *nn_graph_reads(const NnGraph *g, const NnVariable *variable) {
    for (guint i = 0; i < g->values->len; i++) {
        NnValue *v = g->values->pdata[i];
        if (v->origin == NN_FROM_VARIABLE && v->variable == variable)
            return v;
    }
    return NULL;
}

const NnNode *nn_graph_producer(const NnGraph *g, const NnValue *v) {
    const NnValue *now = v ? nn_value_now(v) : NULL;
    return now && now->graph == g && now->origin == NN_FROM_NODE ? &now->node->view : NULL;
}

int32_t nn_graph_guard(NnGraph *g, NnValue *predicate) {
    for (guint i = 0; i < g->assignments->len && !nn_status_failed(g->status); i++) {
        NnValue *both = predicate;
        const NnValue *own = g_array_index(g->assignments, NnAssignment, i).predicate;
        if (own)
            both = nn_graph_functions.role(
                g, "select", 3, (NnValue *const[]){predicate, (NnValue *)(uintptr_t)own, predicate});
        g_array_index(g->assignments, NnAssignment, i).predicate = nn_value_now(both);
    }
    return nn_status_code(g->status);
}
