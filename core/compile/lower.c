/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Pass: finds for every node of the head who does it. In the order of the session's devices: claims of
 * several nodes, the larger first, then kernels of single nodes, in the order of preference that the registry
 * gives. A composite that nobody takes is expanded and everything is offered again, to a fixed point;
 * fallback devices get what is left.
 */
#include "compile/compile.h"

#include "nn/plugin.h"

typedef struct Offer {
    const NnClaim *claim;
    uint64_t tag;
    uint32_t n, at; /* nodes[at .. at + n) */
} Offer;

typedef struct Lower {
    NnCompile *c;
    GPtrArray *nodes; /* of the view */
    GArray *picked;   /* uint32_t: nodes of all offers */
    GArray *offers;   /* Offer */
    const NnClaim *asked;
    GHashTable *lineage; /* node -> "Gelu > Foo": what it was expanded from */
    GPtrArray *strings;
} Lower;

/* ---- what plug-ins read about values ---- */

static void use(NnValue *v, bool outside) {
    if (v == NULL)
        return;
    v->info.uses++;
    if (outside)
        v->info.flags |= NN_VALUE_ESCAPES;
}

void nn_count_uses(NnCompile *c) {
    NnGraph *g = c->graph;
    for (guint i = 0; i < g->values->len; i++) {
        NnValueInfo *info = &((NnValue *)g->values->pdata[i])->info;
        info->uses = 0;
        info->flags &= ~NN_VALUE_ESCAPES;
        info->producer = -1;
    }
    for (guint i = 0; i < c->order->len; i++) {
        NnGraphNode *node = c->order->pdata[i];
        for (uint32_t k = 0; k < node->view.n_inputs; k++)
            if (!(node->unread >> MIN(k, 63u) & 1))
                use(node->inputs[k], false);
    }
    for (guint i = 0; i < g->outputs->len; i++)
        use(g_array_index(g->outputs, NnOutput, i).value, true);
    for (guint i = 0; i < g->assignments->len; i++)
        use(g_array_index(g->assignments, NnAssignment, i).value, true);
    for (guint i = 0; i < c->order->len; i++) {
        NnGraphNode *node = c->order->pdata[i];
        const NnValueInfo **outs = (const NnValueInfo **)(uintptr_t)node->view.outputs;
        for (uint32_t k = 0; k < node->view.n_outputs; k++)
            outs[k] = node->outputs[k]->info.uses > 0 || k < node->view.definition->min_outputs ||
                              node->view.n_outputs == 1
                          ? &node->outputs[k]->info
                          : NULL;
    }
}

/* ---- steps ---- */

static const char *label_of(NnCompile *c, const NnGraphNode *node) {
    g_autofree char *op = nn_operator_name(node->view.definition);
    g_autofree char *text = node->place
                                ? g_strdup_printf("%s: node %s (%s)", node->place, node->view.name, op)
                                : g_strdup_printf("node %s (%s)", node->view.name, op);
    return nn_graph_string(c->graph, text);
}

static NnPlanStep *take(NnCompile *c, NnPlanStepKind kind, uint32_t device, NnGraphNode *const *nodes,
                        uint32_t n) {
    NnPlanStep *s = nn_graph_memory(c->graph, sizeof *s);
    s->kind = kind;
    s->device = device;
    s->workspace_slot = NN_ABSENT;
    s->n_nodes = n;
    s->nodes = nn_graph_memory(c->graph, (n + 1) * sizeof *s->nodes);
    for (uint32_t i = 0; i < n; i++) {
        s->nodes[i] = nodes[i];
        nodes[i]->mark = NN_NODE_TAKEN;
        nodes[i]->scratch = s;
    }
    s->label = label_of(c, nodes[0]);
    return s;
}

/* A composite whose shapes wait for integers is expanded, never offered: kernels are asked about known shapes
 * only. */
static bool on_offer(const NnGraphNode *node) {
    return node->mark == NN_NODE_OPEN && node->view.definition->sort != NN_CONTROL && node->wanted == 0;
}

/* ---- claims ---- */

static void add_claim(NnClaims *face, uint32_t n, const uint32_t *nodes, uint64_t tag) {
    Lower *l = face->self;
    const Offer offer = {.claim = l->asked, .tag = tag, .n = n, .at = l->picked->len};
    for (uint32_t i = 0; i < n; i++)
        if (nodes[i] >= l->nodes->len)
            return;
    g_array_append_vals(l->picked, nodes, n);
    g_array_append_val(l->offers, offer);
}

static gint larger_first(gconstpointer a, gconstpointer b) {
    const Offer *x = a, *y = b;
    return x->n != y->n ? (x->n < y->n ? 1 : -1) : x->at < y->at ? -1 : x->at > y->at;
}

static const NnPlanStep *step_of(const NnGraphNode *node) {
    return node->mark == NN_NODE_TAKEN ? node->scratch : NULL;
}

/* Would running these nodes as one make two steps wait for each other? True when a path leaves the set and
 * comes back, claims that were accepted before counting as one node each. */
static bool tangled(NnCompile *c, NnGraphNode *const *set, uint32_t n) {
    enum { outside, inside, reached };
    g_autofree uint8_t *mark = g_new0(uint8_t, c->graph->nodes->len + 1);
    for (uint32_t i = 0; i < n; i++)
        mark[set[i]->view.id] = inside;
    bool found = false, changed = true;
    /* A claim may reach backwards in the order, so walk until nothing new is reached; mostly one walk is
     * enough. */
    while (changed && !found) {
        changed = false;
        for (guint i = 0; i < c->order->len && !found; i++) {
            const NnGraphNode *node = c->order->pdata[i];
            bool after = false;
            for (uint32_t k = 0; k < node->view.n_inputs && !after; k++) {
                const NnValue *v = node->inputs[k];
                const uint8_t m = v && v->origin == NN_FROM_NODE ? mark[v->node->view.id] : outside;
                after = m == reached || (m == inside && mark[node->view.id] != inside);
            }
            if (!after || mark[node->view.id] == reached)
                continue;
            found = mark[node->view.id] == inside;
            mark[node->view.id] = reached;
            const NnPlanStep *s = step_of(node);
            for (uint32_t k = 0; s && k < s->n_nodes; k++)
                if (mark[s->nodes[k]->view.id] == outside) {
                    mark[s->nodes[k]->view.id] = reached;
                    changed = true;
                }
        }
    }
    return found;
}

static gint by_number(gconstpointer a, gconstpointer b) {
    const uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;
    return (x > y) - (x < y);
}

static void accept(Lower *l, uint32_t device, const Offer *offer) {
    NnCompile *c = l->c;
    g_autofree NnGraphNode **set = g_new0(NnGraphNode *, offer->n + 1);
    g_autoptr(GArray) order = g_array_new(FALSE, FALSE, sizeof(uint32_t));
    g_array_append_vals(order, &g_array_index(l->picked, uint32_t, offer->at), offer->n);
    g_array_sort(order, by_number); /* in running order */
    for (uint32_t i = 0; i < offer->n; i++) {
        set[i] = l->nodes->pdata[g_array_index(order, uint32_t, i)];
        if (set[i]->mark != NN_NODE_OPEN || (i > 0 && set[i] == set[i - 1]))
            return;
    }
    if (offer->n == 0 || (offer->n > 1 && tangled(c, set, offer->n))) {
        nn_context_log(c->session->context, 0, "claim %s: %u nodes do not form one piece", offer->claim->name,
                       offer->n);
        return;
    }
    NnPlanStep *s = take(c, NN_STEP_CLAIM, device, set, offer->n);
    s->claim = offer->claim;
    s->claim_tag = offer->tag;
}

static int32_t offer_claims(Lower *l, uint32_t device, NnRunDevice *d) {
    NnCompile *c = l->c;
    const GPtrArray *claims = nn_context_claims(c->session->context, d->kind->name);
    if (claims == NULL || claims->len == 0 || c->session->flags & (NN_SESSION_NO_CLAIMS | NN_SESSION_CHECKED))
        return NN_OK;
    g_ptr_array_set_size(l->nodes, 0);
    g_array_set_size(l->picked, 0);
    g_array_set_size(l->offers, 0);
    g_autoptr(GPtrArray) views = g_ptr_array_new();
    for (guint i = 0; i < c->order->len; i++) {
        NnGraphNode *node = c->order->pdata[i];
        const bool offered = on_offer(node);
        for (uint32_t k = 0; !offered && k < node->view.n_inputs; k++)
            if (node->inputs[k])
                node->inputs[k]->info.flags |= NN_VALUE_ESCAPES;
        for (uint32_t k = 0; k < node->view.n_outputs; k++)
            node->outputs[k]->info.producer = offered ? (int32_t)l->nodes->len : -1;
        if (!offered)
            continue;
        g_ptr_array_add(l->nodes, node);
        g_ptr_array_add(views, &node->view);
    }
    const NnView view = {.struct_size = sizeof view,
                         .n_nodes = views->len,
                         .nodes = (const NnNode *const *)(const void *)views->pdata,
                         .phase = c->graph->phase};
    for (guint i = 0; i < claims->len; i++) {
        l->asked = claims->pdata[i];
        NnClaims face = {.struct_size = sizeof face, .self = l, .add = add_claim};
        NnStatus *reason = nn_status_new();
        const int32_t code =
            l->asked->claim(nn_registry_host(c->session->context, l->asked), d->device, &view, &face, reason);
        if (code != NN_OK && code != NN_UNSUPPORTED) {
            nn_status_fail(c->status, code, "%s",
                           nn_status_failed(reason) ? nn_status_message(reason) : "it failed");
            nn_status_where(c->status, "claim %s of device %s", l->asked->name, d->name);
        }
        nn_status_free(reason);
        if (nn_status_failed(c->status))
            return nn_status_code(c->status);
    }
    g_array_sort(l->offers, larger_first);
    for (guint i = 0; i < l->offers->len; i++)
        accept(l, device, &g_array_index(l->offers, Offer, i));
    return NN_OK;
}

/* ---- single nodes ---- */

static bool takes_version(const NnKernel *k, const NnNode *n) {
    return n->version >= k->since_min && (k->since_max == 0 || n->version <= k->since_max);
}

/* The first kernel of the device that says yes; why the last one said no goes to `reason`. */
static bool offer_kernels(NnCompile *c, uint32_t device, NnRunDevice *d, NnGraphNode *node, GString *reason) {
    g_autofree char *op = nn_operator_name(node->view.definition);
    const GPtrArray *kernels = nn_context_kernels(c->session->context, d->kind->name, op, node->view.version);
    g_string_assign(reason, "has no kernel for it");
    for (guint i = 0; kernels && i < kernels->len; i++) {
        const NnKernel *k = kernels->pdata[i];
        const bool any = strcmp(k->op, "*") == 0;
        if (any ? node->view.definition->sort != NN_PRIMITIVE || !NN_HAS(node->view.definition, compute)
                : !takes_version(k, &node->view))
            continue;
        NnStatus *why = nn_status_new();
        const int32_t code =
            NN_HAS(k, match) ? k->match(nn_registry_host(c->session->context, k), d->device, &node->view, why)
                             : NN_OK;
        if (code != NN_OK) {
            g_string_assign(reason, nn_status_failed(why) ? nn_status_message(why) : "declined");
            nn_context_log(c->session->context, 0, "node %s (%s): device %s: %s", node->view.name, op,
                           d->name, reason->str);
        }
        nn_status_free(why);
        if (code == NN_OK) {
            take(c, NN_STEP_KERNEL, device, &node, 1)->kernel = k;
            return true;
        }
    }
    return false;
}

static int32_t offer_to(Lower *l, uint32_t device, NnRunDevice *d) {
    NnCompile *c = l->c;
    if (offer_claims(l, device, d) != NN_OK)
        return nn_status_code(c->status);
    g_autoptr(GString) reason = g_string_new(NULL);
    for (guint i = 0; i < c->order->len; i++) {
        NnGraphNode *node = c->order->pdata[i];
        if (on_offer(node))
            (void)offer_kernels(c, device, d, node, reason);
    }
    return NN_OK;
}

/* ---- composites ---- */

static bool among(const char *lineage, const char *op) {
    g_auto(GStrv) names = g_strsplit(lineage ? lineage : "", " > ", -1);
    return g_strv_contains((const char *const *)names, op);
}

static int32_t expand(Lower *l, NnGraphNode *node) {
    NnCompile *c = l->c;
    NnGraph *g = c->graph;
    g_autofree char *op = nn_operator_name(node->view.definition);
    const char *above = g_hash_table_lookup(l->lineage, node);
    char *lineage = above ? g_strdup_printf("%s > %s", above, op) : g_strdup(op);
    g_ptr_array_add(l->strings, lineage);
    if (among(above, op))
        return nn_status_fail(c->status, NN_INVALID, "node %s: the expansion of %s reaches itself: %s",
                              node->view.name, op, lineage);
    const guint before = g->nodes->len;
    g_autofree NnValue **outputs = g_new0(NnValue *, node->view.n_outputs + 1);
    if (nn_graph_expand(node, outputs) != NN_OK) {
        nn_status_copy(c->status, g->status);
        return nn_status_code(c->status);
    }
    for (guint i = before; i < g->nodes->len; i++)
        g_hash_table_insert(l->lineage, g->nodes->pdata[i], lineage);
    for (uint32_t k = 0; k < node->view.n_outputs; k++) {
        if (outputs[k])
            nn_graph_replace(g, node->outputs[k], outputs[k]);
        else if (node->outputs[k]->info.uses > 0)
            return nn_status_fail(c->status, NN_INVALID, "node %s: the body of %s leaves output %u out",
                                  node->view.name, op, k);
    }
    return NN_OK;
}

/* ---- the fixed point ---- */

static int32_t refuse(NnCompile *c, NnGraphNode *node) {
    g_autoptr(GString) why = g_string_new(NULL);
    g_autoptr(GString) reason = g_string_new(NULL);
    for (guint i = 0; i < c->session->devices->len; i++) {
        NnRunDevice *d = nn_session_device(c->session, i);
        if (d->device == NULL || d->refused || offer_kernels(c, i, d, node, reason))
            continue;
        g_string_append_printf(why, "%s%s %s", why->len ? "; " : "", d->name, reason->str);
    }
    return nn_status_fail(c->status, NN_UNSUPPORTED, "%s: no device can run it: %s", label_of(c, node),
                          why->str);
}

static int32_t lower_control(NnCompile *c, NnGraphNode *node) {
    NnPlanStep *s = take(c, NN_STEP_CONTROL, 0, &node, 1);
    s->control.struct_size = sizeof s->control;
    const int32_t code = node->view.definition->control(&node->view, &s->control, c->status);
    if (code != NN_OK || nn_status_failed(c->status)) {
        nn_status_fail(c->status, code, "it could not be lowered");
        nn_status_where(c->status, "%s", s->label);
    }
    return nn_status_code(c->status);
}

/* The tail looks anew at what its loops read; until then it gets everything. */
static void keep_for_tail(NnCompile *c) {
    bool changed = false;
    for (guint i = 0; i < c->order->len; i++) {
        NnGraphNode *node = c->order->pdata[i];
        if (node->mark != NN_NODE_LATE || node->unread == 0)
            continue;
        node->unread = 0;
        changed = true;
    }
    if (changed)
        nn_count_uses(c);
}

static bool any_open(const NnCompile *c, bool composite) {
    for (guint k = 0; k < c->order->len; k++) {
        const NnGraphNode *node = c->order->pdata[k];
        const NnOperator *def = node->view.definition;
        if (node->mark == NN_NODE_OPEN && (composite ? NN_HAS(def, body) : def->sort != NN_CONTROL))
            return true;
    }
    return false;
}

static int32_t offer_round(Lower *l, bool *again) {
    NnCompile *c = l->c;
    g_clear_pointer(&c->order, g_ptr_array_unref);
    c->order = nn_graph_sorted(c->graph);
    if (c->order == NULL)
        return nn_status_fail(c->status, NN_INVALID, "function %s has a cycle", c->graph->name);
    nn_count_uses(c);
    if (nn_mark_late(c) != NN_OK)
        return nn_status_code(c->status);
    keep_for_tail(c);
    for (guint i = 0; i < c->session->devices->len && any_open(c, false); i++) {
        NnRunDevice *d = nn_session_device(c->session, i);
        if (d->fallback && any_open(c, true))
            break;
        d = nn_device_open(c->session, i, d->fallback ? NULL : c->status);
        if (nn_status_failed(c->status) || (d && offer_to(l, i, d) != NN_OK))
            return nn_status_code(c->status);
    }
    *again = any_open(c, true);
    int32_t code = NN_OK;
    for (guint k = 0; k < c->order->len && code == NN_OK; k++) {
        NnGraphNode *node = c->order->pdata[k];
        const NnOperator *def = node->view.definition;
        if (node->mark != NN_NODE_OPEN || (*again && !NN_HAS(def, body)))
            continue;
        code = *again ? expand(l, node) : NN_HAS(def, control) ? lower_control(c, node) : refuse(c, node);
    }
    return code;
}

int32_t nn_pass_lower(NnCompile *c) {
    Lower l = {.c = c,
               .nodes = g_ptr_array_new(),
               .picked = g_array_new(FALSE, FALSE, sizeof(uint32_t)),
               .offers = g_array_new(FALSE, FALSE, sizeof(Offer)),
               .lineage = g_hash_table_new(NULL, NULL),
               .strings = g_ptr_array_new_with_free_func(g_free)};
    bool again = true;
    int32_t code = NN_OK;
    while (code == NN_OK && again) {
        code = offer_round(&l, &again);
        if (code == NN_OK && again)
            code = nn_pass_simplify(c);
    }
    g_ptr_array_unref(l.nodes);
    g_array_unref(l.picked);
    g_array_unref(l.offers);
    g_hash_table_unref(l.lineage);
    g_ptr_array_unref(l.strings);
    return code;
}
