/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The text of a chain: one work item an element, which loads what it needs, computes node after node in
 * variables, and stores what leaves. It depends on the operators, the types and on which inputs broadcast,
 * not on any extent, so that few programs serve many nodes.
 */
#include "chain.h"

typedef struct Text {
    char *at;
    size_t room;
} Text;

NN_PRINTF(2, 3) static void add(Text *t, const char *format, ...) {
    va_list args;
    va_start(args, format);
    const int n = vsnprintf(t->at, t->room, format, args);
    va_end(args);
    if (n < 0 || (size_t)n >= t->room) {
        t->room = 1; /* what follows is left out as well; the caller sees it */
        return;
    }
    t->at += n;
    t->room -= (size_t)n;
}

/* ---- broadcasting ---- */

static void strides_of(const NnValueInfo *in, int32_t rank, uint32_t strides[NN_MAX_RANK]) {
    uint32_t step = 1;
    memset(strides, 0, NN_MAX_RANK * sizeof *strides);
    for (int32_t d = in->rank - 1, o = rank - 1; d >= 0 && o >= 0; d--, o--) {
        strides[o] = in->dims[d] == 1 ? 0 : step;
        step *= (uint32_t)in->dims[d];
    }
}

/* Neighbouring dimensions that every input walks in one stride become one. */
bool ocl_chain_layout(ChainLayout *l, const NnValueInfo *const *inputs, uint32_t n, const NnValueInfo *out) {
    uint32_t stride[CHAIN_INPUTS][NN_MAX_RANK], merged[CHAIN_INPUTS][CHAIN_DIMS];
    uint32_t dims[CHAIN_DIMS];
    *l = (ChainLayout){.n_inputs = n, .count = (uint32_t)ocl_count(out)};
    if (n > CHAIN_INPUTS)
        return false;
    for (uint32_t i = 0; i < n; i++) {
        const uint64_t count = ocl_count(inputs[i]);
        l->walk[i] = count == l->count ? CHAIN_WHOLE : count == 1 ? CHAIN_SCALAR : CHAIN_BROADCAST;
        if (l->walk[i] != CHAIN_BROADCAST)
            continue;
        strides_of(inputs[i], out->rank, stride[l->n_broadcast++]);
    }
    for (int32_t d = out->rank - 1; d >= 0 && l->n_broadcast > 0; d--) {
        if (out->dims[d] == 1)
            continue;
        bool joins = l->n_dims > 0;
        for (uint32_t i = 0; i < l->n_broadcast && joins; i++)
            joins = stride[i][d] == merged[i][l->n_dims - 1] * dims[l->n_dims - 1];
        if (joins) {
            dims[l->n_dims - 1] *= (uint32_t)out->dims[d];
            continue;
        }
        if (l->n_dims == CHAIN_DIMS)
            return false;
        for (uint32_t i = 0; i < l->n_broadcast; i++)
            merged[i][l->n_dims] = stride[i][d];
        dims[l->n_dims++] = (uint32_t)out->dims[d];
    }
    if (l->n_dims * (l->n_broadcast + 1) > CHAIN_TABLE)
        return false;
    for (uint32_t d = 0; d < l->n_dims; d++)
        l->table[l->n_table++] = dims[d];
    for (uint32_t i = 0; i < l->n_broadcast; i++)
        for (uint32_t d = 0; d < l->n_dims; d++)
            l->table[l->n_table++] = merged[i][d];
    return true;
}

/* ---- the text ---- */

static void add_head(Text *t, const NnView *view, const ChainLayout *l) {
    bool wide = false;
    for (uint32_t i = 0; i < view->n_inputs; i++)
        wide = wide || view->inputs[i]->type == NN_F64;
    for (uint32_t i = 0; i < view->n_nodes; i++)
        wide = wide || view->nodes[i]->outputs[0]->type == NN_F64;
    if (wide)
        add(t, "#pragma OPENCL EXTENSION cl_khr_fp64 : enable\n");
    add(t, "typedef struct { uint count, table[%u]; } Layout;\n__kernel void chain(",
        l->n_table ? l->n_table : 1);
    for (uint32_t i = 0; i < view->n_inputs; i++)
        add(t, "__global const %s *p%u, ulong o%u, ", ocl_type_name(view->inputs[i]->type), i, i);
    for (uint32_t k = 0; k < view->n_outputs; k++)
        add(t, "__global %s *q%u, ulong r%u, ", ocl_type_name(view->outputs[k]->type), k, k);
    if (l->n_broadcast == 0)
        add(t, "Layout l) {\nconst uint i = (uint)get_global_id(0);\nif (i >= l.count)\n    return;\n");
    else
        add(t, "Layout l) {\nconst uint x0 = (uint)get_global_id(0), row = (uint)get_global_id(1);\n"
               "if (x0 >= l.table[0])\n    return;\nconst uint i = row * l.table[0] + x0;\n");
}

/* The place of an input that is broadcast. Items come in rows of the last dimension, so that divisions are
 * made for rows only. */
static void add_places(Text *t, const ChainLayout *l) {
    for (uint32_t k = 0; k < l->n_broadcast; k++)
        add(t, "uint g%u = x0 * l.table[%u];\n", k, l->n_dims * (k + 1));
    if (l->n_broadcast > 0)
        add(t, "uint rest = row, x;\n");
    for (uint32_t d = 1; d < l->n_dims; d++) {
        if (d + 1 < l->n_dims)
            add(t, "x = rest %% l.table[%u];\nrest /= l.table[%u];\n", d, d);
        else
            add(t, "x = rest;\n");
        for (uint32_t k = 0; k < l->n_broadcast; k++)
            add(t, "g%u += x * l.table[%u];\n", k, l->n_dims * (k + 1) + d);
    }
}

static void add_loads(Text *t, const NnView *view, const ChainLayout *l) {
    for (uint32_t i = 0, k = 0; i < view->n_inputs; i++) {
        add(t, "const %s v%u = p%u[o%u", ocl_type_name(view->inputs[i]->type), i, i, i);
        if (l->walk[i] == CHAIN_BROADCAST)
            add(t, " + g%u];\n", k++);
        else
            add(t, l->walk[i] == CHAIN_WHOLE ? " + i];\n" : "];\n");
    }
}

/* The variable that holds a value: inputs first, then the nodes' results. */
static bool name_of(const NnView *view, const NnValueInfo *v, char name[16]) {
    uint32_t at = UINT32_MAX;
    for (uint32_t i = 0; i < view->n_inputs && at == UINT32_MAX; i++)
        at = view->inputs[i] == v ? i : at;
    for (uint32_t s = 0; s < view->n_nodes && at == UINT32_MAX; s++)
        at = view->nodes[s]->outputs[0] == v ? view->n_inputs + s : at;
    (void)snprintf(name, 16, "v%u", at);
    return at != UINT32_MAX;
}

bool ocl_chain_text(const NnView *view, const ChainLayout *l, char *text, size_t size) {
    Text t = {text, size};
    char names[4][16], expression[2048];
    add_head(&t, view, l);
    add_places(&t, l);
    add_loads(&t, view, l);
    for (uint32_t s = 0; s < view->n_nodes; s++) {
        const NnNode *node = view->nodes[s];
        const char *operands[4] = {NULL, NULL, NULL, NULL};
        for (uint32_t i = 0; i < node->n_inputs && i < 4; i++) {
            if (node->inputs[i] && !name_of(view, node->inputs[i], names[i]))
                return false;
            operands[i] = node->inputs[i] ? names[i] : NULL;
        }
        if (!ocl_chain_expression(node, operands, expression, sizeof expression))
            return false;
        const char *type = ocl_type_name(node->outputs[0]->type);
        add(&t, "const %s v%u = (%s)(%s);\n", type, view->n_inputs + s, type, expression);
    }
    for (uint32_t k = 0; k < view->n_outputs; k++) {
        if (!name_of(view, view->outputs[k], names[0]))
            return false;
        add(&t, "q%u[r%u + i] = %s;\n", k, k, names[0]);
    }
    add(&t, "}\n");
    return t.room > 1;
}
