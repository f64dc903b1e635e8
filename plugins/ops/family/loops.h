/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Loops: what Loop and Scan share. A body's inputs are [iteration, condition] carried.. slices.. captures..
 * and its outputs [condition] carried.. stacked..; the parts in brackets are Loop's. The node's inputs are
 * [M, cond] carried.. scanned.. captures.., its outputs carried.. stacked..
 */
#ifndef OPS_FAMILY_LOOPS_H
#define OPS_FAMILY_LOOPS_H

#include "shape.h"

#define NN_CONTROL_OPERATOR(id, ...)                                                                         \
    static const NnOperator id = {.struct_size = sizeof(NnOperator), .sort = NN_CONTROL, __VA_ARGS__}
#define NN_FUNCTION_ATTRIBUTE(key, text)                                                                     \
    { .name = (key), .kind = NN_SET_FUNCTION, .flags = NN_SET_REQUIRED, .doc = (text) }
#define NN_LOOP_CARRIED                                                                                      \
    {                                                                                                        \
        .name = "carried", .kind = NN_SET_INT, .flags = NN_SET_RANGE, .min = 0, .max = 1e6,                  \
        .doc = "values handed from iteration to iteration; the inputs after them are captures; absent: "     \
               "there are none"                                                                              \
    }

typedef struct NnLoopParts {
    NnFunction *body;
    bool loop;                  /* Loop, not Scan */
    uint32_t lead_in, lead_out; /* of the body: what comes before the carried values */
    uint32_t first_carried, n_carried, n_scanned, n_captures, n_stacked;
    uint32_t first_scanned, first_capture, n_in, n_out; /* n_in, n_out: of the body */
} NnLoopParts;

static inline NnFunction *nn_function_of(const NnNode *node, const char *key) {
    const NnAttr *a = nn_attr(node, key);
    return a ? a->u.function : NULL;
}

/* The division of a node's inputs; outputs are counted from the node, as `infer` has compared them with the
 * body. */
static inline NnLoopParts nn_loop_parts(const NnNode *node, bool loop) {
    const uint32_t lead = loop ? 2 : 0, given = node->n_inputs > lead ? node->n_inputs - lead : 0;
    const uint32_t scanned = loop ? 0 : (uint32_t)nn_attr_int(node, "num_scan_inputs", 0);
    const uint32_t carried = (uint32_t)nn_attr_int(node, "carried", given > scanned ? given - scanned : 0);
    NnLoopParts p = {.body = nn_function_of(node, "body"),
                     .loop = loop,
                     .lead_in = lead,
                     .lead_out = loop,
                     .first_carried = lead,
                     .n_carried = carried,
                     .n_scanned = scanned};
    p.first_scanned = lead + carried;
    p.first_capture = p.first_scanned + scanned;
    p.n_captures = node->n_inputs > p.first_capture ? node->n_inputs - p.first_capture : 0;
    p.n_stacked = node->n_outputs > carried ? node->n_outputs - carried : 0;
    p.n_in = lead + carried + scanned + p.n_captures;
    p.n_out = p.lead_out + carried + p.n_stacked;
    return p;
}

static inline const int64_t *nn_loop_list(const NnNode *node, const char *key) {
    uint32_t n;
    const int64_t *list = nn_attr_ints(node, key, &n);
    return n ? list : NULL;
}

#endif
