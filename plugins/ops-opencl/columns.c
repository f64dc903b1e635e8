/* SPDX-License-Identifier: Apache-2.0 */
/* Col2Im, and nn/Im2Col, which is its gradient. */
#include "ops-opencl/opencl.h"

#include "ops/family/index.h"
#include "plugins/ops-opencl/columns.cl.h"
#include "plugins/ops-opencl/real.cl.h"

/* As columns.cl has it. */
typedef struct Params {
    uint32_t count, in[3], block[3], out[3], stride[3], dilation[3];
    int32_t before[3];
} Params;

static bool adds(const NnNode *node) { return strcmp(node->op, "Col2Im") == 0; }

/* NULL, or why it is not done here. Fewer than three dimensions are filled up in front. */
static const char *describe(const NnNode *node, Params *p) {
    const NnValueInfo *image = adds(node) ? node->outputs[0] : node->inputs[0],
                      *columns = adds(node) ? node->inputs[0] : node->outputs[0];
    const NnTensor *block = node->inputs[2]->value;
    const int32_t n = image->rank - 2;
    uint32_t counts[3];
    if (block == NULL || n < 1 || n > 3 || nn_elements(block) != n)
        return "it is done with known blocks of one to three dimensions";
    const int64_t *strides = nn_attr_ints(node, "strides", &counts[0]),
                  *dilations = nn_attr_ints(node, "dilations", &counts[1]),
                  *pads = nn_attr_ints(node, "pads", &counts[2]);
    if ((strides && counts[0] != (uint32_t)n) || (dilations && counts[1] != (uint32_t)n) ||
        (pads && counts[2] != 2 * (uint32_t)n))
        return "its attributes are not those of as many dimensions";
    *p = (Params){.count = (uint32_t)ocl_count(node->outputs[0])};
    uint64_t blocks = 1;
    for (int32_t d = 0; d < 3; d++) {
        const int32_t i = d - (3 - n);
        p->in[d] = i < 0 ? 1 : (uint32_t)image->dims[i + 2];
        p->block[d] = i < 0 ? 1 : (uint32_t)nn_load_int(nn_data(block), block->type, i);
        p->stride[d] = i < 0 || !strides ? 1 : (uint32_t)strides[i];
        p->dilation[d] = i < 0 || !dilations ? 1 : (uint32_t)dilations[i];
        p->before[d] = i < 0 || !pads ? 0 : (int32_t)pads[i];
        const int64_t after = i < 0 || !pads ? 0 : pads[i + n],
                      room = (int64_t)p->in[d] + p->before[d] + after -
                             ((int64_t)p->block[d] - 1) * p->dilation[d] - 1;
        if (room < 0 || p->block[d] == 0 || p->stride[d] == 0)
            return "a block is larger than the image";
        p->out[d] = (uint32_t)(room / p->stride[d] + 1);
        blocks *= p->out[d];
    }
    return columns->rank == 3 && (uint64_t)columns->dims[2] == blocks ? NULL
                                                                      : "blocks and columns do not fit";
}

static const char *options_of(const NnNode *node, char text[64]) {
    static const char *const moved[] = {
        [1] = "-DT=uchar", [2] = "-DT=ushort", [4] = "-DT=uint", [8] = "-DT=ulong"};
    const uint64_t size = nn_type_size(node->inputs[0]->type);
    (void)snprintf(text, 64, "-DREALS %s", ocl_real(node->inputs[0]->type));
    return adds(node) ? text : size < NN_COUNT(moved) ? moved[size] : NULL;
}

static int32_t match(const NnHost *nn, NnDevice *device, const NnNode *node, NnStatus *reason) {
    Params p;
    char text[64];
    if (adds(node) && ocl_match_real(nn, device, node, reason) != NN_OK)
        return NN_UNSUPPORTED;
    const char *why =
        !options_of(node, text) || !ocl_small(node) ? "not of such elements, or so many" : describe(node, &p);
    return why ? nn_fail(nn, reason, NN_UNSUPPORTED, "%s: %s", node->op, why) : NN_OK;
}

static int32_t plan(const NnHost *nn, NnDevice *device, const NnNode *node, NnPlan *out, NnStatus *status) {
    Params p;
    char text[64];
    const OclSource source = {.name = "columns",
                              .parts = {adds(node) ? real_cl : NULL, columns_cl},
                              .options = options_of(node, text)};
    OclPlan *made = describe(node, &p) ? NULL : ocl_plan(nn, device, status);
    OclStage *s =
        made ? made->ocl->stage(nn, made, &source, adds(node) ? "to_image" : "to_columns", 2, status) : NULL;
    if (s) {
        ocl_arg(s, 0, OCL_INPUT, 0);
        ocl_arg(s, 1, OCL_OUTPUT, 0);
        ocl_items(s, p.count);
        (void)made->ocl->params(nn, made, s, &p, sizeof p, status);
    }
    return ocl_planned(nn, made, out, status);
}

OCL_KERNEL(col2im, "", "Col2Im", match, plan)
OCL_KERNEL(im2col, "nn", "Im2Col", match, plan)

static const NnExport exports[] = {{NN_KERNEL_KIND, "Col2Im", &col2im},
                                   {NN_KERNEL_KIND, "nn/Im2Col", &im2col}};
NN_PLUGIN(columns, "Images and the columns of their blocks, by OpenCL.", exports)
