/* SPDX-License-Identifier: Apache-2.0 */
/* Which elements an operator moves where: a box with strides on both sides. */
#include "move.h"

void move_dense(int32_t rank, const int64_t *dims, int64_t *strides) {
    int64_t step = 1;
    for (int32_t i = rank - 1; i >= 0; i--) {
        strides[i] = step;
        step *= dims[i];
    }
}

bool move_params(const MoveBox *b, MoveParams *p) {
    *p = (MoveParams){
        .count = (uint32_t)nn_product(b->dims, 0, b->rank), .from = (int32_t)b->from, .to = (int32_t)b->to};
    for (int32_t i = b->rank - 1; i >= 0; i--) {
        if (b->dims[i] == 1)
            continue;
        const uint32_t n = p->n;
        if (n > 0 && b->from_strides[i] == (int64_t)p->from_strides[n - 1] * p->dims[n - 1] &&
            b->to_strides[i] == (int64_t)p->to_strides[n - 1] * p->dims[n - 1]) {
            p->dims[n - 1] *= (uint32_t)b->dims[i];
            continue;
        }
        if (n == MOVE_DIMS)
            return false;
        p->dims[n] = (uint32_t)b->dims[i];
        p->from_strides[n] = (int32_t)b->from_strides[i];
        p->to_strides[n] = (int32_t)b->to_strides[i];
        p->n++;
    }
    if (p->n == 0) /* one element */
        p->dims[p->n++] = 1;
    return true;
}

static int64_t integer(const NnValueInfo *v, int64_t i) {
    const void *data = nn_data(v->value);
    return v->type == NN_I32 ? ((const int32_t *)data)[i] : ((const int64_t *)data)[i];
}

static const NnValueInfo *input(const NnNode *node, uint32_t i) {
    return i < node->n_inputs ? node->inputs[i] : NULL;
}

/* Is an input of integers known, where it is there at all? */
static bool known(const NnValueInfo *v) { return v == NULL || v->value || ocl_count(v) == 0; }

static void box_of(MoveBox *b, const NnValueInfo *v) {
    *b = (MoveBox){.rank = v->rank};
    memcpy(b->dims, v->dims, (size_t)v->rank * sizeof *b->dims);
}

const char *move_transpose(const NnNode *node, MoveBox *b) {
    const NnValueInfo *x = node->inputs[0], *y = node->outputs[0];
    int64_t dense[NN_MAX_RANK];
    uint32_t n;
    const int64_t *perm = nn_attr_ints(node, "perm", &n);
    box_of(b, y);
    move_dense(y->rank, y->dims, b->to_strides);
    move_dense(x->rank, x->dims, dense);
    for (int32_t i = 0; i < x->rank; i++) {
        const int64_t from = perm ? perm[i] : x->rank - 1 - i;
        b->from_strides[i] = dense[from < 0 ? from + x->rank : from];
    }
    return NULL;
}

const char *move_expand(const NnNode *node, MoveBox *b) {
    const NnValueInfo *x = node->inputs[0], *y = node->outputs[0];
    int64_t dense[NN_MAX_RANK];
    box_of(b, y);
    move_dense(y->rank, y->dims, b->to_strides);
    move_dense(x->rank, x->dims, dense);
    for (int32_t i = 0; i < x->rank; i++)
        b->from_strides[i + y->rank - x->rank] = x->dims[i] == 1 ? 0 : dense[i];
    return NULL;
}

/* Where a slice begins in `whole`, and its strides there; `part` has its extents, which inference found. */
static const char *slice_of(const NnNode *node, uint32_t k, const NnValueInfo *whole, int64_t *base,
                            int64_t *strides) {
    const NnValueInfo *starts = input(node, k), *ends = input(node, k + 1), *axes = input(node, k + 2),
                      *steps = input(node, k + 3);
    if (!known(starts) || !known(ends) || !known(axes) || !known(steps))
        return "the slice is not known";
    *base = 0;
    move_dense(whole->rank, whole->dims, strides);
    for (int64_t i = 0; i < (int64_t)ocl_count(starts); i++) {
        int64_t axis = axes ? integer(axes, i) : i;
        axis += axis < 0 ? whole->rank : 0;
        if (axis < 0 || axis >= whole->rank)
            return "the slice is not one of this tensor";
        const int64_t step = steps ? integer(steps, i) : 1, extent = whole->dims[axis];
        int64_t start = integer(starts, i);
        start += start < 0 ? extent : 0;
        const int64_t most = step < 0 ? extent - 1 : extent;
        start = start < 0 ? 0 : start > most ? most : start;
        *base += start * strides[axis];
        strides[axis] *= step;
    }
    return NULL;
}

const char *move_slice(const NnNode *node, MoveBox *b) {
    box_of(b, node->outputs[0]);
    move_dense(b->rank, b->dims, b->to_strides);
    return slice_of(node, 1, node->inputs[0], &b->from, b->from_strides);
}

const char *move_slice_grad(const NnNode *node, MoveBox *b) {
    box_of(b, node->inputs[0]);
    move_dense(b->rank, b->dims, b->from_strides);
    return slice_of(node, 2, node->outputs[0], &b->to, b->to_strides);
}

/* The part of `small` that stands in `large`, which begins `before` elements earlier. */
static const char *border(const NnNode *node, uint32_t k, const NnValueInfo *small, const NnValueInfo *large,
                          MoveBox *b, int64_t *in_small, int64_t *small_strides, int64_t *in_large,
                          int64_t *large_strides) {
    const NnValueInfo *pads = input(node, k), *axes = input(node, 3);
    if (strcmp(nn_attr_string(node, "mode", "constant"), "constant") != 0)
        return "borders are constant only";
    if (!known(pads) || !known(axes))
        return "the borders are not known";
    int64_t before[NN_MAX_RANK] = {0};
    const int64_t n = (int64_t)ocl_count(pads) / 2;
    if ((int64_t)ocl_count(pads) != 2 * (axes ? (int64_t)ocl_count(axes) : small->rank) ||
        large->rank != small->rank)
        return "the borders are not those of this tensor";
    for (int64_t i = 0; i < n; i++) {
        int64_t axis = axes ? integer(axes, i) : i;
        axis += axis < 0 ? small->rank : 0;
        if (axis < 0 || axis >= small->rank)
            return "the borders are not those of this tensor";
        before[axis] = integer(pads, i);
    }
    *b = (MoveBox){.rank = small->rank};
    *in_small = *in_large = 0;
    move_dense(small->rank, small->dims, small_strides);
    move_dense(large->rank, large->dims, large_strides);
    for (int32_t i = 0; i < small->rank; i++) {
        const int64_t from = before[i] < 0 ? -before[i] : 0, to = before[i] > 0 ? before[i] : 0;
        const int64_t room = large->dims[i] - to, have = small->dims[i] - from;
        b->dims[i] = room < have ? (room > 0 ? room : 0) : (have > 0 ? have : 0);
        *in_small += from * small_strides[i];
        *in_large += to * large_strides[i];
    }
    return NULL;
}

const char *move_pad(const NnNode *node, MoveBox *b) {
    int64_t from = 0, to = 0, small[NN_MAX_RANK] = {0}, large[NN_MAX_RANK] = {0};
    const char *why = border(node, 1, node->inputs[0], node->outputs[0], b, &from, small, &to, large);
    b->from = from;
    b->to = to;
    memcpy(b->from_strides, small, sizeof small);
    memcpy(b->to_strides, large, sizeof large);
    return why;
}

const char *move_pad_grad(const NnNode *node, MoveBox *b) {
    int64_t from = 0, to = 0, small[NN_MAX_RANK] = {0}, large[NN_MAX_RANK] = {0};
    const char *why = border(node, 2, node->outputs[0], node->inputs[0], b, &to, small, &from, large);
    b->from = from;
    b->to = to;
    memcpy(b->from_strides, large, sizeof large);
    memcpy(b->to_strides, small, sizeof small);
    return why;
}
