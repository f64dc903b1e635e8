/* SPDX-License-Identifier: Apache-2.0 */
/* Which nodes can be said in OpenCL C, and how: a line of chain-table.c in which operands, attributes and
 * types are put, or for a few operators a text that depends on attributes and absent operands. */
#include "chain.h"

static bool is_real(int32_t type) { return type == NN_F32 || type == NN_F64 || type == NN_F16; }

/* The column for the type that the node works in: that of its last operand, as Where has its condition first.
 */
static const char *column(const ChainWord *w, const NnNode *node) {
    const int32_t type = node->inputs[strcmp(node->op, "Where") == 0 ? 1 : 0]->type;
    const char *text = is_real(type) ? w->real : type == NN_BOOL ? w->logic : w->whole;
    return text && *text == '\0' ? w->real : text;
}

static bool is_cast(const NnNode *n) {
    return (strcmp(n->op, "Cast") == 0 || strcmp(n->op, "CastLike") == 0) && n->domain[0] == '\0';
}
static bool is_bits(const NnNode *n) { return strcmp(n->op, "BitCast") == 0 && n->domain[0] == '\0'; }
static bool is_clip(const NnNode *n) { return strcmp(n->op, "Clip") == 0 || strcmp(n->op, "ClipGrad") == 0; }

const char *ocl_chain_refusal(const NnNode *node) {
    const ChainWord *w = ocl_chain_word(node);
    const bool clip = is_clip(node);
    if (!w && !clip && !is_cast(node) && !is_bits(node))
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
    if (is_bits(node) && (node->inputs[0]->type == NN_F16 || node->outputs[0]->type == NN_F16))
        return "elements of f16 have no bits of their own here";
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
    const double x = nn_attr_float(node, attr, 1);
    (void)snprintf(number, sizeof number, "(%.17e%s)", x, node->outputs[0]->type == NN_F64 ? "" : "f");
    put(text, size, x - x == 0 ? number : x > 0 ? "INFINITY" : x < 0 ? "(-INFINITY)" : "NAN");
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
    const ChainWord *w = ocl_chain_word(node);
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

/* Any number of operands, the first two and then the result and the next. */
static void fold(const char *pattern, const NnNode *node, const char *const operands[4], char *text,
                 size_t size) {
    char so_far[1024];
    put(text, size, operands[0]);
    for (uint32_t i = 1; i < node->n_inputs; i++) {
        (void)snprintf(so_far, sizeof so_far, "(%s)", text);
        text[0] = '\0';
        expand(pattern, node, (const char *const[4]){so_far, operands[i]}, text, size);
    }
}

bool ocl_chain_reads(const NnNode *node, uint32_t input) {
    return !ocl_chain_splits(node) && (input == 0 || strcmp(node->op, "CastLike") != 0);
}

bool ocl_chain_expression(const NnNode *node, const char *const operands[4], char *text, size_t size) {
    char pattern[1024] = "", type[32];
    const ChainWord *w = ocl_chain_word(node);
    const int32_t to = node->outputs[0]->type;
    if (is_cast(node))
        cast_text(node->inputs[0]->type, to, pattern, sizeof pattern);
    else if (is_clip(node))
        clip_text(node, operands, pattern, sizeof pattern);
    else if (is_bits(node) && to == NN_BOOL)
        cast_text(node->inputs[0]->type, to, pattern, sizeof pattern);
    else if (is_bits(node))
        put(pattern, sizeof pattern, "SAME_BITS($T, $a)");
    else
        put(pattern, sizeof pattern, column(w, node));
    const bool compares = pattern[0] == '?';
    (void)snprintf(type, sizeof type, "AS(%s, ", ocl_type_name(to));
    char inner[1800] = "";
    if (w && w->arity == 0 && strstr(pattern, "$b"))
        fold(pattern, node, operands, inner, sizeof inner);
    else
        expand(pattern + compares, node, operands, inner, sizeof inner);
    text[0] = '\0';
    put(text, size, compares ? "TRUTH(" : to == NN_F16 ? "round_half(" : type);
    put(text, size, inner);
    put(text, size, ")");
    return strlen(inner) + 1 < sizeof inner && strlen(text) + 1 < size;
}
