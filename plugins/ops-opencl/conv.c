/* SPDX-License-Identifier: Apache-2.0 */
/* Conv, ConvTranspose and their gradients over one or two spatial dimensions: on processors as correlations
 * (direct.h), elsewhere as products that gather their operands (conv.cl). */
#include "direct.h"

#include "ops/family/window.h"
#include "plugins/ops-opencl/conv.cl.h"

/* Which input is x, w and y of y = conv(x, w); OUTPUT: it is what is made. For a transposed one x and y
 * change their roles, and its padding follows from more. */
#define OUTPUT UINT32_MAX
typedef struct Word {
    const char *op;
    OclPass pass;
    uint32_t x, w, y;
    bool transposed;
} Word;

static const Word words[] = {
    {"Conv", OCL_CONV, 0, 1, OUTPUT, false},
    {"ConvGradInput", OCL_CONV_GRAD_INPUT, OUTPUT, 1, 0, false},
    {"ConvGradWeight", OCL_CONV_GRAD_WEIGHT, 1, OUTPUT, 0, false},
    {"ConvTranspose", OCL_CONV_GRAD_INPUT, OUTPUT, 1, 0, true},
    {"ConvTransposeGradInput", OCL_CONV, 0, 1, OUTPUT, true},
    {"ConvTransposeGradWeight", OCL_CONV_GRAD_WEIGHT, 0, OUTPUT, 1, true},
};

static const Word *find_word(const NnNode *node) {
    for (uint32_t i = 0; i < NN_COUNT(words); i++)
        if (strcmp(words[i].op, node->op) == 0)
            return &words[i];
    return NULL;
}

static const NnValueInfo *tensor(const NnNode *node, uint32_t i) {
    return i == OUTPUT ? node->outputs[0] : node->inputs[i];
}

/* The padding in front that a wanted extent of the result asks for (plugins/ops/conv-transpose.c); y is what
 * is convolved. */
static int32_t pad_transposed(const NnHost *nn, NnStatus *status, const NnNode *node, const NnValueInfo *y,
                              NnWindow *w) {
    const bool upper = strcmp(nn_attr_string(node, "auto_pad", "NOTSET"), "SAME_UPPER") == 0;
    int64_t more[NN_WINDOW_MAX], told[NN_WINDOW_MAX];
    if (nn_window_list(nn, status, node, "output_padding", w->n, 0, 0, more) != NN_OK ||
        nn_window_list(nn, status, node, "output_shape", w->n, 0, -1, told) != NN_OK)
        return NN_INVALID;
    for (int32_t i = 0; i < w->n; i++) {
        if (told[i] < 0 && nn_window_same(node))
            told[i] = y->dims[i + 2] * w->stride[i];
        if (told[i] < 0)
            continue;
        const int64_t total =
            w->stride[i] * (y->dims[i + 2] - 1) + more[i] + nn_window_extent(w, i) - told[i];
        w->before[i] = total < 0 ? 0 : upper ? total / 2 : total - total / 2;
    }
    return NN_OK;
}

/* Extents and window; NULL, or why it is not done here. */
static const char *describe(const NnHost *nn, const NnNode *node, OclProduct *p, NnStatus *status) {
    const Word *word = find_word(node);
    const OclPass pass = word->pass;
    const NnValueInfo *x = tensor(node, word->x), *w = tensor(node, word->w), *y = tensor(node, word->y);
    NnWindow window;
    if (x->rank < 3 || x->rank > 4 || w->rank != x->rank)
        return "it is done over one or two spatial dimensions only";
    const int64_t group = nn_attr_int(node, "group", 1);
    if (y->rank != x->rank || y->dims[0] != x->dims[0] || w->dims[0] != y->dims[1] ||
        w->dims[1] * group != x->dims[1] || w->dims[0] % group != 0)
        return "input, weight and output do not fit";
    if (nn_window_read(nn, status, node, x->rank - 2, &window) != NN_OK)
        return "its window is not valid";
    for (int32_t i = 0; i < x->rank - 2; i++) {
        window.kernel[i] = w->dims[i + 2];
        if (!word->transposed)
            (void)nn_window_count(node, &window, i, x->dims[i + 2]);
    }
    if (word->transposed && pad_transposed(nn, status, node, y, &window) != NN_OK)
        return "its padding is not valid";
    nn_window_fill(&window);
    const bool flat = x->rank == 3;
    const uint32_t groups = (uint32_t)group;
    *p = (OclProduct){.batches = groups,
                      .alpha = 1,
                      .beta = 1,
                      .c = (uint32_t)x->dims[1] / groups,
                      .filters = (uint32_t)w->dims[0] / groups,
                      .h = flat ? 1 : (uint32_t)x->dims[2],
                      .w = (uint32_t)x->dims[x->rank - 1],
                      .out_h = flat ? 1 : (uint32_t)y->dims[2],
                      .out_w = (uint32_t)y->dims[y->rank - 1],
                      .kernel_h = (uint32_t)window.kernel[1],
                      .kernel_w = (uint32_t)window.kernel[2],
                      .stride_h = (uint32_t)window.stride[1],
                      .stride_w = (uint32_t)window.stride[2],
                      .dilation_h = (uint32_t)window.dilation[1],
                      .dilation_w = (uint32_t)window.dilation[2],
                      .all_c = (uint32_t)x->dims[1],
                      .all_filters = (uint32_t)w->dims[0],
                      .pad_h = (int32_t)window.before[1],
                      .pad_w = (int32_t)window.before[2]};
    const uint32_t kernel = p->kernel_h * p->kernel_w, n = (uint32_t)x->dims[0];
    const uint32_t places_x = n * p->h * p->w, places_y = n * p->out_h * p->out_w;
    p->m = pass == OCL_CONV_GRAD_INPUT ? p->c : p->filters;
    p->n = pass == OCL_CONV ? places_y : pass == OCL_CONV_GRAD_INPUT ? places_x : p->c * kernel;
    p->k = pass == OCL_CONV ? p->c * kernel : pass == OCL_CONV_GRAD_INPUT ? p->filters * kernel : places_y;
    p->y_row = pass == OCL_CONV              ? p->out_h * p->out_w
               : pass == OCL_CONV_GRAD_INPUT ? p->h * p->w
                                             : p->c * kernel;
    return NULL;
}

static int32_t match(const NnHost *nn, NnDevice *device, const NnNode *node, NnStatus *reason) {
    OclProduct p;
    const int32_t code = ocl_product_match(nn, device, node, reason);
    if (code != NN_OK)
        return code;
    const char *why = describe(nn, node, &p, reason);
    return why ? nn_fail(nn, reason, NN_UNSUPPORTED, "%s: %s", node->op, why) : NN_OK;
}

static int32_t plan(const NnHost *nn, NnDevice *device, const NnNode *node, NnPlan *out, NnStatus *status) {
    static const char *const options[] = {"-DFORWARD", "-DINPUT", "-DWEIGHT"};
    OclProduct p;
    const Word *word = find_word(node);
    const OclPass pass = word->pass;
    const char *why = describe(nn, node, &p, status);
    if (why)
        return nn_fail(nn, status, NN_UNSUPPORTED, "%s", why);
    const int32_t type = node->inputs[0]->type;
    const uint32_t samples = (uint32_t)tensor(node, word->x)->dims[0];
    const bool biased = strcmp(node->op, "Conv") == 0 || strcmp(node->op, "ConvTranspose") == 0;
    const bool bias = biased && node->n_inputs > 2 && node->inputs[2];
    OclDirect d;
    if (!(word->transposed && pass == OCL_CONV_GRAD_WEIGHT) &&
        ocl_direct(ocl_service(nn, device, status), pass, &p, samples, &d))
        return ocl_direct_plan(nn, device, pass, &p, &d, bias ? 2 : UINT32_MAX, type, out, status);
    const bool unit = pass == OCL_CONV_GRAD_INPUT && p.stride_h == 1 && p.stride_w == 1;
    const OclPlaces places = {
        .name = "conv", .text = conv_cl, .options = unit ? "-DINPUT -DUNIT" : options[pass]};
    const OclOperands in = {.a = pass == OCL_CONV_GRAD_WEIGHT ? word->y : word->w,
                            .b = pass == OCL_CONV_GRAD_INPUT ? word->y : word->x,
                            .e = bias ? 2 : UINT32_MAX,
                            .type = type};
    p.with_e = p.e_row = bias;
    return ocl_product_plan(nn, device, &places, &p, in, out, status);
}

OCL_KERNEL(conv, "", "Conv", match, plan)
OCL_KERNEL(grad_input, "nn", "ConvGradInput", match, plan)
OCL_KERNEL(grad_weight, "nn", "ConvGradWeight", match, plan)
OCL_KERNEL(transpose, "", "ConvTranspose", match, plan)
OCL_KERNEL(transpose_grad_input, "nn", "ConvTransposeGradInput", match, plan)
OCL_KERNEL(transpose_grad_weight, "nn", "ConvTransposeGradWeight", match, plan)

static const NnExport exports[] = {{NN_KERNEL_KIND, "Conv", &conv},
                                   {NN_KERNEL_KIND, "nn/ConvGradInput", &grad_input},
                                   {NN_KERNEL_KIND, "nn/ConvGradWeight", &grad_weight},
                                   {NN_KERNEL_KIND, "ConvTranspose", &transpose},
                                   {NN_KERNEL_KIND, "nn/ConvTransposeGradInput", &transpose_grad_input},
                                   {NN_KERNEL_KIND, "nn/ConvTransposeGradWeight", &transpose_grad_weight}};
NN_PLUGIN(conv, "Convolutions by OpenCL.", exports)
