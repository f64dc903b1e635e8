/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The gradient of a loop. The forward loop is replaced by one that also stacks what the backward will read of
 * each iteration; the backward is a Scan over these stacks in reverse, carrying the gradients of the carried
 * values and the sums of those of the captures. What the backward reads of captures and scanned inputs is not
 * stacked but taken from where it is.
 */
#ifndef OPS_FAMILY_LOOP_GRADIENT_H
#define OPS_FAMILY_LOOP_GRADIENT_H

#include "loops.h"
#include "typed.h"

#define NN_LOOP_MAX 512 /* values of a body, residuals included */

typedef enum NnResidualKind { NN_STACKED, NN_FROM_SCANNED, NN_FROM_CAPTURE } NnResidualKind;

typedef struct NnLoopGradient {
    NnGradient *g;
    const NnGraphApi *api;
    const NnLoopParts *p;
    NnFunction *forward, *backward;
    uint32_t n_residuals, n_wrt, n_seeds;
    uint32_t wrt[NN_LOOP_MAX];     /* inputs of the body */
    uint8_t has_grad[NN_LOOP_MAX]; /* outputs of the body */
    uint8_t kind[NN_LOOP_MAX];     /* of residuals */
    uint32_t source[NN_LOOP_MAX];  /* of residuals: which stack, scanned input or capture */
    NnValue *stacks[NN_LOOP_MAX];  /* residuals of the new forward loop */
    uint32_t n_stacks;
} NnLoopGradient;

static inline bool nn_has_gradient(const NnValueInfo *v) { return v && nn_is(v->type, NN_FLOATS); }

static inline bool nn_loop_wants(const NnLoopGradient *l, uint32_t node_input) {
    return l->g->wanted[node_input] != 0;
}

/* Which outputs of the body have gradients, and which inputs get one. */
static inline int32_t nn_loop_prepare(NnLoopGradient *l) {
    const NnLoopParts *p = l->p;
    const NnGradient *g = l->g;
    if (p->n_in >= NN_LOOP_MAX || p->n_out >= NN_LOOP_MAX)
        return nn_fail(g->host, g->status, NN_UNSUPPORTED, "the body has more than %d values", NN_LOOP_MAX);
    for (uint32_t i = 0; i < p->n_carried; i++)
        if (nn_has_gradient(l->api->function_input(p->body, p->lead_in + i))) {
            l->has_grad[p->lead_out + i] = 1;
            l->wrt[l->n_wrt++] = p->lead_in + i;
        }
    for (uint32_t j = 0; j < p->n_stacked; j++)
        l->has_grad[p->lead_out + p->n_carried + j] = g->grad_outputs[p->n_carried + j] != NULL;
    for (uint32_t k = p->first_scanned; k < g->node->n_inputs; k++)
        if (nn_loop_wants(l, k))
            l->wrt[l->n_wrt++] = k - p->first_carried + p->lead_in;
    const int32_t code =
        l->api->vjp(g->graph, p->body, l->has_grad, l->n_wrt, l->wrt, &l->forward, &l->backward);
    if (code != NN_OK)
        return code;
    l->n_residuals = l->api->function_outputs(l->forward) - p->n_out;
    if (l->n_residuals + p->n_out >= NN_LOOP_MAX)
        return nn_fail(g->host, g->status, NN_UNSUPPORTED,
                       "the backward reads more than %d values of the body", NN_LOOP_MAX);
    for (uint32_t r = 0; r < l->n_residuals; r++) {
        const NnValueInfo *v = l->api->function_output(l->forward, p->n_out + r);
        for (uint32_t k = p->lead_in + p->n_carried; k < p->n_in; k++)
            if (l->api->function_input(l->forward, k) == v) {
                const uint32_t at = k - p->lead_in - p->n_carried;
                l->kind[r] = at < p->n_scanned ? NN_FROM_SCANNED : NN_FROM_CAPTURE;
                l->source[r] = at < p->n_scanned ? at : at - p->n_scanned;
            }
        if (l->kind[r] == NN_STACKED)
            l->source[r] = l->n_stacks++;
    }
    return NN_OK;
}

static inline NnValue *nn_loop_input(const NnLoopGradient *l, NnGraph *body, const NnFunction *f,
                                     uint32_t i) {
    const NnValueInfo *v = l->api->function_input(f, i);
    return v ? l->api->input(body, v->name, v->type, v->rank, v->dims) : NULL;
}

/* Puts a loop that stacks residuals in the place of the node's outputs. */
static inline int32_t nn_loop_forward(NnLoopGradient *l) {
    const NnLoopParts *p = l->p;
    const NnGradient *g = l->g;
    NnGraph *body = l->api->begin(g->graph, "forward");
    NnValue *in[NN_LOOP_MAX], *out[NN_LOOP_MAX], *kept[NN_LOOP_MAX + 1];
    uint32_t n = 0;
    for (uint32_t i = 0; i < p->n_in; i++)
        in[i] = nn_loop_input(l, body, l->forward, i);
    (void)l->api->call(body, l->forward, p->n_in, in, p->n_out + l->n_residuals, out);
    for (uint32_t i = 0; i < p->n_out + l->n_residuals; i++)
        if (i < p->n_out || l->kind[i - p->n_out] == NN_STACKED)
            kept[n++] = out[i];
    /* Without anything stacked the backward would not know how many iterations there were. */
    if (p->loop) {
        l->n_stacks++;
        kept[n++] = in[0];
    }
    NnFunction *f = body ? l->api->end(body, n, kept) : NULL;
    NnAttr attrs[16];
    int64_t axes[NN_LOOP_MAX] = {0}, directions[NN_LOOP_MAX] = {0};
    uint32_t n_attrs = 0;
    const int64_t *old_axes = nn_loop_list(g->node, "scan_output_axes"),
                  *old = nn_loop_list(g->node, "scan_output_directions");
    for (uint32_t j = 0; j < p->n_stacked; j++) {
        axes[j] = old_axes ? old_axes[j] : 0;
        directions[j] = old ? old[j] : 0;
    }
    for (uint32_t i = 0; i < g->node->n_attrs && n_attrs < 12; i++) {
        const NnAttr *a =
            (const NnAttr *)(const void *)((const char *)g->node->attrs + (size_t)i * g->node->attr_stride);
        if (strcmp(a->name, "body") != 0 && strncmp(a->name, "scan_output", 11) != 0 &&
            strcmp(a->name, "carried") != 0)
            attrs[n_attrs++] = *a;
    }
    attrs[n_attrs++] = NN_BODY("body", f);
    attrs[n_attrs++] = NN_INT("carried", p->n_carried);
    if (!p->loop) {
        attrs[n_attrs++] = NN_INTS("scan_output_axes", p->n_stacked + l->n_stacks, axes);
        attrs[n_attrs++] = NN_INTS("scan_output_directions", p->n_stacked + l->n_stacks, directions);
    }
    const uint32_t own = p->n_carried + p->n_stacked;
    const int32_t code = nn_ops(g->host, g->graph, p->loop ? "Loop" : "Scan", g->inputs, g->node->n_inputs,
                                attrs, n_attrs, out, own + l->n_stacks);
    for (uint32_t i = 0; i < l->n_stacks; i++)
        l->stacks[i] = out[own + i];
    return code == NN_OK ? l->api->replace(g->graph, own, g->outputs, out) : code;
}

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
