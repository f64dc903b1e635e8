/* SPDX-License-Identifier: Apache-2.0 */
/* nn/Uniform, nn/Bernoulli and nn/Normal in f32: of the first two the bits of every other device. */
#include "ops-opencl/opencl.h"

#include "plugins/ops-opencl/random.cl.h"

/* As random.cl has it. */
typedef struct Params {
    uint32_t count, salt, one_chance;
    float a, b;
} Params;

static bool is_coin(const NnNode *node) { return strcmp(node->op, "Bernoulli") == 0; }

static const char *type_of(const NnNode *node) {
    switch (node->outputs[0]->type) {
    case NN_F32: return "-DT=float";
    case NN_BOOL: return "-DT=uchar";
    case NN_I64: return "-DT=long";
    default: return NULL;
    }
}

static int32_t match(const NnHost *nn, NnDevice *device, const NnNode *node, NnStatus *reason) {
    (void)device;
    const NnValueInfo *y = node->outputs[0];
    if (!ocl_small(node) || type_of(node) == NULL || (!is_coin(node) && y->type != NN_F32))
        return nn_fail(nn, reason, NN_UNSUPPORTED, "%s is done for results in f32 only", node->op);
    if (!is_coin(node))
        return NN_OK;
    const uint64_t n = ocl_count(node->inputs[0]);
    if (!ocl_is(node, 0, NN_F32) || (n != 1 && n != ocl_count(y)))
        return nn_fail(nn, reason, NN_UNSUPPORTED, "Bernoulli is done for one chance, or one each, in f32");
    return NN_OK;
}

static int32_t plan(const NnHost *nn, NnDevice *device, const NnNode *node, NnPlan *out, NnStatus *status) {
    const bool coin = is_coin(node), normal = strcmp(node->op, "Normal") == 0;
    const double low = nn_attr_float(node, "low", 0), high = nn_attr_float(node, "high", 1);
    const Params p = {.count = (uint32_t)ocl_count(node->outputs[0]),
                      .salt = (uint32_t)(uint64_t)nn_attr_int(node, "salt", 0),
                      .one_chance = coin && ocl_count(node->inputs[0]) == 1,
                      .a = (float)(normal ? nn_attr_float(node, "mean", 0) : low),
                      .b = (float)(normal ? nn_attr_float(node, "scale", 1) : high - low)};
    const OclSource source = {.name = "random", .parts = {random_cl}, .options = type_of(node)};
    OclPlan *made = ocl_plan(nn, device, status);
    OclStage *s = made ? made->ocl->stage(nn, made, &source,
                                          coin     ? "bernoulli"
                                          : normal ? "normal"
                                                   : "uniform",
                                          coin ? 3 : 2, status)
                       : NULL;
    if (s) {
        ocl_arg(s, 0, OCL_INPUT, 1);
        ocl_arg(s, 1, OCL_OUTPUT, 0);
        if (coin)
            ocl_arg(s, 2, OCL_INPUT, 0);
        ocl_items(s, (p.count + 3) / 4);
        (void)made->ocl->params(nn, made, s, &p, sizeof p, status);
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
