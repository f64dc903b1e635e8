#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# The kernels of the device `opencl` against the reference, on the operators' sample cases. Here one
# operator of each kind of kernel text, because programs are compiled as they are met; test-conformance.sh has all.
set -u
if ! "$NNRUN" devices 2>/dev/null | grep -q '^opencl:0'; then
    echo "skip operators no OpenCL device here"
    exit 0
fi
names="Add Where Cast Clip Gelu nn/ReluGrad Gemm MatMul Conv nn/ConvGradInput nn/ConvGradWeight MaxPool
    nn/MaxPoolGrad AveragePool nn/AveragePoolGrad ReduceSum ReduceMax nn/SumTo nn/AllFinite Softmax
    nn/LogSoftmaxGrad SoftmaxCrossEntropyLoss nn/SoftmaxCrossEntropyLossGrad Transpose nn/SliceGrad Pad
    Concat Split nn/ZerosLike Gather nn/GatherGrad OneHot ArgMax nn/Uniform nn/Bernoulli nn/Normal
    nn/ReshapeLike LayerNormalization nn/BatchNormalizationGrad GatherElements ScatterND
    Resize nn/TileGrad CumSum TopK Trilu TensorScatter QuantizeLinear GridSample Col2Im ConvTranspose LRN
    nn/Categorical"
exec "$NNRUN" plugin test ops-opencl --tier smoke $(for name in $names; do echo --only "$name"; done)
