/* SPDX-License-Identifier: Apache-2.0 */
/* Each element, or slice along an axis, once; how many they are is found while running. */
#include "family/index.h"
#include "family/sort.h"

static bool flat(const NnNode *node) { return nn_attr(node, "axis") == NULL; }

/* Slices [outer, extent, inner]; without an axis the elements of a vector. */
typedef struct Slices {
    const NnTensor *x;
    int64_t outer, extent, inner;
} Slices;

static Slices slices_of(const NnNode *node, const NnTensor *x) {
    const int32_t axis = flat(node) ? 0 : nn_axis_of(nn_attr_int(node, "axis", 0), x->rank);
    Slices s = {.x = x, .outer = 1, .extent = nn_elements(x), .inner = 1};
    if (!flat(node))
        s = (Slices){x, nn_product(x->dims, 0, axis), x->dims[axis], nn_product(x->dims, axis + 1, x->rank)};
    return s;
}

static int32_t infer(NnInfer *n) {
    const NnValueInfo *x = n->node->inputs[0];
    int64_t axis = nn_attr_int(n->node, "axis", 0), dims[NN_MAX_RANK] = {0}, all = 1;
    if (x->rank >= 0 && !flat(n->node) && nn_axis(n, "axis", &axis, x->rank) != NN_OK)
        return NN_INVALID;
    for (int32_t i = 0; i < x->rank; i++) {
        dims[i] = nn_dim_plain(x->dims[i]);
        all = all < 0 || dims[i] < 0 ? NN_DIM_UNKNOWN : all * dims[i];
    }
    const int64_t extent = x->rank < 0 ? NN_DIM_UNKNOWN : flat(n->node) ? all : dims[axis];
    const int64_t found = extent < 0 ? NN_DIM_UNKNOWN : nn_dim_bounded(extent);
    dims[x->rank < 0 ? 0 : axis] = found;
    n->output(n, 0, x->type, flat(n->node) ? 1 : x->rank, dims);
    n->output(n, 1, NN_I64, 1, &found);
    n->output(n, 2, NN_I64, 1, &extent);
    n->output(n, 3, NN_I64, 1, &found);
    return NN_OK;
}

/* -1, 0 or 1; of what is not a number, all are equal and larger than any number. */
static int compare_elements(const NnTensor *x, int64_t i, int64_t j) {
    if (!nn_is(x->type, NN_FLOATS)) {
        const int64_t turn = x->type == NN_U64 ? INT64_MIN : 0;
        const int64_t a = nn_load_int(nn_data(x), x->type, i) ^ turn,
                      b = nn_load_int(nn_data(x), x->type, j) ^ turn;
        return (a > b) - (a < b);
    }
    const double a = nn_load(nn_data(x), x->type, i), b = nn_load(nn_data(x), x->type, j);
    return isnan(a) || isnan(b) ? (isnan(a) != 0) - (isnan(b) != 0) : (a > b) - (a < b);
}

static int compare(const Slices *s, int64_t a, int64_t b) {
    int order = 0;
    for (int64_t o = 0; order == 0 && o < s->outer; o++)
        for (int64_t i = 0; order == 0 && i < s->inner; i++)
            order = compare_elements(s->x, (o * s->extent + a) * s->inner + i,
                                     (o * s->extent + b) * s->inner + i);
    return order;
}

static bool after(const void *about, int64_t a, int64_t b) { return compare(about, a, b) > 0; }

/* For each slice the number of its group in `group`, for each group its first slice in `first`, in the order
 * that is wanted; returns the number of groups. `order` is room. */
static int64_t find_groups(const Slices *s, bool sorted, int64_t *order, int64_t *first, int64_t *group) {
    int64_t n = 0;
    for (int64_t i = 0; i < s->extent; i++)
        order[i] = i;
    nn_sort(order, first, s->extent, after, s);
    for (int64_t i = 0; i < s->extent; i++) {
        if (i == 0 || compare(s, order[i - 1], order[i]) != 0)
            first[n++] = order[i];
        group[order[i]] = n - 1;
    }
    if (sorted)
        return n;
    /* Groups counted as they occur: a slice that is its group's first opens the next number. */
    int64_t next = 0;
    for (int64_t i = 0; i < s->extent; i++)
        if (first[group[i]] == i)
            order[group[i]] = next++;
    for (int64_t i = 0; i < s->extent; i++)
        group[i] = order[group[i]];
    for (int64_t i = s->extent; i-- > 0;)
        first[group[i]] = i;
    return n;
}

static void fit(NnTensor *t, int32_t axis, int64_t extent) {
    t->dims[axis] = extent;
    nn_dense(t->rank, t->dims, t->strides);
}

static int32_t compute(const NnCall *call) {
    const NnTensor *x = call->inputs[0];
    NnTensor *out[4] = {NULL};
    const Slices s = slices_of(call->node, x);
    int64_t *room = call->host->alloc(call->host, (uint64_t)(3 * s.extent + 1) * sizeof *room);
    if (!room)
        return nn_fail(call->host, call->status, NN_OUT_OF_MEMORY, "no memory to sort %lld elements",
                       (long long)s.extent);
    int64_t *order = room, *first = room + s.extent, *group = room + 2 * s.extent;
    const int64_t n = find_groups(&s, nn_attr_int(call->node, "sorted", 1) != 0, order, first, group);
    for (uint32_t i = 0; i < 4 && i < call->n_outputs; i++)
        out[i] = call->outputs[i];
    for (int64_t o = 0; out[0] && o < s.outer; o++)
        for (int64_t k = 0; k < n; k++)
            nn_move(nn_data(out[0]), (o * n + k) * s.inner, nn_data(x), (o * s.extent + first[k]) * s.inner,
                    s.inner, nn_type_size(x->type));
    for (int64_t k = 0; k < n; k++) {
        if (out[1])
            nn_store_int(nn_data(out[1]), NN_I64, k, first[k]);
        if (out[3])
            nn_store_int(nn_data(out[3]), NN_I64, k, 0);
    }
    for (int64_t i = 0; i < s.extent; i++) {
        if (out[2])
            nn_store_int(nn_data(out[2]), NN_I64, i, group[i]);
        if (out[3])
            ((int64_t *)nn_data(out[3]))[group[i]]++;
    }
    if (out[0])
        fit(out[0], flat(call->node) ? 0 : nn_axis_of(nn_attr_int(call->node, "axis", 0), x->rank), n);
    for (uint32_t i = 1; i < 4; i += 2)
        if (out[i])
            fit(out[i], 0, n);
    call->host->free(call->host, room);
    return NN_OK;
}

NN_PRIMITIVE_OPERATOR(
    op, NN_ONNX("Unique", 28), NN_IN({"X", "T", NN_ANY, NN_NO_GRADIENT, 0, "what is searched"}),
    NN_OUT_FROM(1, {"Y", "T", NN_ANY, NN_NO_GRADIENT, 0, "each element or slice once"},
                {"indices", "I", NN_MASK(NN_I64), NN_NO_GRADIENT, 0, "where each stands first"},
                {"inverse_indices", "I", NN_MASK(NN_I64), NN_NO_GRADIENT, 0,
                 "for each element or slice of X its place in Y"},
                {"counts", "I", NN_MASK(NN_I64), NN_NO_GRADIENT, 0, "how often each stands in X"}),
    NN_ATTRIBUTES(NN_WHOLE("axis", NULL, "along which slices are compared; absent: X counts as a vector"),
                  NN_FLAG("sorted", "1", "1: in ascending order, 0: as they occur")),
    NN_SAMPLES("[6]{2,1,1,3,4,3} -> 4", "[6]{2,1,1,3,4,3}; sorted=0 -> 4", "[2,3]",
               "[3,3]{1,0,0,1,0,0,2,3,4}; axis=0 -> 4", "i64[2,4,2]@0:2; axis=1 -> 4",
               "i64[4,3]@0:2; axis=-2 sorted=0 -> 4", "bool[5] -> 2", "[0,3] -> 4", "[0,3]; axis=0 -> 4",
               "[]", "i64[9]@-2:2 -> 3"),
    .doc = "The different elements of X, or the different slices along an axis, sorted or as they occur.",
    .infer = infer, .compute = compute);

NN_OPERATORS(unique, "Each element once.", NN_OP("Unique", op))
