/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The text of a chain, in the words of chain.cl: a work item has one element or a vector of them, loads what
 * it needs, computes node after node in variables, and stores what leaves. It depends on the operators, the
 * types and on how inputs broadcast, not on any extent, so that few programs serve many nodes.
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
bool ocl_chain_layout(ChainLayout *l, const OclService *ocl, const NnValueInfo *const *inputs, uint32_t n,
                      const NnValueInfo *out) {
    uint32_t stride[CHAIN_INPUTS][NN_MAX_RANK], merged[CHAIN_INPUTS][CHAIN_DIMS];
    uint32_t dims[CHAIN_DIMS];
    *l =
        (ChainLayout){.n_inputs = n, .width = ocl->cpu ? CHAIN_VECTOR : 1, .count = (uint32_t)ocl_count(out)};
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
    if (l->n_dims > 0 && dims[0] < CHAIN_VECTOR)
        l->width = 1;
    for (uint32_t i = 0, k = 0; i < n; i++)
        if (l->walk[i] == CHAIN_BROADCAST && merged[k++][0] == 0)
            l->walk[i] = CHAIN_ROWS;
    return true;
}

/* ---- the text ---- */

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
    bool done[NN_TYPE_COUNT] = {[NN_F16] = true}; /* chain.cl has it */
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
    if (l->n_broadcast == 0)
        add(t, "if (x0 >= l.count)\n    return;\nconst uint i = x0, left = l.count - x0;\n");
    else
        add(t, "const uint row = (uint)get_global_id(1);\nif (x0 >= l.table[0])\n    return;\n"
               "const uint i = row * l.table[0] + x0, left = l.table[0] - x0;\n");
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

/* A row of an input has neighbours for an item, or one element for all of it. */
static void add_loads(Text *t, const NnView *view, const ChainLayout *l) {
    for (uint32_t i = 0, k = 0; i < view->n_inputs; i++) {
        const int32_t type = view->inputs[i]->type;
        const char *name = ocl_type_name(type), *memory = ocl_memory_name(type);
        char place[32] = "i";
        if (l->walk[i] == CHAIN_BROADCAST || l->walk[i] == CHAIN_ROWS)
            (void)snprintf(place, sizeof place, "g%u", k++);
        if (l->walk[i] == CHAIN_SCALAR || l->walk[i] == CHAIN_ROWS)
            add(t, "const VECTOR(%s) v%u = AS(%s, first_%s(p%u + o%u + %s));\n", name, i, name, memory, i, i,
                l->walk[i] == CHAIN_SCALAR ? "0" : place);
        else
            add(t, "const VECTOR(%s) v%u = read_%s(p%u + o%u + %s, left);\n", name, i, memory, i, i, place);
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
        add(&t, "const VECTOR(%s) v%u = %s;\n", type, view->n_inputs + s, expression);
    }
    for (uint32_t k = 0; k < view->n_outputs; k++) {
        if (!name_of(view, view->outputs[k], names[0]))
            return false;
        add(&t, "write_%s(%s, q%u + r%u + i, left);\n", ocl_memory_name(view->outputs[k]->type), names[0], k,
            k);
    }
    add(&t, "}\n");
    return t.room > 1;
}
