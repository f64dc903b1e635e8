/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Element-wise operators as OpenCL C, for scalars and vectors alike: an expression over the operands $a to
 * $d, the attributes $k and $l, and the type $T of what is computed; $s is the suffix of a constant of it.
 * $+ is the sum of all operands and $n their number. What begins with ? is a comparison, whose result is of
 * type bool. A slope of 0 lets nothing through, not even what is not a number.
 */
#include "chain.h"

typedef struct Word {
    const char *domain, *op;
    uint32_t arity;    /* 0: any number up to four */
    const char *real;  /* for f32 and f64; NULL: not done */
    const char *whole; /* for integers; "": as `real` */
    const char *logic; /* for bool; "": as `real` */
    const char *k, *l; /* attributes */
} Word;

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

static const Word words[] = {
    {"", "Add", 2, "$a + $b", "", NULL, NULL, NULL},
    {"", "Sub", 2, "$a - $b", "", NULL, NULL, NULL},
    {"", "Mul", 2, "$a * $b", "", NULL, NULL, NULL},
    {"", "Div", 2, "$a / $b", NULL, NULL, NULL, NULL},
    {"", "Max", 2, "$a > $b || $a != $a ? $a : $b", "$a > $b ? $a : $b", NULL, NULL, NULL},
    {"", "Min", 2, "$a < $b || $a != $a ? $a : $b", "$a < $b ? $a : $b", NULL, NULL, NULL},
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

static const Word *find_word(const NnNode *node) {
    const char *domain = line_of(node);
    for (uint32_t i = 0; i < NN_COUNT(words); i++)
        if (strcmp(words[i].op, node->op) == 0 && strcmp(words[i].domain, domain) == 0)
            return &words[i];
    return NULL;
}

static bool is_real(int32_t type) { return type == NN_F32 || type == NN_F64 || type == NN_F16; }

/* The column for the type that the node works in: that of its last operand, as Where has its condition first.
 */
static const char *column(const Word *w, const NnNode *node) {
    const int32_t type = node->inputs[strcmp(node->op, "Where") == 0 ? 1 : 0]->type;
    const char *text = is_real(type) ? w->real : type == NN_BOOL ? w->logic : w->whole;
    return text && *text == '\0' ? w->real : text;
}

static bool is_cast(const NnNode *n) { return strcmp(n->op, "Cast") == 0 && n->domain[0] == '\0'; }
static bool is_clip(const NnNode *n) { return strcmp(n->op, "Clip") == 0 || strcmp(n->op, "ClipGrad") == 0; }

const char *ocl_chain_refusal(const NnNode *node) {
    const Word *w = find_word(node);
    const bool clip = is_clip(node);
    if (!w && !clip && !is_cast(node))
        return "not an element-wise operator of this package";
    if (node->n_outputs == 0 || node->outputs[0] == NULL || ocl_type_name(node->outputs[0]->type) == NULL)
        return "the result's type is not done here";
    if (nn_product(node->outputs[0]->dims, 0, node->outputs[0]->rank) >= INT32_MAX)
        return "the result has 2^31 elements or more";
    for (uint32_t i = 0; i < node->n_inputs; i++) {
        if (node->inputs[i] == NULL && !clip)
            return "an input is absent";
        if (node->inputs[i] && ocl_type_name(node->inputs[i]->type) == NULL)
            return "an input's type is not done here";
    }
    if (w && w->arity == 0 ? node->n_inputs > 4 : w && node->n_inputs != w->arity)
        return w->arity ? "another number of operands than two" : "more than four operands";
    if (w && column(w, node) == NULL)
        return "not done for elements of this type";
    return NULL;
}

static void put(char *text, size_t size, const char *more) {
    const size_t at = strlen(text);
    (void)snprintf(text + at, size - at, "%s", more);
}

static void put_number(char *text, size_t size, const NnNode *node, const char *attr) {
    char number[64];
    (void)snprintf(number, sizeof number, "(%.17e%s)", nn_attr_float(node, attr, 1),
                   node->outputs[0]->type == NN_F64 ? "" : "f");
    put(text, size, number);
}

/* A number becomes another type as the reference does it: to integers saturating, NaN to 0. */
static void cast_text(int32_t from, int32_t to, char *text, size_t size) {
    if (to == NN_BOOL)
        (void)snprintf(text, size, "?$a != AS(%s, 0)", ocl_type_name(from));
    else if (from == NN_F64 && to == NN_F16)
        put(text, size, "odd_float($a)");
    else
        put(text, size, is_real(from) && !is_real(to) ? "SATURATE($T, $a)" : "CONVERT($T, $a)");
}

/* Bounds may be absent; in the wrong order the upper one wins. */
static void clip_text(const NnNode *node, const char *const operands[4], char *text, size_t size) {
    const char *low = operands[1] ? "($a < $b ? $b : $a)" : "$a";
    if (strcmp(node->op, "ClipGrad") != 0) {
        if (operands[2])
            (void)snprintf(text, size, "%s > $c ? $c : %s", low, low);
        else
            put(text, size, low);
        return;
    }
    put(text, size, operands[2] ? "$b < $c" : "");
    put(text, size, operands[2] && operands[3] ? " || " : "");
    put(text, size, operands[3] ? "$b > $d" : "");
    put(text, size, operands[2] || operands[3] ? " ? AS($T, 0) : $a" : "$a");
}

static const char *mask_name(int32_t type) {
    static const char *const names[] = {[1] = "char", [2] = "short", [4] = "int", [8] = "long"};
    return names[type == NN_F16 ? 4 : nn_type_size(type)];
}

static void expand(const char *pattern, const NnNode *node, const char *const operands[4], char *text,
                   size_t size) {
    const Word *w = find_word(node);
    const int32_t to = node->outputs[0]->type;
    for (const char *p = pattern; *p; p++) {
        if (*p != '$') {
            put(text, size, (const char[]){*p, '\0'});
            continue;
        }
        switch (*++p) {
        case 'a':
        case 'b':
        case 'c':
        case 'd': put(text, size, operands[*p - 'a']); break;
        case '+':
            for (uint32_t i = 0; i < node->n_inputs; i++) {
                put(text, size, i ? " + " : "");
                put(text, size, operands[i]);
            }
            break;
        case 'n': put(text, size, (const char[]){(char)('0' + node->n_inputs), '\0'}); break;
        case 'k': put_number(text, size, node, w->k); break;
        case 'l': put_number(text, size, node, w->l); break;
        case 'M': put(text, size, mask_name(to)); break;
        case 'T': put(text, size, ocl_type_name(to)); break;
        default: put(text, size, to == NN_F64 ? "" : "f"); break;
        }
    }
}

bool ocl_chain_expression(const NnNode *node, const char *const operands[4], char *text, size_t size) {
    char pattern[1024] = "", type[32];
    const int32_t to = node->outputs[0]->type;
    if (is_cast(node))
        cast_text(node->inputs[0]->type, to, pattern, sizeof pattern);
    else if (is_clip(node))
        clip_text(node, operands, pattern, sizeof pattern);
    else
        put(pattern, sizeof pattern, column(find_word(node), node));
    const bool compares = pattern[0] == '?';
    (void)snprintf(type, sizeof type, "AS(%s, ", ocl_type_name(to));
    text[0] = '\0';
    put(text, size, compares ? "TRUTH(" : to == NN_F16 ? "round_half(" : type);
    expand(pattern + compares, node, operands, text, size);
    put(text, size, ")");
    return strlen(text) + 1 < size;
}
