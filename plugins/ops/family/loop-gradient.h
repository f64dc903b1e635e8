/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The gradient of a loop. The forward loop is replaced by one that also stacks what the backward will read of
 * each iteration; the backward is a Scan over these stacks in reverse, carrying the gradients of the carried
 * values and the sums of those of the captures. What the backward reads of captures and scanned inputs is not
 * stacked but taken from where it is.
 */
#ifndef OPS_FAMILY_LOOP_GRADIENT_H
#define OPS_FAMILY_LOOP_GRADIENT_H

#include "loop-forward.h"

typedef struct NnBackward {
    NnGraph *body;
    NnValue *formal[NN_LOOP_MAX], *actual[NN_LOOP_MAX]; /* the Scan's inputs: carried, scanned, captures */
    int64_t axes[NN_LOOP_MAX], directions[NN_LOOP_MAX];
    uint32_t n, n_carried, n_scanned;
} NnBackward;

static inline NnValue *nn_backward_add(NnBackward *b, NnValue *formal, NnValue *actual) {
    b->formal[b->n] = formal;
    b->actual[b->n++] = actual;
    return formal;
}

/* `like`: the input of the backward function that the slice becomes, or -1 for a slice that nobody reads. */
static inline NnValue *nn_backward_scan(const NnLoopGradient *l, NnBackward *b, int32_t like, NnValue *whole,
                                        int64_t axis, int64_t forward) {
    b->axes[b->n_scanned] = axis;
    b->directions[b->n_scanned++] = !forward;
    NnValue *slice = like >= 0 ? nn_loop_input(l, b->body, l->backward, (uint32_t)like)
                               : l->api->input(b->body, "iteration", NN_I64, 0, NULL);
    return nn_backward_add(b, slice, whole);
}

static inline NnValue *nn_loop_zeros(const NnLoopGradient *l, NnValue *like) {
    return l->api->role(l->g->graph, "zeros_like", 1, &like);
}

/* Creates the inputs of the backward Scan and hands those of the backward function to `args`. */
static inline void nn_backward_inputs(NnLoopGradient *l, NnBackward *b, NnValue **args) {
    const NnLoopParts *p = l->p;
    const NnGradient *g = l->g;
    const int64_t *in_axes = nn_loop_list(g->node, "scan_input_axes"),
                  *in_back = nn_loop_list(g->node, "scan_input_directions");
    const int64_t *out_axes = nn_loop_list(g->node, "scan_output_axes"),
                  *out_back = nn_loop_list(g->node, "scan_output_directions");
    uint32_t seed = l->n_residuals;
    for (uint32_t i = 0; i < p->n_carried; i++)
        if (l->has_grad[p->lead_out + i]) {
            NnValue *arrived =
                g->grad_outputs[i] ? g->grad_outputs[i] : nn_loop_zeros(l, g->inputs[p->first_carried + i]);
            args[seed] = nn_backward_add(b, nn_loop_input(l, b->body, l->backward, seed), arrived);
            seed++;
        }
    for (uint32_t c = p->first_capture; c < g->node->n_inputs; c++)
        if (nn_loop_wants(l, c))
            (void)nn_backward_add(b, nn_loop_input(l, b->body, l->forward, c - p->first_carried + p->lead_in),
                                  nn_loop_zeros(l, g->inputs[c]));
    b->n_carried = b->n;
    for (uint32_t r = 0; r < l->n_residuals; r++)
        if (l->kind[r] == NN_STACKED)
            args[r] = nn_backward_scan(l, b, (int32_t)r, l->stacks[l->source[r]], 0, 0);
    if (p->loop)
        (void)nn_backward_scan(l, b, -1, l->stacks[l->n_stacks - 1], 0, 0);
    for (uint32_t r = 0; r < l->n_residuals; r++)
        if (l->kind[r] == NN_FROM_SCANNED)
            args[r] =
                nn_backward_scan(l, b, (int32_t)r, g->inputs[p->first_scanned + l->source[r]],
                                 in_axes ? in_axes[l->source[r]] : 0, in_back ? in_back[l->source[r]] : 0);
    for (uint32_t j = 0; j < p->n_stacked; j++)
        if (l->has_grad[p->lead_out + p->n_carried + j]) {
            args[seed] = nn_backward_scan(l, b, (int32_t)seed, g->grad_outputs[p->n_carried + j],
                                          out_axes ? out_axes[j] : 0, out_back ? out_back[j] : 0);
            seed++;
        }
    for (uint32_t r = 0; r < l->n_residuals; r++)
        if (l->kind[r] == NN_FROM_CAPTURE)
            args[r] = nn_backward_add(b, nn_loop_input(l, b->body, l->backward, r),
                                      g->inputs[p->first_capture + l->source[r]]);
    l->n_seeds = seed;
}

static inline int32_t nn_loop_backward(NnLoopGradient *l) {
    const NnLoopParts *p = l->p;
    NnGradient *g = l->g;
    NnBackward b = {.body = l->api->begin(g->graph, "backward")};
    NnValue *args[NN_LOOP_MAX] = {0}, *grads[NN_LOOP_MAX], *results[NN_LOOP_MAX];
    int64_t axes[NN_LOOP_MAX] = {0}, directions[NN_LOOP_MAX] = {0};
    uint32_t n = 0, sum = 0, sliced = 0;
    if (!b.body)
        return g->host->code(g->status);
    nn_backward_inputs(l, &b, args);
    (void)l->api->call(b.body, l->backward, l->n_seeds, args, l->n_wrt, grads);
    while (sum < l->n_wrt && l->wrt[sum] < p->lead_in + p->n_carried)
        sum++;
    for (uint32_t w = 0; w < sum; w++)
        results[n++] = grads[w];
    for (uint32_t w = sum, acc = sum; w < l->n_wrt; w++)
        if (l->wrt[w] >= p->lead_in + p->n_carried + p->n_scanned) {
            NnValue *const both[] = {b.formal[acc++], grads[w]};
            results[n++] = l->api->role(b.body, "accumulate", 2, both);
        }
    const int64_t *in_axes = nn_loop_list(g->node, "scan_input_axes"),
                  *in_back = nn_loop_list(g->node, "scan_input_directions");
    for (uint32_t w = sum; w < l->n_wrt; w++)
        if (l->wrt[w] < p->lead_in + p->n_carried + p->n_scanned) {
            const uint32_t s = l->wrt[w] - p->lead_in - p->n_carried;
            axes[sliced] = in_axes ? in_axes[s] : 0;
            directions[sliced++] = !(in_back && in_back[s]);
            results[n++] = grads[w];
        }
    NnFunction *f = l->api->end(b.body, n, results);
    const NnAttr attrs[] = {NN_BODY("body", f),
                            NN_INT("num_scan_inputs", b.n_scanned),
                            NN_INT("carried", b.n_carried),
                            NN_INTS("scan_input_axes", b.n_scanned, b.axes),
                            NN_INTS("scan_input_directions", b.n_scanned, b.directions),
                            NN_INTS("scan_output_axes", sliced, axes),
                            NN_INTS("scan_output_directions", sliced, directions)};
    const int32_t code = nn_ops(g->host, g->graph, "Scan", b.actual, b.n, attrs, NN_COUNT(attrs), results, n);
    uint32_t at = 0;
    for (uint32_t i = 0; code == NN_OK && i < p->n_carried; i++)
        if (l->has_grad[p->lead_out + i])
            g->grads[p->first_carried + i] = results[at++];
    for (uint32_t c = p->first_capture; code == NN_OK && c < g->node->n_inputs; c++)
        if (nn_loop_wants(l, c))
            g->grads[c] = results[at++];
    for (uint32_t s = p->first_scanned; code == NN_OK && s < p->first_capture; s++)
        if (nn_loop_wants(l, s))
            g->grads[s] = results[at++];
    return code;
}

static inline int32_t nn_loop_gradient(NnGradient *g, const NnLoopParts *p) {
    NnLoopGradient *l = g->host->alloc(g->host, sizeof *l);
    if (!l)
        return nn_fail(g->host, g->status, NN_OUT_OF_MEMORY, "no memory for the gradient of a loop");
    l->g = g;
    l->api = g->host->graph;
    l->p = p;
    int32_t code = nn_loop_prepare(l);
    if (code == NN_OK)
        code = nn_loop_forward(l);
    if (code == NN_OK)
        code = nn_loop_backward(l);
    g->host->free(g->host, l);
    return code;
}

#endif
