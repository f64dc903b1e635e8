/* SPDX-License-Identifier: Apache-2.0 */
/* nn/Categorical: the classes that every other device draws. */
#include "ops-opencl/opencl.h"

#include "plugins/ops-opencl/categorical.cl.h"
#include "plugins/ops-opencl/chain.cl.h"
#include "plugins/ops-opencl/random.cl.h"
#include "plugins/ops-opencl/real.cl.h"

/* As categorical.cl has it. */
typedef struct Draws {
    uint32_t count, each, classes, salt;
} Draws;

static int32_t match(const NnHost *nn, NnDevice *device, const NnNode *node, NnStatus *reason) {
    const int32_t code = ocl_match_real(nn, device, node, reason), type = node->outputs[0]->type;
    if (code != NN_OK)
        return code;
    if (!ocl_service(nn, device, reason)->f64)
        return nn_fail(nn, reason, NN_UNSUPPORTED, "%s draws with 53 bits, which takes f64", node->op);
    return type == NN_I64 || type == NN_I32
               ? NN_OK
               : nn_fail(nn, reason, NN_UNSUPPORTED, "%s gives i32 or i64", node->op);
}

static int32_t plan(const NnHost *nn, NnDevice *device, const NnNode *node, NnPlan *out, NnStatus *status) {
    const NnValueInfo *x = node->inputs[0], *y = node->outputs[0];
    const int64_t samples = nn_attr_int(node, "sample_size", 0);
    const Draws p = {.count = (uint32_t)ocl_count(y),
                     .each = samples > 0 ? (uint32_t)samples : 1,
                     .classes = (uint32_t)x->dims[x->rank - 1],
                     .salt = (uint32_t)(uint64_t)nn_attr_int(node, "salt", 0)};
    char options[128];
    (void)snprintf(options, sizeof options, "-DW=1 -DT=long -DNUMBER=long -DBITS=53 -DDOUBLE -DY=%s %s",
                   y->type == NN_I64 ? "long" : "int", ocl_real(x->type));
    const OclSource source = {.name = "categorical",
                              .parts = {chain_cl, "ACCESS(long)\n", random_cl, real_cl, categorical_cl},
                              .options = options};
    OclPlan *made = ocl_plan(nn, device, status);
    OclStage *s = made ? made->ocl->stage(nn, made, &source, "categorical", 3, status) : NULL;
    if (s) {
        ocl_arg(s, 0, OCL_INPUT, 0);
        ocl_arg(s, 1, OCL_INPUT, 1);
        ocl_arg(s, 2, OCL_OUTPUT, 0);
        ocl_pieces(made->ocl, s, p.count);
        (void)made->ocl->params(nn, made, s, &p, sizeof p, status);
    }
    return ocl_planned(nn, made, out, status);
}

OCL_KERNEL(categorical, "nn", "Categorical", match, plan)

static const NnExport exports[] = {{NN_KERNEL_KIND, "nn/Categorical", &categorical}};
NN_PLUGIN(categorical, "Draws of classes by OpenCL.", exports)
