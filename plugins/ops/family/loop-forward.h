/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The forward half of a loop's gradient: what the backward will read of each iteration, and the loop that
 * also stacks it, which takes the place of the one that is differentiated.
 */
#ifndef OPS_FAMILY_LOOP_FORWARD_H
#define OPS_FAMILY_LOOP_FORWARD_H

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

#endif
