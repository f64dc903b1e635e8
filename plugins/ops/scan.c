/* SPDX-License-Identifier: Apache-2.0 */
/* A body run over the slices of tensors, with carried values: recurrent networks are made of it. */
#include "family/loop-gradient.h"
#include "family/loop-infer.h"

static int32_t check_list(NnInfer *n, const char *key, uint32_t expected) {
    uint32_t count;
    (void)nn_attr_ints(n->node, key, &count);
    return count == 0 || count == expected
               ? NN_OK
               : nn_bad(n, "%s has %u elements: expected %u", key, count, expected);
}

static int32_t infer(NnInfer *n) {
    const NnLoopParts p = nn_loop_parts(n->node, false);
    int32_t code =
        p.n_scanned == 0 ? nn_bad(n, "num_scan_inputs is 0: expected at least 1") : nn_loop_check(n, &p);
    if (code == NN_OK)
        code = check_list(n, "scan_input_axes", p.n_scanned);
    if (code == NN_OK)
        code = check_list(n, "scan_input_directions", p.n_scanned);
    if (code == NN_OK)
        code = check_list(n, "scan_output_axes", p.n_stacked);
    if (code == NN_OK)
        code = check_list(n, "scan_output_directions", p.n_stacked);
    return code == NN_OK ? nn_loop_infer(n, &p, NN_DIM_UNKNOWN) : code;
}

static int32_t control(const NnNode *node, NnControl *c, NnStatus *status) {
    const NnLoopParts p = nn_loop_parts(node, false);
    (void)status;
    c->kind = NN_LOOP;
    c->functions[0] = p.body;
    c->condition = c->trip_count = -1;
    c->passes_iteration = c->passes_condition = 0;
    c->first_carried = p.first_carried;
    c->n_carried = p.n_carried;
    c->first_scanned = p.first_scanned;
    c->n_scanned = p.n_scanned;
    c->n_stacked = p.n_stacked;
    c->first_capture = p.first_capture;
    c->scan_axes = nn_loop_list(node, "scan_input_axes");
    c->scan_reverse = nn_loop_list(node, "scan_input_directions");
    c->stack_axes = nn_loop_list(node, "scan_output_axes");
    c->stack_reverse = nn_loop_list(node, "scan_output_directions");
    return NN_OK;
}

static int32_t gradient(NnGradient *g) {
    const NnLoopParts p = nn_loop_parts(g->node, false);
    return nn_loop_gradient(g, &p);
}

#define LIST(key, text)                                                                                      \
    { .name = (key), .kind = NN_SET_INTS, .doc = (text) }

NN_CONTROL_OPERATOR(
    scan, NN_ONNX("Scan", 23),
    NN_IN({"initial_state_and_scan_inputs", NULL, NN_ANY, NN_VARIADIC | NN_MIXED, 0,
           "initial carried values, then scanned tensors, then what the body captures"}),
    NN_OUT_FROM(0, {"final_state_and_scan_outputs", NULL, NN_ANY, NN_VARIADIC | NN_MIXED | NN_OPTIONAL, 0,
                    "final carried values, then the stacked results of all iterations"}),
    NN_ATTRIBUTES(NN_FUNCTION_ATTRIBUTE("body", "(carried, slices, captures) -> (carried, results to stack)"),
                  {.name = "num_scan_inputs",
                   .kind = NN_SET_INT,
                   .flags = NN_SET_REQUIRED,
                   .doc = "number of scanned tensors"},
                  NN_LOOP_CARRIED, LIST("scan_input_axes", "axis of each scanned tensor; absent: 0"),
                  LIST("scan_input_directions", "for each scanned tensor: 0 forward, 1 backward; absent: 0"),
                  LIST("scan_output_axes", "axis along which each result is stacked; absent: 0"),
                  LIST("scan_output_directions", "for each result: 0 appended, 1 put in front; absent: 0")),
    .doc = "Runs a body for each slice of the scanned tensors in turn, handing carried values from one "
           "iteration to the next "
           "and stacking the body's other results.",
    .infer = infer, .gradient = gradient, .control = control);

NN_OPERATORS(scan, "A loop over slices.", NN_OP("Scan", scan))
