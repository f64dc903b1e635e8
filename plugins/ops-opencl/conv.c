/* SPDX-License-Identifier: Apache-2.0 */
/* Conv, ConvTranspose and their gradients over one or two spatial dimensions: on processors as correlations
 * (direct.h), elsewhere as products that gather their operands (conv.cl). */
#include "direct.h"

#include "ops/family/convolution.h"
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

static int32_t read_window(const NnHost *nn, NnStatus *status, const NnNode *node, const Word *word,
                           NnWindow *window) {
    const NnValueInfo *x = tensor(node, word->x), *w = tensor(node, word->w), *y = tensor(node, word->y);
    int64_t more[NN_WINDOW_MAX], out[NN_WINDOW_MAX];
    if (word->transposed)
        return nn_convolution_transposed(nn, status, node, y->rank, w->dims, y->dims + 2, window, more, out);
    const int32_t code = nn_window_read(nn, status, node, x->rank - 2, window);
    for (int32_t i = 0; code == NN_OK && i < x->rank - 2; i++) {
        window->kernel[i] = w->dims[i + 2];
        (void)nn_window_count(node, window, i, x->dims[i + 2]);
    }
    return code;
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
    if (read_window(nn, status, node, word, &window) != NN_OK)
        return "its window is not valid";
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
