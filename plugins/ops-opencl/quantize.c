/* SPDX-License-Identifier: Apache-2.0 */
/* QuantizeLinear, DequantizeLinear and the gradient of a scale. */
#include "ops-opencl/opencl.h"

#include "ops/family/quantize.h"
#include "plugins/ops-opencl/quantize.cl.h"

#define GROUP 64u /* items that share a scale's gradient */

/* As quantize.cl has it. */
typedef struct Params {
    uint32_t count, scales, extent, inner, block, blocks, zeros;
} Params;

/* The types of a program, and in which a quotient is rounded. */
typedef struct Types {
    int32_t x, s, y, precision;
    bool wide, quantizes;
} Types;

static bool is_grad(const NnNode *node) { return strcmp(node->op, "DequantizeLinearGrad") == 0; }

static Types types_of(const NnNode *node) {
    Types t = {.x = node->inputs[0]->type,
               .s = node->inputs[is_grad(node) ? 3 : 1]->type,
               .y = node->outputs[0]->type,
               .quantizes = strcmp(node->op, "QuantizeLinear") == 0};
    const int32_t told = (int32_t)nn_attr_int(node, "precision", NN_NONE);
    t.precision = told == NN_NONE ? t.s : told;
    /* Of an f32 the quotient of integers, and what a quotient in f64 wants, has too few digits. */
    t.wide = t.x == NN_F64 || t.s == NN_F64 || t.y == NN_F64 ||
             (t.quantizes && (t.x == NN_I32 || t.s == NN_I32 || t.precision == NN_F64));
    return t;
}

static const char *name_of(int32_t type) {
    static const char *const names[NN_TYPE_COUNT] = {
        [NN_F32] = "float", [NN_F64] = "double", [NN_F16] = "half",  [NN_U8] = "uchar",
        [NN_I8] = "char",   [NN_U16] = "ushort", [NN_I16] = "short", [NN_I32] = "int"};
    return type > 0 && type < NN_TYPE_COUNT ? names[type] : NULL;
}

static int32_t match(const NnHost *nn, NnDevice *device, const NnNode *node, NnStatus *reason) {
    const OclService *ocl = ocl_service(nn, device, reason);
    const Types t = types_of(node);
    if (ocl == NULL)
        return NN_UNSUPPORTED;
    if (!name_of(t.x) || !name_of(t.s) || !name_of(t.y) || t.precision == NN_BF16 || (t.wide && !ocl->f64))
        return nn_fail(nn, reason, NN_UNSUPPORTED, "%s of %s by %s to %s is not done on this device",
                       node->op, nn_type_name(t.x), nn_type_name(t.s), nn_type_name(t.y));
    return ocl_small(node)
               ? NN_OK
               : nn_fail(nn, reason, NN_UNSUPPORTED, "%s: a tensor has 2^31 elements or more", node->op);
}

static Params params_of(const NnNode *node) {
    const NnValueInfo *x = node->inputs[0], *scale = node->inputs[1];
    const int64_t block = nn_attr_int(node, "block_size", 0);
    Params p = {.count = (uint32_t)ocl_count(x),
                .scales = (uint32_t)ocl_count(scale),
                .inner = 1,
                .zeros = nn_given(node, 2)};
    if (ocl_count(scale) == 1 && block == 0)
        return p;
    const int32_t axis = x->rank == 1 ? 0 : nn_axis_of(nn_attr_int(node, "axis", 1), x->rank);
    p.extent = (uint32_t)x->dims[axis];
    p.inner = (uint32_t)nn_product(x->dims, axis + 1, x->rank);
    p.block = (uint32_t)block;
    p.blocks = block ? (uint32_t)scale->dims[axis] : 0;
    return p;
}

static void options_of(const Types *t, char *text, size_t size) {
    const char *const access[] = {"PLAIN", "HALF"};
    (void)snprintf(
        text, size, "-DX=%s -DS=%s -DY=%s -DLOAD_X=%s_LOAD -DLOAD_S=%s_LOAD -DSTORE_Y=%s_STORE%s%s",
        name_of(t->x), name_of(t->s), name_of(t->y), access[t->x == NN_F16], access[t->s == NN_F16],
        access[t->y == NN_F16], t->wide ? " -DWIDE" : "", t->quantizes ? " -DQUANTIZES" : "");
    if (t->quantizes) {
        const size_t at = strlen(text);
        (void)snprintf(text + at, size - at, " -DPRECISION=%u -DSATURATE=convert_%s_sat_rte",
                       t->precision == NN_F16   ? 16u
                       : t->precision == NN_F32 ? 32u
                                                : 64u,
                       name_of(t->y));
    }
}

static int32_t plan(const NnHost *nn, NnDevice *device, const NnNode *node, NnPlan *out, NnStatus *status) {
    const Types t = types_of(node);
    const Params p = params_of(node);
    const bool grad = is_grad(node);
    const OclArg zero = {.role = p.zeros ? OCL_INPUT : OCL_NOTHING, .index = 2};
    const OclArg forward[] = {{.role = OCL_INPUT},
                              {.role = OCL_INPUT, .index = 1},
                              zero,
                              {.role = OCL_OUTPUT}},
                 back[] = {{.role = OCL_INPUT}, zero, {.role = OCL_INPUT, .index = 3}, {.role = OCL_OUTPUT}};
    char options[400];
    options_of(&t, options, sizeof options);
    const OclSource source = {.name = "quantize", .parts = {quantize_cl}, .options = options};
    OclPlan *made = ocl_plan(nn, device, status);
    OclStage *s = made ? made->ocl->stage(nn, made, &source,
                                          grad          ? "scale_grad"
                                          : t.quantizes ? "quantize"
                                                        : "dequantize",
                                          4, status)
                       : NULL;
    if (s) {
        memcpy(s->args, grad ? back : forward, sizeof back);
        if (grad)
            ocl_groups(s, p.scales, GROUP);
        else
            ocl_items(s, p.count);
        (void)made->ocl->params(nn, made, s, &p, sizeof p, status);
    }
    return ocl_planned(nn, made, out, status);
}

OCL_KERNEL(quantize, "", "QuantizeLinear", match, plan)
OCL_KERNEL(dequantize, "", "DequantizeLinear", match, plan)
OCL_KERNEL(dequantize_grad, "nn", "DequantizeLinearGrad", match, plan)

static const NnExport exports[] = {{NN_KERNEL_KIND, "QuantizeLinear", &quantize},
                                   {NN_KERNEL_KIND, "DequantizeLinear", &dequantize},
                                   {NN_KERNEL_KIND, "nn/DequantizeLinearGrad", &dequantize_grad}};
NN_PLUGIN(quantize, "Linear quantization by OpenCL.", exports)
