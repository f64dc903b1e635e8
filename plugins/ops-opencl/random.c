/* SPDX-License-Identifier: Apache-2.0 */
/* nn/Uniform, nn/Bernoulli and nn/Normal: of the first two the bits of every other device. */
#include "chain.h"

#include "plugins/ops-opencl/chain.cl.h"
#include "plugins/ops-opencl/random.cl.h"

/* As random.cl has it, for draws of float and of double. */
typedef struct Params {
    float a, b;
    uint32_t count, salt, one_chance;
} Params;

typedef struct WideParams {
    double a, b;
    uint32_t count, salt, one_chance;
} WideParams;

static bool is_coin(const NnNode *node) { return strcmp(node->op, "Bernoulli") == 0; }
static bool is_normal(const NnNode *node) { return strcmp(node->op, "Normal") == 0; }

/* The type whose variates are compared or stored. */
static int32_t drawn(const NnNode *node) {
    return is_coin(node) ? node->inputs[0]->type : node->outputs[0]->type;
}

static int32_t match(const NnHost *nn, NnDevice *device, const NnNode *node, NnStatus *reason) {
    const NnValueInfo *y = node->outputs[0];
    const OclService *ocl = ocl_service(nn, device, reason);
    if (ocl == NULL)
        return NN_UNSUPPORTED;
    if (!ocl_small(node) || ocl_type_name(y->type) == NULL || ocl_type_name(drawn(node)) == NULL ||
        ((y->type == NN_F64 || drawn(node) == NN_F64) && !ocl->f64))
        return nn_fail(nn, reason, NN_UNSUPPORTED, "%s is not done here for %s", node->op,
                       nn_type_name(ocl_type_name(y->type) ? drawn(node) : y->type));
    if (!is_coin(node))
        return NN_OK;
    const uint64_t n = ocl_count(node->inputs[0]);
    return n == 1 || n == ocl_count(y)
               ? NN_OK
               : nn_fail(nn, reason, NN_UNSUPPORTED, "Bernoulli is done for one chance, or one each");
}

typedef struct Text {
    char options[192], accesses[64];
} Text;

static void write_text(const NnNode *node, uint32_t width, Text *text) {
    const int32_t to = node->outputs[0]->type, from = drawn(node);
    const char *t = ocl_memory_name(to), *c = ocl_memory_name(from);
    char chance[64] = "";
    if (is_coin(node))
        (void)snprintf(chance, sizeof chance, " -DC=%s -DCHANCE=%s", c, ocl_type_name(from));
    (void)snprintf(text->options, sizeof text->options, "-DW=%u -DT=%s -DNUMBER=%s -DBITS=%d%s%s%s", width, t,
                   ocl_type_name(to),
                   from == NN_F64                     ? 53
                   : from == NN_F16 && !is_coin(node) ? 11
                                                      : 24,
                   chance, to == NN_F16 || from == NN_F16 ? " -DHALF" : "",
                   to == NN_F64 || from == NN_F64 ? " -DDOUBLE" : "");
    text->accesses[0] = '\0';
    if (t && to != NN_F16 && (to != NN_U16 || from != NN_F16)) /* chain.cl's halves are of u16 */
        (void)snprintf(text->accesses, sizeof text->accesses, "ACCESS(%s)\n", t);
    if (t && c && from != NN_F16 && strcmp(t, c) != 0) {
        const size_t at = strlen(text->accesses);
        (void)snprintf(text->accesses + at, sizeof text->accesses - at, "ACCESS(%s)\n", c);
    }
}

static int32_t set_params(const NnHost *nn, OclPlan *plan, const OclStage *s, const NnNode *node,
                          NnStatus *status) {
    const double low = nn_attr_float(node, "low", 0), high = nn_attr_float(node, "high", 1);
    const bool normal = is_normal(node);
    const WideParams wide = {.a = normal ? nn_attr_float(node, "mean", 0) : low,
                             .b = normal ? nn_attr_float(node, "scale", 1) : high - low,
                             .count = (uint32_t)ocl_count(node->outputs[0]),
                             .salt = (uint32_t)(uint64_t)nn_attr_int(node, "salt", 0),
                             .one_chance = is_coin(node) && ocl_count(node->inputs[0]) == 1};
    const Params narrow = {(float)wide.a, (float)wide.b, wide.count, wide.salt, wide.one_chance};
    return drawn(node) == NN_F64 ? plan->ocl->params(nn, plan, s, &wide, sizeof wide, status)
                                 : plan->ocl->params(nn, plan, s, &narrow, sizeof narrow, status);
}

static int32_t plan(const NnHost *nn, NnDevice *device, const NnNode *node, NnPlan *out, NnStatus *status) {
    const bool coin = is_coin(node);
    const uint32_t each = drawn(node) == NN_F64 ? 2 : 4; /* elements of a block */
    OclPlan *made = ocl_plan(nn, device, status);
    if (made == NULL)
        return nn->code(status);
    const uint32_t width = made->ocl->cpu ? CHAIN_VECTOR : 1;
    Text text;
    write_text(node, width, &text);
    const OclSource source = {
        .name = "random", .parts = {chain_cl, text.accesses, random_cl}, .options = text.options};
    OclStage *s = made->ocl->stage(nn, made, &source,
                                   coin              ? "bernoulli"
                                   : is_normal(node) ? "normal"
                                                     : "uniform",
                                   coin ? 3 : 2, status);
    if (s) {
        ocl_arg(s, 0, OCL_INPUT, 1);
        ocl_arg(s, 1, OCL_OUTPUT, 0);
        if (coin)
            ocl_arg(s, 2, OCL_INPUT, 0);
        ocl_items(s, (ocl_count(node->outputs[0]) + each * width - 1) / (each * width));
        (void)set_params(nn, made, s, node, status);
    }
    return ocl_planned(nn, made, out, status);
}

OCL_KERNEL(uniform, "nn", "Uniform", match, plan)
OCL_KERNEL(bernoulli, "nn", "Bernoulli", match, plan)
OCL_KERNEL(normal, "nn", "Normal", match, plan)

static const NnExport exports[] = {{NN_KERNEL_KIND, "nn/Uniform", &uniform},
                                   {NN_KERNEL_KIND, "nn/Bernoulli", &bernoulli},
                                   {NN_KERNEL_KIND, "nn/Normal", &normal}};
NN_PLUGIN(random, "Random numbers by OpenCL.", exports)
