/* SPDX-License-Identifier: Apache-2.0 */
/* Conv and its gradients on the CPU, f32, one or two spatial dimensions; Conv together with the Relu that
 * reads it. */
#include "simd/conv.h"
#include "window.h"

typedef struct State {
    CpuConv conv;
    CpuConvPass pass;
    CpuAct act;
    const CpuConvKernels *kernels;
    CpuPool pool;
    uint32_t in[3]; /* which inputs of a call are the node's: a claim has an order of its own */
} State;

static CpuConvPass pass_of(const NnNode *node) {
    return strcmp(node->op, "Conv") == 0            ? CPU_CONV_FORWARD
           : strcmp(node->op, "ConvGradInput") == 0 ? CPU_CONV_GRAD_INPUT
                                                    : CPU_CONV_GRAD_WEIGHT;
}

/* Where x, w and y stand among the node's inputs; the one that is computed is the output. */
static const char *describe(const NnHost *nn, const NnNode *node, NnStatus *status, CpuConv *c) {
    const CpuConvPass pass = pass_of(node);
    const NnValueInfo *x = pass == CPU_CONV_FORWARD      ? node->inputs[0]
                           : pass == CPU_CONV_GRAD_INPUT ? node->outputs[0]
                                                         : node->inputs[1];
    const NnValueInfo *w = pass == CPU_CONV_GRAD_WEIGHT ? node->outputs[0] : node->inputs[1];
    const NnValueInfo *y = pass == CPU_CONV_FORWARD ? node->outputs[0] : node->inputs[0];
    CpuPlanes p;
    const char *why =
        w->rank == x->rank ? cpu_planes(nn, node, x, y, w->dims + 2, status, &p) : "X and W differ in rank";
    if (why)
        return why;
    *c = (CpuConv){.batch = (size_t)x->dims[0],
                   .groups = (size_t)nn_attr_int(node, "group", 1),
                   .in_channels = (size_t)x->dims[1],
                   .out_channels = (size_t)w->dims[0],
                   .in_h = p.in_h,
                   .in_w = p.in_w,
                   .out_h = p.out_h,
                   .out_w = p.out_w,
                   .kernel_h = (size_t)p.w.kernel[1],
                   .kernel_w = (size_t)p.w.kernel[2],
                   .stride_h = (size_t)p.w.stride[1],
                   .stride_w = (size_t)p.w.stride[2],
                   .dilation_h = (size_t)p.w.dilation[1],
                   .dilation_w = (size_t)p.w.dilation[2],
                   .pad_top = (ptrdiff_t)p.w.before[1],
                   .pad_left = (ptrdiff_t)p.w.before[2]};
    return NULL;
}

static int32_t match(const NnHost *nn, NnDevice *device, const NnNode *node, NnStatus *reason) {
    (void)device;
    CpuConv c;
    const char *why = describe(nn, node, reason, &c);
    return why ? nn_fail(nn, reason, NN_UNSUPPORTED, "%s: %s", node->op, why) : NN_OK;
}

static int32_t plan(const NnHost *nn, NnDevice *device, const NnNode *node, NnPlan *out, NnStatus *status) {
    const CpuSimd *simd = cpu_kernels(nn, device, status);
    State *s = simd ? cpu_state(nn, sizeof *s, status) : NULL;
    if (s == NULL)
        return nn->code(status);
    const CpuConv *c = &s->conv;
    (void)describe(nn, node, status, &s->conv);
    s->pass = pass_of(node);
    s->kernels = simd->conv;
    s->pool = cpu_pool(nn);
    for (uint32_t i = 0; i < 3; i++)
        s->in[i] = i;
    out->state = s;
    out->workspace = s->kernels->workspace(c, s->pass, &s->pool);
    out->flop = 2.0 * (double)(c->batch * c->out_channels * c->out_h * c->out_w) *
                (double)(c->in_channels / c->groups * c->kernel_h * c->kernel_w);
    return NN_OK;
}

static int32_t run(void *state, const NnCall *call) {
    const State *s = state;
    const float *a = nn_data(call->inputs[s->in[0]]), *b = nn_data(call->inputs[s->in[1]]);
    float *y = nn_data(call->outputs[0]);
    const NnTensor *bias =
        s->pass == CPU_CONV_FORWARD && s->in[2] < call->n_inputs ? call->inputs[s->in[2]] : NULL;
    if (s->pass == CPU_CONV_FORWARD)
        s->kernels->forward(&s->conv, &s->pool, a, b, bias ? nn_data(bias) : NULL, s->act, y,
                            cpu_workspace(call));
    else if (s->pass == CPU_CONV_GRAD_INPUT)
        s->kernels->grad_input(&s->conv, &s->pool, a, b, y, cpu_workspace(call));
    else
        s->kernels->grad_weight(&s->conv, &s->pool, a, b, y, NULL, cpu_workspace(call));
    return NN_OK;
}

/* ---- a claim: Conv and the Relu that alone reads it ---- */

static int32_t claim(const NnHost *nn, NnDevice *device, const NnView *view, NnClaims *claims,
                     NnStatus *status) {
    (void)device;
    for (uint32_t i = 0; i < view->n_nodes; i++) {
        const NnNode *act = view->nodes[i];
        const NnValueInfo *x = *act->domain == '\0' && strcmp(act->op, "Relu") == 0 ? act->inputs[0] : NULL;
        if (x == NULL || x->producer < 0 || x->uses != 1 || (x->flags & NN_VALUE_ESCAPES))
            continue;
        const NnNode *conv = view->nodes[x->producer];
        CpuConv c;
        if (*conv->domain == '\0' && strcmp(conv->op, "Conv") == 0 && describe(nn, conv, status, &c) == NULL)
            claims->add(claims, 2, (const uint32_t[]){(uint32_t)x->producer, i}, 0);
    }
    return NN_OK;
}

static int32_t plan_claim(const NnHost *nn, NnDevice *device, const NnView *view, uint64_t tag, NnPlan *out,
                          NnStatus *status) {
    (void)tag;
    const NnNode *node = view->nodes[0];
    const int32_t code = plan(nn, device, node, out, status);
    if (code != NN_OK)
        return code;
    State *s = out->state;
    s->act = CPU_ACT_RELU;
    for (uint32_t i = 0; i < 3; i++) {
        s->in[i] = UINT32_MAX;
        for (uint32_t k = 0; k < view->n_inputs; k++)
            if (i < node->n_inputs && node->inputs[i] && view->inputs[k] == node->inputs[i])
                s->in[i] = k;
    }
    return NN_OK;
}

static const NnClaim fused = {.struct_size = sizeof fused,
                              .priority = 10,
                              .name = "conv",
                              .device = "cpu",
                              .claim = claim,
                              .plan = plan_claim,
                              .run = run,
                              .release = cpu_release};
CPU_KERNEL(conv, "", "Conv", match, plan, run)
CPU_KERNEL(grad_input, "nn", "ConvGradInput", match, plan, run)
CPU_KERNEL(grad_weight, "nn", "ConvGradWeight", match, plan, run)

static const NnExport exports[] = {{NN_CLAIM_KIND, "conv", &fused},
                                   {NN_KERNEL_KIND, "Conv", &conv},
                                   {NN_KERNEL_KIND, "nn/ConvGradInput", &grad_input},
                                   {NN_KERNEL_KIND, "nn/ConvGradWeight", &grad_weight}};
NN_PLUGIN(conv, "Convolutions on the CPU.", exports)
