/* SPDX-License-Identifier: Apache-2.0 */
/* The order in which epochs walk through samples. */
#include "data.h"

#include <criterion/criterion.h>

static uint64_t walk(const NnOrderPlan *plan, uint64_t epoch, uint64_t *seen) {
    uint64_t permutation[64], positions[16], n = 0;
    nn_order_permute(plan, epoch, permutation);
    for (uint64_t step = 0; step < plan->steps; step++) {
        const uint64_t got = nn_order_batch(plan, permutation, step, positions);
        for (uint64_t i = 0; i < got; i++)
            seen[n++] = positions[i];
    }
    return n;
}

Test(order, an_epoch_sees_each_sample_once) {
    const NnOrderPlan plan = nn_order_plan(NN_ORDER_SHUFFLED, true, false, 3, 50, 16);
    uint64_t seen[64], mask = 0;
    cr_assert_eq(plan.steps, 4);
    cr_assert_eq(walk(&plan, 0, seen), 50);
    for (int i = 0; i < 50; i++)
        mask |= UINT64_C(1) << seen[i];
    cr_assert_eq(mask, (UINT64_C(1) << 50) - 1);
}

Test(order, epochs_and_seeds_differ_and_repeat) {
    const NnOrderPlan plan = nn_order_plan(NN_ORDER_SHUFFLED, true, false, 3, 50, 16);
    const NnOrderPlan other = nn_order_plan(NN_ORDER_SHUFFLED, true, false, 4, 50, 16);
    uint64_t a[64], b[64], c[64], d[64];
    walk(&plan, 0, a);
    walk(&plan, 1, b);
    walk(&plan, 0, c);
    walk(&other, 0, d);
    cr_assert_neq(memcmp(a, b, 50 * sizeof *a), 0);
    cr_assert_eq(memcmp(a, c, 50 * sizeof *a), 0);
    cr_assert_neq(memcmp(a, d, 50 * sizeof *a), 0);
}

Test(order, unshuffled_is_in_order) {
    const NnOrderPlan plan = nn_order_plan(NN_ORDER_SHUFFLED, false, true, 3, 50, 16);
    uint64_t seen[64];
    cr_assert_eq(plan.steps, 3);
    cr_assert_eq(walk(&plan, 5, seen), 48);
    for (uint64_t i = 0; i < 48; i++)
        cr_assert_eq(seen[i], i);
}

Test(order, lanes_are_contiguous_per_row) {
    const NnOrderPlan plan = nn_order_plan(NN_ORDER_LANES, true, false, 3, 50, 4);
    uint64_t seen[64];
    cr_assert_eq(plan.steps, 12);
    cr_assert_eq(walk(&plan, 0, seen), 48);
    for (uint64_t step = 0; step < 12; step++)
        for (uint64_t row = 0; row < 4; row++)
            cr_assert_eq(seen[step * 4 + row], row * 12 + step);
}

Test(order, fewer_samples_than_lanes_is_no_step) {
    cr_assert_eq(nn_order_plan(NN_ORDER_LANES, true, false, 3, 3, 4).steps, 0);
    cr_assert_eq(nn_order_plan(NN_ORDER_SHUFFLED, true, false, 3, 3, 4).steps, 1);
    cr_assert_eq(nn_order_plan(NN_ORDER_SHUFFLED, true, false, 3, 0, 4).steps, 0);
}
