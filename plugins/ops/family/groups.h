/* SPDX-License-Identifier: Apache-2.0 */
/*
 * For backends that run connected element-wise nodes as one kernel: which nodes go together. Nodes of the
 * same extents whose values one of them makes and another reads form a group, as long as no way leads out of
 * a group and back into it. The backend says which nodes it can take and, at the end, which groups fit.
 */
#ifndef OPS_FAMILY_GROUPS_H
#define OPS_FAMILY_GROUPS_H

#include "nn/plugin.h"

#define NN_GROUP_VIEW_MAX 4096u /* larger graphs are left alone: the bits grow with the square */

typedef struct NnGroups {
    const NnView *view;
    const char *(*refusal)(const NnNode *); /* why a node cannot be in any group; NULL: it can */
    /* A value with the extents that a node works on; NULL: its first result. Where it is another value (of a
     * Concat, say), no reader of the result joins the node's group. */
    const NnValueInfo *(*extents)(const NnNode *);
    uint32_t max;     /* nodes in a group */
    int32_t *of;      /* group of a node, -1: none */
    uint32_t *size;   /* nodes of a group */
    uint64_t *before; /* bit (g, h): group g runs after group h */
    uint64_t *needs;  /* bit (node, h): the node runs after group h, or is in it */
    uint32_t n, words;
} NnGroups;

static inline bool nn_same_extents(const NnValueInfo *a, const NnValueInfo *b) {
    if (a->rank != b->rank)
        return false;
    for (int32_t i = 0; i < a->rank; i++)
        if (a->dims[i] != b->dims[i])
            return false;
    return true;
}

static inline const NnValueInfo *nn_group_extents(const NnGroups *g, const NnNode *node) {
    return g->extents ? g->extents(node) : node->outputs[0];
}

/* Both work on the same extents, and the producer's results have them. */
static inline bool nn_group_alike(const NnGroups *g, const NnNode *producer, const NnNode *node) {
    const NnValueInfo *wanted = nn_group_extents(g, node);
    return nn_same_extents(nn_group_extents(g, producer), wanted) &&
           nn_same_extents(producer->outputs[0], wanted);
}

static inline uint64_t *nn_group_row(uint64_t *bits, const NnGroups *g, uint32_t i) {
    return bits + (size_t)i * g->words;
}

static inline bool nn_group_has(const uint64_t *bits, uint32_t i) { return bits[i / 64] >> (i % 64) & 1; }

static inline void nn_group_set(uint64_t *bits, uint32_t i) { bits[i / 64] |= UINT64_C(1) << (i % 64); }

static inline void nn_group_join(uint64_t *to, const uint64_t *from, uint32_t words_count) {
    for (uint32_t i = 0; i < words_count; i++)
        to[i] |= from[i];
}

/* All groups that an input of the node, other than through group h itself, runs after. */
static inline void nn_group_gather(NnGroups *g, const NnNode *node, int32_t h, uint64_t *out) {
    memset(out, 0, g->words * sizeof *out);
    for (uint32_t i = 0; i < node->n_inputs; i++) {
        const int32_t p = node->inputs[i] ? node->inputs[i]->producer : -1;
        if (p < 0 || (h >= 0 && g->of[p] == h))
            continue;
        nn_group_join(out, nn_group_row(g->needs, g, (uint32_t)p), g->words);
        if (g->of[p] >= 0)
            nn_group_join(out, nn_group_row(g->before, g, (uint32_t)g->of[p]), g->words);
    }
}

/* The group of a producer that the node can join: same extents, room left, and no way from the group back to
 * itself. */
static inline int32_t nn_group_joinable(NnGroups *g, const NnNode *node, uint64_t *scratch) {
    for (uint32_t i = 0; i < node->n_inputs; i++) {
        const int32_t p = node->inputs[i] ? node->inputs[i]->producer : -1;
        const int32_t h = p >= 0 ? g->of[p] : -1;
        if (h < 0 || g->size[h] >= g->max || !nn_group_alike(g, g->view->nodes[p], node))
            continue;
        nn_group_gather(g, node, h, scratch);
        if (!nn_group_has(scratch, (uint32_t)h))
            return h;
    }
    return -1;
}

static inline void nn_group_enter(NnGroups *g, uint32_t at, int32_t h, uint64_t *scratch) {
    nn_group_gather(g, g->view->nodes[at], h, scratch);
    g->of[at] = h;
    g->size[h]++;
    nn_group_join(nn_group_row(g->before, g, (uint32_t)h), scratch, g->words);
    for (uint32_t o = 0; o < g->n; o++) /* whoever runs after h runs after what h runs after */
        if (nn_group_has(nn_group_row(g->before, g, o), (uint32_t)h))
            nn_group_join(nn_group_row(g->before, g, o), scratch, g->words);
    nn_group_join(nn_group_row(g->needs, g, at), scratch, g->words);
    nn_group_set(nn_group_row(g->needs, g, at), (uint32_t)h);
}

/* Group p becomes part of group h; what ran after p now runs after h and all that is before it. */
static inline void nn_group_merge(NnGroups *g, int32_t p, int32_t h) {
    uint64_t *before = nn_group_row(g->before, g, (uint32_t)h);
    nn_group_join(before, nn_group_row(g->before, g, (uint32_t)p), g->words);
    g->size[h] += g->size[p];
    for (uint32_t o = 0; o < g->n; o++) {
        uint64_t *bits = nn_group_row(g->before, g, o);
        if (nn_group_has(bits, (uint32_t)p))
            nn_group_set(bits, (uint32_t)h);
        if (nn_group_has(bits, (uint32_t)h))
            nn_group_join(bits, before, g->words);
    }
    for (uint32_t at = 0; at < g->view->n_nodes; at++) {
        uint64_t *bits = nn_group_row(g->needs, g, at);
        if (g->of[at] == p)
            g->of[at] = h;
        if (nn_group_has(bits, (uint32_t)p))
            nn_group_set(bits, (uint32_t)h);
    }
}

/* The other groups that the node reads come along where neither side runs after the other: two halves of one
 * update. */
static inline void nn_group_merge_inputs(NnGroups *g, const NnNode *node, int32_t h) {
    for (uint32_t i = 0; i < node->n_inputs; i++) {
        const int32_t at = node->inputs[i] ? node->inputs[i]->producer : -1;
        const int32_t p = at >= 0 ? g->of[at] : -1;
        if (p < 0 || p == h || g->size[h] + g->size[p] >= g->max ||
            !nn_group_alike(g, g->view->nodes[at], node) ||
            nn_group_has(nn_group_row(g->before, g, (uint32_t)h), (uint32_t)p) ||
            nn_group_has(nn_group_row(g->before, g, (uint32_t)p), (uint32_t)h))
            continue;
        bool around = false; /* does another input run after p by a way that does not end in h? */
        for (uint32_t k = 0; k < node->n_inputs && !around; k++) {
            const int32_t other = node->inputs[k] ? node->inputs[k]->producer : -1;
            if (other < 0 || g->of[other] == p || g->of[other] == h)
                continue;
            const uint64_t *needs = nn_group_row(g->needs, g, (uint32_t)other);
            around = nn_group_has(needs, (uint32_t)p) || nn_group_has(needs, (uint32_t)h) ||
                     (g->of[other] >= 0 &&
                      (nn_group_has(nn_group_row(g->before, g, (uint32_t)g->of[other]), (uint32_t)p) ||
                       nn_group_has(nn_group_row(g->before, g, (uint32_t)g->of[other]), (uint32_t)h)));
        }
        if (!around)
            nn_group_merge(g, p, h);
    }
}

static inline void nn_groups_form(NnGroups *g, uint64_t *scratch) {
    for (uint32_t at = 0; at < g->view->n_nodes; at++) {
        const NnNode *node = g->view->nodes[at];
        g->of[at] = -1;
        if (g->refusal(node) == NULL && nn_product(node->outputs[0]->dims, 0, node->outputs[0]->rank) > 0) {
            int32_t h = nn_group_joinable(g, node, scratch);
            if (h < 0)
                h = (int32_t)g->n++;
            else
                nn_group_merge_inputs(g, node, h);
            nn_group_enter(g, at, h, scratch);
        } else {
            nn_group_gather(g, node, -1, nn_group_row(g->needs, g, at));
        }
    }
}

/* The nodes of group h in order, how many, and how many of their values leave it. */
static inline uint32_t nn_group_nodes(const NnGroups *g, uint32_t h, uint32_t *nodes, uint32_t *leaving) {
    uint32_t n = 0;
    *leaving = 0;
    for (uint32_t at = 0; at < g->view->n_nodes; at++) {
        if (g->of[at] != (int32_t)h)
            continue;
        nodes[n++] = at;
        const NnNode *node = g->view->nodes[at];
        for (uint32_t o = 0; o < node->n_outputs; o++) {
            const NnValueInfo *v = node->outputs[o];
            uint32_t inside = 0;
            for (uint32_t k = at + 1; v && k < g->view->n_nodes; k++)
                for (uint32_t i = 0; g->of[k] == (int32_t)h && i < g->view->nodes[k]->n_inputs; i++)
                    inside += g->view->nodes[k]->inputs[i] == v;
            *leaving += v && ((v->flags & NN_VALUE_ESCAPES) != 0 || inside < v->uses);
        }
    }
    return n;
}

/* A backend's `claim`: offers every group of two nodes or more that `fits` says yes to. */
static inline int32_t
nn_groups_claim(const NnHost *nn, const NnView *view, const char *(*refusal)(const NnNode *),
                const NnValueInfo *(*extents)(const NnNode *), uint32_t max,
                bool (*fits)(const NnGroups *, uint32_t n, const uint32_t *nodes, uint32_t leaving),
                NnClaims *claims, NnStatus *status) {
    const uint32_t n = view->n_nodes;
    if (n < 2 || n > NN_GROUP_VIEW_MAX)
        return NN_OK;
    NnGroups g = {.view = view, .refusal = refusal, .extents = extents, .max = max, .words = (n + 63) / 64};
    const size_t bits = (size_t)n * g.words * sizeof(uint64_t);
    g.of = nn->alloc(nn, n * sizeof *g.of);
    g.size = nn->alloc(nn, n * sizeof *g.size);
    g.before = nn->alloc(nn, bits);
    g.needs = nn->alloc(nn, bits);
    uint64_t *scratch = nn->alloc(nn, g.words * sizeof *scratch);
    uint32_t *nodes = nn->alloc(nn, n * sizeof *nodes);
    int32_t code = NN_OK;
    if (g.of && g.size && g.before && g.needs && scratch && nodes) {
        nn_groups_form(&g, scratch);
        for (uint32_t h = 0; h < g.n; h++) {
            uint32_t leaving;
            const uint32_t count = nn_group_nodes(&g, h, nodes, &leaving);
            if (count >= 2 && fits(&g, count, nodes, leaving))
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

#endif
