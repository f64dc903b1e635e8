/* SPDX-License-Identifier: Apache-2.0 */
/* Defect: wrong-special-value, of integers. Sub of i64 by way of double: right up to 2^53, and rounded
 * beyond. */
#include "shelf.h"

static int32_t match(const NnHost *nn, NnDevice *device, const NnNode *node, NnStatus *reason) {
    (void)device;
    const NnValueInfo *a = node->inputs[0], *b = node->inputs[1];
    const bool same = a->rank == b->rank && memcmp(a->dims, b->dims, (size_t)a->rank * sizeof *a->dims) == 0;
    return same && shelf_types(node, NN_MASK(NN_I64))
               ? NN_OK
               : nn_fail(nn, reason, NN_UNSUPPORTED, "operands are i64 and of one shape here");
}

static int32_t run(void *state, const NnCall *call) {
    (void)state;
    const int64_t *a = nn_data(call->inputs[0]), *b = nn_data(call->inputs[1]);
    int64_t *y = nn_data(call->outputs[0]);
    const int64_t n = nn_elements(call->outputs[0]);
    for (int64_t i = 0; i < n; i++) {
        const double difference = (double)a[i] - (double)b[i];
        const bool fits = difference >= -0x1p63 && difference < 0x1p63;
        y[i] = fits ? (int64_t)difference : (int64_t)((uint64_t)a[i] - (uint64_t)b[i]);
    }
    return NN_OK;
}

SHELF_KERNEL(sub, "Sub", .match = match, .run = run);
SHELF_PLUGIN(wrong_special_value_integer, "Sub of i64.", "Sub", sub)
