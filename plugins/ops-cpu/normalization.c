/* SPDX-License-Identifier: Apache-2.0 */
/* BatchNormalization and LayerNormalization with their gradients on the CPU, f32. */
#include "cpu.h"
#include "simd/norm.h"

typedef struct State {
    CpuLayerNorm layer;
    CpuBatchNorm batch;
    const CpuNormKernels *kernels;
    CpuPool pool;
    bool training;
    float momentum;
} State;

static State *state_new(const NnHost *nn, NnDevice *device, const NnNode *node, NnPlan *out,
                        NnStatus *status) {
    const CpuSimd *simd = cpu_kernels(nn, device, status);
    State *s = simd ? cpu_state(nn, sizeof *s, status) : NULL;
    if (s == NULL)
        return NULL;
    s->kernels = simd->norm;
    s->pool = cpu_pool(nn);
    s->layer.epsilon = s->batch.epsilon = nn_attr_float(node, "epsilon", 1e-5);
    out->state = s;
    return s;
}

static float *result(const NnCall *call, uint32_t i) {
    return i < call->n_outputs && call->outputs[i] ? nn_data(call->outputs[i]) : NULL;
}

/* ---- batch ---- */

static int32_t match_batch(const NnHost *nn, NnDevice *device, const NnNode *node, NnStatus *reason) {
    (void)device;
    for (uint32_t i = 0; i < node->n_inputs; i++)
        if (!cpu_type(node, i, NN_F32))
            return nn_fail(nn, reason, NN_UNSUPPORTED, "%s is fast for f32 only", node->op);
    return node->inputs[0]->rank >= 2 ? NN_OK
                                      : nn_fail(nn, reason, NN_UNSUPPORTED, "%s wants [N, C, ...]", node->op);
}

static int32_t plan_batch(const NnHost *nn, NnDevice *device, const NnNode *node, NnPlan *out,
                          NnStatus *status) {
    State *s = state_new(nn, device, node, out, status);
    if (s == NULL)
        return nn->code(status);
    const NnValueInfo *x = node->inputs[0];
    s->batch.batch = (size_t)x->dims[0];
    s->batch.channels = (size_t)x->dims[1];
    s->batch.inner = (size_t)nn_product(x->dims, 2, x->rank);
    s->training = nn_attr_int(node, "training_mode", 0) != 0;
    s->momentum = (float)nn_attr_float(node, "momentum", 0.9);
    out->workspace = 2 * s->batch.channels * sizeof(float);
    return NN_OK;
}

static void keep_running(const State *s, const float *before, const float *now, float *after) {
    for (size_t c = 0; after && c < s->batch.channels; c++)
        after[c] = before[c] * s->momentum + now[c] * (1 - s->momentum);
}

static int32_t run_batch(void *state, const NnCall *call) {
    const State *s = state;
    CpuBatchNorm norm = s->batch;
    norm.scale = nn_data(call->inputs[1]);
    norm.bias = nn_data(call->inputs[2]);
    const float *x = nn_data(call->inputs[0]), *mean = nn_data(call->inputs[3]),
                *variance = nn_data(call->inputs[4]);
    if (!s->training) {
        s->kernels->batch(&norm, &s->pool, x, mean, variance, result(call, 0));
        return NN_OK;
    }
    float *own_mean = cpu_workspace(call), *own_variance = own_mean + norm.channels;
    s->kernels->batch_statistics(&norm, &s->pool, x, own_mean, own_variance);
    s->kernels->batch(&norm, &s->pool, x, own_mean, own_variance, result(call, 0));
    keep_running(s, mean, own_mean, result(call, 1));
    keep_running(s, variance, own_variance, result(call, 2));
    return NN_OK;
}

static int32_t run_batch_grad(void *state, const NnCall *call) {
    const State *s = state;
    CpuBatchNorm norm = s->batch;
    norm.scale = nn_data(call->inputs[2]);
    s->kernels->batch_grad(&norm, &s->pool, nn_data(call->inputs[0]), nn_data(call->inputs[1]),
                           result(call, 0), result(call, 1), result(call, 2));
    return NN_OK;
}

/* ---- layer ---- */

/* Of the normalised shape, and the same for all rows? */
static bool is_along(const NnValueInfo *x, int64_t axis, const NnValueInfo *v) {
    bool along = true;
    for (int32_t d = x->rank - 1, k = v->rank - 1; d >= 0 || k >= 0; d--, k--)
        along = along && (k >= 0 ? v->dims[k] : 1) == (d >= axis ? x->dims[d] : 1);
    return along;
}

static int32_t match_layer(const NnHost *nn, NnDevice *device, const NnNode *node, NnStatus *reason) {
    (void)device;
    const bool grad = strstr(node->op, "Grad") != NULL;
    const NnValueInfo *x = node->inputs[grad ? 1 : 0];
    int64_t axis = nn_attr_int(node, "axis", -1);
    axis += axis < 0 ? x->rank : 0;
    for (uint32_t i = grad ? 2 : 1; i < 3; i++) {
        const NnValueInfo *v = i < node->n_inputs ? node->inputs[i] : NULL;
        if (v && (v->type != NN_F32 || !is_along(x, axis, v)))
            return nn_fail(nn, reason, NN_UNSUPPORTED,
                           "%s is fast for factors of the normalised shape in f32 only", node->op);
    }
    return cpu_match_f32(nn, device, node, reason);
}

static int32_t plan_layer(const NnHost *nn, NnDevice *device, const NnNode *node, NnPlan *out,
                          NnStatus *status) {
    State *s = state_new(nn, device, node, out, status);
    if (s == NULL)
        return nn->code(status);
    const bool grad = strstr(node->op, "Grad") != NULL;
    const NnValueInfo *x = node->inputs[grad ? 1 : 0];
    int64_t axis = nn_attr_int(node, "axis", -1);
    axis += axis < 0 ? x->rank : 0;
    s->layer.rows = (size_t)nn_product(x->dims, 0, (int32_t)axis);
    s->layer.n = (size_t)nn_product(x->dims, (int32_t)axis, x->rank);
    out->workspace = grad ? s->kernels->layer_grad_workspace(&s->layer) : 0;
    return NN_OK;
}

static int32_t run_layer(void *state, const NnCall *call) {
    const State *s = state;
    CpuLayerNorm norm = s->layer;
    norm.scale = nn_data(call->inputs[1]);
    norm.bias = call->n_inputs > 2 && call->inputs[2] ? nn_data(call->inputs[2]) : NULL;
    s->kernels->layer(&norm, &s->pool, nn_data(call->inputs[0]), result(call, 0), result(call, 1),
                      result(call, 2));
    return NN_OK;
}

static int32_t run_layer_grad(void *state, const NnCall *call) {
    const State *s = state;
    CpuLayerNorm norm = s->layer;
    norm.scale = nn_data(call->inputs[2]);
    s->kernels->layer_grad(&norm, &s->pool, nn_data(call->inputs[0]), nn_data(call->inputs[1]),
                           nn_data(call->inputs[3]), nn_data(call->inputs[4]), result(call, 0),
                           result(call, 1), result(call, 2), cpu_workspace(call));
    return NN_OK;
}

CPU_KERNEL(batch, "", "BatchNormalization", match_batch, plan_batch, run_batch)
CPU_KERNEL(batch_grad, "nn", "BatchNormalizationGrad", match_batch, plan_batch, run_batch_grad)
CPU_KERNEL(layer, "", "LayerNormalization", match_layer, plan_layer, run_layer)
CPU_KERNEL(layer_grad, "nn", "LayerNormalizationGrad", match_layer, plan_layer, run_layer_grad)

static const NnExport exports[] = {{NN_KERNEL_KIND, "BatchNormalization", &batch},
                                   {NN_KERNEL_KIND, "nn/BatchNormalizationGrad", &batch_grad},
                                   {NN_KERNEL_KIND, "LayerNormalization", &layer},
                                   {NN_KERNEL_KIND, "nn/LayerNormalizationGrad", &layer_grad}};
NN_PLUGIN(normalization, "Batch and layer normalization on the CPU.", exports)
