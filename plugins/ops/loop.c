/* SPDX-License-Identifier: Apache-2.0 */
/* A body run a number of times, or until it says stop. Differentiable where the number of times is bounded
 * beforehand. */
#include "family/loop-gradient.h"
#include "family/loop-infer.h"

static bool known_true(const NnValueInfo *v) {
    return !v || (v->value && *(const uint8_t *)nn_data(v->value));
}

/* Does the body hand its condition through, or always say go on? */
static bool never_stops(const NnInfer *n, const NnLoopParts *p) {
    const NnValueInfo *out = n->host->graph->function_output(p->body, 0);
    return known_true(n->node->inputs[1]) &&
           (out == n->host->graph->function_input(p->body, 1) || (out && out->value && known_true(out)));
}

static int32_t infer(NnInfer *n) {
    const NnLoopParts p = nn_loop_parts(n->node, true);
    const NnValueInfo *trips = n->node->inputs[0], *go = n->node->inputs[1];
    int64_t known[NN_MAX_KNOWN], length = NN_DIM_UNKNOWN;
    const int32_t code = nn_loop_check(n, &p);
    if (code != NN_OK)
        return code;
    if ((trips && trips->rank > 0 && !(trips->rank == 1 && trips->dims[0] == 1)) ||
        (go && go->rank > 0 && !(go->rank == 1 && go->dims[0] == 1)))
        return nn_bad(n, "M and cond: expected scalars");
    if (nn_known(trips, known) == 1 && trips->value) {
        length = known[0] < 0 ? 0 : known[0];
        if (!never_stops(n, &p))
            length = nn_dim_bounded(length);
    }
    return nn_loop_infer(n, &p, length);
}

static int32_t control(const NnNode *node, NnControl *c, NnStatus *status) {
    const NnLoopParts p = nn_loop_parts(node, true);
    (void)status;
    c->kind = NN_LOOP;
    c->functions[0] = p.body;
    c->trip_count = node->inputs[0] ? 0 : -1;
    c->condition = node->inputs[1] ? 1 : -1;
    c->passes_iteration = c->passes_condition = 1;
    c->first_carried = p.first_carried;
    c->n_carried = p.n_carried;
    c->first_scanned = p.first_scanned;
    c->n_stacked = p.n_stacked;
    c->first_capture = p.first_capture;
    return NN_OK;
}

static int32_t gradient(NnGradient *g) {
    const NnLoopParts p = nn_loop_parts(g->node, true);
    const NnValueInfo *trips = g->node->inputs[0];
    if (!trips || !trips->value)
        return nn_fail(
            g->host, g->status, NN_UNSUPPORTED,
            "the gradient of Loop needs a trip count M that is known while the graph is built; here it is %s",
            trips ? "computed" : "absent");
    return nn_loop_gradient(g, &p);
}

NN_CONTROL_OPERATOR(
    loop, NN_ONNX("Loop", 23),
    NN_IN({"M", "I", NN_MASK(NN_I64), NN_OPTIONAL | NN_NO_GRADIENT, 0,
           "the largest number of iterations; absent: no limit"},
          {"cond", "B", NN_MASK(NN_BOOL), NN_OPTIONAL | NN_NO_GRADIENT, 0,
           "whether to begin at all; absent: yes"},
          {"v_initial", NULL, NN_ANY, NN_VARIADIC | NN_MIXED | NN_OPTIONAL, 0,
           "initial carried values, then what the body captures"}),
    NN_OUT_FROM(0, {"v_final_and_scan_outputs", NULL, NN_ANY, NN_VARIADIC | NN_MIXED | NN_OPTIONAL, 0,
                    "final carried values, then the stacked results of all iterations"}),
    NN_ATTRIBUTES(NN_FUNCTION_ATTRIBUTE(
                      "body",
                      "(iteration, condition, carried, captures) -> (condition, carried, results to stack)"),
                  NN_LOOP_CARRIED),
    .doc = "Runs a body while the condition that it returns holds, at most M times, handing carried values "
           "from one iteration to "
           "the next and stacking the body's other results.",
    .infer = infer, .gradient = gradient, .control = control);

NN_OPERATORS(loop, "A loop with a condition.", NN_OP("Loop", loop))
