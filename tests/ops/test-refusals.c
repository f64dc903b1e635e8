/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What does not fit is refused with one sentence that says so: by inference where shapes tell, by the
 * reference kernel where only values do. A row is an operator, a case (doc/samples.md), and a part of the
 * sentence.
 */
#include "eager.h"
#include "nn/plugin.h"
#include "status.h"

static const char *const rows[][3] = {
    {"Add", "[2,3] [4]", "input 1 is [4], which does not broadcast with [2,3]"},
    {"Add", "[2] i64[2]@0:9", "input B is i64"},
    {"Div", "i64[2]{1,2} i64[2]{1,0}", "division by zero"},
    {"Mod", "i64[1]{1} i64[1]{0}", "division by zero"},
    {"Mod", "[2] [2]", "fmod is 0, but A is f64"},
    {"PRelu", "[2,3] [2]", "slope does not broadcast"},
    {"Reshape", "[2,3] i64[2]{4,2}", "data of shape [2,3]"},
    {"Reshape", "[2,3] i64[2]{-1,-1}", "-1 at 2 places"},
    {"Reshape", "[2,3] i64[2]{4,-1}", "multiples of 4"},
    {"Reshape", "[2] i64[2]{1,0}", "copies dimension 1, but data has rank 1"},
    {"Reshape", "[2] i64[1]{-2}", "shape has -2"},
    {"nn/ReshapeLike", "[2,3] [4]", "data has 6 elements"},
    {"Flatten", "[2,3]; axis=3", "axis is 3"},
    {"Transpose", "[2,3]; perm=0,0", "not a permutation"},
    {"Transpose", "[2,3]; perm=0,2,1", "perm has 3 elements"},
    {"Squeeze", "[2,3] i64[1]{0}", "dimension 0 has an extent of 2"},
    {"Squeeze", "[1,3] i64[2]{0,-2}", "names dimension 0 twice"},
    {"Unsqueeze", "[2] i64[1]{5}", "axes is 5"},
    {"Concat", "[2,3] [3,3]; axis=1", "input 1 is [3,3], which does not match [2,3]"},
    {"Concat", "[2,3] [2]; axis=1", "input 1 is [2]"},
    {"Concat", "[2,3]; axis=2", "axis is 2"},
    {"Split", "[4] i64[2]{1,2} -> 2", "add up to 3"},
    {"Split", "[4] i64[2]{5,-1} -> 2", "split has -1"},
    {"Split", "[4]; num_outputs=3 -> 2", "num_outputs is 3"},
    {"Slice", "[4] i64[1]{0} i64[1]{2} i64[1]{0} i64[1]{0}", "a step is 0"},
    {"Slice", "[4] i64[1]{0} i64[1]{2} i64[1]{1}", "axes is 1"},
    {"Slice", "[4,4] i64[2]{0,0} i64[2]{2,2} i64[2]{0,0}", "twice"},
    {"Slice", "[4] i64[2]{0,0} i64[1]{2}", "starts, ends"},
    {"Pad", "[2,3] i64[2]{1,1}", "pads has 2 elements"},
    {"Pad", "[2] i64[2]{-2,-1}", "cannot be padded"},
    {"Pad", "[0] i64[2]{1,1}; mode=edge", "cannot be padded"},
    {"Pad", "[2] i64[2]{1,1}; mode=mirror", "expected one of constant|reflect|edge|wrap"},
    {"Gather", "[3] i64[2]{0,3}", "index 3 (element 1 of the indices) is outside of 0 to 2"},
    {"Gather", "[3] i64[1]{-4}", "index -4"},
    {"Gather", "[0] i64[1]{0}", "index 0"},
    {"GatherElements", "[3] i64[1]{3}", "index 3"},
    {"GatherElements", "[3,1] i64[1,2]{0,0}", "more than 1 in dimension 1"},
    {"GatherElements", "[3,2] i64[1]{0}", "indices has rank 1, but data has rank 2"},
    {"GatherND", "[3] i64[1,2]{0,0}", "do not fit data of rank 1"},
    {"ScatterElements", "[3] i64[2]{0,1} [1]", "updates has 1"},
    {"ScatterElements", "[3] i64[1]{7} [1]", "index 7"},
    {"ScatterND", "[3] i64[1,1]{3} [1]", "index 3"},
    {"ScatterND", "[3] i64[1,1]{0} [2]", "updates has 2 elements"},
    {"Expand", "[2] i64[1]{3}", "cannot be expanded to 3"},
    {"Expand", "[2] i64[1]{-1}", "shape has -1"},
    {"Tile", "[2] i64[2]{1,1}", "repeats has 2 elements"},
    {"Tile", "[2] i64[1]{-1}", "repeats has -1"},
    {"Cast", "[2]; to=string", "string (8) is not supported"},
    {"Cast", "[2]", "attribute to"},
    {"ConstantOfShape", "i64[1]{-2}", "extent 0 is -2"},
    {"Constant", "", "needs one of value"},
    {"Range", "i64[]{0} i64[]{1} i64[]{0}", "delta is 0"},
    {"OneHot", "i64[1]{0} i64[]{-1} [2]", "depth is not one number"},
    {"EyeLike", "[2,3,4]", "rank 3, expected a matrix"},
    {"Trilu", "[3]", "rank 1, expected 2 or more"},
    {"CumSum", "[3] i64[]{1}", "axis is 1"},
    {"CumProd", "[3] i64[]{-2}", "axis is -2"},
    {"BitCast", "f32[2]; to=i16", "expected types of as many bits"},
    {"BitCast", "f32[2]; to=c64", "c64 (14) is not supported"},
    {"BitShift", "i64[2] i64[2]; direction=UP", "expected one of LEFT|RIGHT"},
    {"BitwiseAnd", "[2] [2]", "input A is f64"},
    {"QuantizeLinear", "[2,3] [2]", "the scale is [2], x is [2,3]: expected one for each index of axis 1"},
    {"QuantizeLinear", "[2,3] [2,3]", "expected a scalar or a vector, or a block_size"},
    {"QuantizeLinear", "[2,5] [2,2]; block_size=2", "one for each block of 2 along axis 1"},
    {"QuantizeLinear", "[2,3] [3] u8[2]", "expected the same shape"},
    {"QuantizeLinear", "[2] []; output_dtype=f8e4m3fn", "output_dtype f8e4m3fn (17) is not supported"},
    {"QuantizeLinear", "[2] [] u8[]; output_dtype=i8", "y_zero_point is u8"},
    {"DequantizeLinear", "i8[2,3] [3]; axis=2", "axis is 2"},
    {"DequantizeLinear", "i8[2,3] [] u8[]", "x_zero_point is u8"},
    {"MatMulInteger", "u8[2,3] u8[4,2]", "A is [2,3] and B is [4,2]"},
    {"MatMulInteger", "i32[2,3] u8[3,2]", "input A is i32"},
    {"ConvInteger", "u8[1,2,3,3] u8[1,1,2,2]", "it wants 1 channel"},
    {"HannWindow", "i64[]{-1}", "size is -1"},
    {"Einsum", "[2,3] [3,4]; equation=ij->ji", "has 1 terms, but there are 2 operands"},
    {"Einsum", "[2,3]; equation=ij->k", "a letter that no operand has"},
    {"Einsum", "[2,3]; equation=ij->ii", "a letter that comes twice"},
    {"Einsum", "[2,3]; equation=i1", "is not understood"},
    {"Einsum", "[2,3]; equation=ij-i", "is not understood"},
    {"Einsum", "[2,3]; equation=...i...", "is not understood"},
    {"Einsum", "[2,3]; equation=ijk", "operand 0 has rank 2, but its term in the equation 3 letters"},
    {"Einsum", "[2,3] [4,2]; equation=ij,jk",
     "dimension 0 of operand 1 has an extent of 4, but its label stood for 3"},
    {"Einsum", "[2,3]; equation=ii", "dimension 1 of operand 0"},
    {"nn/EinsumGrad", "[2] [2,3]; equation=ij->j", "dY is [2], but the result of the equation [3]"},
    {"nn/EinsumGrad", "[3] [2,3]; equation=ij->j operand=1", "operand is 1"},
    {"DFT", "[3]", "input has rank 1"},
    {"DFT", "[2,3,3]", "expected 1 (real) or 2 (complex)"},
    {"DFT", "[2,3,2]; onesided=1", "expected 1 (real), as onesided is 1"},
    {"DFT", "[2,3,1]; onesided=1 inverse=1", "expected 2 (half of a complex spectrum)"},
    {"DFT", "[2,3,1] i64[]{0}", "the length of the transform is 0"},
    {"DFT", "[2,3,1] - i64[]{2}", "axis is 2, the dimension of real and imaginary parts"},
    {"DFT", "[2,3,1] - i64[]{-4}", "axis is -4"},
    {"STFT", "[1,6,1] i64[]{0}", "frame_step is 0"},
    {"STFT", "[1,6,1] i64[]{2} [9]", "a frame has 9 elements, but the signal 6"},
    {"STFT", "[1,6,1] i64[]{2} [3] i64[]{4}", "window has 3 elements, but frame_length is 4"},
    {"STFT", "[1,6,2] i64[]{2}", "onesided is 1"},
    {"HannWindow", "i64[]{3}; output_datatype=bool", "output_datatype bool"},
    {"MelWeightMatrix", "i64[]{4} i64[]{8} i64[]{8000} [1]{0} [1]{9000}", "mel band edge"},
    {"MelWeightMatrix", "i64[]{-4} i64[]{8} i64[]{8000} [1]{0} [1]{900}", "is negative"},
    {"ReverseSequence", "[3,2] i64[2]{4,1}", "length of 4, expected 0 to 3"},
    {"ReverseSequence", "[3,2] i64[1]{1}", "sequence 1"},
    {"ReduceSum", "[2,3] i64[1]{2}", "axes is 2"},
    {"ReduceSum", "[2,3] i64[2]{0,-2}", "twice"},
    {"ReduceSum", "[2]; keepdims=2", "attribute keepdims: expected 0 .. 1, found 2"},
    {"ArgMax", "[0]", "no elements"},
    {"ArgMax", "[2]; axis=1", "axis is 1"},
    {"TopK", "[3] i64[1]{4}", "K is 4, but axis 0 has 3 elements"},
    {"nn/SumTo", "[2,3] [4]", "not broadcast"},
    {"Relu", "bool[2]", "is bool, expected one of"},
    {"Relu", "[2] [2]", "takes at most 1 input"},
    {"Where", "bool[2] [2] -", "is missing"},
    {"MatMul", "[2,3] [4,2]", "A is [2,3] and B is [4,2]"},
    {"MatMul", "[2,2,3] [3,3,2]", "batch dimensions do not broadcast"},
    {"MatMul", "[] [2]", "A is a scalar"},
    {"Gemm", "[2,3] [3,4] [3]", "C is [3], which does not broadcast to the product's [2,4]"},
    {"Gemm", "[2,3,1] [3,4]", "expected two matrices"},
    {"Conv", "[1,3,4,4] [2,1,2,2]", "input X is [1,3,4,4] but filter W is [2,1,2,2]: it wants 1 channel"},
    {"Conv", "[1,1,2,2] [1,1,3,3]", "larger than the padded input"},
    {"Conv", "[1,1,4] [1,1,2]; strides=1,1", "strides has 2 elements: expected 1"},
    {"Conv", "[1,1,4] [1,1,2]; strides=0,", "strides has the element 0"},
    {"nn/ConvGradInput", "[1,1,3] [1,1,2] [1,1,4,1]", "ranks"},
    {"nn/ConvGradWeight", "[1,2,3] [1,1,4] [1,1,2]", "do not fit"},
    {"ConvTranspose", "[1,2,3] [1,1,2]", "expected [N,C,...] and [C,M,...]"},
    {"ConvTranspose", "[1,1,3] [1,1,2]; output_padding=1,", "output_padding[0] is 1"},
    {"MaxPool", "[1,1,3]; kernel_shape=4,", "larger than the padded input"},
    {"MaxPool", "[1,1]; kernel_shape=1,", "1 to 3 spatial dimensions"},
    {"nn/MaxPoolGrad", "[1,1,2] i64[1,1,2]{0,9} [1,1,4]", "index 9"},
    {"nn/MaxPoolGrad", "[1,1,2] i64[1,1,1]{0} [1,1,4]", "expected the same shape"},
    {"nn/AveragePoolGrad", "[1,1,2] [1,1,4]; kernel_shape=2,", "the shape of the pool's result"},
    {"Softmax", "[2,3]; axis=2", "axis is 2"},
    {"nn/SoftmaxGrad", "[2] [3]", "expected the same shape"},
    {"SoftmaxCrossEntropyLoss", "[2,3] i64[3]{0,1,2}", "scores are [2,3] and labels [3]"},
    {"SoftmaxCrossEntropyLoss", "[2,3] i64[2]{0,3}", "label 3 at position 1: expected 0 to 2"},
    {"SoftmaxCrossEntropyLoss", "[2,3] i64[2]{0,1} [2]", "a weight for each class"},
    {"nn/SoftmaxCrossEntropyLossGrad", "[2] [2,3] i64[2]{0,1}", "dloss has rank 1"},
    {"BatchNormalization", "[2,3] [2] [3] [3] [3]", "scale is [2]"},
    {"nn/BatchNormalizationGrad", "[2,3] [2,2] [2]", "expected the same shape"},
    {"LayerNormalization", "[2,3] [2]", "Scale is [2], which does not broadcast"},
    {"GroupNormalization", "[1,3,2] [3] [3]; num_groups=2", "3 channels do not divide into 2 groups"},
    {"Dropout", "[2] []{1.5}", "ratio is 1.5"},
    {"nn/Uniform", "i64[1]{-1} i64[2]{0,0}", "extent -1"},
    {"nn/Uniform", "i64[1]{1} i64[1]{0}", "seed and step"},
    {"nn/Bernoulli", "[3] i64[2]{0,0} [2]", "does not broadcast"},
    {"nn/Categorical", "[2,0] i64[2]{0,0}", "no class to draw"},
    {"LSTM", "[3,2,2] [1,8,3] [1,8,2]", "expected [seq,batch,in]"},
    {"CenterCropPad", "[2,3] i64[1]{2}", "shape has 1 elements, expected one for each of 2 axes"},
    {"CenterCropPad", "[2] i64[1]{-1}", "shape has -1 at place 0"},
    {"DepthToSpace", "[1,3,2,2]; blocksize=2", "dimension 1 does not divide by 4"},
    {"DepthToSpace", "[4,2,2]; blocksize=2", "expected [N,C,H,W]"},
    {"SpaceToDepth", "[1,1,3,2]; blocksize=2", "dimension 2 does not divide by 2"},
    {"MeanVarianceNormalization", "[2,3]", "axes is 2"},
    {"LpNormalization", "[2,3]; p=3", "attribute p"},
    {"LRN", "[3]; size=3", "X has rank 1"},
    {"SwiGLU", "[2] [3]", "expected the same shape"},
    {"Resize", "[2]", "neither scales nor sizes"},
    {"Resize", "[2] - f32[1]{2} i64[1]{4}", "both scales and sizes"},
    {"Resize", "[2] - f32[1]{0}", "scales has 0 at place 0"},
    {"Resize", "[2,2] - f32[1]{2}", "scales has 1 elements: expected 2"},
    {"Resize", "[2] - - i64[1]{-3}", "sizes has -3 at place 0"},
    {"Resize", "[2,0] - - i64[2]{2,1}", "dimension 1 has no elements"},
    {"Resize", "[2] - f32[1]{2}; axes=1,", "axes has 1 at place 0"},
    {"Resize", "[2] - f32[1]{2}; coordinate_transformation_mode=tf_crop_and_resize", "needs roi"},
    {"Col2Im", "[1,4,4] i64[2]{3,3} i64[1]{2}", "image_shape has 2 elements and block_shape 1"},
    {"Col2Im", "[1,4,4] i64[2]{3,3} i64[2]{2,4}", "larger than the padded image (3) in spatial dimension 1"},
    {"Col2Im", "[1,4,5] i64[2]{3,3} i64[2]{2,2}", "input is [1,4,5]: expected [N, multiple of 4, 4]"},
    {"Col2Im", "[1,4,4] i64[2]{3,3} i64[2]{0,2}", "block 0"},
    {"Col2Im", "[1,4,4] i64[4]{65536,65536,65536,65536} i64[4]{65536,65536,65536,65536}", "can be counted"},
    {"nn/Im2Col", "[1,1,3] i64[1]{4} i64[1]{2}", "image is [1,1,3]"},
    {"TensorScatter", "[2,3,2] [2,4,2]", "the cache is [2,3,2] and the update [2,4,2]"},
    {"TensorScatter", "[2,3,2] [2,2,2] i64[2]{0,2}", "write_indices has 2 for sample 1: expected 0 to 1"},
    {"TensorScatter", "[2,3,2] [2,2,2] i64[2]{0,-1}; mode=circular", "write_indices has -1"},
    {"TensorScatter", "[2,3] [2,3]; axis=0", "axis is 0, the batch"},
    {"MaxUnpool", "[1,1,2] i64[1,1,2]{0,4}; kernel_shape=2, strides=2,", "index 4: expected 0 to 3"},
    {"MaxUnpool", "[1,1,2] i64[1,1,2]{0,1} i64[3]{1,1,3}; kernel_shape=2, strides=2,", "at least 4"},
    {"nn/MaxUnpoolGrad", "[1,1,3] i64[1,1,2]{0,1}; kernel_shape=2, strides=2,", "extent of 3"},
    {"Det", "[2,3]", "expected square matrices"},
    {"Det", "[3]", "X is [3]"},
    {"GridSample", "[1,1,2,2] [1,2,2,3]", "expected [N,C,d1,...] and [N,o1,...,dimensions]"},
    {"GridSample", "[2,1,2,2] [1,2,2,2]", "X is [2,1,2,2] and grid [1,2,2,2]"},
    {"AffineGrid", "[1,2,3] i64[5]{1,1,2,2,2}", "size has 5 elements"},
    {"AffineGrid", "[1,2,4] i64[4]{1,1,2,2}", "theta is [1,2,4]"},
    {"AffineGrid", "[1,2,3] i64[4]{1,1,-2,2}", "size has -2 at place 2"},
    {"nn/ResizeGrad", "[3] [2] - f32[1]{2}", "expected the shape of the result, [4]"},
};

static void test_row(NnContext *context, const char *const row[3], NnStatus *status) {
    Sample s = {0};
    Tensor *outputs[SAMPLE_MAX] = {0};
    char why[256] = "";
    const NnOperator *def = nn_registry_table(context, NN_OPERATOR_KIND, row[0], status);
    if (!def || !sample_parse(&s, def, row[1], NN_F64, why, sizeof why)) {
        printf("not ok %s \"%s\": %s\n", row[0], row[1], def ? why : nn_status_message(status));
    } else {
        const NnNodeSpec spec = {.struct_size = sizeof spec,
                                 .op = row[0],
                                 .n_inputs = s.n_inputs,
                                 .n_outputs = s.n_outputs,
                                 .n_attrs = s.n_attrs,
                                 .attr_stride = sizeof(NnAttr),
                                 .attrs = s.attrs};
        const int32_t code = eager_run(context, &spec, s.inputs, outputs, status);
        const char *said = nn_status_message(status);
        if (code != NN_OK && strstr(said, row[2]))
            printf("ok %s \"%s\"\n", row[0], row[1]);
        else
            printf("not ok %s \"%s\": expected \"... %s ...\", found \"%s\"\n", row[0], row[1], row[2],
                   code == NN_OK ? "no failure" : said);
    }
    for (uint32_t k = 0; k < SAMPLE_MAX; k++)
        tensor_free(outputs[k]);
    sample_clear(&s);
    nn_status_clear(status);
}

int main(void) {
    NnStatus *status = nn_status_new();
    NnContext *context = nn_context_new(NULL, status);
    if (!context) {
        printf("not ok context: %s\n", nn_status_message(status));
        return 1;
    }
    for (uint32_t i = 0; i < NN_COUNT(rows); i++)
        test_row(context, rows[i], status);
    nn_context_free(context);
    nn_status_free(status);
    return 0;
}
