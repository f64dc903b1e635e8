/* SPDX-License-Identifier: Apache-2.0 */
/* What a model needs that nobody provides: reading stops at the first such node, and whoever looks for
 * plug-ins wants to know of all. */
#include "onnx.h"

#define NAMED_MAX 8u

static bool provided(const Call *c, const char *name, NnStatus *status) {
    const NnHost *nn = onnx_host(c), *owner;
    return *c->op == '\0' || onnx_has_rule(c) || onnx_function_of(c) ||
           nn->find(nn, NN_OPERATOR_KIND, name, &owner, status);
}

void onnx_tell_missing(Scope *s, const Onnx__GraphProto *g) {
    const NnHost *nn = s->reading->nn;
    NnStatus *status = nn->graph->status(s->graph);
    Names seen = {0};
    const char *list = "";
    uint32_t n = 0;
    if (nn->code(status) != NN_NOT_FOUND || !NN_HAS(nn, find))
        return;
    for (size_t i = 0; i < g->n_node && n <= NAMED_MAX; i++) {
        const Call c = onnx_call(s, g->node[i]);
        const char *name = onnx_full_name(&c);
        bool added = false;
        if (onnx_name(s->reading, &seen, name, &added) == NULL)
            break;
        if (added && !provided(&c, name, status))
            list = ++n > NAMED_MAX ? onnx_text(s->reading, "%s, ...", list)
                                   : onnx_text(s->reading, "%s%s%.50s", list, n > 1 ? ", " : "", name);
    }
    if (n > 1)
        nn->where(status, onnx_text(s->reading, "it needs operators that no plug-in provides (%s)", list));
    onnx_names_free(&seen);
}
