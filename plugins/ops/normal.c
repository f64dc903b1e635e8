/* SPDX-License-Identifier: Apache-2.0 */
/* Normal variates as a function of seed, step, node and place. */
#include "family/philox.h"

static int32_t compute(const NnCall *call) {
    NnTensor *y = call->outputs[0];
    NnRandom r = nn_random(call, 1);
    const double mean = nn_attr_float(call->node, "mean", 0), scale = nn_attr_float(call->node, "scale", 1);
    const int64_t n = nn_elements(y);
    for (int64_t i = 0; i < n; i++)
        nn_store(nn_data(y), y->type, i, mean + scale * nn_random_normal(&r, y->type, (uint64_t)i));
    return NN_OK;
}

NN_PRIMITIVE_OPERATOR(
    normal, NN_OURS("Normal", 1), .flags = NN_OP_RANDOM,
    NN_IN({"shape", NULL, NN_MASK(NN_I64), NN_SHAPE_VALUE | NN_NO_GRADIENT, 0, "extents of the result"},
          NN_RANDOM_STATE),
    NN_OUT({"Y", NULL, NN_FLOATS, NN_NO_GRADIENT, 0, "variates"}),
    NN_ATTRIBUTES(NN_DTYPE("1", "element type of the result"), NN_REAL("mean", "0.0", "the mean"),
                  NN_REAL("scale", "1.0", "the standard deviation"), NN_SALT),
    NN_SAMPLES("i64[2]{2,5} i64[2]{42,7}; salt=1", "i64[1]{9} i64[2]{-1,0}; dtype=f64 mean=-1 scale=3 salt=2",
               "i64[0] i64[2]{1,2}; salt=3", "i64[2]{0,3} i64[2]{1,2}; salt=3"),
    .doc = "Normal variates: mean + scale * z, where z0 = sqrt(-2 log u) cos(2 pi v) and z1 = sqrt(-2 log u) "
           "sin(2 pi v) "
           "(Box, Muller 1958), u in (0, 1] and v in [0, 1) from Philox 4x32-10.",
    .infer = nn_infer_drawn, .compute = compute);

NN_OPERATORS(normal, "Normal variates.", NN_OP("nn/Normal", normal))
