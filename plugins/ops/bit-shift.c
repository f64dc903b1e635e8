/* SPDX-License-Identifier: Apache-2.0 */
/* Bits of integers, moved to the left or to the right. */
#include "family/broadcast.h"

/* Elements arrive in 64 bits, the sign of narrower types extended; what leaves them to the left is cut off
 * when it is stored. A shift by all bits or more, or by less than none, leaves what the sign fills in. */
static int64_t left(int64_t x, int64_t by) { return by < 0 || by > 63 ? 0 : (int64_t)((uint64_t)x << by); }

static int64_t right(int64_t x, int64_t by) {
    const int64_t sign = x < 0 ? -1 : 0;
    if (by < 0 || by > 63)
        return sign;
    /* C leaves the right shift of negative numbers to the compiler. */
    return x < 0 ? ~(int64_t)(~(uint64_t)x >> by) : x >> by;
}

static uint64_t left_natural(uint64_t x, uint64_t by) { return by > 63 ? 0 : x << by; }
static uint64_t right_natural(uint64_t x, uint64_t by) { return by > 63 ? 0 : x >> by; }

static const NnBinary to_left = {NULL, left, left_natural}, to_right = {NULL, right, right_natural};

static int32_t compute(const NnCall *call) {
    const bool go_left = strcmp(nn_attr_string(call->node, "direction", "LEFT"), "LEFT") == 0;
    return nn_broadcast_compute(call, go_left ? &to_left : &to_right);
}

NN_PRIMITIVE_OPERATOR(
    op, NN_ONNX("BitShift", 28), .flags = NN_OP_ELEMENTWISE,
    NN_IN({"X", "T", NN_INTEGERS, 0, 0, "what is shifted"},
          {"Y", "T", NN_INTEGERS, 0, 0, "by how many bits, broadcast with X"}),
    NN_OUT({"Z", "T", NN_INTEGERS, 0, 0, "result, of the broadcast shape"}),
    NN_ATTRIBUTES({.name = "direction",
                   .kind = NN_SET_ENUM,
                   .flags = NN_SET_REQUIRED,
                   .choices = "LEFT|RIGHT",
                   .doc = "where the bits go"}),
    NN_SAMPLES("i64[2,3]@0:99 i64[3]@0:3; direction=RIGHT",
               "u8[4]{1,3,128,255} u8[4]{1,2,1,8}; direction=LEFT",
               "u64[2]{1,255} u64[2]{64,63}; direction=RIGHT", "i64[] i64[2]@0:2; direction=LEFT",
               "u16[3]{1,2,40000} u16[1]{15}; direction=RIGHT", "u32[0,2] u32[2]; direction=LEFT",
               "i8[3]{-128,-3,64} i8[3]{7,-1,1}; direction=RIGHT"),
    .doc = "Shifts the bits of X by Y places. A right shift of a negative number fills in its sign; Y "
           "outside of 0 to the number of bits - 1 leaves that fill alone, or 0.",
    .infer = nn_infer_broadcast, .compute = compute);

NN_OPERATORS(bit_shift, "Shifts bits.", NN_OP("BitShift", op))
