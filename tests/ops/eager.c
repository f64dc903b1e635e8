/* SPDX-License-Identifier: Apache-2.0 */
/* A node is inferred with the values of its inputs as constants, so that every shape is known when it runs.
 */
#include "eager.h"

#include "status.h"

void eager_begin(Eager *e, NnContext *context, NnStatus *status) {
    e->context = context;
    e->status = status;
    e->known = g_hash_table_new_full(NULL, NULL, NULL, (GDestroyNotify)tensor_free);
}

void eager_set(Eager *e, NnValue *v, const NnTensor *t) { g_hash_table_insert(e->known, v, tensor_copy(t)); }
void eager_end(Eager *e) { g_hash_table_unref(e->known); }

static int32_t run_primitive(NnContext *context, NnGraphNode *node, Tensor *const *inputs, Tensor **outputs,
                             NnStatus *status) {
    const NnNode *view = &node->view;
    g_autofree const NnTensor **in = g_new0(const NnTensor *, view->n_inputs + 1);
    g_autofree NnTensor **out = g_new0(NnTensor *, view->n_outputs + 1);
    for (uint32_t i = 0; i < view->n_inputs; i++)
        in[i] = inputs[i] ? &inputs[i]->t : NULL;
    for (uint32_t i = 0; i < view->n_outputs; i++) {
        const NnValueInfo *info = &node->outputs[i]->info;
        int64_t dims[NN_MAX_RANK];
        for (int32_t k = 0; k < info->rank; k++) {
            dims[k] = nn_dim_max(info->dims[k]);
            if (info->dims[k] == NN_DIM_UNKNOWN)
                return nn_status_fail(status, NN_ERROR,
                                      "%s: dimension %d of output %u is not known although all inputs are",
                                      view->op, k, i);
        }
        if (info->rank < 0 || info->type == NN_NONE)
            return nn_status_fail(status, NN_ERROR,
                                  "%s: type or rank of output %u is not known although all inputs are",
                                  view->op, i);
        outputs[i] = tensor_new(info->type, info->rank, dims);
        out[i] = &outputs[i]->t;
    }
    const NnCall call = {.struct_size = sizeof call,
                         .n_inputs = view->n_inputs,
                         .n_outputs = view->n_outputs,
                         .inputs = in,
                         .outputs = out,
                         .host = nn_registry_host(context, view->definition),
                         .node = view,
                         .status = status};
    const int32_t code = view->definition->compute(&call);
    if (code == NN_OK && nn_status_failed(status))
        return nn_status_code(status);
    return code == NN_OK ? NN_OK : nn_status_fail(status, code, "%s failed without a sentence", view->op);
}

static int32_t run_composite(NnContext *context, NnGraphNode *node, Tensor *const *inputs, Tensor **outputs,
                             NnStatus *status) {
    g_autofree NnValue **values = g_new0(NnValue *, node->view.n_outputs + 1);
    if (nn_graph_expand(node, values) != NN_OK) {
        nn_status_copy(status, node->graph->status);
        return nn_status_code(status);
    }
    Eager inner;
    eager_begin(&inner, context, status);
    for (uint32_t i = 0; i < node->view.n_inputs; i++)
        if (node->inputs[i])
            eager_set(&inner, node->inputs[i], &inputs[i]->t);
    for (uint32_t i = 0; i < node->view.n_outputs; i++) {
        const Tensor *x = values[i] ? eager_value(&inner, values[i]) : NULL;
        outputs[i] = x ? tensor_copy(&x->t) : NULL;
    }
    eager_end(&inner);
    return nn_status_code(status);
}

/* ---- control structures: their functions are run as graphs of their own ---- */

static int32_t run_function(NnContext *context, const NnFunction *f, Tensor *const *inputs, Tensor **outputs,
                            NnStatus *status) {
    const NnGraph *g = f->graph;
    Eager inner;
    eager_begin(&inner, context, status);
    for (guint i = 0; i < g->inputs->len; i++)
        eager_set(&inner, g->inputs->pdata[i], &inputs[i]->t);
    for (guint i = 0; i < g->outputs->len; i++) {
        const Tensor *x = eager_value(&inner, g_array_index(g->outputs, NnOutput, i).value);
        outputs[i] = x ? tensor_copy(&x->t) : NULL;
    }
    eager_end(&inner);
    return nn_status_code(status);
}

/* Copies between a slice and its place along an axis of a whole. */
static void move_slice(Tensor *whole, int64_t axis, int64_t index, Tensor *slice, bool out) {
    const int64_t outer = nn_product(whole->dims, 0, (int32_t)axis), length = whole->dims[axis];
    const int64_t inner = nn_product(whole->dims, (int32_t)axis + 1, whole->t.rank);
    const uint64_t size = nn_type_size(whole->t.type);
    for (int64_t o = 0; o < outer && inner > 0; o++) {
        char *a = (char *)whole->t.buffer + (uint64_t)((o * length + index) * inner) * size;
        char *b = (char *)slice->t.buffer + (uint64_t)(o * inner) * size;
        memcpy(out ? b : a, out ? a : b, (uint64_t)inner * size);
    }
}

static int64_t axis_in(const int64_t *axes, uint32_t i, int32_t rank) {
    const int64_t axis = axes ? axes[i] : 0;
    return axis < 0 ? axis + rank : axis;
}

static Tensor *slice_of(Tensor *whole, int64_t axis, int64_t index) {
    int64_t dims[NN_MAX_RANK];
    int32_t rank = 0;
    for (int32_t d = 0; d < whole->t.rank; d++)
        if (d != axis)
            dims[rank++] = whole->dims[d];
    Tensor *slice = tensor_new(whole->t.type, rank, dims);
    move_slice(whole, axis, index, slice, true);
    return slice;
}

/* Trips are the inferred length of a stack, the trip count, or the length of what is scanned. */
static int64_t count_trips(const NnControl *k, Tensor *const *inputs) {
    if (k->n_scanned > 0) {
        const Tensor *x = inputs[k->first_scanned];
        return x->dims[axis_in(k->scan_axes, 0, x->t.rank)];
    }
    return k->trip_count >= 0 ? (int64_t)tensor_get(&inputs[k->trip_count]->t, 0) : 1000;
}

static int32_t run_loop(NnContext *context, NnGraphNode *node, const NnControl *k, Tensor *const *inputs,
                        Tensor **outputs, NnStatus *status) {
    const int64_t trips = count_trips(k, inputs);
    const uint32_t lead = k->passes_condition != 0;
    bool go = k->condition < 0 || tensor_get(&inputs[k->condition]->t, 0) != 0;
    for (uint32_t i = 0; i < k->n_carried; i++)
        outputs[i] = tensor_copy(&inputs[k->first_carried + i]->t);
    for (uint32_t j = 0; j < k->n_stacked; j++) {
        const NnValueInfo *info = node->view.outputs[k->n_carried + j];
        int64_t dims[NN_MAX_RANK] = {0};
        for (int32_t d = 0; d < info->rank; d++)
            dims[d] = nn_dim_max(info->dims[d]);
        outputs[k->n_carried + j] = tensor_new(info->type, info->rank, dims);
    }
    int64_t t = 0;
    for (; t < trips && go && !nn_status_failed(status); t++) {
        g_autofree Tensor **in = g_new0(Tensor *, node->view.n_inputs + 3);
        g_autofree Tensor **out = g_new0(Tensor *, lead + k->n_carried + k->n_stacked + 1);
        uint32_t n = 0, own = 0;
        if (k->passes_iteration) {
            tensor_set(&(in[n++] = tensor_new(NN_I64, 0, NULL))->t, 0, (double)t);
            tensor_set(&(in[n++] = tensor_new(NN_BOOL, 0, NULL))->t, 0, 1);
        }
        for (uint32_t i = 0; i < k->n_carried; i++)
            in[n++] = outputs[i];
        for (uint32_t i = 0; i < k->n_scanned; i++) {
            Tensor *x = inputs[k->first_scanned + i];
            in[n++] = slice_of(x, axis_in(k->scan_axes, i, x->t.rank),
                               k->scan_reverse && k->scan_reverse[i] ? trips - 1 - t : t);
        }
        own = n;
        for (uint32_t i = k->first_capture; i < node->view.n_inputs; i++)
            in[n++] = inputs[i];
        (void)run_function(context, k->functions[0], in, out, status);
        for (uint32_t i = 0; i < own; i++)
            tensor_free(in[i]);
        for (uint32_t i = 0; i < k->n_carried; i++)
            outputs[i] = out[lead + i];
        for (uint32_t j = 0; j < k->n_stacked && !nn_status_failed(status); j++) {
            Tensor *whole = outputs[k->n_carried + j];
            move_slice(whole, axis_in(k->stack_axes, j, whole->t.rank),
                       k->stack_reverse && k->stack_reverse[j] ? trips - 1 - t : t,
                       out[lead + k->n_carried + j], false);
            tensor_free(out[lead + k->n_carried + j]);
        }
        if (lead)
            go = out[0] && tensor_get(&out[0]->t, 0) != 0;
        if (lead)
            tensor_free(out[0]);
    }
    for (uint32_t j = 0; j < k->n_stacked && t < trips; j++)
        outputs[k->n_carried + j]->dims[0] = t;
    return nn_status_code(status);
}

static int32_t run_control(NnContext *context, NnGraphNode *node, Tensor *const *inputs, Tensor **outputs,
                           NnStatus *status) {
    NnControl k = {.struct_size = sizeof k};
    const int32_t code = node->view.definition->control(&node->view, &k, status);
    if (code != NN_OK)
        return nn_status_fail(status, code, "%s could not be lowered", node->view.op);
    if (k.kind == NN_LOOP)
        return run_loop(context, node, &k, inputs, outputs, status);
    const bool taken = tensor_get(&inputs[k.condition]->t, 0) != 0;
    return run_function(context, k.functions[taken ? 0 : 1], inputs + k.first_capture, outputs, status);
}

int32_t eager_run(NnContext *context, const NnNodeSpec *spec, Tensor *const *inputs, Tensor **outputs,
                  NnStatus *status) {
    NnGraph *g = nn_graph_new(context, NULL, "eager", NN_TRAINING);
    g_autofree NnValue **values = g_new0(NnValue *, spec->n_inputs + 1);
    g_autofree NnValue **made = g_new0(NnValue *, spec->n_outputs + 1);
    NnNodeSpec own = *spec;
    for (uint32_t i = 0; i < spec->n_outputs; i++)
        outputs[i] = NULL;
    for (uint32_t i = 0; i < spec->n_inputs; i++)
        if (inputs[i])
            values[i] = nn_graph_functions.constant(g, inputs[i]->t.type, inputs[i]->t.rank, inputs[i]->dims,
                                                    inputs[i]->t.buffer);
    own.inputs = values;
    if (nn_graph_functions.node(g, &own, made) == NN_OK) {
        NnGraphNode *node = made[0]->node;
        /* A node has all outputs of its schema, also those that nobody asked for. */
        g_autofree Tensor **all = g_new0(Tensor *, node->view.n_outputs + 1);
        if (NN_HAS(node->view.definition, compute))
            (void)run_primitive(context, node, inputs, all, status);
        else if (NN_HAS(node->view.definition, body))
            (void)run_composite(context, node, inputs, all, status);
        else if (NN_HAS(node->view.definition, control))
            (void)run_control(context, node, inputs, all, status);
        else
            nn_status_fail(status, NN_UNSUPPORTED, "%s has neither a reference kernel nor a body", spec->op);
        for (uint32_t i = 0; i < node->view.n_outputs; i++)
            if (i < spec->n_outputs && !nn_status_failed(status))
                outputs[i] = all[i];
            else
                tensor_free(all[i]);
    }
    nn_status_copy(status, g->status);
    nn_graph_free(g);
    return nn_status_code(status);
}

static const Tensor *run_node(Eager *e, NnGraphNode *node, uint32_t wanted) {
    g_autofree Tensor **inputs = g_new0(Tensor *, node->view.n_inputs + 1);
    g_autofree Tensor **outputs = g_new0(Tensor *, node->view.n_outputs + 1);
    for (uint32_t i = 0; i < node->view.n_inputs; i++) {
        const Tensor *x = node->inputs[i] ? eager_value(e, node->inputs[i]) : NULL;
        if (node->inputs[i] && !x)
            return NULL;
        inputs[i] = (Tensor *)(uintptr_t)x;
    }
    g_autofree char *name = nn_operator_name(node->view.definition);
    const NnNodeSpec spec = {.struct_size = sizeof spec,
                             .version = node->view.version,
                             .op = name,
                             .n_inputs = node->view.n_inputs,
                             .n_outputs = node->view.n_outputs,
                             .n_attrs = node->view.n_attrs,
                             .attr_stride = node->view.attr_stride,
                             .attrs = node->view.attrs};
    if (eager_run(e->context, &spec, inputs, outputs, e->status) != NN_OK)
        return NULL;
    for (uint32_t i = 0; i < node->view.n_outputs; i++)
        g_hash_table_insert(e->known, node->outputs[i], outputs[i]);
    return outputs[wanted];
}

const Tensor *eager_value(Eager *e, NnValue *v) {
    v = nn_value_now(v);
    const Tensor *known = g_hash_table_lookup(e->known, v);
    if (known || nn_status_failed(e->status))
        return known;
    if (v->origin == NN_FROM_NODE)
        return run_node(e, v->node, v->index);
    if (v->origin == NN_FROM_RANDOM) {
        const int64_t two = 2;
        Tensor *x = tensor_new(NN_I64, 1, &two);
        tensor_set(&x->t, 0, 42);
        g_hash_table_insert(e->known, v, x);
        return x;
    }
    if (v->info.value)
        eager_set(e, v, v->info.value);
    else
        nn_status_fail(e->status, NN_ERROR, "input %s has no value", v->info.name ? v->info.name : "");
    return g_hash_table_lookup(e->known, v);
}
