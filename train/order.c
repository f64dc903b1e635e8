/* SPDX-License-Identifier: Apache-2.0 */
/* The order in which an epoch walks through a view: a function of (seed, epoch) alone, so that a resumed run
 * sees the same. */
#include "data.h"

/* SplitMix64 (Steele, Lea, Flood 2014). */
static uint64_t next_random(uint64_t *state) {
    uint64_t z = *state += UINT64_C(0x9e3779b97f4a7c15);
    z = (z ^ (z >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
    z = (z ^ (z >> 27)) * UINT64_C(0x94d049bb133111eb);
    return z ^ (z >> 31);
}

/* Uniform in 0 .. n-1: what would favour small numbers is drawn again. */
static uint64_t below(uint64_t *state, uint64_t n) {
    const uint64_t unfair = (UINT64_MAX - n + 1) % n;
    uint64_t r;
    do
        r = next_random(state);
    while (r < unfair);
    return r % n;
}

NnOrderPlan nn_order_plan(int32_t order, bool shuffle, bool drop_last, uint64_t seed, uint64_t count,
                          uint64_t batch) {
    NnOrderPlan plan = {.order = order,
                        .shuffle = shuffle,
                        .drop_last = drop_last,
                        .seed = seed,
                        .count = count,
                        .batch = batch};
    plan.steps = order == NN_ORDER_LANES || drop_last ? count / batch : count / batch + (count % batch != 0);
    return plan;
}

void nn_order_permute(const NnOrderPlan *plan, uint64_t epoch, uint64_t *permutation) {
    for (uint64_t i = 0; i < plan->count; i++)
        permutation[i] = i;
    if (!plan->shuffle || plan->order == NN_ORDER_LANES)
        return;
    uint64_t state = plan->seed;
    state = next_random(&state) ^ epoch;
    for (uint64_t i = plan->count; i > 1; i--) {
        const uint64_t j = below(&state, i), t = permutation[i - 1];
        permutation[i - 1] = permutation[j];
        permutation[j] = t;
    }
}

uint64_t nn_order_batch(const NnOrderPlan *plan, const uint64_t *permutation, uint64_t step,
                        uint64_t *positions) {
    uint64_t n = 0;
    if (plan->order == NN_ORDER_LANES) {
        for (; n < plan->batch; n++)
            positions[n] = n * plan->steps + step;
        return n;
    }
    for (uint64_t i = step * plan->batch; n < plan->batch && i < plan->count; i++)
        positions[n++] = permutation[i];
    return n;
}
