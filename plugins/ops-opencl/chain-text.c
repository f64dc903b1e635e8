/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The text of a chain, in the words of chain.cl: a work item has one element or a vector of them, loads what
 * it needs, computes node after node in variables, and stores what leaves. It depends on the operators, the
 * types and on how tensors are walked, not on any extent, so that few programs serve many nodes.
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

static uint64_t types_of(const NnView *view) {
    uint64_t types = 0;
    for (uint32_t i = 0; i < view->n_inputs; i++)
        types |= NN_MASK(view->inputs[i]->type);
    for (uint32_t k = 0; k < view->n_nodes; k++)
        types |= NN_MASK(view->nodes[k]->outputs[0]->type);
    return types;
}

const char *ocl_chain_options(const NnView *view, const ChainLayout *l) {
    static const char *const options[2][4] = {
        {"-DW=1", "-DW=1 -DHALF", "-DW=1 -DDOUBLE", "-DW=1 -DHALF -DDOUBLE"},
        {"-DW=16", "-DW=16 -DHALF", "-DW=16 -DDOUBLE", "-DW=16 -DHALF -DDOUBLE"}};
    const uint64_t types = types_of(view);
    return options[l->width > 1][((types & NN_MASK(NN_F16)) != 0) + 2 * ((types & NN_MASK(NN_F64)) != 0)];
}

static void add_head(Text *t, const NnView *view, const ChainLayout *l) {
    const uint64_t types = types_of(view);
    bool done[NN_TYPE_COUNT] = {[NN_F16] = true}; /* chain.cl has it, in the words of u16 */
    done[NN_U16] = (types & NN_MASK(NN_F16)) != 0;
    for (int32_t type = 0; type < NN_TYPE_COUNT; type++) {
        if ((types & NN_MASK(type)) == 0 || done[type])
            continue;
        add(t, "ACCESS(%s)\n", ocl_type_name(type));
        done[NN_U8] = done[NN_U8] || type == NN_BOOL;
        done[NN_BOOL] = done[NN_BOOL] || type == NN_U8;
    }
    add(t, "typedef struct { uint count, table[%u]; } Layout;\n__kernel void chain(",
        l->n_table ? l->n_table : 1);
    for (uint32_t i = 0; i < view->n_inputs; i++)
        add(t, "__global const %s *p%u, ulong o%u, ", ocl_memory_name(view->inputs[i]->type), i, i);
    for (uint32_t k = 0; k < view->n_outputs; k++)
        add(t, "__global %s *q%u, ulong r%u, ", ocl_memory_name(view->outputs[k]->type), k, k);
    add(t, "Layout l) {\nconst uint x0 = (uint)get_global_id(0) * W;\n");
    if (l->n_strided == 0)
        add(t, "if (x0 >= l.count)\n    return;\nconst uint i = x0, left = l.count - x0;\n");
    else
        add(t,
            "const uint row = (uint)get_global_id(1);\nif (x0 >= l.table[0] || row * l.table[0] >= l.count)\n"
            "    return;\nconst uint i = row * l.table[0] + x0, left = l.table[0] - x0;\n");
}

/* The places of strided accesses. Items come in rows of the last dimension, so that divisions are made for
 * rows only. */
static void add_places(Text *t, const ChainLayout *l) {
    bool part[CHAIN_LOADS + CHAIN_STORES] = {false};
    for (uint32_t i = 0; i < l->n_loads; i++)
        part[l->loads[i].place] = part[l->loads[i].place] || l->loads[i].part;
    for (uint32_t k = 0; k < l->n_stores; k++)
        part[l->stores[k].place] = part[l->stores[k].place] || l->stores[k].part;
    for (uint32_t k = 0; k < l->n_strided; k++) {
        const uint32_t row = l->n_dims + k * (l->n_dims + 1);
        add(t, "uint g%u = x0 * l.table[%u]", k, row);
        if (part[k])
            add(t, " + l.table[%u]", row + l->n_dims);
        add(t, ";\n");
    }
    if (l->n_strided > 0)
        add(t, "uint rest = row, x;\n");
    for (uint32_t d = 1; d < l->n_dims; d++) {
        if (d + 1 < l->n_dims)
            add(t, "x = rest %% l.table[%u];\nrest /= l.table[%u];\n", d, d);
        else
            add(t, "x = rest;\n");
        for (uint32_t k = 0; k < l->n_strided; k++)
            add(t, "g%u += x * l.table[%u];\n", k, l->n_dims + k * (l->n_dims + 1) + d);
    }
}

/* The place of an access in its tensor. */
static const char *place_of(const ChainAccess *a, char place[16]) {
    (void)snprintf(place, 16, a->walk == CHAIN_WHOLE ? "i" : a->walk == CHAIN_SCALAR ? "0" : "g%u", a->place);
    return place;
}

/* A row of a tensor has neighbours for an item, or one element for all of it. */
static void add_loads(Text *t, const ChainLayout *l) {
    for (uint32_t i = 0; i < l->n_loads; i++) {
        const ChainAccess *a = &l->loads[i];
        const char *name = ocl_type_name(a->value->type), *memory = ocl_memory_name(a->value->type);
        char place[16];
        (void)place_of(a, place);
        if (a->walk == CHAIN_SCALAR || a->walk == CHAIN_ROWS)
            add(t, "const VECTOR(%s) v%u = AS(%s, first_%s(p%u + o%u + %s));\n", name, i, name, memory,
                a->tensor, a->tensor, place);
        else
            add(t, "const VECTOR(%s) v%u = read_%s(p%u + o%u + %s, left);\n", name, i, memory, a->tensor,
                a->tensor, place);
    }
}

/* The variable that holds a value: what was loaded, or a node's result. */
static bool name_of(const NnView *view, const ChainLayout *l, const NnValueInfo *v, char name[16]) {
    uint32_t at = UINT32_MAX;
    for (uint32_t i = 0; i < l->n_loads && at == UINT32_MAX; i++)
        at = l->loads[i].value == v ? i : at;
    for (uint32_t s = 0; s < view->n_nodes && at == UINT32_MAX; s++)
        at = view->nodes[s]->outputs[0] == v ? l->n_loads + s : at;
    (void)snprintf(name, 16, "v%u", at);
    return at != UINT32_MAX;
}

static bool add_node(Text *t, const NnView *view, const ChainLayout *l, uint32_t s) {
    const NnNode *node = view->nodes[s];
    char names[4][16], expression[2048];
    const char *operands[4] = {NULL, NULL, NULL, NULL};
    if (ocl_chain_splits(node) || ocl_chain_joins(node))
        return true;
    for (uint32_t i = 0; i < node->n_inputs && i < 4; i++) {
        if (!ocl_chain_reads(node, i))
            continue;
        if (node->inputs[i] && !name_of(view, l, node->inputs[i], names[i]))
            return false;
        operands[i] = node->inputs[i] ? names[i] : NULL;
    }
    if (!ocl_chain_expression(node, operands, expression, sizeof expression))
        return false;
    add(t, "const VECTOR(%s) v%u = %s;\n", ocl_type_name(node->outputs[0]->type), l->n_loads + s, expression);
    return true;
}

bool ocl_chain_text(const NnView *view, const ChainLayout *l, char *text, size_t size) {
    Text t = {text, size};
    char name[16], place[16];
    add_head(&t, view, l);
    add_places(&t, l);
    add_loads(&t, l);
    for (uint32_t s = 0; s < view->n_nodes; s++)
        if (!add_node(&t, view, l, s))
            return false;
    for (uint32_t k = 0; k < l->n_stores; k++) {
        const ChainAccess *a = &l->stores[k];
        if (!name_of(view, l, a->value, name))
            return false;
        add(&t, "write_%s(%s, q%u + r%u + %s, left);\n", ocl_memory_name(a->value->type), name, a->tensor,
            a->tensor, place_of(a, place));
    }
    add(&t, "}\n");
    return t.room > 1;
}
