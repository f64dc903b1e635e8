/* SPDX-License-Identifier: Apache-2.0 */
/* Defect: hangs. Sqrt by Newton's iteration until it no longer changes, which it never stops to do for a NaN.
 */
#include "shelf.h"

#include <float.h>
#include <math.h>

static float root(float x) {
    if (x <= 0 || x > FLT_MAX)
        return x < 0 ? NAN : x;
    int exponent;
    const double v = (double)x, fraction = frexp(v, &exponent);
    double y = ldexp((1 + fraction) / 2, exponent / 2), before;
    do {
        before = y;
        y = (y + v / y) / 2;
    } while (!(fabs(y - before) <= 1e-12 * y));
    return (float)y;
}

static int32_t run(void *state, const NnCall *call) {
    (void)state;
    const float *x = nn_data(call->inputs[0]);
    float *y = nn_data(call->outputs[0]);
    const int64_t n = nn_elements(call->inputs[0]);
    for (int64_t i = 0; i < n; i++)
        y[i] = root(x[i]);
    return NN_OK;
}

SHELF_KERNEL(sqrt_kernel, "Sqrt", .match = shelf_match, .run = run);
SHELF_PLUGIN(hangs, "Sqrt by Newton's iteration.", "Sqrt", sqrt_kernel)
