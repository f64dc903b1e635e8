/* SPDX-License-Identifier: Apache-2.0 */
/* New entries written into a cache along its sequence, at a place for each sample: how caches of keys and
 * values grow. */
#include "family/index.h"

/* Inputs are cache (or what has its shape), update and write_indices; `a` and `b` are the first two. */
static int32_t check(NnInfer *n, const NnValueInfo *a, const NnValueInfo *b, const NnValueInfo *at) {
    int64_t axis = nn_attr_int(n->node, "axis", -2);
    const int32_t rank = a->rank;
    char x[200], y[200];
    if (rank < 0 || b->rank < 0)
        return NN_OK;
    if (nn_axis(n, "axis", &axis, rank) != NN_OK)
        return NN_INVALID;
    if (axis == 0)
        return nn_bad(n, "axis is 0, the batch: expected another dimension");
    bool fits = b->rank == rank;
    for (int32_t i = 0; fits && i < rank; i++)
        fits = !nn_dim_known(a->dims[i]) || !nn_dim_known(b->dims[i]) ||
               (i == axis ? b->dims[i] <= a->dims[i] : b->dims[i] == a->dims[i]);
    if (!fits)
        return nn_bad(
            n,
            "the cache is %s and the update %s: expected the same but for dimension %lld, where the "
            "update may be shorter",
            nn_shape_text(rank, a->dims, x, sizeof x), nn_shape_text(b->rank, b->dims, y, sizeof y),
            (long long)axis);
    if (at && (at->rank > 1 || at->rank == 0 ||
               (at->rank == 1 && nn_dim_known(at->dims[0]) && nn_dim_known(a->dims[0]) &&
                at->dims[0] != a->dims[0])))
        return nn_bad(n, "write_indices is %s: expected one for each of %lld samples",
                      nn_shape_text(at->rank, at->dims, x, sizeof x), (long long)a->dims[0]);
    return NN_OK;
}

static int32_t infer(NnInfer *n) {
    nn_output_like(n, 0, 0, NN_NONE);
    return check(n, n->node->inputs[0], n->node->inputs[1], nn_given(n->node, 2) ? n->node->inputs[2] : NULL);
}

/* Calls `move` for every slice of the update that goes to the cache, with the places of both in elements. */
static int32_t walk(const NnCall *call, const NnTensor *cache, const NnTensor *update,
                    const NnTensor *indices,
                    void (*move)(const NnCall *, int64_t cache, int64_t update, int64_t n)) {
    const int32_t axis = nn_axis_of(nn_attr_int(call->node, "axis", -2), cache->rank);
    const bool circular = nn_attr_string(call->node, "mode", "linear")[0] == 'c';
    const int64_t longest = cache->dims[axis], length = update->dims[axis];
    const int64_t inner = nn_product(cache->dims, axis + 1, cache->rank);
    const int64_t outer = nn_product(cache->dims, 0, axis), rows = nn_product(cache->dims, 1, axis);
    for (int64_t o = 0; o < outer; o++) {
        const int64_t start = indices ? nn_load_int(nn_data(indices), indices->type, o / rows) : 0;
        if (start < 0 || (!circular && start > longest - length))
            return nn_fail(call->host, call->status, NN_INVALID,
                           "write_indices has %lld for sample %lld: expected 0 to %lld", (long long)start,
                           (long long)(o / rows), (long long)(circular ? INT64_MAX : longest - length));
        for (int64_t s = 0; s < length; s++) {
            const int64_t at = circular ? (start % longest + s) % longest : start + s;
            move(call, (o * longest + at) * inner, (o * length + s) * inner, inner);
        }
    }
    return NN_OK;
}

static void write(const NnCall *call, int64_t cache, int64_t update, int64_t n) {
    const NnTensor *from = call->inputs[1];
    nn_move(nn_data(call->outputs[0]), cache, nn_data(from), update, n, nn_type_size(from->type));
}

static void read(const NnCall *call, int64_t cache, int64_t update, int64_t n) {
    const NnTensor *from = call->inputs[0];
    nn_move(nn_data(call->outputs[0]), update, nn_data(from), cache, n, nn_type_size(from->type));
}

static int32_t compute(const NnCall *call) {
    NnTensor *y = call->outputs[0];
    const NnTensor *x = call->inputs[0];
    nn_move(nn_data(y), 0, nn_data(x), 0, nn_elements(x), nn_type_size(x->type));
    return walk(call, y, call->inputs[1], nn_input(call, 2), write);
}

/* What was overwritten gets nothing; the update gets what arrives at its place. */
static int32_t gradient(NnGradient *g) {
    NnValue *at = g->node->n_inputs > 2 ? g->inputs[2] : NULL;
    if (g->wanted[0])
        g->grads[0] = nn_rule_same_attrs(g, "TensorScatter",
                                         NN_VALUES(NN_DY(g), nn_rule1(g, "nn/ZerosLike", g->inputs[1]), at));
    if (g->wanted[1])
        g->grads[1] = nn_rule_same_attrs(g, "nn/TensorGather", NN_VALUES(NN_DY(g), g->inputs[1], at));
    return NN_OK;
}

static int32_t gather_infer(NnInfer *n) {
    nn_output_like(n, 0, 1, n->node->inputs[0]->type);
    return check(n, n->node->inputs[0], n->node->inputs[1], nn_given(n->node, 2) ? n->node->inputs[2] : NULL);
}

static int32_t gather_compute(const NnCall *call) {
    return walk(call, call->inputs[0], call->outputs[0], nn_input(call, 2), read);
}

static int32_t gather_gradient(NnGradient *g) {
    NnValue *at = g->node->n_inputs > 2 ? g->inputs[2] : NULL;
    g->grads[0] = nn_rule_same_attrs(g, "TensorScatter",
                                     NN_VALUES(nn_rule1(g, "nn/ZerosLike", g->inputs[0]), NN_DY(g), at));
    return NN_OK;
}

#define PLACES                                                                                               \
    {                                                                                                        \
        "write_indices", "I", NN_MASK(NN_I64), NN_OPTIONAL | NN_NO_GRADIENT, 0,                              \
            "where each sample's update begins; absent: 0"                                                   \
    }
#define ATTRIBUTES                                                                                           \
    NN_ATTRIBUTES(NN_WHOLE("axis", "-2", "the sequence; negative ones count from the end"),                  \
                  NN_CHOICE("mode", "linear", "linear|circular",                                             \
                            "circular: what reaches beyond the end goes on at the start"))

NN_PRIMITIVE_OPERATOR(
    op, NN_ONNX("TensorScatter", 24),
    NN_IN({"past_cache", "T", NN_ANY, 0, 0, "[N, ..., longest, ...]"},
          {"update", "T", NN_ANY, 0, 0, "[N, ..., length, ...]"}, PLACES),
    NN_OUT({"present_cache", "T", NN_ANY, 0, 0, "the cache with the update"}), ATTRIBUTES,
    NN_SAMPLES("[2,4,3] [2,2,3]", "[2,2,4,3] [2,2,1,3] i64[2]{3,0}",
               "[2,4,3] [2,3,3] i64[2]{1,6}; mode=circular", "[1,3] [1,2] i64[1]{1}; axis=1",
               "i64[2,3,1]@0:9 i64[2,2,1]@0:9 i64[2]{0,1}", "[0,3,2] [0,1,2]", "[2,3,2] [2,0,2]"),
    .doc =
        "Writes an update into a cache along axis: present_cache[n, ..., write_indices[n] + s] = update[n, "
        "..., s].",
    .infer = infer, .gradient = gradient, .compute = compute);

NN_PRIMITIVE_OPERATOR(gather, NN_OURS("TensorGather", 1),
                      NN_IN({"cache", "T", NN_ANY, 0, 0, "[N, ..., longest, ...]"}, NN_LIKE, PLACES),
                      NN_OUT({"output", "T", NN_ANY, 0, 0, "what stands there, of the shape of like"}),
                      ATTRIBUTES,
                      NN_SAMPLES("[2,4,3] [2,2,3]", "[2,4,3] [2,3,3] i64[2]{1,6}; mode=circular",
                                 "[0,3,2] [0,1,2]"),
                      .doc = "Reads what TensorScatter would have written: output[n, ..., s] = cache[n, ..., "
                             "write_indices[n] + s].",
                      .infer = gather_infer, .gradient = gather_gradient, .compute = gather_compute);

NN_OPERATORS(tensor_scatter, "New entries of a cache.", NN_OP("TensorScatter", op),
             NN_OP("nn/TensorGather", gather))
