/* SPDX-License-Identifier: Apache-2.0 */
/* Puts the body of a composite operator in its place, and functions where they are called. */
#include "graph.h"
#include "nn/plugin.h"
#include "status.h"

int32_t nn_graph_expand(NnGraphNode *node, NnValue **outputs) {
    NnGraph *g = node->graph;
    const NnOperator *def = node->view.definition;
    if (!NN_HAS(def, body))
        return nn_status_fail(g->status, NN_UNSUPPORTED, "node %s: %s has no body of other operators",
                              node->view.name, def->name);
    const bool expanding = g->expanding;
    const uint32_t salt = g->salt;
    const NnAttr *own = nn_attr(&node->view, "salt");
    /* What a body draws must not depend on when, or in which order, it was expanded. */
    g->expanding = true;
    g->salt = own ? (uint32_t)own->u.i * 1000u : g_str_hash(node->view.name);
    NnBody body = {.struct_size = sizeof body,
                   .host = nn_registry_host(g->context, def),
                   .graph = g,
                   .node = &node->view,
                   .inputs = node->inputs,
                   .outputs = outputs,
                   .status = g->status};
    const guint before = g->nodes->len;
    const int32_t code = def->body(&body);
    g->expanding = expanding;
    g->salt = salt;
    if (code != NN_OK && !nn_status_failed(g->status))
        nn_status_fail(g->status, code, "its body could not be built");
    if (nn_status_failed(g->status)) {
        nn_status_where(g->status, "node %s (%s)", node->view.name, node->view.op);
        return nn_status_code(g->status);
    }
    for (guint i = before; i < g->nodes->len; i++) {
        NnGraphNode *inner = g->nodes->pdata[i];
        g_autofree char *name = g_strdup_printf("%s/%s_%u", node->view.name, inner->view.op, i - before);
        inner->view.name = nn_graph_string(g, name);
        inner->place = node->place;
    }
    for (uint32_t i = 0; i < node->view.n_outputs; i++)
        outputs[i] = nn_value_now(outputs[i]);
    return NN_OK;
}
