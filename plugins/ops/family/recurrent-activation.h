/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The activations of recurrent layers: a name for each of a cell's functions (f, g, h) and each direction,
 * and the numbers that some of them take, which are consumed in the order of the names.
 */
#ifndef OPS_FAMILY_RECURRENT_ACTIVATION_H
#define OPS_FAMILY_RECURRENT_ACTIVATION_H

#include "body.h"
#include "shape.h"

/* What alpha and beta are where none is given; `takes` says how many of the two a function has. */
typedef struct NnActivation {
    const char *name;
    int32_t takes;
    double alpha, beta;
} NnActivation;

static inline const NnActivation *nn_activation_named(const char *name) {
    static const NnActivation all[] = {
        {"Sigmoid", 0, 0, 0},         {"Tanh", 0, 0, 0},         {"Relu", 0, 0, 0},
        {"Softsign", 0, 0, 0},        {"Softplus", 0, 0, 0},     {"LeakyRelu", 1, .01, 0},
        {"ThresholdedRelu", 1, 1, 0}, {"Elu", 1, 1, 0},          {"Affine", 2, 1, 0},
        {"ScaledTanh", 2, 1, 1},      {"HardSigmoid", 2, .2, .5}};
    for (uint32_t i = 0; i < NN_COUNT(all); i++)
        if (strcmp(all[i].name, name) == 0)
            return &all[i];
    return NULL;
}

/* How many functions a list "Sigmoid Tanh Tanh" has. */
static inline uint32_t nn_activation_count(const char *list) {
    uint32_t n = 1;
    for (; *list; list++)
        n += *list == ' ';
    return n;
}

/* Function k of a direction, with its numbers; `usual`: the default ones of one direction. The names are
 * known. */
static inline NnActivation nn_activation(const NnNode *node, const char *usual, uint32_t direction,
                                         uint32_t k) {
    const NnAttr *names = nn_attr(node, "activations"), *alphas = nn_attr(node, "activation_alpha"),
                 *betas = nn_attr(node, "activation_beta");
    const uint32_t each = nn_activation_count(usual), at = direction * each + k;
    uint32_t a = 0, b = 0;
    NnActivation f = {"Tanh", 0, 0, 0};
    for (uint32_t i = 0; i <= at; i++) {
        char name[32] = "";
        const char *word = usual;
        for (uint32_t skip = i % each; skip; word++)
            skip -= *word == ' ';
        (void)snprintf(name, sizeof name, "%.*s", (int)strcspn(word, " "), word);
        const NnActivation *found = nn_activation_named(names ? names->u.strings[i] : name);
        f = found ? *found : f;
        if (f.takes > 0 && alphas && a < alphas->count)
            f.alpha = alphas->u.floats[a++];
        if (f.takes > 1 && betas && b < betas->count)
            f.beta = betas->u.floats[b++];
    }
    return f;
}

static inline int32_t nn_activation_check(NnInfer *n, const char *usual, uint32_t directions) {
    const NnAttr *names = nn_attr(n->node, "activations");
    const uint32_t each = nn_activation_count(usual);
    if (names && names->count != each * directions)
        return nn_bad(n, "activations has %u names: expected %u for each of %u directions", names->count,
                      each, directions);
    for (uint32_t i = 0; names && i < names->count; i++)
        if (!nn_activation_named(names->u.strings[i]))
            return nn_bad(n,
                          "activations: expected Sigmoid, Tanh, Relu, Softsign, Softplus, LeakyRelu, "
                          "ThresholdedRelu, Elu, "
                          "Affine, ScaledTanh or HardSigmoid, found %s",
                          names->u.strings[i]);
    return NN_OK;
}

static inline NnValue *nn_activation_apply(const NnBody *b, const NnActivation *f, NnValue *x) {
    const NnAttr attrs[] = {NN_FLOAT("alpha", f->alpha), NN_FLOAT("beta", f->beta)};
    NnValue *alpha = f->takes == 2 ? nn_body_scalar(b, x, f->alpha) : NULL,
            *beta = f->takes == 2 ? nn_body_scalar(b, x, f->beta) : NULL;
    if (strcmp(f->name, "Affine") == 0)
        return nn_body2(b, "Add", nn_body2(b, "Mul", x, alpha), beta);
    if (strcmp(f->name, "ScaledTanh") == 0)
        return nn_body2(b, "Mul", nn_body1(b, "Tanh", nn_body2(b, "Mul", x, beta)), alpha);
    return nn_op(b->host, b->graph, f->name, NN_VALUES(x), attrs, (uint32_t)f->takes);
}

#endif
