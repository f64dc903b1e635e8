/* SPDX-License-Identifier: Apache-2.0 */
/* What is known of the results of a loop: its body is inferred until the shapes of the carried values settle.
 */
#ifndef OPS_FAMILY_LOOP_INFER_H
#define OPS_FAMILY_LOOP_INFER_H

#include "loops.h"

typedef struct NnOwnInfo {
    NnValueInfo info;
    int64_t dims[NN_MAX_RANK];
} NnOwnInfo;

static inline void nn_own_info(NnOwnInfo *own, int32_t type, int32_t rank, const int64_t *dims) {
    for (int32_t i = 0; i < rank; i++)
        own->dims[i] = nn_dim_plain(dims[i]);
    own->info = (NnValueInfo){
        .struct_size = sizeof own->info, .type = type, .rank = rank, .dims = own->dims, .producer = -1};
}

/* What both a and b are; true when b did not change it. */
static inline bool nn_info_meet(NnOwnInfo *a, const NnValueInfo *b) {
    bool same = true;
    if (a->info.rank != b->rank) {
        same = a->info.rank < 0;
        a->info.rank = NN_RANK_UNKNOWN;
    }
    for (int32_t i = 0; i < a->info.rank; i++)
        if (a->dims[i] != NN_DIM_UNKNOWN && a->dims[i] != b->dims[i]) {
            a->dims[i] = NN_DIM_UNKNOWN;
            same = false;
        }
    return same;
}

static inline int32_t nn_loop_check(NnInfer *n, const NnLoopParts *p) {
    const NnNode *node = n->node;
    const uint32_t inputs = n->host->graph->function_inputs(p->body),
                   outputs = n->host->graph->function_outputs(p->body);
    if (node->n_inputs < p->first_capture)
        return nn_bad(n, "%u inputs do not suffice for %u carried values and %u scanned inputs",
                      node->n_inputs, p->n_carried, p->n_scanned);
    if (inputs != p->n_in)
        return nn_bad(n, "the body takes %u inputs: expected %u, of which %u carried, %u slices, %u captures",
                      inputs, p->n_in, p->n_carried, p->n_scanned, p->n_captures);
    if (outputs != p->n_out || node->n_outputs < p->n_carried)
        return nn_bad(n, "the body gives %u outputs, which makes %u of the node: found %u", outputs,
                      outputs - p->lead_out, node->n_outputs);
    for (uint32_t i = p->first_carried; i < node->n_inputs; i++)
        if (!node->inputs[i])
            return nn_bad(n, "input %u is missing", i);
    return NN_OK;
}

/* The slice of input s along its axis; *length becomes the number of slices as far as it is known. */
static inline int32_t nn_loop_slice(NnInfer *n, const NnLoopParts *p, uint32_t s, NnOwnInfo *slice,
                                    int64_t *length) {
    const NnValueInfo *x = n->node->inputs[p->first_scanned + s];
    const int64_t *axes = nn_loop_list(n->node, "scan_input_axes");
    int64_t axis = axes ? axes[s] : 0, dims[NN_MAX_RANK];
    int32_t rank = 0;
    if (x->rank < 0) {
        nn_own_info(slice, x->type, NN_RANK_UNKNOWN, NULL);
        return NN_OK;
    }
    const int32_t code = nn_axis(n, "scan_input_axes", &axis, x->rank);
    if (code != NN_OK)
        return code;
    for (int32_t i = 0; i < x->rank; i++)
        if (i != axis)
            dims[rank++] = x->dims[i];
    nn_own_info(slice, x->type, rank, dims);
    if (!nn_dim_known(x->dims[axis]))
        return NN_OK;
    if (*length >= 0 && *length != x->dims[axis])
        return nn_bad(n, "scanned input %u has %lld slices: expected %lld as the ones before it", s,
                      (long long)x->dims[axis], (long long)*length);
    *length = x->dims[axis];
    return NN_OK;
}

static inline int32_t nn_loop_outputs(NnInfer *n, const NnLoopParts *p, const NnOwnInfo *own,
                                      const NnValueInfo **outs, int64_t length) {
    const int64_t *axes = nn_loop_list(n->node, "scan_output_axes");
    for (uint32_t i = 0; i < p->n_carried; i++)
        n->output(n, i, own[p->lead_in + i].info.type, own[p->lead_in + i].info.rank,
                  own[p->lead_in + i].dims);
    for (uint32_t j = 0; j < p->n_stacked; j++) {
        const NnValueInfo *slice = outs[p->lead_out + p->n_carried + j];
        int64_t axis = axes ? axes[j] : 0, dims[NN_MAX_RANK] = {0};
        if (slice->rank >= NN_MAX_RANK)
            return nn_bad(n, "stacked output %u would have rank %d", j, slice->rank + 1);
        const int32_t code = slice->rank < 0 ? NN_OK : nn_axis(n, "scan_output_axes", &axis, slice->rank + 1);
        if (code != NN_OK)
            return code;
        for (int32_t i = 0, from = 0; slice->rank >= 0 && i <= slice->rank; i++)
            dims[i] = i == axis ? length : nn_dim_plain(slice->dims[from++]);
        n->output(n, p->n_carried + j, slice->type, slice->rank < 0 ? NN_RANK_UNKNOWN : slice->rank + 1,
                  dims);
    }
    return NN_OK;
}

/* Carried values start as their initial ones; what an iteration changes of their shape is unknown. `length`
 * and the result's may be unknown or bounded. */
static inline int32_t nn_loop_infer(NnInfer *n, const NnLoopParts *p, int64_t length) {
    const uint64_t bytes = (uint64_t)(p->n_in + 1) * (sizeof(NnOwnInfo) + sizeof(NnValueInfo *));
    NnOwnInfo *own = n->host->alloc(n->host, bytes + (uint64_t)(p->n_out + 1) * sizeof(NnValueInfo *));
    if (!own)
        return nn_fail(n->host, n->status, NN_OUT_OF_MEMORY, "no memory to infer a loop of %u values",
                       p->n_in);
    const NnValueInfo **ins = (const NnValueInfo **)(void *)(own + p->n_in + 1), **outs = ins + p->n_in + 1;
    int32_t code = NN_OK;
    for (uint32_t i = 0; i < p->n_in; i++)
        ins[i] = &own[i].info;
    if (p->loop) {
        nn_own_info(&own[0], NN_I64, 0, NULL);
        nn_own_info(&own[1], NN_BOOL, 0, NULL);
    }
    for (uint32_t i = 0; i < p->n_carried; i++) {
        const NnValueInfo *x = n->node->inputs[p->first_carried + i];
        nn_own_info(&own[p->lead_in + i], x->type, x->rank, x->dims);
    }
    for (uint32_t s = 0; code == NN_OK && s < p->n_scanned; s++)
        code = nn_loop_slice(n, p, s, &own[p->lead_in + p->n_carried + s], &length);
    for (uint32_t c = 0; c < p->n_captures; c++)
        ins[p->lead_in + p->n_carried + p->n_scanned + c] = n->node->inputs[p->first_capture + c];
    for (bool settled = false; code == NN_OK && !settled;) {
        settled = true;
        code = n->function(n, p->body, p->n_in, ins, outs);
        for (uint32_t i = 0; code == NN_OK && i < p->n_carried; i++) {
            NnOwnInfo *state = &own[p->lead_in + i];
            const NnValueInfo *out = outs[p->lead_out + i];
            if (out->type && state->info.type && out->type != state->info.type)
                code = nn_bad(n, "carried value %u starts as %s and is %s after an iteration", i,
                              nn_type_name(state->info.type), nn_type_name(out->type));
            settled = nn_info_meet(state, out) && settled;
        }
    }
    if (code == NN_OK)
        code = nn_loop_outputs(n, p, own, outs, length);
    n->host->free(n->host, own);
    return code;
}

#endif
