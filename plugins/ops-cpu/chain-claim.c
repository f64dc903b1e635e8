/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Which nodes become chains: what can be said in chain codes, and which groups of neighbours are small
 * enough.
 */
#include "chain.h"

#include "ops/family/groups.h"

#define MAX_GROUP 48u

static const CpuChainWord words[] = {
    {"", "Add", CPU_ADD, 2, NULL},
    {"", "Sub", CPU_SUB, 2, NULL},
    {"", "Mul", CPU_MUL, 2, NULL},
    {"", "Div", CPU_DIV, 2, NULL},
    {"", "Max", CPU_MAX, 2, NULL},
    {"", "Min", CPU_MIN, 2, NULL},
    {"", "Pow", CPU_POW, 2, NULL},
    {"", "Less", CPU_LESS, 2, NULL},
    {"", "LessOrEqual", CPU_LESS_EQUAL, 2, NULL},
    {"", "Greater", CPU_GREATER, 2, NULL},
    {"", "GreaterOrEqual", CPU_GREATER_EQUAL, 2, NULL},
    {"", "Equal", CPU_EQUAL, 2, NULL},
    {"", "And", CPU_AND, 2, NULL},
    {"", "Or", CPU_OR, 2, NULL},
    {"", "Identity", CPU_COPY, 1, NULL},
    {"", "Cast", CPU_COPY, 1, NULL},
    {"", "Neg", CPU_NEG, 1, NULL},
    {"", "Abs", CPU_ABS, 1, NULL},
    {"", "Sign", CPU_SIGN, 1, NULL},
    {"", "Reciprocal", CPU_RECIPROCAL, 1, NULL},
    {"", "Sqrt", CPU_SQRT, 1, NULL},
    {"", "Exp", CPU_EXP, 1, NULL},
    {"", "Log", CPU_LOG, 1, NULL},
    {"", "Erf", CPU_ERF, 1, NULL},
    {"", "Floor", CPU_FLOOR, 1, NULL},
    {"", "Ceil", CPU_CEIL, 1, NULL},
    {"", "Not", CPU_NOT, 1, NULL},
    {"", "Relu", CPU_RELU, 1, NULL},
    {"", "LeakyRelu", CPU_LEAKY_RELU, 1, "alpha"},
    {"", "Sigmoid", CPU_SIGMOID, 1, NULL},
    {"", "Tanh", CPU_TANH, 1, NULL},
    {"", "Softplus", CPU_SOFTPLUS, 1, NULL},
    {"", "Gelu", CPU_GELU, 1, NULL},
    {"", "Elu", CPU_ELU, 1, "alpha"},
    {"", "Where", CPU_WHERE, 3, NULL},
    {"", "Clip", CPU_CLIP, 3, NULL},
    {"nn", "ReluGrad", CPU_RELU_GRAD, 2, NULL},
    {"nn", "LeakyReluGrad", CPU_LEAKY_RELU_GRAD, 2, "alpha"},
    {"nn", "SigmoidGrad", CPU_SIGMOID_GRAD, 2, NULL},
    {"nn", "TanhGrad", CPU_TANH_GRAD, 2, NULL},
};

const CpuChainWord *cpu_chain_word(const NnNode *node) {
    for (uint32_t i = 0; i < NN_COUNT(words); i++)
        if (strcmp(words[i].op, node->op) == 0 && strcmp(words[i].domain, node->domain) == 0)
            return &words[i];
    return NULL;
}

int cpu_chain_type(int32_t type) {
    switch (type) {
    case NN_F32: return CPU_CHAIN_F32;
    case NN_BOOL: return CPU_CHAIN_BOOL;
    case NN_U8: return CPU_CHAIN_U8;
    case NN_I32: return CPU_CHAIN_I32;
    case NN_I64: return CPU_CHAIN_I64;
    case NN_F64: return CPU_CHAIN_F64;
    default: return -1;
    }
}

/* Arithmetic is in f32, so wider types may enter through a Cast only, and only f32 and bool may leave. */
const char *cpu_chain_refusal(const NnNode *node) {
    const CpuChainWord *w = cpu_chain_word(node);
    if (w == NULL)
        return "not an element-wise operator of this package";
    const bool cast = strcmp(node->op, "Cast") == 0, gelu = strcmp(node->op, "Gelu") == 0;
    if (node->n_outputs == 0 || node->outputs[0] == NULL)
        return "it has no result";
    if (node->outputs[0]->type != NN_F32 && node->outputs[0]->type != NN_BOOL)
        return "the result is neither f32 nor bool";
    if (gelu && strcmp(nn_attr_string(node, "approximate", "none"), "none") != 0 &&
        strcmp(nn_attr_string(node, "approximate", "none"), "tanh") != 0)
        return "an approximation of Gelu that is not known";
    for (uint32_t i = 0; i < node->n_inputs; i++) {
        if (i >= w->arity)
            return "more inputs than it works on at once";
        if (node->inputs[i] == NULL) {
            if (w->code == CPU_CLIP && i > 0)
                continue;
            return "an input is absent";
        }
        const int32_t type = node->inputs[i]->type;
        if (cpu_chain_type(type) < 0 || (!cast && type != NN_F32 && type != NN_BOOL))
            return "an input is neither f32 nor bool";
        if (cast && node->outputs[0]->type == NN_BOOL && type != NN_F32 && type != NN_BOOL)
            return "a Cast to bool of integers";
        if (type == NN_BOOL && node->outputs[0]->type == NN_F32 && !cast && !(w->code == CPU_WHERE && i == 0))
            return "arithmetic on bool";
    }
    return node->n_inputs < w->arity && w->code != CPU_CLIP ? "fewer inputs than it needs" : NULL;
}

/* Is a group small enough for a chain's registers? Counted as: what enters, leaves, and lives between. */
static bool fits(const NnGroups *g, uint32_t n, const uint32_t *nodes, uint32_t leaving) {
    uint32_t entering = 0;
    for (uint32_t k = 0; k < n; k++) {
        const NnNode *node = g->view->nodes[nodes[k]];
        for (uint32_t i = 0; i < node->n_inputs; i++)
            entering += node->inputs[i] && (node->inputs[i]->producer < 0 ||
                                            g->of[node->inputs[i]->producer] != g->of[nodes[k]]);
    }
    return leaving <= CPU_CHAIN_OUTPUTS && entering + leaving + n < CPU_CHAIN_REGS;
}

int32_t cpu_chain_claim(const NnHost *nn, NnDevice *device, const NnView *view, NnClaims *claims,
                        NnStatus *status) {
    (void)device;
    return nn_groups_claim(nn, view, cpu_chain_refusal, NULL, MAX_GROUP, fits, claims, status);
}
