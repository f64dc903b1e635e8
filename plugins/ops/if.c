/* SPDX-License-Identifier: Apache-2.0 */
/* One of two functions. Its gradient is an If again, whose branches run the taken one once more and
 * differentiate it. */
#include "family/loop-infer.h"
#include "family/typed.h"

static int32_t infer(NnInfer *n) {
    const char *const names[2] = {"then_branch", "else_branch"};
    const NnValueInfo *outs[2][64];
    const uint32_t captures = n->node->n_inputs - 1, m = n->node->n_outputs;
    NnOwnInfo own;
    if (m > 64)
        return nn_bad(n, "%u outputs: expected at most 64", m);
    for (uint32_t k = 0; k < 2; k++) {
        const NnFunction *f = nn_function_of(n->node, names[k]);
        if (n->host->graph->function_inputs(f) != captures || n->host->graph->function_outputs(f) != m)
            return nn_bad(n, "%s takes %u captured inputs and gives %u outputs: expected %u and %u", names[k],
                          n->host->graph->function_inputs(f), n->host->graph->function_outputs(f), captures,
                          m);
        const int32_t code = n->function(n, f, captures, n->node->inputs + 1, outs[k]);
        if (code != NN_OK)
            return code;
    }
    for (uint32_t i = 0; i < m; i++) {
        const NnValueInfo *a = outs[0][i], *b = outs[1][i];
        if (a->type && b->type && a->type != b->type)
            return nn_bad(n, "output %u is %s in then_branch and %s in else_branch", i, nn_type_name(a->type),
                          nn_type_name(b->type));
        nn_own_info(&own, a->type ? a->type : b->type, a->rank == b->rank ? a->rank : NN_RANK_UNKNOWN,
                    a->dims);
        for (int32_t d = 0; d < own.info.rank; d++)
            if (!nn_dim_known(a->dims[d]) || !nn_dim_known(b->dims[d]))
                own.dims[d] = NN_DIM_UNKNOWN;
            else if (a->dims[d] != b->dims[d])
                own.dims[d] = nn_dim_bounded(a->dims[d] > b->dims[d] ? a->dims[d] : b->dims[d]);
        n->output(n, i, own.info.type, own.info.rank, own.dims);
    }
    return NN_OK;
}

static int32_t control(const NnNode *node, NnControl *c, NnStatus *status) {
    (void)status;
    c->kind = NN_BRANCH;
    c->functions[0] = nn_function_of(node, "then_branch");
    c->functions[1] = nn_function_of(node, "else_branch");
    c->condition = 0;
    c->trip_count = -1;
    c->first_carried = c->first_scanned = c->first_capture = 1;
    return NN_OK;
}

#define MAX_VALUES 256

/* (gradients of outputs, captures) -> gradients of the wanted captures. */
static NnFunction *branch_gradient(NnGradient *g, const NnFunction *f) {
    const NnGraphApi *api = g->host->graph;
    NnGraph *body = api->begin(g->graph, "gradient");
    NnValue *in[MAX_VALUES], *out[MAX_VALUES], *seeds[MAX_VALUES], *targets[MAX_VALUES], *wrt[MAX_VALUES],
        *grads[MAX_VALUES];
    uint32_t n_seeds = 0, n_wrt = 0;
    for (uint32_t k = 0; k < g->node->n_outputs; k++)
        if (g->grad_outputs[k]) {
            const NnValueInfo *v = api->function_output(f, k);
            seeds[n_seeds++] = api->input(body, "seed", v->type, v->rank, v->dims);
        }
    for (uint32_t i = 1; i < g->node->n_inputs; i++) {
        const NnValueInfo *v = api->function_input(f, i - 1);
        in[i - 1] = api->input(body, v->name, v->type, v->rank, v->dims);
        if (g->wanted[i])
            wrt[n_wrt++] = in[i - 1];
    }
    (void)api->call(body, f, g->node->n_inputs - 1, in, g->node->n_outputs, out);
    n_seeds = 0;
    for (uint32_t k = 0; k < g->node->n_outputs; k++)
        if (g->grad_outputs[k])
            targets[n_seeds++] = out[k];
    (void)api->gradient(body, n_seeds, targets, seeds, n_wrt, wrt, grads);
    for (uint32_t i = 0; i < n_wrt; i++)
        if (!grads[i])
            grads[i] = api->role(body, "zeros_like", 1, &wrt[i]);
    return body ? api->end(body, n_wrt, grads) : NULL;
}

static int32_t gradient(NnGradient *g) {
    NnValue *in[2 * MAX_VALUES], *grads[MAX_VALUES];
    uint32_t n = 0, n_wrt = 0;
    if (g->node->n_inputs > MAX_VALUES || g->node->n_outputs > MAX_VALUES)
        return nn_fail(g->host, g->status, NN_UNSUPPORTED, "a branch has more than %d values", MAX_VALUES);
    in[n++] = g->inputs[0];
    for (uint32_t k = 0; k < g->node->n_outputs; k++)
        if (g->grad_outputs[k])
            in[n++] = g->grad_outputs[k];
    for (uint32_t i = 1; i < g->node->n_inputs; i++) {
        in[n++] = g->inputs[i];
        n_wrt += g->wanted[i] != 0;
    }
    const NnAttr attrs[] = {
        NN_BODY("then_branch", branch_gradient(g, nn_function_of(g->node, "then_branch"))),
        NN_BODY("else_branch", branch_gradient(g, nn_function_of(g->node, "else_branch")))};
    const int32_t code = nn_ops(g->host, g->graph, "If", in, n, attrs, NN_COUNT(attrs), grads, n_wrt);
    n_wrt = 0;
    for (uint32_t i = 1; code == NN_OK && i < g->node->n_inputs; i++)
        if (g->wanted[i])
            g->grads[i] = grads[n_wrt++];
    return code;
}

NN_CONTROL_OPERATOR(
    if_operator, NN_ONNX("If", 23),
    NN_IN({"cond", "B", NN_MASK(NN_BOOL), NN_NO_GRADIENT, 0, "a scalar: which branch to take"},
          {"captures", NULL, NN_ANY, NN_VARIADIC | NN_MIXED | NN_OPTIONAL, 0,
           "what the branches read, both all of it"}),
    NN_OUT_FROM(0, {"outputs", NULL, NN_ANY, NN_VARIADIC | NN_MIXED | NN_OPTIONAL, 0,
                    "the results of the branch that was taken"}),
    NN_ATTRIBUTES(NN_FUNCTION_ATTRIBUTE("then_branch", "captures -> outputs, taken when cond holds"),
                  NN_FUNCTION_ATTRIBUTE("else_branch", "captures -> outputs, taken when it does not")),
    .doc = "Runs then_branch where cond holds, else else_branch.", .infer = infer, .gradient = gradient,
    .control = control);

NN_OPERATORS(if_operator, "A choice of two functions.", NN_OP("If", if_operator))
