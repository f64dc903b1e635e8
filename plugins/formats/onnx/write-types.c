/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Which element types came to an operator with which set, from 13 on, and which are ours alone. What is in no
 * row has been there before. A row's operators stand between spaces; Name:1 means the input at that place, a
 * name alone any of them.
 */
#include "write.h"

#define NEVER INT32_MAX
#define BYTES (NN_MASK(NN_U8) | NN_MASK(NN_I8))
#define SHORTS (NN_MASK(NN_U16) | NN_MASK(NN_I16))
#define HALVES (NN_MASK(NN_F16) | NN_MASK(NN_BF16))
#define BF16 NN_MASK(NN_BF16)

static const struct {
    int32_t opset;
    uint64_t types;
    const char *operators;
} rows[] = {
    {14, BYTES | SHORTS, " Add Sub Mul Div "},
    {14, NN_SIGNED, " Relu "},
    {14, HALVES, " CumSum "},
    {14, BF16, " BatchNormalization "},
    {15, BF16, " Pow:1 "},
    {16, BF16, " GreaterOrEqual LessOrEqual LeakyRelu PRelu Where Loop Scan "},
    {19, HALVES, " QuantizeLinear DequantizeLinear "},
    {19, NN_MASK(NN_I32), " QuantizeLinear:1 "},
    {20, NN_MASK(NN_BOOL), " ReduceMax ReduceMin "},
    {20, HALVES, " IsInf "},
    {21, SHORTS, " QuantizeLinear DequantizeLinear "},
    {21, HALVES, " QLinearMatMul "},
    {22, BF16,
     " Acos Acosh Asin Asinh Atan Atanh AveragePool Bernoulli Conv ConvTranspose Cos Cosh DeformConv Det "
     "Dropout:1 "
     "Elu EyeLike GRU GlobalAveragePool GlobalLpPool GlobalMaxPool GridSample HardSigmoid HardSwish "
     "InstanceNormalization LSTM LpNormalization LpPool MaxPool MaxRoiPool MaxUnpool Mish Multinomial "
     "NegativeLogLikelihoodLoss RNN RandomNormalLike RandomUniformLike RoiAlign Round Selu Sin Sinh Softplus "
     "Softsign Tan ThresholdedRelu "},
    {24, BF16, " TopK "},
    {27, HALVES, " Range "},
    {28, NN_SIGNED, " BitShift "},
    {28, HALVES | NN_MASK(NN_F64), " Celu "},
    {28, BF16, " Compress Einsum OneHot:2 ReverseSequence Unique "},
    {NEVER, BF16, " OneHot Resize:1 Shrink "},
    {NEVER, NN_MASK(NN_F64),
     " CausalConvWithState LinearAttention RotaryEmbedding DequantizeLinear QuantizeLinear QLinearMatMul "},
    {NEVER, NN_INTEGERS, " Sum "},
    {NEVER, BYTES | SHORTS,
     " Pow:0 CumProd CumSum PRelu ReduceL1 ReduceL2 ReduceMean ReduceProd ReduceSum "
     "ReduceSumSquare "},
    {NEVER, NN_MASK(NN_U32) | NN_MASK(NN_U64), " Pow:0 "},
    {NEVER, SHORTS, " ReduceMax ReduceMin "},
    {NEVER, BYTES | NN_MASK(NN_U16) | NN_MASK(NN_U32) | NN_MASK(NN_U64), " Range "},
    {NEVER, NN_MASK(NN_I32),
     " Col2Im:1 Col2Im:2 ConstantOfShape DFT:2 Expand:1 MaxUnpool:2 NonMaxSuppression:2 Pad:1 Reshape:1 "
     "Split:1 "
     "Squeeze:1 Tile:1 TopK:1 Unsqueeze:1 "},
};

static bool lists(const char *operators, const char *op, uint32_t input) {
    char name[64], at[64];
    (void)snprintf(name, sizeof name, " %s ", op);
    (void)snprintf(at, sizeof at, " %s:%u ", op, input);
    return strstr(operators, name) || strstr(operators, at);
}

const char *writer_lacks_type(OnnxWriter *w, const NnNode *node) {
    for (uint32_t i = 0; i < node->n_inputs; i++) {
        const int32_t type = node->inputs[i] ? node->inputs[i]->type : NN_NONE;
        for (uint32_t r = 0; r < NN_COUNT(rows) && type != NN_NONE; r++) {
            if (rows[r].opset <= w->opset || !(rows[r].types & NN_MASK(type)) ||
                !lists(rows[r].operators, node->op, i))
                continue;
            return rows[r].opset == NEVER
                       ? writer_text(w, "ONNX does not have it for %s", nn_type_name(type))
                       : writer_text(w, "ONNX has it for %s from operator set %d on, and %lld was asked for",
                                     nn_type_name(type), rows[r].opset, (long long)w->opset);
        }
    }
    /* From 19 to 22 data and scale were of one type. */
    if (w->opset >= 19 && w->opset <= 22 && strcmp(node->op, "QuantizeLinear") == 0 && node->inputs[1] &&
        node->inputs[0]->type != node->inputs[1]->type)
        return writer_text(w, "operator set %lld has it for data and scale of one type", (long long)w->opset);
    return NULL;
}
