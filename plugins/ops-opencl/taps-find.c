/* SPDX-License-Identifier: Apache-2.0 */
/* The taps of Resize, Tile, Pad and their gradients, by the integers that are known when a node is planned.
 */
#include "taps.h"

typedef struct Word {
    const char *op;
    bool back; /* a gradient: from the result's shape to the input's */
    /* The taps of dimension d, whose extents are set. */
    int32_t (*taps)(const NnCall *, int32_t d, NnTaps *);
    const char *(*why_not)(const NnNode *); /* gives NULL, or why it is not done here */
} Word;

static const NnTensor *value(const NnNode *node, uint32_t i) {
    return nn_given(node, i) ? node->inputs[i]->value : NULL;
}

static const char *unknown(const NnNode *node, uint32_t from) {
    for (uint32_t i = from; i < node->n_inputs; i++)
        if (node->inputs[i] && node->inputs[i]->value == NULL && ocl_count(node->inputs[i]) > 0)
            return "what it goes by is not known when it is planned";
    return NULL;
}

/* One place for each element, of weight 1. */
static int32_t single(const NnCall *call, NnTaps *t) {
    t->n = 1;
    t->at = call->host->alloc(call->host, (uint64_t)(t->out + 1) * sizeof *t->at);
    t->weight = call->host->alloc(call->host, (uint64_t)(t->out + 1) * sizeof *t->weight);
    for (int64_t o = 0; t->weight && o < t->out; o++)
        t->weight[o] = 1;
    return t->at && t->weight ? NN_OK
                              : nn_fail(call->host, call->status, NN_OUT_OF_MEMORY,
                                        "no memory for the places of %s", call->node->op);
}

static int32_t tile(const NnCall *call, int32_t d, NnTaps *t) {
    (void)d;
    const int32_t code = single(call, t);
    for (int64_t o = 0; code == NN_OK && o < t->out; o++)
        t->at[o] = t->in > 0 ? o % t->in : -1;
    return code;
}

/* As plugins/ops/pad.c has it. */
static int64_t border(const char *mode, int64_t at, int64_t extent) {
    const int64_t period = 2 * (extent - 1);
    if ((at >= 0 && at < extent) || extent < 1)
        return extent < 1 ? -1 : at;
    if (mode[0] == 'e')
        return at < 0 ? 0 : extent - 1;
    if (mode[0] == 'w')
        return (at % extent + extent) % extent;
    if (period == 0)
        return 0;
    at = (at % period + period) % period;
    return at < extent ? at : period - at;
}

static int32_t pad(const NnCall *call, int32_t d, NnTaps *t) {
    const bool grad = strcmp(call->node->op, "PadGrad") == 0;
    const NnTensor *pads = value(call->node, grad ? 2 : 1), *axes = value(call->node, 3);
    const int32_t rank = call->node->inputs[0]->rank;
    int64_t list[2 * NN_MAX_RANK], named[NN_MAX_RANK], before = 0;
    const int64_t n = nn_integers(pads, list, 2 * NN_MAX_RANK) / 2,
                  m = axes ? nn_integers(axes, named, NN_MAX_RANK) : -1;
    for (int64_t i = 0; i < n && (m < 0 || i < m); i++)
        if ((m < 0 ? i : nn_axis_of(named[i], rank)) == d)
            before = list[i];
    const int32_t code = single(call, t);
    for (int64_t o = 0; code == NN_OK && o < t->out; o++)
        t->at[o] = border(nn_attr_string(call->node, "mode", "constant"), o - before, t->in);
    return code;
}

static const char *pad_why_not(const NnNode *node) {
    const bool grad = strcmp(node->op, "PadGrad") == 0;
    if (nn_attr_string(node, "mode", "constant")[0] == 'c')
        return "constant borders are another kernel's";
    return value(node, grad ? 2 : 1) ? unknown(node, 3) : "the borders are not known when it is planned";
}

static int32_t resize(const NnCall *call, int32_t d, NnTaps *t) {
    const NnNode *node = call->node;
    const uint32_t x = strcmp(node->op, "ResizeGrad") == 0 ? 1 : 0;
    NnResize r;
    const int32_t code = nn_resize_read(call, node->inputs[x]->dims, node->inputs[x]->rank,
                                        value(node, x + 1), value(node, x + 2), value(node, x + 3), &r);
    return code == NN_OK ? nn_resize_taps(call, &r, d, t) : code;
}

static const char *resize_why_not(const NnNode *node) {
    return node->inputs[0]->rank == 0 ? "a scalar has no extents"
                                      : unknown(node, strcmp(node->op, "ResizeGrad") == 0 ? 2 : 1);
}

static const Word words[] = {
    {"Resize", false, resize, resize_why_not},
    {"ResizeGrad", true, resize, resize_why_not},
    {"Tile", false, tile, NULL},
    {"TileGrad", true, tile, NULL},
    {"Pad", false, pad, pad_why_not},
    {"PadGrad", true, pad, pad_why_not},
};

static const Word *find_word(const NnNode *node) {
    for (uint32_t i = 0; i < NN_COUNT(words); i++)
        if (strcmp(words[i].op, node->op) == 0)
            return &words[i];
    return NULL;
}

const char *taps_why_not(const NnNode *node) {
    const Word *w = find_word(node);
    return w->why_not ? w->why_not(node) : NULL;
}

bool taps_back(const NnNode *node) { return find_word(node)->back; }

int32_t taps_find(const NnCall *call, int32_t d, NnTaps *t) {
    return find_word(call->node)->taps(call, d, t);
}
