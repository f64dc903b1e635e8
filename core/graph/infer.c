/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Types, shapes and known values of a node's outputs. The schema is checked here, the operator's own `infer`
 * is asked, a composite without one is inferred through its body, and small integer results of known inputs
 * are computed on the spot by the reference kernel, so that shape arithmetic stays known while a graph is
 * built.
 */
#include "graph.h"
#include "nn/plugin.h"
#include "status.h"

#define FOLD_ELEMENTS 4096

typedef struct Inference {
    NnInfer face;
    NnGraphNode *node;
    NnGraph *scratch;
} Inference;

static const NnParam *param_at(const NnParam *params, uint32_t n, uint32_t stride, uint32_t i) {
    if (n == 0)
        return NULL;
    const NnParam *last = (const void *)((const char *)params + (gsize)(n - 1) * stride);
    if (i >= n)
        return last->flags & NN_VARIADIC ? last : NULL;
    return (const void *)((const char *)params + (gsize)i * stride);
}

const NnParam *nn_operator_input(const NnOperator *def, uint32_t i) {
    return param_at(def->inputs, def->n_inputs, def->param_stride, i);
}

const NnParam *nn_operator_output(const NnOperator *def, uint32_t i) {
    return param_at(def->outputs, def->n_outputs, def->param_stride, i);
}

static char *type_list(uint64_t mask) {
    GString *text = g_string_new(NULL);
    for (int32_t t = 1; t < NN_TYPE_COUNT; t++)
        if (mask & NN_MASK(t))
            g_string_append_printf(text, "%s%s", text->len ? ", " : "", nn_type_name(t));
    return g_string_free(text, FALSE);
}

/* The element type that the schema's letter stands for at this node, as far as its inputs say. */
static int32_t bound_type(const NnGraphNode *node, const char *var) {
    const NnOperator *def = node->view.definition;
    for (uint32_t i = 0; var && i < node->view.n_inputs; i++) {
        const NnParam *p = nn_operator_input(def, i);
        if (p && p->var && !(p->flags & NN_MIXED) && strcmp(p->var, var) == 0 && node->inputs[i] &&
            node->inputs[i]->info.type)
            return node->inputs[i]->info.type;
    }
    return NN_NONE;
}

static int32_t check_input(NnGraphNode *node, uint32_t i, NnStatus *status) {
    const NnOperator *def = node->view.definition;
    const NnParam *p = nn_operator_input(def, i);
    const NnValue *v = node->inputs[i];
    if (p == NULL)
        return nn_status_fail(status, NN_INVALID, "takes at most %u inputs, found %u", def->n_inputs,
                              node->view.n_inputs);
    if (v == NULL) {
        if (p->flags & NN_OPTIONAL)
            return NN_OK;
        return nn_status_fail(status, NN_INVALID, "input %u (%s) is missing", i, p->name);
    }
    if (v->info.type == NN_NONE)
        return NN_OK;
    if (p->types && !(p->types & NN_MASK(v->info.type))) {
        g_autofree char *allowed = type_list(p->types);
        return nn_status_fail(status, NN_INVALID, "input %s is %s, expected one of %s", p->name,
                              nn_type_name(v->info.type), allowed);
    }
    const int32_t bound = p->flags & NN_MIXED ? NN_NONE : bound_type(node, p->var);
    if (bound != NN_NONE && bound != v->info.type)
        return nn_status_fail(status, NN_INVALID,
                              "input %s is %s, but the inputs before it of type %s are %s", p->name,
                              nn_type_name(v->info.type), p->var, nn_type_name(bound));
    return NN_OK;
}

static int32_t check_schema(NnGraphNode *node, NnStatus *status) {
    const NnOperator *def = node->view.definition;
    for (uint32_t i = 0; i < node->view.n_inputs; i++)
        if (check_input(node, i, status) != NN_OK)
            return nn_status_code(status);
    const NnParam *last = def->n_inputs ? nn_operator_input(def, def->n_inputs - 1) : NULL;
    if (last && (last->flags & NN_VARIADIC) && !(last->flags & NN_OPTIONAL) &&
        node->view.n_inputs < def->n_inputs)
        return nn_status_fail(status, NN_INVALID, "needs at least one input %s", last->name);
    for (uint32_t i = 0; i < node->view.n_outputs; i++)
        if (nn_operator_output(def, i) == NULL)
            return nn_status_fail(status, NN_INVALID, "gives at most %u outputs, asked for %u",
                                  def->n_outputs, node->view.n_outputs);
    return NN_OK;
}

/* ---- what an operator's infer is given ---- */

static void set_output(NnInfer *face, uint32_t i, int32_t type, int32_t rank, const int64_t *dims) {
    Inference *in = face->self;
    if (i < in->node->view.n_outputs && rank <= NN_MAX_RANK)
        nn_value_set_shape(in->node->outputs[i], type, rank, dims);
}

static const int64_t *get_integers(NnInfer *face, uint32_t i, uint64_t *count) {
    Inference *in = face->self;
    const NnValue *v = i < in->node->view.n_inputs ? in->node->inputs[i] : NULL;
    *count = 0;
    if (v == NULL)
        return NULL;
    bool known = v->info.partial || v->info.value; /* a known float or matrix has a value, but no integers */
    if (v->info.partial) {
        *count = v->info.rank == 0 ? 1 : (uint64_t)v->info.dims[0];
        for (uint64_t k = 0; k < *count && v->info.value == NULL; k++)
            known = known && v->info.partial[k] >= 0;
    }
    if (!known && i < 64)
        in->node->wanted |= UINT64_C(1) << i;
    return v->info.partial;
}

static void set_value(NnInfer *face, uint32_t i, uint64_t count, const int64_t *elements) {
    Inference *in = face->self;
    if (i >= in->node->view.n_outputs || count > FOLD_ELEMENTS)
        return;
    NnValue *v = in->node->outputs[i];
    if (v->info.rank > 1 || v->info.rank < 0 || (v->info.rank == 1 && v->info.dims[0] != (int64_t)count) ||
        (v->info.type != NN_I64 && v->info.type != NN_I32))
        return;
    int64_t *own = nn_graph_memory(v->graph, (count + 1) * sizeof *own);
    bool known = true;
    for (uint64_t k = 0; k < count; k++) {
        own[k] = elements[k];
        known = known && elements[k] != NN_DIM_UNKNOWN;
    }
    v->info.partial = own;
    if (!known)
        return;
    if (v->info.type == NN_I64) {
        nn_value_set_constant(v, own);
        return;
    }
    g_autofree int32_t *narrow = g_new0(int32_t, count + 1);
    for (uint64_t k = 0; k < count; k++)
        narrow[k] = (int32_t)own[k];
    nn_value_set_constant(v, narrow);
}

static int32_t function_outputs(NnInfer *face, const NnFunction *f, uint32_t n,
                                const NnValueInfo *const *inputs, const NnValueInfo **outputs) {
    Inference *in = face->self;
    if (in->scratch == NULL)
        in->scratch = nn_graph_alloc(in->node->graph->context, NULL, NULL, f->graph->name, f->graph->phase);
    return nn_infer_function(f, n, inputs, outputs, in->scratch, face->status);
}

/* ---- results that are known already ---- */

static bool foldable(const NnGraphNode *node) {
    const NnOperator *def = node->view.definition;
    if (!NN_HAS(def, compute) || (def->flags & (NN_OP_RANDOM | NN_OP_EFFECT)) || node->view.n_inputs == 0)
        return false;
    for (uint32_t i = 0; i < node->view.n_inputs; i++) {
        const NnParam *p = nn_operator_input(def, i);
        if (node->inputs[i] && node->inputs[i]->info.value == NULL)
            return false;
        (void)p;
    }
    for (uint32_t i = 0; i < node->view.n_outputs; i++) {
        const NnValue *v = node->outputs[i];
        if (v->info.value || !nn_value_static(v) ||
            !(NN_MASK(v->info.type) & (NN_INDICES | NN_MASK(NN_BOOL))) || nn_value_bytes(v) > FOLD_ELEMENTS)
            return false;
    }
    return node->view.n_outputs > 0;
}

static void compute_now(NnGraphNode *node) {
    const NnOperator *def = node->view.definition;
    const uint32_t n_in = node->view.n_inputs, n_out = node->view.n_outputs;
    g_autofree const NnTensor **ins = g_new0(const NnTensor *, n_in + 1);
    g_autofree NnTensor **outs = g_new0(NnTensor *, n_out + 1);
    g_autofree NnTensor *tensors = g_new0(NnTensor, n_out + 1);
    int64_t strides[NN_MAX_RANK];
    g_autofree int64_t *dims = g_new0(int64_t, (gsize)n_out * NN_MAX_RANK + 1);
    g_autoptr(GPtrArray) blocks = g_ptr_array_new_with_free_func(g_free);
    for (uint32_t i = 0; i < n_in; i++)
        ins[i] = node->inputs[i] ? node->inputs[i]->info.value : NULL;
    memset(strides, 0, sizeof strides);
    for (uint32_t i = 0; i < n_out; i++) {
        const NnValueInfo *info = &node->outputs[i]->info;
        int64_t *d = dims + (gsize)i * NN_MAX_RANK;
        for (int32_t k = 0; k < info->rank; k++)
            d[k] = info->dims[k];
        int64_t *s = g_new0(int64_t, NN_MAX_RANK);
        g_ptr_array_add(blocks, s);
        int64_t step = 1;
        for (int32_t k = info->rank - 1; k >= 0; k--) {
            s[k] = step;
            step *= d[k];
        }
        void *bytes = g_malloc0(nn_value_bytes(node->outputs[i]) + 64);
        g_ptr_array_add(blocks, bytes);
        tensors[i] =
            (NnTensor){.buffer = bytes, .type = info->type, .rank = info->rank, .dims = d, .strides = s};
        outs[i] = &tensors[i];
    }
    NnStatus *quiet = nn_status_new();
    const NnCall call = {.struct_size = sizeof call,
                         .n_inputs = n_in,
                         .n_outputs = n_out,
                         .inputs = ins,
                         .outputs = outs,
                         .host = nn_registry_host(node->graph->context, def),
                         .node = &node->view,
                         .status = quiet};
    if (def->compute(&call) == NN_OK)
        for (uint32_t i = 0; i < n_out; i++)
            nn_value_set_constant(node->outputs[i], nn_data(&tensors[i]));
    nn_status_free(quiet);
}

/* ---- composites ---- */

static int32_t infer_body(NnGraphNode *node, NnStatus *status) {
    g_autofree NnValue **outputs = g_new0(NnValue *, node->view.n_outputs + 1);
    g_autofree NnValue **inputs = g_new0(NnValue *, node->view.n_inputs + 1);
    NnGraph *scratch = nn_graph_alloc(node->graph->context, NULL, NULL, node->view.name, node->graph->phase);
    for (uint32_t i = 0; i < node->view.n_inputs; i++) {
        const NnValue *v = node->inputs[i];
        if (v == NULL)
            continue;
        inputs[i] = v->info.value
                        ? nn_graph_add_constant(scratch, v->info.type, v->info.rank, v->info.dims,
                                                nn_data(v->info.value))
                        : nn_graph_add_input(scratch, v->info.name, v->info.type, v->info.rank, v->info.dims);
        if (v->info.value == NULL)
            inputs[i]->info.partial = v->info.partial;
    }
    scratch->expanding = true;
    NnBody body = {.struct_size = sizeof body,
                   .host = nn_registry_host(node->graph->context, node->view.definition),
                   .graph = scratch,
                   .node = &node->view,
                   .inputs = inputs,
                   .outputs = outputs,
                   .status = scratch->status};
    int32_t code = node->view.definition->body(&body);
    if (code != NN_OK && nn_status_code(scratch->status) == NN_OK)
        nn_status_fail(scratch->status, code, "its body could not be built");
    code = nn_status_code(scratch->status);
    for (uint32_t i = 0; code == NN_OK && i < node->view.n_outputs; i++) {
        const NnValue *v = nn_value_now(outputs[i]);
        if (v == NULL)
            continue;
        nn_value_set_shape(node->outputs[i], v->info.type, v->info.rank, v->info.dims);
        for (guint k = 0; k < scratch->nodes->len; k++)
            if (((NnGraphNode *)scratch->nodes->pdata[k])->wanted)
                node->wanted |= UINT64_C(1) << 63;
    }
    nn_status_copy(status, scratch->status);
    nn_graph_release(scratch);
    return code;
}

static void say_where(const NnGraphNode *node, NnStatus *status) {
    nn_status_where(status, "node %s (%s)", node->view.name, node->view.op);
    if (node->place)
        nn_status_where(status, "%s", node->place);
}

int32_t nn_infer_node(NnGraphNode *node, NnStatus *status) {
    const NnOperator *def = node->view.definition;
    node->wanted = 0;
    for (uint32_t i = 0; i < node->view.n_outputs; i++) {
        NnValueInfo *info = &node->outputs[i]->info;
        const NnParam *p = nn_operator_output(def, i);
        info->rank = NN_RANK_UNKNOWN;
        info->value = NULL;
        info->partial = NULL;
        info->flags &= ~NN_VALUE_CONSTANT;
        info->type = p ? bound_type(node, p->var) : NN_NONE;
    }
    int32_t code = check_schema(node, status);
    if (code == NN_OK && NN_HAS(def, infer)) {
        Inference in = {.node = node};
        in.face = (NnInfer){.struct_size = sizeof in.face,
                            .host = nn_registry_host(node->graph->context, def),
                            .node = &node->view,
                            .status = status,
                            .self = &in,
                            .output = set_output,
                            .integers = get_integers,
                            .value = set_value,
                            .function = function_outputs};
        code = def->infer(&in.face);
        if (code != NN_OK)
            code = nn_status_fail(status, code, "its shapes could not be inferred");
        nn_graph_release(in.scratch);
    } else if (code == NN_OK && NN_HAS(def, body)) {
        code = infer_body(node, status);
    }
    if (code == NN_OK)
        code = nn_status_code(status);
    for (uint32_t i = 0; code == NN_OK && i < node->view.n_outputs; i++) {
        const NnValue *v = node->outputs[i];
        char text[256];
        if (nn_value_static(v) && nn_value_bytes(v) == UINT64_MAX)
            code = nn_status_fail(status, NN_INVALID, "output %u, %s, has more elements than can be counted",
                                  i, nn_value_text(v, text, sizeof text));
    }
    if (code != NN_OK) {
        say_where(node, status);
        return code;
    }
    if (foldable(node))
        compute_now(node);
    return NN_OK;
}

int32_t nn_infer_function(const NnFunction *f, uint32_t n, const NnValueInfo *const *inputs,
                          const NnValueInfo **outputs, NnGraph *scratch, NnStatus *status) {
    const NnGraph *g = f->graph;
    g_autofree NnValue **map = g_new0(NnValue *, g->values->len + 1);
    const uint32_t own = g->inputs->len;
    if (n != own)
        return nn_status_fail(status, NN_INVALID, "function %s takes %u inputs, found %u", g->name, own, n);
    for (uint32_t i = 0; i < own; i++) {
        const NnValue *formal = g->inputs->pdata[i];
        const NnValueInfo *info = inputs[i];
        if (info == NULL)
            return nn_status_fail(status, NN_INVALID, "function %s: input %u is missing", g->name, i);
        if (formal->info.type && info->type && formal->info.type != info->type)
            return nn_status_fail(status, NN_INVALID, "function %s: input %u (%s) is %s, expected %s",
                                  g->name, i, formal->info.name ? formal->info.name : "-",
                                  nn_type_name(info->type), nn_type_name(formal->info.type));
        const bool told = info->rank >= 0;
        NnValue *v =
            nn_graph_add_input(scratch, formal->info.name, info->type ? info->type : formal->info.type,
                               told ? info->rank : formal->info.rank, told ? info->dims : formal->info.dims);
        v->info.partial = info->partial;
        map[formal->info.id] = v;
    }
    if (nn_graph_copy_into(scratch, g, map) != NN_OK) {
        nn_status_copy(status, scratch->status);
        return nn_status_code(status);
    }
    for (guint i = 0; i < g->outputs->len; i++)
        outputs[i] = &map[g_array_index(g->outputs, NnOutput, i).value->info.id]->info;
    return NN_OK;
}
