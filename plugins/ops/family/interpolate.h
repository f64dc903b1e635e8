/* SPDX-License-Identifier: Apache-2.0 */
/* Weights of neighbours: linear, and the cubic convolution of Keys (1981) with its free parameter `a`. */
#ifndef OPS_FAMILY_INTERPOLATE_H
#define OPS_FAMILY_INTERPOLATE_H

#include <math.h>

/* The kernels at a distance from the centre. */
static inline double nn_linear_kernel(double distance) { return fmax(0, 1 - fabs(distance)); }

static inline double nn_cubic_kernel(double distance, double a) {
    const double x = fabs(distance);
    if (x <= 1)
        return ((a + 2) * x - (a + 3)) * x * x + 1;
    return x < 2 ? ((a * x - 5 * a) * x + 8 * a) * x - 4 * a : 0;
}

/* Their slopes; at its corners the linear one has that of the right side. */
static inline double nn_linear_slope(double distance) {
    return distance >= 1 || distance < -1 ? 0 : distance < 0 ? 1 : -1;
}

static inline double nn_cubic_slope(double distance, double a) {
    const double x = fabs(distance), sign = distance < 0 ? -1 : 1;
    if (x <= 1)
        return sign * (3 * (a + 2) * x - 2 * (a + 3)) * x;
    return x < 2 ? sign * ((3 * a * x - 10 * a) * x + 8 * a) : 0;
}

#endif
