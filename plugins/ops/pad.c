/* SPDX-License-Identifier: Apache-2.0 */
/* A border around a tensor, or with negative pads less of it; the gradient adds up where elements were
 * repeated. */
#include "family/index.h"

/* The element of an extent that stands at a position which may lie outside; -1: the constant. */
static int64_t source(const char *mode, int64_t at, int64_t extent) {
    const int64_t period = 2 * (extent - 1);
    if ((at >= 0 && at < extent) || extent < 1 || mode[0] == 'c')
        return at >= 0 && at < extent ? at : -1;
    if (mode[0] == 'e')
        return at < 0 ? 0 : extent - 1;
    if (mode[0] == 'w')
        return (at % extent + extent) % extent;
    if (period == 0)
        return 0;
    at = (at % period + period) % period;
    return at < extent ? at : period - at;
}

/* The pads at the start and end of each dimension, from lists for some axes or all. */
static bool spread(int64_t *begin, int64_t *end, int32_t rank, const int64_t *pads, int64_t n,
                   const int64_t *axes, int64_t m) {
    for (int32_t i = 0; i < rank; i++)
        begin[i] = end[i] = 0;
    if (n != 2 * (m < 0 ? rank : m))
        return false;
    for (int64_t i = 0; i < n / 2; i++) {
        const int64_t a = m < 0 ? i : axes[i] < 0 ? axes[i] + rank : axes[i];
        if (a < 0 || a >= rank)
            return false;
        begin[a] = pads[i];
        end[a] = pads[i + n / 2];
    }
    return true;
}

static int32_t infer(NnInfer *n) {
    const NnNode *node = n->node;
    const NnValueInfo *x = node->inputs[0];
    const char *mode = nn_attr_string(node, "mode", "constant");
    int64_t pads[NN_MAX_KNOWN], axes[NN_MAX_KNOWN], dims[NN_MAX_RANK], begin[NN_MAX_RANK], end[NN_MAX_RANK];
    const int64_t count = nn_ask(n, 1, pads), named = nn_given(node, 3) ? nn_ask(n, 3, axes) : -2;
    if (x->rank < 0 || count < 0 || named == -1) {
        nn_output_rank(n, 0, x->type, x->rank);
        return NN_OK;
    }
    if (!spread(begin, end, x->rank, pads, count, axes, named))
        return nn_bad(n, "pads has %lld elements, expected two for each of %lld axes of a tensor of rank %d",
                      (long long)count, (long long)(named < 0 ? x->rank : named), x->rank);
    for (int32_t i = 0; i < x->rank; i++) {
        dims[i] = nn_dim_known(x->dims[i]) ? x->dims[i] + begin[i] + end[i] : NN_DIM_UNKNOWN;
        if (nn_dim_known(x->dims[i]) && (dims[i] < 0 || (x->dims[i] == 0 && dims[i] > 0 && mode[0] != 'c')))
            return nn_bad(
                n, "dimension %d has an extent of %lld, which cannot be padded by %lld and %lld in mode %s",
                i, (long long)x->dims[i], (long long)begin[i], (long long)end[i], mode);
    }
    n->output(n, 0, x->type, x->rank, dims);
    return NN_OK;
}

/* Where in the smaller tensor an element of the padded one comes from. */
static int64_t origin(const char *mode, const NnTensor *small, const int64_t *begin, const int64_t *index) {
    int64_t at = 0;
    for (int32_t i = 0; i < small->rank; i++) {
        const int64_t k = source(mode, index[i] - begin[i], small->dims[i]);
        if (k < 0)
            return -1;
        at = at * small->dims[i] + k;
    }
    return at;
}

static void starts(const NnCall *call, const NnTensor *pads, const NnTensor *axes, int32_t rank,
                   int64_t *begin) {
    int64_t p[2 * NN_MAX_RANK], a[NN_MAX_RANK], end[NN_MAX_RANK];
    const int64_t n = nn_integers(pads, p, 2 * NN_MAX_RANK),
                  m = axes ? nn_integers(axes, a, NN_MAX_RANK) : -1;
    (void)call;
    (void)spread(begin, end, rank, p, n, a, m);
}

static int32_t compute(const NnCall *call) {
    const NnTensor *x = call->inputs[0], *value = nn_input(call, 2);
    NnTensor *y = call->outputs[0];
    const char *mode = nn_attr_string(call->node, "mode", "constant");
    int64_t begin[NN_MAX_RANK], index[NN_MAX_RANK] = {0};
    const int64_t n = nn_elements(y);
    starts(call, call->inputs[1], nn_input(call, 3), x->rank, begin);
    for (int64_t i = 0; i < n; i++, nn_next(y->rank, y->dims, index)) {
        const int64_t from = origin(mode, x, begin, index);
        if (from >= 0)
            nn_move(nn_data(y), i, nn_data(x), from, 1, nn_type_size(y->type));
        else if (value)
            nn_move(nn_data(y), i, nn_data(value), 0, 1, nn_type_size(y->type));
        else
            nn_store(nn_data(y), y->type, i, 0);
    }
    return NN_OK;
}

static int32_t gradient(NnGradient *g) {
    NnValue *axes = g->node->n_inputs > 3 ? g->inputs[3] : NULL;
    g->grads[0] = nn_rule_same_attrs(g, "nn/PadGrad", NN_VALUES(NN_DY(g), g->inputs[0], g->inputs[1], axes));
    return NN_OK;
}

static int32_t grad_infer(NnInfer *n) {
    nn_output_like(n, 0, 1, n->node->inputs[0]->type);
    return NN_OK;
}

static int32_t grad_gradient(NnGradient *g) {
    NnValue *axes = g->node->n_inputs > 3 ? g->inputs[3] : NULL;
    g->grads[0] = nn_rule_same_attrs(g, "Pad", NN_VALUES(NN_DY(g), g->inputs[2], NULL, axes));
    return NN_OK;
}

static int32_t grad_compute(const NnCall *call) {
    const NnTensor *dy = call->inputs[0];
    NnTensor *dx = call->outputs[0];
    const char *mode = nn_attr_string(call->node, "mode", "constant");
    int64_t begin[NN_MAX_RANK], index[NN_MAX_RANK] = {0};
    const int64_t n = nn_elements(dy);
    nn_clear(dx);
    starts(call, call->inputs[2], nn_input(call, 3), dx->rank, begin);
    for (int64_t i = 0; i < n; i++, nn_next(dy->rank, dy->dims, index)) {
        const int64_t to = origin(mode, dx, begin, index);
        if (to >= 0)
            nn_accumulate(dx, to, dy, i);
    }
    return NN_OK;
}

#define MODE                                                                                                 \
    NN_ATTRIBUTES(NN_CHOICE(                                                                                 \
        "mode", "constant", "constant|reflect|edge|wrap",                                                    \
        "what stands in the border: a constant, the mirror image, the nearest element, the other end"))
#define PADS NN_HOST_INTS("pads", 0, "elements added at the start of each axis, then at the end of each")
#define AXES NN_HOST_INTS("axes", NN_OPTIONAL, "which; absent: all")

NN_PRIMITIVE_OPERATOR(
    op, NN_ONNX("Pad", 21),
    NN_IN(NN_DATA(0), PADS,
          {"constant_value", "T", NN_ANY, NN_OPTIONAL | NN_NO_GRADIENT, 0, "a scalar; absent: 0"}, AXES),
    NN_OUT({"output", "T", NN_ANY, 0, 0, "the padded tensor"}), MODE,
    NN_SAMPLES("[2,3] i64[4]{0,1,1,2}", "[2,3] i64[4]{1,1,0,0} f[]{.5}", "[4] i64[2]{3,2}; mode=reflect",
               "[3] i64[2]{2,2}; mode=edge", "[3] i64[2]{2,4}; mode=wrap", "[2,3] i64[4]{0,-1,0,1}",
               "[2,3] i64[2]{1,2} - i64[1]{-1}; mode=edge", "[0,3] i64[4]{1,0,0,0}"),
    .doc = "Adds a border to a tensor; negative pads take elements away.", .infer = infer,
    .gradient = gradient, .compute = compute);

NN_PRIMITIVE_OPERATOR(grad_op, NN_OURS("PadGrad", 1),
                      NN_IN({"dY", "T", NN_FLOATS, 0, 0, "gradient of the padded tensor"}, NN_LIKE, PADS,
                            AXES),
                      NN_OUT({"dX", "T", NN_FLOATS, 0, 0, "gradient of data"}), MODE,
                      NN_SAMPLES("[3,6] [2,3] i64[4]{0,1,1,2}", "[9] [4] i64[2]{3,2}; mode=reflect",
                                 "[1,3] [0,3] i64[4]{1,0,0,0}"),
                      .doc = "Gradient of Pad: each element of data gets the sum over its copies.",
                      .infer = grad_infer, .gradient = grad_gradient, .compute = grad_compute);

NN_OPERATORS(pad, "A border around a tensor.", NN_OP("Pad", op), NN_OP("nn/PadGrad", grad_op))
