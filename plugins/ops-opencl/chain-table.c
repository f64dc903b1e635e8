/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Element-wise operators as OpenCL C, for scalars and vectors alike: an expression over the operands $a to
 * $d, the attributes $k and $l, and the type $T of what is computed; $s is the suffix of a constant of it.
 * $+ is the sum of all operands and $n their number. What begins with ? is a comparison, whose result is of
 * type bool. A slope of 0 lets nothing through, not even what is not a number.
 */
#include "chain.h"

#define GELU_K "0.7978845608028654$s"
#define GELU_C "0.044715$s"
#define GELU_T "FUNCTION(tanh, $T)(" GELU_K " * ($a + " GELU_C " * $a * $a * $a))"
#define SLOPE_T "FUNCTION(tanh, $T)(" GELU_K " * ($b + " GELU_C " * $b * $b * $b))"

/* tanh(ln(1 + e^x)) without a difference of near numbers: with w = e^x it is q / (q + 2), q = w (w + 2). */
#define MISH_W "exp(fmin($b, AS($T, 20)))"
#define MISH_Q "(" MISH_W " * (" MISH_W " + 2))"
#define MISH_SLOPE                                                                                           \
    "(" MISH_Q " / (" MISH_Q " + 2) + $b * (4 * " MISH_W " * (1 + " MISH_W ") / ((" MISH_Q                   \
    " + 2) * (" MISH_Q " + 2))) + 0 * $b)"
#define BITS "AS($T, 8 * sizeof($T))"

static const ChainWord words[] = {
    {"", "Add", 2, "$a + $b", "", NULL, NULL, NULL},
    {"", "Sub", 2, "$a - $b", "", NULL, NULL, NULL},
    {"", "Mul", 2, "$a * $b", "", NULL, NULL, NULL},
    {"", "Div", 2, "$a / $b", NULL, NULL, NULL, NULL},
    {"", "Max", 0, "$a > $b || $a != $a ? $a : $b", "$a > $b ? $a : $b", NULL, NULL, NULL},
    {"", "Min", 0, "$a < $b || $a != $a ? $a : $b", "$a < $b ? $a : $b", NULL, NULL, NULL},
    {"", "Pow", 2, "pow($a, CONVERT($T, $b))", NULL, NULL, NULL, NULL},
    {"", "Less", 2, "?$a < $b", "", NULL, NULL, NULL},
    {"", "LessOrEqual", 2, "?$a <= $b", "", NULL, NULL, NULL},
    {"", "Greater", 2, "?$a > $b", "", NULL, NULL, NULL},
    {"", "GreaterOrEqual", 2, "?$a >= $b", "", NULL, NULL, NULL},
    {"", "Equal", 2, "?$a == $b", "", "", NULL, NULL},
    {"", "And", 2, NULL, NULL, "$a & $b", NULL, NULL},
    {"", "Or", 2, NULL, NULL, "$a | $b", NULL, NULL},
    {"", "Xor", 2, NULL, NULL, "$a ^ $b", NULL, NULL},
    {"", "Not", 1, NULL, NULL, "?$a == AS(uchar, 0)", NULL, NULL},
    {"", "Identity", 1, "$a", "", "", NULL, NULL},
    {"", "Neg", 1, "-$a", "", NULL, NULL, NULL},
    {"", "Abs", 1, "fabs($a)", "$a < AS($T, 0) ? -$a : $a", NULL, NULL, NULL},
    {"", "Sign", 1, "$a > 0 ? 1 : $a < 0 ? -1 : $a",
     "$a > AS($T, 0) ? AS($T, 1) : $a < AS($T, 0) ? AS($T, -1) : $a", NULL, NULL, NULL},
    {"", "Reciprocal", 1, "1 / $a", NULL, NULL, NULL, NULL},
    {"", "Sqrt", 1, "sqrt($a)", NULL, NULL, NULL, NULL},
    {"", "Exp", 1, "exp($a)", NULL, NULL, NULL, NULL},
    {"", "Log", 1, "log($a)", NULL, NULL, NULL, NULL},
    {"", "Erf", 1, "FUNCTION(erf, $T)($a)", NULL, NULL, NULL, NULL},
    {"", "Sin", 1, "FUNCTION(sin, $T)($a)", NULL, NULL, NULL, NULL},
    {"", "Cos", 1, "FUNCTION(cos, $T)($a)", NULL, NULL, NULL, NULL},
    {"", "Atan", 1, "atan($a)", NULL, NULL, NULL, NULL},
    {"", "Tan", 1, "FUNCTION(tan, $T)($a)", NULL, NULL, NULL, NULL},
    {"", "Asin", 1, "asin($a)", NULL, NULL, NULL, NULL},
    {"", "Acos", 1, "acos($a)", NULL, NULL, NULL, NULL},
    {"", "Sinh", 1, "sinh($a)", NULL, NULL, NULL, NULL},
    {"", "Cosh", 1, "cosh($a)", NULL, NULL, NULL, NULL},
    {"", "Asinh", 1, "asinh($a)", NULL, NULL, NULL, NULL},
    {"", "Acosh", 1, "acosh($a)", NULL, NULL, NULL, NULL},
    {"", "Atanh", 1, "atanh($a)", NULL, NULL, NULL, NULL},
    {"", "Floor", 1, "floor($a)", NULL, NULL, NULL, NULL},
    {"", "Ceil", 1, "ceil($a)", NULL, NULL, NULL, NULL},
    {"", "Round", 1, "rint($a)", NULL, NULL, NULL, NULL},
    {"", "IsNaN", 1, "?$a != $a", NULL, NULL, NULL, NULL},
    {"", "IsInf", 1, "?$a != $a && $a == $a", NULL, NULL, NULL, NULL},
    {"above", "IsInf", 1, "?$a == INFINITY", NULL, NULL, NULL, NULL},
    {"below", "IsInf", 1, "?$a == -INFINITY", NULL, NULL, NULL, NULL},
    {"both", "IsInf", 1, "?fabs($a) == INFINITY", NULL, NULL, NULL, NULL},
    {"", "Mod", 2,
     "fmod($a, $b) == 0 ? copysign(AS($T, 0), $b) : (fmod($a, $b) < 0 && $b > 0) || (fmod($a, $b) > 0 && $b "
     "< 0) ? fmod($a, $b) + $b : fmod($a, $b)",
     NULL, NULL, NULL, NULL},
    {"fmod", "Mod", 2, "fmod($a, $b)", NULL, NULL, NULL, NULL},
    {"", "BitwiseAnd", 2, NULL, "$a & $b", NULL, NULL, NULL},
    {"", "BitwiseOr", 2, NULL, "$a | $b", NULL, NULL, NULL},
    {"", "BitwiseXor", 2, NULL, "$a ^ $b", NULL, NULL, NULL},
    {"", "BitwiseNot", 1, NULL, "~$a", NULL, NULL, NULL},
    {"", "BitShift", 2, NULL, "$b < AS($T, 0) || $b >= " BITS " ? AS($T, 0) : AS($T, $a << $b)", NULL, NULL,
     NULL},
    {"RIGHT", "BitShift", 2, NULL,
     "$b < AS($T, 0) || $b >= " BITS " ? ($a < AS($T, 0) ? AS($T, -1) : AS($T, 0)) : AS($T, $a >> $b)", NULL,
     NULL, NULL},
    {"", "Sum", 0, "$+", "", NULL, NULL, NULL},
    {"", "Mean", 0, "($+) / $n", NULL, NULL, NULL, NULL},
    {"", "Relu", 1, "$a < 0 ? 0 : $a", "$a < AS($T, 0) ? AS($T, 0) : $a", NULL, NULL, NULL},
    {"", "LeakyRelu", 1, "$a < 0 ? $k * $a : $a", NULL, NULL, "alpha", NULL},
    {"", "Elu", 1, "$a > 0 ? $a : $k * FUNCTION(expm1, $T)($a)", NULL, NULL, "alpha", NULL},
    {"", "Selu", 1, "$l * ($a > 0 ? $a : $k * FUNCTION(expm1, $T)($a))", NULL, NULL, "alpha", "gamma"},
    {"", "Celu", 1, "$a > 0 ? $a : $k * FUNCTION(expm1, $T)($a / $k)", NULL, NULL, "alpha", NULL},
    {"", "PRelu", 2, "$a < 0 ? $b * $a : $a", "$a < AS($T, 0) ? $b * $a : $a", NULL, NULL, NULL},
    {"", "ThresholdedRelu", 1, "$a <= $k ? 0 : $a", NULL, NULL, "alpha", NULL},
    {"", "Shrink", 1, "$a < -$k ? $a + $l : $a > $k ? $a - $l : 0", NULL, NULL, "lambd", "bias"},
    {"", "HardSigmoid", 1, "$k * $a + $l < 0 ? 0 : $k * $a + $l > 1 ? 1 : $k * $a + $l", NULL, NULL, "alpha",
     "beta"},
    {"", "Mish", 1, "$a * FUNCTION(tanh, $T)(fmax($a, AS($T, 0)) + log1p(exp(-fabs($a))))", NULL, NULL, NULL,
     NULL},
    {"", "Swish", 1, "$a / (1 + exp(-($k * $a)))", NULL, NULL, "alpha", NULL},
    {"", "Sigmoid", 1, "1 / (1 + exp(-$a))", NULL, NULL, NULL, NULL},
    {"", "Tanh", 1, "FUNCTION(tanh, $T)($a)", NULL, NULL, NULL, NULL},
    {"", "Softplus", 1, "fmax($a, AS($T, 0)) + log1p(exp(-fabs($a)))", NULL, NULL, NULL, NULL},
    {"", "Softsign", 1, "$a / (1 + fabs($a))", NULL, NULL, NULL, NULL},
    {"", "HardSwish", 1, "$a <= -3 ? 0 : $a >= 3 ? $a : $a * ($a / 6 + 0.5$s)", NULL, NULL, NULL, NULL},
    {"", "Gelu", 1, "$a / 2 * (1 + FUNCTION(erf, $T)($a * 0.7071067811865476$s))", NULL, NULL, NULL, NULL},
    {"tanh", "Gelu", 1, "$a / 2 * (1 + " GELU_T ")", NULL, NULL, NULL, NULL},
    {"", "Where", 3, "CHOOSE($M, $a) ? $b : $c", "", "", NULL, NULL},
    {"nn", "ReluGrad", 2, "$b > 0 ? $a : 0", NULL, NULL, NULL, NULL},
    {"nn", "LeakyReluGrad", 2, "$b < 0 ? $k * $a : $a", NULL, NULL, "alpha", NULL},
    {"nn", "EluGrad", 2, "$b > 0 ? $a : $k * exp($b) == 0 ? 0 : $a * ($k * exp($b))", NULL, NULL, "alpha",
     NULL},
    {"nn", "SeluGrad", 2, "$b > 0 ? $a * $l : $k * exp($b) == 0 ? 0 : $a * ($l * ($k * exp($b)))", NULL, NULL,
     "alpha", "gamma"},
    {"nn", "CeluGrad", 2, "$b > 0 ? $a : exp($b / $k) == 0 ? 0 : $a * exp($b / $k)", NULL, NULL, "alpha",
     NULL},
    {"nn", "ThresholdedReluGrad", 2, "$b > $k ? $a : 0", NULL, NULL, "alpha", NULL},
    {"nn", "HardSigmoidGrad", 2,
     "$k * $b + $l > 0 && $k * $b + $l < 1 && AS($T, $k) != AS($T, 0) ? $a * $k : 0", NULL, NULL, "alpha",
     "beta"},
    {"nn", "MishGrad", 2, MISH_SLOPE " == 0 ? 0 : $a * " MISH_SLOPE, NULL, NULL, NULL, NULL},
    {"nn", "SigmoidGrad", 2, "$b == 0 || $b == 1 ? 0 : $a * ($b * (1 - $b))", NULL, NULL, NULL, NULL},
    {"nn", "HardSwishGrad", 2, "$b <= -3 ? 0 : $b >= 3 ? $a : $a * ($b / 3 + 0.5$s)", NULL, NULL, NULL, NULL},
    {"nn", "TanhGrad", 2, "$b * $b == 1 ? 0 : $a * (1 - $b * $b)", NULL, NULL, NULL, NULL},
    {"nn", "GeluGrad", 2,
     "$a * ((1 + FUNCTION(erf, $T)($b * 0.7071067811865476$s) + $b * " GELU_K " * exp(-$b * $b / 2)) / 2)",
     NULL, NULL, NULL, NULL},
    {"tanh", "GeluGrad", 2,
     "$a * ((1 + " SLOPE_T " + $b * (1 - " SLOPE_T " * " SLOPE_T ") * " GELU_K " * (1 + 3 * " GELU_C
     " * $b * $b)) / 2)",
     NULL, NULL, NULL, NULL},
};

/* Of some operators an attribute chooses the line, which has a name in place of the domain. */
static const char *line_of(const NnNode *node) {
    const bool above = nn_attr_int(node, "detect_positive", 1),
               below = nn_attr_int(node, "detect_negative", 1);
    if (strcmp(nn_attr_string(node, "approximate", "none"), "tanh") == 0)
        return "tanh";
    if (strcmp(node->op, "IsInf") == 0)
        return above && below ? "both" : above ? "above" : below ? "below" : "";
    if (nn_attr_int(node, "fmod", 0))
        return "fmod";
    return strcmp(nn_attr_string(node, "direction", ""), "RIGHT") == 0 ? "RIGHT" : node->domain;
}

const ChainWord *ocl_chain_word(const NnNode *node) {
    const char *domain = line_of(node);
    for (uint32_t i = 0; i < NN_COUNT(words); i++)
        if (strcmp(words[i].op, node->op) == 0 && strcmp(words[i].domain, domain) == 0)
            return &words[i];
    return NULL;
}
