/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The subgraphs of If, Loop, Scan and FlexAttention as functions. A subgraph of ONNX sees the names around
 * it, a function is closed: what the subgraphs of a node read from outside become inputs of each of them and
 * of the node, small known constants apart, which are repeated inside so that shapes stay known there.
 */
#include "onnx.h"

#define REPEATED 1024u /* bytes of a constant that is repeated in a body */

typedef struct Inner {
    Names names;
    const struct Inner *outer;
} Inner;

typedef struct Captures {
    Names seen;
    const char **names;
    NnValue **values;
    uint32_t n, room;
} Captures;

/* What the node says of an input of its body, where the body itself is silent. */
typedef struct Formal {
    int32_t type, rank;
    int64_t dims[NN_MAX_RANK];
} Formal;

/* ---- what subgraphs read from outside ---- */

static bool no_room(const Call *c) { return onnx_refuse(c, "its subgraphs are larger than the file allows"); }

static bool add_inner(const Call *c, Inner *in, const char *text) {
    bool added;
    return text == NULL || *text == '\0' || onnx_name(c->scope->reading, &in->names, text, &added) ||
           no_room(c);
}

static bool want(const Call *c, const Inner *in, Captures *out, const char *text) {
    bool added;
    if (text == NULL || *text == '\0')
        return true;
    for (; in; in = in->outer)
        if (onnx_name_find(&in->names, text))
            return true;
    Reading *r = c->scope->reading;
    if (onnx_name(r, &out->seen, text, &added) == NULL)
        return no_room(c);
    if (!added)
        return true;
    if (out->n == out->room) {
        const uint32_t room = 2 * out->room + 16;
        const char **more = onnx_take(r, room * sizeof *more);
        if (more == NULL)
            return no_room(c);
        for (uint32_t i = 0; i < out->n; i++)
            more[i] = out->names[i];
        out->names = more;
        out->room = room;
    }
    out->names[out->n++] = text;
    return true;
}

static bool collect(const Call *c, const Onnx__GraphProto *g, const Inner *outer, Captures *out);

static bool collect_node(const Call *c, const Onnx__NodeProto *n, const Inner *in, Captures *out) {
    bool good = true;
    for (size_t i = 0; good && i < n->n_input; i++)
        good = want(c, in, out, n->input[i]);
    for (size_t i = 0; good && i < n->n_attribute; i++)
        if (n->attribute[i]->g)
            good = collect(c, n->attribute[i]->g, in, out);
    return good;
}

static bool collect(const Call *c, const Onnx__GraphProto *g, const Inner *outer, Captures *out) {
    Inner in = {.outer = outer};
    bool good = true;
    for (size_t i = 0; good && i < g->n_input; i++)
        good = add_inner(c, &in, g->input[i]->name);
    for (size_t i = 0; good && i < g->n_initializer; i++)
        good = add_inner(c, &in, g->initializer[i]->name);
    for (size_t i = 0; good && i < g->n_sparse_initializer; i++)
        good = add_inner(c, &in,
                         g->sparse_initializer[i]->values ? g->sparse_initializer[i]->values->name : NULL);
    for (size_t i = 0; good && i < g->n_node; i++)
        for (size_t k = 0; good && k < g->node[i]->n_output; k++)
            good = add_inner(c, &in, g->node[i]->output[k]);
    for (size_t i = 0; good && i < g->n_node; i++)
        good = collect_node(c, g->node[i], &in, out);
    for (size_t i = 0; good && i < g->n_output; i++)
        good = want(c, &in, out, g->output[i]->name);
    onnx_names_free(&in.names);
    return good;
}

static bool is_repeated(const NnValueInfo *info) {
    return info->value && (info->flags & NN_VALUE_CONSTANT) &&
           (uint64_t)nn_elements(info->value) * nn_type_size(info->type) <= REPEATED;
}

static bool find_captures(const Call *c, Captures *out) {
    out->values = onnx_take(c->scope->reading, (out->n + 1) * sizeof(NnValue *));
    for (uint32_t i = 0; out->values && i < out->n; i++)
        if ((out->values[i] = onnx_value(c->scope, out->names[i], c->name)) == NULL)
            return false;
    return out->values || no_room(c);
}

/* ---- a subgraph as a function ---- */

static const Onnx__GraphProto *graph_of(const Call *c, const char *name) {
    for (size_t i = 0; i < c->node->n_attribute; i++) {
        const Onnx__AttributeProto *a = onnx_attribute(c->scope, c->node->attribute[i]);
        if (a && a->g && c->node->attribute[i]->name && strcmp(c->node->attribute[i]->name, name) == 0)
            return a->g;
    }
    return NULL;
}

static bool define_formals(const Call *c, Scope *s, const Onnx__GraphProto *g, const Formal *formals,
                           uint32_t n) {
    const NnGraphApi *api = onnx_host(c)->graph;
    if (g->n_input != n)
        return onnx_refuse(c, "its subgraph %.100s has %zu inputs, expected %u", g->name ? g->name : "",
                           g->n_input, n);
    for (uint32_t i = 0; i < n; i++) {
        int32_t type, rank;
        int64_t dims[NN_MAX_RANK];
        const char *names[NN_MAX_RANK], *name = g->input[i]->name;
        if (!onnx_input_type(s, g->input[i], &type, &rank, dims, names))
            return false;
        const Formal *f = &formals[i];
        NnValue *v = api->input(s->graph, name, type ? type : f->type, rank >= 0 ? rank : f->rank,
                                rank >= 0 ? dims : f->dims);
        if (v == NULL || !onnx_define(s, name, v))
            return false;
    }
    return true;
}

static bool define_captures(const Call *c, Scope *s, const Captures *caps) {
    const NnGraphApi *api = onnx_host(c)->graph;
    for (uint32_t i = 0; i < caps->n; i++) {
        const NnValueInfo *info = api->info(onnx_graph(c), caps->values[i]);
        NnValue *v = is_repeated(info)
                         ? api->constant(s->graph, info->type, info->rank, info->dims, nn_data(info->value))
                         : api->input(s->graph, caps->names[i], info->type, info->rank, info->dims);
        if (v == NULL || !onnx_define(s, caps->names[i], v))
            return false;
    }
    return true;
}

static bool fill_body(const Call *c, Scope *s, const Onnx__GraphProto *g, NnValue **outputs) {
    if (!onnx_declare(s, g) || !onnx_nodes(s, g->node, g->n_node))
        return false;
    for (size_t i = 0; i < g->n_output; i++) {
        outputs[i] = onnx_value(s, g->output[i]->name ? g->output[i]->name : "", c->name);
        if (outputs[i] == NULL)
            return false;
    }
    return true;
}

/* In `parent`, which is the node's graph but for Scan-8. */
static NnFunction *build(const Call *c, NnGraph *parent, const Onnx__GraphProto *g, const Formal *formals,
                         uint32_t n, const Captures *caps) {
    Reading *r = c->scope->reading;
    const NnGraphApi *api = r->nn->graph;
    Scope s = *c->scope;
    s.graph = api->begin(parent, g->name && *g->name ? g->name : c->name);
    s.names = (Names){0};
    s.prefix = onnx_text(r, "%.200s/", c->name);
    s.top = false;
    NnValue **outputs = onnx_take(r, (g->n_output + 1) * sizeof *outputs);
    if (s.graph == NULL)
        return NULL;
    const bool good = outputs && define_formals(c, &s, g, formals, n) && define_captures(c, &s, caps) &&
                      fill_body(c, &s, g, outputs);
    onnx_names_free(&s.names);
    NnStatus *status = api->status(s.graph);
    if (!good && r->nn->code(status) == NN_OK) {
        const char *why = r->nn->code(api->status(onnx_graph(c))) ? r->nn->message(api->status(onnx_graph(c)))
                                                                  : "its subgraph could not be built";
        (void)r->nn->fail(status, NN_INVALID, why);
    }
    return api->end(s.graph, (uint32_t)g->n_output, outputs); /* frees a failed one and hands its status on */
}

/* The node's inputs, then what its subgraphs capture. */
static bool set_inputs(Call *c, uint32_t first, uint32_t n, const Captures *caps) {
    NnValue **all = onnx_take(c->scope->reading, (n + caps->n + 1) * sizeof *all);
    if (all == NULL)
        return no_room(c);
    for (uint32_t i = 0; i < n; i++)
        all[i] = first + i < c->n_inputs ? c->inputs[first + i] : NULL;
    for (uint32_t i = 0; i < caps->n; i++)
        if (!is_repeated(onnx_host(c)->graph->info(onnx_graph(c), caps->values[i])))
            all[n++] = caps->values[i];
    c->inputs = all;
    c->n_inputs = n;
    return true;
}

static bool set_outputs(Call *c, const NnFunction *f, uint32_t lead) {
    const uint32_t given = f ? onnx_host(c)->graph->function_outputs(f) : 0;
    if (f == NULL)
        return false;
    if (given < lead || c->n_outputs > given - lead)
        return onnx_refuse(c, "its subgraph gives %u outputs, which is too few for the node's %u", given,
                           c->n_outputs);
    c->n_outputs = given - lead;
    c->outputs = onnx_take(c->scope->reading, (c->n_outputs + 1) * sizeof(NnValue *));
    return c->outputs || no_room(c);
}

/* ---- If ---- */

/* Where the condition is known the branch is part of the graph, and the other one need not even fit: so it is
 * in models that look at the rank of their inputs. */
static bool inline_branch(Call *c, const Onnx__GraphProto *g, const Captures *caps) {
    Reading *r = c->scope->reading;
    Scope s = *c->scope;
    s.names = (Names){0};
    s.prefix = onnx_text(r, "%.200s/", c->name);
    s.top = false;
    NnValue **outputs = onnx_take(r, (g->n_output + 1) * sizeof *outputs);
    bool good = outputs && define_formals(c, &s, g, NULL, 0);
    for (uint32_t i = 0; good && i < caps->n; i++)
        good = onnx_define(&s, caps->names[i], caps->values[i]);
    good = good && fill_body(c, &s, g, outputs);
    onnx_names_free(&s.names);
    if (good && c->n_outputs > g->n_output)
        return onnx_refuse(c, "its subgraph gives %zu outputs, which is too few for the node's %u",
                           g->n_output, c->n_outputs);
    for (uint32_t i = 0; good && i < c->n_outputs; i++)
        c->outputs[i] = outputs[i];
    c->done = true;
    return good;
}

static bool take_if(Call *c, Captures *caps) {
    const char *const names[2] = {"then_branch", "else_branch"};
    const Onnx__GraphProto *graphs[2];
    for (unsigned k = 0; k < 2; k++) {
        graphs[k] = graph_of(c, names[k]);
        if (graphs[k] == NULL)
            return onnx_refuse(c, "it has no %s", names[k]);
        if (!collect(c, graphs[k], NULL, caps))
            return false;
    }
    const NnValueInfo *condition = onnx_info(c, 0);
    if (!find_captures(c, caps))
        return false;
    if (condition && condition->value && condition->type == NN_BOOL && nn_elements(condition->value) == 1)
        return inline_branch(c, graphs[*(const uint8_t *)nn_data(condition->value) ? 0 : 1], caps);
    for (unsigned k = 0; k < 2; k++) {
        NnFunction *f = build(c, onnx_graph(c), graphs[k], NULL, 0, caps);
        if (!set_outputs(c, f, 0) || !onnx_attr_set(c, NN_BODY(names[k], f)))
            return false;
    }
    return set_inputs(c, 0, 1, caps);
}

/* ---- Loop ---- */

static Formal formal_of(const NnValueInfo *info, int64_t without) {
    Formal f = {.type = info ? info->type : NN_NONE, .rank = info ? info->rank : NN_RANK_UNKNOWN};
    int32_t rank = 0;
    for (int32_t i = 0; i < f.rank; i++)
        if (i != without)
            f.dims[rank++] = nn_dim_known(info->dims[i]) ? info->dims[i] : NN_DIM_UNKNOWN;
    f.rank = f.rank < 0 ? f.rank : rank;
    return f;
}

/* A carried value keeps its rank, mostly, and any of its dimensions may change. */
static Formal carried_formal(const NnValueInfo *info) {
    Formal f = formal_of(info, -1);
    for (int32_t i = 0; i < f.rank; i++)
        f.dims[i] = NN_DIM_UNKNOWN;
    return f;
}

static bool take_loop(Call *c, Captures *caps) {
    const Onnx__GraphProto *g = graph_of(c, "body");
    const uint32_t given = c->n_inputs > 2 ? c->n_inputs : 2;
    Formal *formals = onnx_take(c->scope->reading, (given + 1) * sizeof *formals);
    if (g == NULL)
        return onnx_refuse(c, "it has no body");
    if (formals == NULL)
        return no_room(c);
    formals[0] = (Formal){.type = NN_I64};
    formals[1] = (Formal){.type = NN_BOOL};
    for (uint32_t i = 2; i < given; i++)
        formals[i] = carried_formal(onnx_info(c, i));
    if (!collect(c, g, NULL, caps) || !find_captures(c, caps))
        return false;
    NnFunction *f = build(c, onnx_graph(c), g, formals, given, caps);
    return set_outputs(c, f, 1) && onnx_attr_set(c, NN_BODY("body", f)) &&
           onnx_attr_set(c, NN_INT("carried", given - 2)) && set_inputs(c, 0, given, caps);
}

/* ---- Scan ---- */

/* The body's inputs: carried values, then slices of the scanned ones; `lead` inputs and `batch` leading
 * dimensions come before. */
static Formal *scan_formals(const Call *c, uint32_t lead, uint32_t scanned, bool batch) {
    const uint32_t n = c->n_inputs - lead;
    const NnAttr *axes = onnx_attr(c, "scan_input_axes");
    Formal *formals = onnx_take(c->scope->reading, (n + 1) * sizeof *formals);
    for (uint32_t i = 0; formals && i < n; i++) {
        const NnValueInfo *info = onnx_info(c, lead + i);
        const uint32_t k = i + scanned >= n ? i + scanned - n : 0;
        int64_t axis = axes && axes->kind == NN_ATTR_INTS && k < axes->count ? axes->u.ints[k] : 0;
        axis += axis < 0 && info ? info->rank : 0;
        formals[i] = i + scanned >= n ? formal_of(info, axis) : carried_formal(info);
        if (batch && i + scanned < n)
            formals[i] = carried_formal(info);
        if (batch && formals[i].rank > 0) { /* the batch's dimension goes too */
            formals[i].rank--;
            for (int32_t d = 0; d < formals[i].rank; d++)
                formals[i].dims[d] = NN_DIM_UNKNOWN;
        }
    }
    return formals;
}

/* Before opset 9 everything had a batch in front and was scanned along the axis behind it: a Scan over the
 * batch, of the Scan that is meant. */
static bool take_scan_8(Call *c, const Onnx__GraphProto *g, uint32_t scanned, Captures *caps) {
    const NnHost *nn = onnx_host(c);
    const NnGraphApi *api = nn->graph;
    const uint32_t n = c->n_inputs - 1, states = n - scanned;
    if (c->inputs[0])
        return onnx_refuse(c, "lengths of sequences (Scan before opset 9) are not supported");
    Formal *formals = scan_formals(c, 1, scanned, true);
    if (formals == NULL || !set_inputs(c, 1, n, caps))
        return formals == NULL ? no_room(c) : false;
    NnGraph *outer = api->begin(onnx_graph(c), "batch");
    NnValue **inner = onnx_take(c->scope->reading, (c->n_inputs + 1) * sizeof *inner);
    for (uint32_t i = 0; outer && inner && i < c->n_inputs; i++) {
        const Formal f = formal_of(onnx_info(c, i), i < n ? 0 : -1);
        inner[i] = api->input(outer, "slice", f.type, f.rank, f.dims);
    }
    NnFunction *f = outer && inner ? build(c, outer, g, formals, n, caps) : NULL;
    if (!set_outputs(c, f, 0))
        return outer ? api->end(outer, 0, NULL) && false : false;
    const NnAttr *directions = onnx_attr(c, "directions");
    const NnAttr attrs[] = {NN_BODY("body", f), NN_INT("num_scan_inputs", scanned), NN_INT("carried", states),
                            NN_INTS("scan_input_directions", directions ? directions->count : 0,
                                    directions ? directions->u.ints : NULL)};
    (void)nn_ops(nn, outer, "Scan", inner, c->n_inputs, attrs, directions ? 4 : 3, c->outputs, c->n_outputs);
    NnFunction *over_batch = api->end(outer, c->n_outputs, c->outputs);
    c->n_attrs = 0;
    return over_batch && onnx_attr_set(c, NN_BODY("body", over_batch)) &&
           onnx_attr_set(c, NN_INT("num_scan_inputs", n)) && onnx_attr_set(c, NN_INT("carried", 0));
}

static bool take_scan(Call *c, Captures *caps) {
    const Onnx__GraphProto *g = graph_of(c, "body");
    const uint32_t lead = c->opset < 9;
    const int64_t scanned = onnx_attr_int(c, "num_scan_inputs", 0);
    if (g == NULL)
        return onnx_refuse(c, "it has no body");
    if (c->n_inputs < lead || scanned < 1 || scanned > c->n_inputs - lead)
        return onnx_refuse(c, "num_scan_inputs is %lld, and it has %u inputs", (long long)scanned,
                           c->n_inputs);
    if (!collect(c, g, NULL, caps) || !find_captures(c, caps))
        return false;
    if (lead)
        return take_scan_8(c, g, (uint32_t)scanned, caps);
    const uint32_t n = c->n_inputs;
    Formal *formals = scan_formals(c, 0, (uint32_t)scanned, false);
    NnFunction *f = formals ? build(c, onnx_graph(c), g, formals, n, caps) : NULL;
    return set_outputs(c, f, 0) && onnx_attr_set(c, NN_BODY("body", f)) &&
           onnx_attr_set(c, NN_INT("carried", n - scanned)) && set_inputs(c, 0, n, caps);
}

/* ---- FlexAttention: its two graphs may both be absent ---- */

static bool take_flex(Call *c, Captures *caps) {
    const char *const names[2] = {"score_mod", "prob_mod"};
    const Onnx__GraphProto *graphs[2];
    const NnValueInfo *q = onnx_info(c, 0);
    const int32_t usual = q && q->type == NN_F64 ? NN_F64 : NN_F32;
    const int64_t precision = onnx_attr_int(c, "softmax_precision", usual);
    if (precision < 0 || precision >= NN_TYPE_COUNT || !(NN_FLOATS & NN_MASK(precision)))
        return onnx_refuse(c, "softmax_precision is %lld, which is not a floating type",
                           (long long)precision);
    Formal scores = {.type = (int32_t)precision, .rank = 4};
    for (int32_t d = 0; d < scores.rank; d++)
        scores.dims[d] = NN_DIM_UNKNOWN;
    for (unsigned k = 0; k < 2; k++) {
        graphs[k] = graph_of(c, names[k]);
        if (graphs[k] && !collect(c, graphs[k], NULL, caps))
            return false;
    }
    if (!find_captures(c, caps))
        return false;
    for (unsigned k = 0; k < 2; k++) {
        NnFunction *f = graphs[k] ? build(c, onnx_graph(c), graphs[k], &scores, 1, caps) : NULL;
        if (graphs[k] && (f == NULL || !onnx_attr_set(c, NN_BODY(names[k], f))))
            return false;
    }
    return set_inputs(c, 0, 3, caps);
}

bool onnx_control(Call *c, bool *handled) {
    static const struct {
        const char *domain, *op;
        bool (*take)(Call *, Captures *);
    } kinds[] = {{"", "If", take_if},
                 {"", "Loop", take_loop},
                 {"", "Scan", take_scan},
                 {"ai.onnx.preview", "FlexAttention", take_flex}};
    Captures caps = {0};
    for (size_t i = 0; i < NN_COUNT(kinds); i++)
        if (strcmp(c->domain, kinds[i].domain) == 0 && strcmp(c->op, kinds[i].op) == 0) {
            *handled = true;
            const bool good = kinds[i].take(c, &caps) && (c->done || onnx_emit(c));
            onnx_names_free(&caps.seen);
            return good;
        }
    for (size_t i = 0; i < c->node->n_attribute; i++)
        if (c->node->attribute[i]->g || c->node->attribute[i]->n_graphs)
            return onnx_refuse(
                c,
                "attribute %.60s is a graph: of ONNX's operators, If, Loop, Scan and FlexAttention are "
                "known to have one",
                c->node->attribute[i]->name);
    return true;
}
