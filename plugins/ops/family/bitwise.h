/* SPDX-License-Identifier: Apache-2.0 */
/* Operators on the bits of two broadcast integers. */
#ifndef OPS_FAMILY_BITWISE_H
#define OPS_FAMILY_BITWISE_H

#include "broadcast.h"

#define NN_BITWISE_SAMPLES                                                                                   \
    NN_SAMPLES("i64[2,3]@-99:99 i64[2,3]@-99:99", "i64[2,1]@-99:99 i64[3]@0:99", "i64[]{-2} i64[]{7}",       \
               "i64[0,3] i64[3]", "u8[4]{0,1,128,255} u8[4]{255,3,129,254}", "i32[2]{-1,5} i32[1]{6}")

#endif
