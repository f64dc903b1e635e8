/* SPDX-License-Identifier: Apache-2.0 */
/* MaxPool, AveragePool and their gradients on the CPU, f32, one or two spatial dimensions. */
#include "simd/pooling.h"
#include "window.h"

typedef struct State {
    CpuPooling pooling;
    const CpuPoolingKernels *kernels;
    CpuPool pool;
} State;

static bool is_op(const NnNode *node, const char *op) { return strcmp(node->op, op) == 0; }

static const char *describe(const NnHost *nn, const NnNode *node, NnStatus *status, CpuPooling *p) {
    const bool max_grad = is_op(node, "MaxPoolGrad"), grad = max_grad || is_op(node, "AveragePoolGrad");
    const NnValueInfo *x = node->inputs[0], *y = node->outputs[0];
    if (grad) {
        x = node->outputs[0];
        y = node->inputs[0];
    }
    if (max_grad) {
        if (x->type != NN_F32 || x->rank < 3)
            return "it is fast for f32 only";
        const size_t in = (size_t)nn_product(x->dims, 2, x->rank),
                     out = (size_t)nn_product(y->dims, 2, y->rank);
        if (in >= INT32_MAX)
            return "a plane has too many elements";
        *p = (CpuPooling){.planes = (size_t)(x->dims[0] * x->dims[1]),
                          .in_h = 1,
                          .in_w = in,
                          .out_h = 1,
                          .out_w = out,
                          .kernel_h = 1,
                          .kernel_w = 1,
                          .stride_h = 1,
                          .stride_w = 1,
                          .dilation_h = 1,
                          .dilation_w = 1};
        return NULL;
    }
    uint32_t count;
    const int64_t *kernel = nn_attr_ints(node, "kernel_shape", &count);
    CpuPlanes planes;
    const char *why = kernel && (int32_t)count == x->rank - 2
                          ? cpu_planes(nn, node, x, y, kernel, status, &planes)
                          : "it has no kernel_shape";
    if (why)
        return why;
    if (nn_attr_int(node, "storage_order", 0) != 0)
        return "indices are counted rows first only";
    if (planes.in_h * planes.in_w >= INT32_MAX)
        return "a plane has too many elements";
    const NnWindow *w = &planes.w;
    *p = (CpuPooling){.planes = (size_t)(x->dims[0] * x->dims[1]),
                      .in_h = planes.in_h,
                      .in_w = planes.in_w,
                      .out_h = planes.out_h,
                      .out_w = planes.out_w,
                      .kernel_h = (size_t)w->kernel[1],
                      .kernel_w = (size_t)w->kernel[2],
                      .stride_h = (size_t)w->stride[1],
                      .stride_w = (size_t)w->stride[2],
                      .dilation_h = (size_t)w->dilation[1],
                      .dilation_w = (size_t)w->dilation[2],
                      .pad_top = (ptrdiff_t)w->before[1],
                      .pad_left = (ptrdiff_t)w->before[2],
                      .pad_bottom = (ptrdiff_t)w->after[1],
                      .pad_right = (ptrdiff_t)w->after[2],
                      .count_pad = nn_attr_int(node, "count_include_pad", 0) != 0};
    return NULL;
}

static int32_t match(const NnHost *nn, NnDevice *device, const NnNode *node, NnStatus *reason) {
    (void)device;
    CpuPooling p;
    const char *why = describe(nn, node, reason, &p);
    return why ? nn_fail(nn, reason, NN_UNSUPPORTED, "%s: %s", node->op, why) : NN_OK;
}

static int32_t plan(const NnHost *nn, NnDevice *device, const NnNode *node, NnPlan *out, NnStatus *status) {
    const CpuSimd *simd = cpu_kernels(nn, device, status);
    State *s = simd ? cpu_state(nn, sizeof *s, status) : NULL;
    if (s == NULL)
        return nn->code(status);
    (void)describe(nn, node, status, &s->pooling);
    s->kernels = simd->pooling;
    s->pool = cpu_pool(nn);
    out->state = s;
    return NN_OK;
}

static int32_t run_max(void *state, const NnCall *call) {
    const State *s = state;
    const NnTensor *indices = call->n_outputs > 1 ? call->outputs[1] : NULL;
    s->kernels->max(&s->pooling, &s->pool, nn_data(call->inputs[0]), nn_data(call->outputs[0]),
                    indices ? nn_data(indices) : NULL);
    return NN_OK;
}

static int32_t run_max_grad(void *state, const NnCall *call) {
    const State *s = state;
    if (s->kernels->max_grad(&s->pooling, &s->pool, nn_data(call->inputs[0]), nn_data(call->inputs[1]),
                             nn_data(call->outputs[0])))
        return NN_OK;
    return nn_fail(call->host, call->status, NN_INVALID, "an index lies outside of the plane of its maximum");
}

static int32_t run_mean(void *state, const NnCall *call) {
    const State *s = state;
    s->kernels->mean(&s->pooling, &s->pool, nn_data(call->inputs[0]), nn_data(call->outputs[0]));
    return NN_OK;
}

static int32_t run_mean_grad(void *state, const NnCall *call) {
    const State *s = state;
    s->kernels->mean_grad(&s->pooling, &s->pool, nn_data(call->inputs[0]), nn_data(call->outputs[0]));
    return NN_OK;
}

CPU_KERNEL(max, "", "MaxPool", match, plan, run_max)
CPU_KERNEL(max_grad, "nn", "MaxPoolGrad", match, plan, run_max_grad)
CPU_KERNEL(mean, "", "AveragePool", match, plan, run_mean)
CPU_KERNEL(mean_grad, "nn", "AveragePoolGrad", match, plan, run_mean_grad)

static const NnExport exports[] = {{NN_KERNEL_KIND, "MaxPool", &max},
                                   {NN_KERNEL_KIND, "nn/MaxPoolGrad", &max_grad},
                                   {NN_KERNEL_KIND, "AveragePool", &mean},
                                   {NN_KERNEL_KIND, "nn/AveragePoolGrad", &mean_grad}};
NN_PLUGIN(pool, "Pools on the CPU.", exports)
