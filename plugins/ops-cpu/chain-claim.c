/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Which nodes become chains: what can be said in chain codes, and how neighbours of the same extents are
 * grouped so that no way leads out of a group and back into it.
 */
#include "chain.h"

#define MAX_GROUP 48u
#define MAX_VIEW 4096u

static const CpuChainWord words[] = {
    {"", "Add", CPU_ADD, 2, NULL},
    {"", "Sub", CPU_SUB, 2, NULL},
    {"", "Mul", CPU_MUL, 2, NULL},
    {"", "Div", CPU_DIV, 2, NULL},
    {"", "Max", CPU_MAX, 2, NULL},
    {"", "Min", CPU_MIN, 2, NULL},
    {"", "Pow", CPU_POW, 2, NULL},
    {"", "Less", CPU_LESS, 2, NULL},
    {"", "LessOrEqual", CPU_LESS_EQUAL, 2, NULL},
    {"", "Greater", CPU_GREATER, 2, NULL},
    {"", "GreaterOrEqual", CPU_GREATER_EQUAL, 2, NULL},
    {"", "Equal", CPU_EQUAL, 2, NULL},
    {"", "And", CPU_AND, 2, NULL},
    {"", "Or", CPU_OR, 2, NULL},
    {"", "Identity", CPU_COPY, 1, NULL},
    {"", "Cast", CPU_COPY, 1, NULL},
    {"", "Neg", CPU_NEG, 1, NULL},
    {"", "Abs", CPU_ABS, 1, NULL},
    {"", "Sign", CPU_SIGN, 1, NULL},
    {"", "Reciprocal", CPU_RECIPROCAL, 1, NULL},
    {"", "Sqrt", CPU_SQRT, 1, NULL},
    {"", "Exp", CPU_EXP, 1, NULL},
    {"", "Log", CPU_LOG, 1, NULL},
    {"", "Erf", CPU_ERF, 1, NULL},
    {"", "Floor", CPU_FLOOR, 1, NULL},
    {"", "Ceil", CPU_CEIL, 1, NULL},
    {"", "Not", CPU_NOT, 1, NULL},
    {"", "Relu", CPU_RELU, 1, NULL},
    {"", "LeakyRelu", CPU_LEAKY_RELU, 1, "alpha"},
    {"", "Sigmoid", CPU_SIGMOID, 1, NULL},
    {"", "Tanh", CPU_TANH, 1, NULL},
    {"", "Softplus", CPU_SOFTPLUS, 1, NULL},
    {"", "Gelu", CPU_GELU, 1, NULL},
    {"", "Elu", CPU_ELU, 1, "alpha"},
    {"", "Where", CPU_WHERE, 3, NULL},
    {"", "Clip", CPU_CLIP, 3, NULL},
    {"nn", "ReluGrad", CPU_RELU_GRAD, 2, NULL},
    {"nn", "LeakyReluGrad", CPU_LEAKY_RELU_GRAD, 2, "alpha"},
    {"nn", "SigmoidGrad", CPU_SIGMOID_GRAD, 2, NULL},
    {"nn", "TanhGrad", CPU_TANH_GRAD, 2, NULL},
};

const CpuChainWord *cpu_chain_word(const NnNode *node) {
    for (uint32_t i = 0; i < NN_COUNT(words); i++)
        if (strcmp(words[i].op, node->op) == 0 && strcmp(words[i].domain, node->domain) == 0)
            return &words[i];
    return NULL;
}

int cpu_chain_type(int32_t type) {
    switch (type) {
    case NN_F32: return CPU_CHAIN_F32;
    case NN_BOOL: return CPU_CHAIN_BOOL;
    case NN_U8: return CPU_CHAIN_U8;
    case NN_I32: return CPU_CHAIN_I32;
    case NN_I64: return CPU_CHAIN_I64;
    case NN_F64: return CPU_CHAIN_F64;
    default: return -1;
    }
}

/* Arithmetic is in f32, so wider types may enter through a Cast only, and only f32 and bool may leave. */
const char *cpu_chain_refusal(const NnNode *node) {
    const CpuChainWord *w = cpu_chain_word(node);
    if (w == NULL)
        return "not an element-wise operator of this package";
    const bool cast = strcmp(node->op, "Cast") == 0, gelu = strcmp(node->op, "Gelu") == 0;
    if (node->n_outputs == 0 || node->outputs[0] == NULL)
        return "it has no result";
    if (node->outputs[0]->type != NN_F32 && node->outputs[0]->type != NN_BOOL)
        return "the result is neither f32 nor bool";
    if (gelu && strcmp(nn_attr_string(node, "approximate", "none"), "none") != 0 &&
        strcmp(nn_attr_string(node, "approximate", "none"), "tanh") != 0)
        return "an approximation of Gelu that is not known";
    for (uint32_t i = 0; i < node->n_inputs; i++) {
        if (i >= w->arity)
            return "more inputs than it works on at once";
        if (node->inputs[i] == NULL) {
            if (w->code == CPU_CLIP && i > 0)
                continue;
            return "an input is absent";
        }
        const int32_t type = node->inputs[i]->type;
        if (cpu_chain_type(type) < 0 || (!cast && type != NN_F32 && type != NN_BOOL))
            return "an input is neither f32 nor bool";
        if (cast && node->outputs[0]->type == NN_BOOL && type != NN_F32 && type != NN_BOOL)
            return "a Cast to bool of integers";
        if (type == NN_BOOL && node->outputs[0]->type == NN_F32 && !cast && !(w->code == CPU_WHERE && i == 0))
            return "arithmetic on bool";
    }
    return node->n_inputs < w->arity && w->code != CPU_CLIP ? "fewer inputs than it needs" : NULL;
}

typedef struct Groups {
    const NnView *view;
    int32_t *of;      /* group of a node, -1: none */
    uint32_t *size;   /* nodes of a group */
    uint64_t *before; /* bit (g, h): group g runs after group h */
    uint64_t *needs;  /* bit (node, h): the node runs after group h, or is in it */
    uint32_t n, words;
} Groups;

static bool same_extents(const NnValueInfo *a, const NnValueInfo *b) {
    if (a->rank != b->rank)
        return false;
    for (int32_t i = 0; i < a->rank; i++)
        if (a->dims[i] != b->dims[i])
            return false;
    return true;
}

static uint64_t *row(uint64_t *bits, const Groups *g, uint32_t i) { return bits + (size_t)i * g->words; }

static bool has(const uint64_t *bits, uint32_t i) { return bits[i / 64] >> (i % 64) & 1; }

static void set(uint64_t *bits, uint32_t i) { bits[i / 64] |= UINT64_C(1) << (i % 64); }

static void join(uint64_t *to, const uint64_t *from, uint32_t words_count) {
    for (uint32_t i = 0; i < words_count; i++)
        to[i] |= from[i];
}

/* All groups that an input of the node, other than through group h itself, runs after. */
static void gather(Groups *g, const NnNode *node, int32_t h, uint64_t *out) {
    memset(out, 0, g->words * sizeof *out);
    for (uint32_t i = 0; i < node->n_inputs; i++) {
        const int32_t p = node->inputs[i] ? node->inputs[i]->producer : -1;
        if (p < 0 || (h >= 0 && g->of[p] == h))
            continue;
        join(out, row(g->needs, g, (uint32_t)p), g->words);
        if (g->of[p] >= 0)
            join(out, row(g->before, g, (uint32_t)g->of[p]), g->words);
    }
}

/* The group of a producer that the node can join: same extents, room left, and no way from the group back to
 * itself. */
static int32_t joinable(Groups *g, const NnNode *node, uint64_t *scratch) {
    for (uint32_t i = 0; i < node->n_inputs; i++) {
        const int32_t p = node->inputs[i] ? node->inputs[i]->producer : -1;
        const int32_t h = p >= 0 ? g->of[p] : -1;
        if (h < 0 || g->size[h] >= MAX_GROUP ||
            !same_extents(g->view->nodes[p]->outputs[0], node->outputs[0]))
            continue;
        gather(g, node, h, scratch);
        if (!has(scratch, (uint32_t)h))
            return h;
    }
    return -1;
}

static void enter(Groups *g, uint32_t at, int32_t h, uint64_t *scratch) {
    gather(g, g->view->nodes[at], h, scratch);
    g->of[at] = h;
    g->size[h]++;
    join(row(g->before, g, (uint32_t)h), scratch, g->words);
    for (uint32_t o = 0; o < g->n; o++) /* whoever runs after h runs after what h runs after */
        if (has(row(g->before, g, o), (uint32_t)h))
            join(row(g->before, g, o), scratch, g->words);
    join(row(g->needs, g, at), scratch, g->words);
    set(row(g->needs, g, at), (uint32_t)h);
}

/* Group p becomes part of group h; what ran after p now runs after h and all that is before it. */
static void merge(Groups *g, int32_t p, int32_t h) {
    uint64_t *before = row(g->before, g, (uint32_t)h);
    join(before, row(g->before, g, (uint32_t)p), g->words);
    g->size[h] += g->size[p];
    for (uint32_t o = 0; o < g->n; o++) {
        uint64_t *bits = row(g->before, g, o);
        if (has(bits, (uint32_t)p))
            set(bits, (uint32_t)h);
        if (has(bits, (uint32_t)h))
            join(bits, before, g->words);
    }
    for (uint32_t at = 0; at < g->view->n_nodes; at++) {
        uint64_t *bits = row(g->needs, g, at);
        if (g->of[at] == p)
            g->of[at] = h;
        if (has(bits, (uint32_t)p))
            set(bits, (uint32_t)h);
    }
}

/* The other groups that the node reads come along where neither side runs after the other: two halves of one
 * update. */
static void merge_inputs(Groups *g, const NnNode *node, int32_t h) {
    for (uint32_t i = 0; i < node->n_inputs; i++) {
        const int32_t at = node->inputs[i] ? node->inputs[i]->producer : -1;
        const int32_t p = at >= 0 ? g->of[at] : -1;
        if (p < 0 || p == h || g->size[h] + g->size[p] >= MAX_GROUP ||
            !same_extents(g->view->nodes[at]->outputs[0], node->outputs[0]) ||
            has(row(g->before, g, (uint32_t)h), (uint32_t)p) ||
            has(row(g->before, g, (uint32_t)p), (uint32_t)h))
            continue;
        bool around = false; /* does another input run after p by a way that does not end in h? */
        for (uint32_t k = 0; k < node->n_inputs && !around; k++) {
            const int32_t other = node->inputs[k] ? node->inputs[k]->producer : -1;
            if (other < 0 || g->of[other] == p || g->of[other] == h)
                continue;
            const uint64_t *needs = row(g->needs, g, (uint32_t)other);
            around = has(needs, (uint32_t)p) || has(needs, (uint32_t)h) ||
                     (g->of[other] >= 0 && (has(row(g->before, g, (uint32_t)g->of[other]), (uint32_t)p) ||
                                            has(row(g->before, g, (uint32_t)g->of[other]), (uint32_t)h)));
        }
        if (!around)
            merge(g, p, h);
    }
}

static void form_groups(Groups *g, uint64_t *scratch) {
    for (uint32_t at = 0; at < g->view->n_nodes; at++) {
        const NnNode *node = g->view->nodes[at];
        g->of[at] = -1;
        if (cpu_chain_refusal(node) == NULL &&
            nn_product(node->outputs[0]->dims, 0, node->outputs[0]->rank) > 0) {
            int32_t h = joinable(g, node, scratch);
            if (h < 0)
                h = (int32_t)g->n++;
            else
                merge_inputs(g, node, h);
            enter(g, at, h, scratch);
        } else {
            gather(g, node, -1, row(g->needs, g, at));
        }
    }
}

/* Is a group small enough for a chain's registers? Counted as: what enters, leaves, and lives between. */
static bool fits(const Groups *g, uint32_t h, uint32_t *nodes, uint32_t *n) {
    uint32_t entering = 0, leaving = 0;
    *n = 0;
    for (uint32_t at = 0; at < g->view->n_nodes; at++) {
        if (g->of[at] != (int32_t)h)
            continue;
        nodes[(*n)++] = at;
        const NnNode *node = g->view->nodes[at];
        for (uint32_t i = 0; i < node->n_inputs; i++)
            entering += node->inputs[i] &&
                        (node->inputs[i]->producer < 0 || g->of[node->inputs[i]->producer] != (int32_t)h);
        leaving += (node->outputs[0]->flags & NN_VALUE_ESCAPES) != 0;
        uint32_t inside = 0;
        for (uint32_t k = at + 1; k < g->view->n_nodes; k++)
            for (uint32_t i = 0; g->of[k] == (int32_t)h && i < g->view->nodes[k]->n_inputs; i++)
                inside += g->view->nodes[k]->inputs[i] == node->outputs[0];
        leaving += inside < node->outputs[0]->uses;
    }
    return *n >= 2 && leaving <= CPU_CHAIN_OUTPUTS && entering + leaving + *n < CPU_CHAIN_REGS;
}

int32_t cpu_chain_claim(const NnHost *nn, NnDevice *device, const NnView *view, NnClaims *claims,
                        NnStatus *status) {
    (void)device;
    const uint32_t n = view->n_nodes;
    if (n < 2 || n > MAX_VIEW)
        return NN_OK;
    Groups g = {.view = view, .words = (n + 63) / 64};
    const size_t bits = (size_t)n * g.words * sizeof(uint64_t);
    g.of = nn->alloc(nn, n * sizeof *g.of);
    g.size = nn->alloc(nn, n * sizeof *g.size);
    g.before = nn->alloc(nn, bits);
    g.needs = nn->alloc(nn, bits);
    uint64_t *scratch = nn->alloc(nn, g.words * sizeof *scratch);
    uint32_t *nodes = nn->alloc(nn, n * sizeof *nodes);
    int32_t code = NN_OK;
    if (g.of && g.size && g.before && g.needs && scratch && nodes) {
        form_groups(&g, scratch);
        for (uint32_t h = 0; h < g.n; h++) {
            uint32_t count;
            if (fits(&g, h, nodes, &count))
                claims->add(claims, count, nodes, 0);
        }
    } else {
        code = nn_fail(nn, status, NN_OUT_OF_MEMORY, "no memory to look for chains in %u nodes", n);
    }
    nn->free(nn, nodes);
    nn->free(nn, scratch);
    nn->free(nn, g.needs);
    nn->free(nn, g.before);
    nn->free(nn, g.size);
    nn->free(nn, g.of);
    return code;
}
