/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Differentiation is closed over what is shipped: from the loss of every example in examples/ a gradient
 * leads to every parameter, and from the square of that gradient another one, or an operator on the way says
 * that it is not differentiable again. And the value of a gradient of a gradient is right: the penalty of a
 * critic that WGAN-GP trains with (Gulrajani et al. 2017), against central differences in f64.
 */
#include "../ops/eager.h"
#include "nn/nn.h"
#include "nn/plugin.h"
#include "status.h"

#include <glob.h>
#include <math.h>
#include <stdlib.h>

#define MOST 200 /* parameters of an example */

static int failed;

static void report(const char *verdict, const char *what, const char *why) {
    printf("%s %s%s%s\n", verdict, what, *why ? ": " : "", why);
    failed += strcmp(verdict, "not ok") == 0;
}

/* ---- the examples, with data as their loaders describe it ---- */

static const int64_t image[] = {1, 28, 28}, window[] = {16}, measures[] = {4};
static const NnField pictures[] = {{.name = "x", .type = NN_U8, .rank = 3, .dims = image, .scale = 1.0 / 255},
                                   {.name = "y", .type = NN_I64, .classes = 10}};
static const NnField windows[] = {{.name = "x", .type = NN_U8, .rank = 1, .dims = window, .classes = 65},
                                  {.name = "y", .type = NN_U8, .rank = 1, .dims = window, .classes = 65}};
static const NnField rows[] = {{.name = "x", .type = NN_F32, .rank = 1, .dims = measures},
                               {.name = "y", .type = NN_I64, .classes = 3}};
static const NnSplit splits[] = {{"train", 100}, {"test", 50}};
static const struct Loader {
    const char *name;
    const NnField *fields;
} loaders[] = {{"glyphs", pictures}, {"idx", pictures}, {"text", windows}, {"csv", rows}};

static const NnField *fields_of(const char *loader) {
    for (uint32_t i = 0; i < NN_COUNT(loaders); i++)
        if (loader && strcmp(loader, loaders[i].name) == 0)
            return loaders[i].fields;
    return NULL;
}

static NnNetwork *build(NnContext *context, const NnConfig *config, NnStatus *status) {
    const NnConfigApi *read = nn_config_api();
    const NnConfig *model = read->get(config, "model"), *checked = NULL;
    const char *family = read->string(read->get(model, "family"));
    const NnField *fields = fields_of(read->string(read->get(read->get(config, "data"), "loader")));
    const NnModel *table = family ? nn_registry_table(context, NN_MODEL_KIND, family, status) : NULL;
    NnSetting settings[64] = {{.name = "family", .kind = NN_SET_STRING}};
    if (table == NULL || fields == NULL || table->n_settings > 63) {
        nn_status_fail(status, NN_NOT_FOUND, "no family, or a loader that this test does not know");
        return NULL;
    }
    for (uint32_t i = 0; i < table->n_settings; i++)
        memcpy(&settings[i + 1], (const char *)table->settings + (size_t)i * table->setting_stride,
               sizeof *settings);
    if (read->check(model, settings, table->n_settings + 1, sizeof *settings, "the model", &checked,
                    status) != NN_OK)
        return NULL;
    const NnDataInfo data = {.struct_size = sizeof data,
                             .n_fields = 2,
                             .field_stride = sizeof(NnField),
                             .n_splits = 2,
                             .split_stride = sizeof(NnSplit),
                             .fields = fields,
                             .splits = splits};
    return nn_network_new(context, family, checked, &data, 8, status);
}

/* ---- a gradient, and the gradient of its square ---- */

static NnValue *square(const NnHost *nn, NnGraph *g, NnValue *x) {
    return nn_op(nn, g, "ReduceSum", NN_VALUES(nn_op2(nn, g, "Mul", x, x)), NN_ATTRS(NN_INT("keepdims", 0)));
}

/* Differentiates `loss`, then the sum of squares of what came; in turn says how far it got. */
static const char *twice(const NnHost *nn, NnGraph *g, NnValue *loss, uint32_t n, NnValue *const *wrt) {
    NnValue *grads[MOST] = {0}, *again[MOST] = {0}, *sum = NULL;
    if (nn->graph->gradient(g, 1, &loss, NULL, n, wrt, grads) != NN_OK)
        return "gradient";
    for (uint32_t i = 0; i < n; i++) {
        if (grads[i] == NULL)
            return "a parameter that the loss does not depend on";
        NnValue *one = square(nn, g, grads[i]);
        sum = sum ? nn_op2(nn, g, "Add", sum, one) : one;
    }
    return nn->graph->gradient(g, 1, &sum, NULL, n, wrt, again) == NN_OK ? NULL : "gradient of the gradient";
}

static void differentiate(NnContext *context, const NnNetwork *network, const NnFunction *f,
                          const char *name) {
    NnStatus *status = nn_status_new();
    NnGraph *g = nn_function_extend(f, "again", status);
    NnValue *loss = g ? nn_graph_loss(g, NULL) : NULL, *wrt[MOST];
    NnVariable *const *variables;
    const uint32_t count = nn_network_variables(network, &variables);
    uint32_t n = 0;
    for (uint32_t i = 0; g && i < count && n < MOST; i++)
        if (nn_variable_spec(variables[i])->role == NN_PARAMETER && nn_graph_reads(g, variables[i]))
            wrt[n++] = nn_graph_reads(g, variables[i]);
    const char *stop = loss ? twice(nn_context_host(context), g, loss, n, wrt) : "loss";
    char why[1400] = "";
    if (stop)
        (void)snprintf(why, sizeof why, "%s: %s", stop,
                       g ? nn_status_message(g->status) : nn_status_message(status));
    /* A rule may be missing the second time, and then it has to say so. */
    if (stop && strstr(stop, "gradient of") && strstr(why, "not twice differentiable"))
        report("ok", name, "once; the second time it is refused, as it should be");
    else
        report(stop ? "not ok" : "ok", name, why);
    if (g)
        nn_graph_free(g);
    nn_status_free(status);
}

static void example(NnContext *context, const char *path) {
    const char *name = strrchr(path, '/') ? strrchr(path, '/') + 1 : path;
    NnStatus *status = nn_status_new();
    NnConfig *config = nn_config_read(path, status);
    NnNetwork *network = config ? build(context, config, status) : NULL;
    const NnFunction *train = network ? nn_network_function(network, "train") : NULL;
    if (train == NULL)
        report("not ok", name, network ? "it has no function train" : nn_status_message(status));
    else if (train->graph->loss)
        differentiate(context, network, train, name);
    else if (train->graph->gradients->len)
        report("ok", name, "its gradients are of its own making");
    else
        report("not ok", name, "it has neither a loss nor gradients");
    if (network)
        nn_network_free(network);
    if (config)
        nn_config_free(config);
    nn_status_free(status);
}

/* ---- WGAN-GP ---- */

enum { X, FILTERS, BIAS, SCALE, WEIGHTS, INPUTS };
static const int64_t shapes[INPUTS][4] = {{2, 1, 4, 4}, {3, 1, 3, 3}, {3}, {12}, {12, 1}};
static const int32_t ranks[INPUTS] = {4, 4, 1, 1, 2};

/* (||d critic(x) / dx|| - 1)^2 for each sample, summed; and its gradients with respect to the critic's
 * parameters. */
static NnValue *penalty(const NnHost *nn, NnGraph *g, NnValue *const *in, NnValue **grads) {
    const int64_t axes[] = {1};
    NnValue *y = nn_op(nn, g, "Conv", NN_VALUES(in[X], in[FILTERS], in[BIAS]), NN_NO_ATTRS), *dx = NULL;
    y = nn_op1(nn, g, "Flatten", nn_op(nn, g, "LeakyRelu", NN_VALUES(y), NN_ATTRS(NN_FLOAT("alpha", .2))));
    y = nn_op1(nn, g, "Tanh", nn_op3(nn, g, "LayerNormalization", y, in[SCALE], NULL));
    y = nn_op1(nn, g, "Sigmoid", nn_op2(nn, g, "MatMul", y, in[WEIGHTS]));
    if (nn->graph->gradient(g, 1, &y, NULL, 1, &in[X], &dx) != NN_OK)
        return NULL;
    NnValue *flat = nn_op1(nn, g, "Flatten", dx);
    NnValue *norm = nn_op(nn, g, "ReduceL2", NN_VALUES(flat, nn_vector(nn, g, 1, axes)), NN_NO_ATTRS);
    NnValue *sum = square(nn, g, nn_op2(nn, g, "Sub", norm, nn_scalar_like(nn, g, norm, 1)));
    return nn->graph->gradient(g, 1, &sum, NULL, INPUTS - 1, in + 1, grads) == NN_OK ? sum : NULL;
}

static double at(NnContext *context, NnValue *const *in, Tensor *const *values, NnValue *of, int64_t i,
                 NnStatus *status) {
    Eager e;
    eager_begin(&e, context, status);
    for (uint32_t k = 0; k < INPUTS; k++)
        eager_set(&e, in[k], &values[k]->t);
    const Tensor *x = eager_value(&e, of);
    const double value = x ? tensor_get(&x->t, i) : NAN;
    eager_end(&e);
    return value;
}

/* The first element where rule and differences part, as a sentence; "": none. */
static void compare(NnContext *context, NnValue *const *in, Tensor **values, NnValue *sum,
                    NnValue *const *grads, NnStatus *status, char *why, size_t size) {
    const double h = 0x1p-17;
    for (uint32_t k = 1; k < INPUTS; k++)
        for (int64_t i = 0; *why == '\0' && grads[k - 1] && i < tensor_count(&values[k]->t); i++) {
            const double x = tensor_get(&values[k]->t, i),
                         rule = at(context, in, values, grads[k - 1], i, status);
            tensor_set(&values[k]->t, i, x + h);
            const double above = at(context, in, values, sum, 0, status);
            tensor_set(&values[k]->t, i, x - h);
            const double below = at(context, in, values, sum, 0, status), found = (above - below) / (2 * h);
            tensor_set(&values[k]->t, i, x);
            if (!(fabs(rule - found) <= 1e-6 * (1 + fabs(found))))
                (void)snprintf(why, size, "input %u, element %lld: rule %.12g, differences %.12g%s", k,
                               (long long)i, rule, found, nn_status_message(status));
        }
}

static void critic(NnContext *context) {
    NnStatus *status = nn_status_new();
    NnGraph *g = nn_graph_new(context, NULL, "critic", NN_TRAINING);
    NnValue *in[INPUTS], *grads[INPUTS] = {0};
    Tensor *values[INPUTS];
    char why[1400] = "";
    uint64_t state = 1;
    for (uint32_t k = 0; k < INPUTS; k++) {
        in[k] = nn_graph_functions.input(g, NULL, NN_F64, ranks[k], shapes[k]);
        values[k] = tensor_new(NN_F64, ranks[k], shapes[k]);
        for (int64_t i = 0; i < tensor_count(&values[k]->t); i++)
            tensor_set(&values[k]->t, i, 2 * sample_random(&state) - 1);
    }
    NnValue *sum = penalty(nn_context_host(context), g, in, grads);
    if (sum == NULL || !grads[FILTERS - 1] || !grads[SCALE - 1] || !grads[WEIGHTS - 1])
        (void)snprintf(why, sizeof why, "no gradient: %s", nn_status_message(g->status));
    else
        compare(context, in, values, sum, grads, status, why, sizeof why);
    report(*why ? "not ok" : "ok", "WGAN-GP", why);
    for (uint32_t k = 0; k < INPUTS; k++)
        tensor_free(values[k]);
    nn_graph_free(g);
    nn_status_free(status);
}

int main(void) {
    const char *source = getenv("SRCDIR");
    NnStatus *status = nn_status_new();
    NnContext *context = nn_context_new(&(NnOptions){.struct_size = sizeof(NnOptions)}, status);
    char pattern[4096];
    glob_t found = {0};
    (void)snprintf(pattern, sizeof pattern, "%s/examples/*.yaml", source ? source : ".");
    if (context == NULL || glob(pattern, 0, NULL, &found) != 0) {
        report("not ok", "examples", context ? pattern : nn_status_message(status));
    } else {
        for (size_t i = 0; i < found.gl_pathc; i++)
            example(context, found.gl_pathv[i]);
        critic(context);
    }
    globfree(&found);
    if (context)
        nn_context_free(context);
    nn_status_free(status);
    return failed != 0;
}
