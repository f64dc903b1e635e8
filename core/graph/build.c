/* SPDX-License-Identifier: Apache-2.0 */
/* NnGraphApi: what models, gradient rules, bodies and optimizers build graphs with. A failed graph stays
 * failed and quiet. */
#include "graph.h"
#include "network.h"
#include "nn/plugin.h"
#include "status.h"

#define MAX_NESTING 64

static bool stopped(const NnGraph *g) { return g == NULL || nn_status_failed(g->status); }

static bool finished(NnGraph *g) {
    if (g->sealed)
        nn_status_fail(g->status, NN_INVALID, "function %s is sealed and cannot be added to", g->name);
    return stopped(g);
}

static NnStatus *get_status(NnGraph *g) { return g->status; }

static int32_t get_phase(const NnGraph *g) { return g->phase; }

static const NnValueInfo *get_info(NnGraph *g, const NnValue *v) {
    (void)g;
    v = nn_value_now(v);
    return v ? &v->info : NULL;
}

static void set_name(NnGraph *g, NnValue *v, const char *name) {
    v = nn_value_now(v);
    if (v)
        v->info.name = nn_graph_string(g, name);
}

static NnValue *add_input(NnGraph *g, const char *name, int32_t type, int32_t rank, const int64_t *dims) {
    if (stopped(g) || finished(g))
        return NULL;
    if (rank > NN_MAX_RANK) {
        nn_status_fail(g->status, NN_INVALID, "input %s has rank %d, at most %d is possible",
                       name ? name : "", rank, NN_MAX_RANK);
        return NULL;
    }
    return nn_graph_add_input(g, name, type, rank, dims);
}

static NnValue *add_constant(NnGraph *g, int32_t type, int32_t rank, const int64_t *dims, const void *data) {
    if (stopped(g))
        return NULL;
    if (rank < 0 || rank > NN_MAX_RANK || nn_type_size(type) == 0) {
        nn_status_fail(g->status, NN_INVALID, "a constant of type %s and rank %d is not possible",
                       nn_type_name(type), rank);
        return NULL;
    }
    return nn_graph_add_constant(g, type, rank, dims, data);
}

/* The random state is an implicit input: whoever runs the function supplies it, a loop a new one for each
 * iteration. */
static NnValue *get_random(NnGraph *g) {
    if (stopped(g))
        return NULL;
    if (g->random == NULL) {
        const int64_t two = 2;
        g->random = nn_graph_add_value(g, NN_FROM_RANDOM);
        g->random->info.name = "random";
        nn_value_set_shape(g->random, NN_I64, 1, &two);
    }
    return g->random;
}

static const NnOperator *find_operator(NnGraph *g, const NnNodeSpec *spec) {
    const NnOperator *def = nn_context_operator(g->context, spec->op, spec->version, g->status);
    if (def == NULL && spec->place)
        nn_status_where(g->status, "%s", spec->place);
    return def;
}

static bool draws(const NnFunction *f) { return f->graph->random != NULL; }

static int32_t add_node(NnGraph *g, const NnNodeSpec *spec, NnValue **outputs) {
    for (uint32_t i = 0; i < spec->n_outputs; i++)
        outputs[i] = NULL;
    if (stopped(g) || finished(g))
        return g ? nn_status_code(g->status) : NN_INVALID;
    const NnOperator *def = find_operator(g, spec);
    if (def == NULL)
        return nn_status_code(g->status);
    if (def->flags & NN_OP_RANDOM && def->sort == NN_COMPOSITE)
        (void)get_random(g);
    for (uint32_t i = 0; i < spec->n_attrs; i++) {
        const NnAttr *a = (const void *)((const char *)spec->attrs + (gsize)i * spec->attr_stride);
        if (a->kind == NN_ATTR_FUNCTION && a->u.function && draws(a->u.function))
            (void)get_random(g);
    }
    NnGraphNode *node = nn_graph_add_node(g, def, spec, g->status);
    if (node == NULL)
        return nn_status_code(g->status);
    for (uint32_t i = 0; i < spec->n_outputs; i++)
        outputs[i] = node->outputs[i];
    return NN_OK;
}

static NnValue *add_role(NnGraph *g, const char *role, uint32_t n, NnValue *const *inputs) {
    if (stopped(g))
        return NULL;
    const NnOperator *def = nn_context_role(g->context, role, g->status);
    if (def == NULL)
        return NULL;
    const NnNodeSpec spec = {
        .struct_size = sizeof spec, .op = def->name, .n_inputs = n, .n_outputs = 1, .inputs = inputs};
    NnGraphNode *node = nn_graph_add_node(g, def, &spec, g->status);
    return node ? node->outputs[0] : NULL;
}

static int32_t add_gradient(NnGraph *g, uint32_t n, NnValue *const *targets, NnValue *const *seeds,
                            uint32_t n_wrt, NnValue *const *wrt, NnValue **grads) {
    for (uint32_t i = 0; i < n_wrt; i++)
        grads[i] = NULL;
    if (stopped(g) || finished(g))
        return g ? nn_status_code(g->status) : NN_INVALID;
    return nn_graph_differentiate(g, n, targets, seeds, n_wrt, wrt, grads);
}

static int32_t replace(NnGraph *g, uint32_t n, NnValue *const *old, NnValue *const *with) {
    if (stopped(g) || finished(g))
        return g ? nn_status_code(g->status) : NN_INVALID;
    for (uint32_t i = 0; i < n; i++)
        if (old[i] && with[i])
            nn_graph_replace(g, nn_value_now(old[i]), nn_value_now(with[i]));
    return NN_OK;
}

/* ---- functions ---- */

static NnGraph *begin_function(NnGraph *parent, const char *name) {
    if (stopped(parent))
        return NULL;
    uint32_t depth = 0;
    for (const NnGraph *p = parent; p; p = p->parent)
        depth++;
    if (depth > MAX_NESTING) {
        nn_status_fail(parent->status, NN_INVALID, "functions are nested more than %d deep at %s",
                       MAX_NESTING, name);
        return NULL;
    }
    return nn_graph_alloc(parent->context, NULL, parent, name ? name : "function", parent->phase);
}

static NnFunction *end_function(NnGraph *body, uint32_t n, NnValue *const *outputs) {
    if (body == NULL)
        return NULL;
    NnGraph *parent = body->parent;
    for (uint32_t i = 0; i < n && !nn_status_failed(body->status); i++) {
        const NnOutput out = {.value = nn_value_now(outputs[i])};
        if (out.value == NULL || out.value->graph != body)
            nn_status_fail(body->status, NN_INVALID, "output %u is not a value of this function", i);
        g_array_append_val(body->outputs, out);
    }
    if (nn_status_failed(body->status)) {
        nn_status_where(body->status, "function %s", body->name);
        nn_status_copy(parent->status, body->status);
        nn_graph_release(body);
        return NULL;
    }
    NnFunction *f = nn_function_seal(body);
    g_ptr_array_add(parent->functions, f);
    return f;
}

static uint32_t count_inputs(const NnFunction *f) { return f->graph->inputs->len; }

static uint32_t count_outputs(const NnFunction *f) { return f->graph->outputs->len; }

static const NnValueInfo *function_input(const NnFunction *f, uint32_t i) {
    return i < f->graph->inputs->len ? &((const NnValue *)f->graph->inputs->pdata[i])->info : NULL;
}

static const NnValueInfo *function_output(const NnFunction *f, uint32_t i) {
    return i < f->graph->outputs->len ? &g_array_index(f->graph->outputs, NnOutput, i).value->info : NULL;
}

static int32_t call(NnGraph *g, const NnFunction *f, uint32_t n_inputs, NnValue *const *inputs,
                    uint32_t n_outputs, NnValue **outputs) {
    for (uint32_t i = 0; i < n_outputs; i++)
        outputs[i] = NULL;
    if (stopped(g) || finished(g))
        return g ? nn_status_code(g->status) : NN_INVALID;
    const NnGraph *from = f->graph;
    if (n_inputs != from->inputs->len || n_outputs > from->outputs->len)
        return nn_status_fail(g->status, NN_INVALID,
                              "function %s takes %u inputs and gives %u outputs, called with %u and %u",
                              from->name, from->inputs->len, from->outputs->len, n_inputs, n_outputs);
    g_autofree NnValue **map = g_new0(NnValue *, from->values->len + 1);
    for (uint32_t i = 0; i < n_inputs; i++)
        map[((NnValue *)from->inputs->pdata[i])->info.id] = nn_value_now(inputs[i]);
    if (nn_graph_copy_into(g, from, map) != NN_OK)
        return nn_status_code(g->status);
    for (uint32_t i = 0; i < n_outputs; i++)
        outputs[i] = map[g_array_index(from->outputs, NnOutput, i).value->info.id];
    return NN_OK;
}

/* ---- variables and results of named functions ---- */

static NnVariable *declare_variable(NnGraph *g, const NnVariableSpec *spec) {
    if (stopped(g))
        return NULL;
    if (g->network == NULL) {
        nn_status_fail(g->status, NN_INVALID,
                       "variable %s: %s is a closed function; variables enter it as inputs", spec->name,
                       g->name);
        return NULL;
    }
    return nn_network_declare(g->network, spec, g->status);
}

static NnValue *read_variable(NnGraph *g, NnVariable *variable) {
    if (stopped(g) || finished(g) || variable == NULL)
        return NULL;
    if (g->network != variable->network) {
        nn_status_fail(g->status, NN_INVALID, "variable %s does not belong to the network of %s",
                       variable->spec.name, g->name);
        return NULL;
    }
    NnValue *v = nn_graph_reads(g, variable);
    if (v)
        return v;
    v = nn_graph_add_value(g, NN_FROM_VARIABLE);
    v->variable = variable;
    v->info.name = variable->spec.name;
    v->info.flags |= NN_VALUE_VARIABLE;
    nn_value_set_shape(v, variable->spec.type, variable->spec.rank, variable->spec.dims);
    return v;
}

static bool shape_fits(const NnVariableSpec *spec, const NnValueInfo *info) {
    if ((info->type && info->type != spec->type) || (info->rank >= 0 && info->rank != spec->rank))
        return false;
    for (int32_t i = 0; i < info->rank; i++)
        if (nn_dim_known(info->dims[i]) && info->dims[i] != spec->dims[i])
            return false;
    return true;
}

static int32_t add_assignment(NnGraph *g, GArray *list, const char *what, NnVariable *variable,
                              NnValue *value, NnValue *predicate) {
    if (stopped(g) || finished(g))
        return g ? nn_status_code(g->status) : NN_INVALID;
    value = nn_value_now(value);
    if (variable == NULL || value == NULL || variable->network != g->network)
        return nn_status_fail(g->status, NN_INVALID, "%s in %s names no variable or no value of its network",
                              what, g->name);
    for (guint i = 0; i < list->len; i++)
        if (g_array_index(list, NnAssignment, i).variable == variable)
            return nn_status_fail(g->status, NN_INVALID, "variable %s has two %ss in %s", variable->spec.name,
                                  what, g->name);
    if (!shape_fits(&variable->spec, &value->info)) {
        char found[160];
        return nn_status_fail(g->status, NN_INVALID, "the %s of variable %s is %s, which does not fit it",
                              what, variable->spec.name, nn_value_text(value, found, sizeof found));
    }
    const NnAssignment a = {variable, value, nn_value_now(predicate)};
    g_array_append_val(list, a);
    return NN_OK;
}

static int32_t assign(NnGraph *g, NnVariable *variable, NnValue *value, NnValue *predicate) {
    return add_assignment(g, g ? g->assignments : NULL, "assignment", variable, value, predicate);
}

static int32_t set_gradient(NnGraph *g, NnVariable *variable, NnValue *gradient) {
    return add_assignment(g, g ? g->gradients : NULL, "gradient", variable, gradient, NULL);
}

static int32_t add_output(NnGraph *g, const char *name, NnValue *value) {
    if (stopped(g) || finished(g))
        return g ? nn_status_code(g->status) : NN_INVALID;
    const NnOutput out = {.name = nn_graph_string(g, name), .value = nn_value_now(value)};
    if (out.value == NULL)
        return nn_status_fail(g->status, NN_INVALID, "output %s of %s has no value", name, g->name);
    for (guint i = 0; i < g->outputs->len; i++)
        if (g_strcmp0(g_array_index(g->outputs, NnOutput, i).name, name) == 0)
            return nn_status_fail(g->status, NN_INVALID, "%s has two outputs named %s", g->name, name);
    g_array_append_val(g->outputs, out);
    return NN_OK;
}

static int32_t minimize(NnGraph *g, NnValue *loss, const char *group) {
    if (stopped(g) || finished(g))
        return g ? nn_status_code(g->status) : NN_INVALID;
    g->loss = nn_value_now(loss);
    g->group = nn_graph_string(g, group);
    if (g->loss == NULL || g->loss->info.rank > 0)
        return nn_status_fail(g->status, NN_INVALID, "the loss of %s is not a scalar", g->name);
    return NN_OK;
}

const NnGraphApi nn_graph_functions = {
    .struct_size = sizeof nn_graph_functions,
    .status = get_status,
    .input = add_input,
    .constant = add_constant,
    .node = add_node,
    .role = add_role,
    .info = get_info,
    .set_name = set_name,
    .random = get_random,
    .gradient = add_gradient,
    .replace = replace,
    .begin = begin_function,
    .end = end_function,
    .function_inputs = count_inputs,
    .function_outputs = count_outputs,
    .function_input = function_input,
    .function_output = function_output,
    .call = call,
    .vjp = nn_graph_vjp,
    .variable = declare_variable,
    .read = read_variable,
    .assign = assign,
    .output = add_output,
    .minimize = minimize,
    .set_gradient = set_gradient,
    .phase = get_phase,
};
