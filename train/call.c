/* SPDX-License-Identifier: Apache-2.0 */
/* Calling a function of a model with batches: inputs are bound to fields by name, scalar outputs are metrics.
 */
#include "training.h"

#include "nn/plugin.h"

#include <math.h>

NnCallee *nn_callee_new(const NnFunction *function, const char *name) {
    NnCallee *c = g_new0(NnCallee, 1);
    c->function = function;
    c->name = g_strdup(name);
    c->halted = -1;
    return c;
}

void nn_callee_free(NnCallee *c) {
    if (c == NULL)
        return;
    nn_callee_free(c->accumulate);
    nn_callable_free(c->callable);
    for (uint32_t i = 0; i < c->n_metrics; i++)
        g_free(c->metrics[i].name);
    g_free(c->metrics);
    g_free(c->outputs);
    g_free(c->inputs);
    g_free(c->tensors);
    g_free(c->name);
    g_free(c);
}

/* ---- inputs ---- */

static char *field_names(const NnDataInfo *info) {
    GString *names = g_string_new(NULL);
    for (uint32_t i = 0; i < info->n_fields; i++)
        g_string_append_printf(names, "%s%s", i ? ", " : "", nn_data_field(info, i)->name);
    return g_string_free(names, FALSE);
}

static int32_t bind_field(NnFeedIn *in, const NnTraining *t, const NnValueInfo *info, NnStatus *status) {
    const NnField *field = nn_data_field(t->source.info, in->field);
    if (info->type != NN_NONE && info->type != field->type)
        return nn_status_fail(status, NN_INVALID, "input %s is %s, but the data's field %s is %s", info->name,
                              nn_type_name(info->type), field->name, nn_type_name(field->type));
    in->tensor =
        (NnTensor){.type = field->type, .rank = field->rank + 1, .dims = in->dims, .strides = in->strides};
    for (int32_t i = 0; i < field->rank; i++)
        in->dims[i + 1] = field->dims[i];
    in->strides[field->rank] = 1;
    for (int32_t i = field->rank; i > 0; i--)
        in->strides[i - 1] = in->strides[i] * in->dims[i];
    return NN_OK;
}

static int32_t bind_input(NnCallee *c, NnTraining *t, uint32_t i, bool *wanted, NnStatus *status) {
    const NnDataInfo *data = t->source.info;
    const char *name = nn_function_input_name(c->function, i);
    const NnValueInfo *info = nn_context_host(t->context)->graph->function_input(c->function, i);
    NnFeedIn *in = &c->inputs[i];
    c->tensors[i] = &in->tensor;
    if (g_strcmp0(name, NN_RATE_INPUT) == 0 || g_strcmp0(name, NN_STEP_INPUT) == 0) {
        in->kind = NN_IN_SCALAR;
        in->tensor =
            (NnTensor){.buffer = &in->scalar, .type = NN_F32, .dims = in->dims, .strides = in->strides};
        return NN_OK;
    }
    for (uint32_t f = 0; f < data->n_fields; f++) {
        if (g_strcmp0(nn_data_field(data, f)->name, name) != 0)
            continue;
        in->kind = NN_IN_FIELD;
        in->field = f;
        wanted[f] = true;
        return bind_field(in, t, info, status);
    }
    if (t->config.loader == NULL)
        return nn_status_fail(status, NN_INVALID,
                              "it needs data, but the configuration has no section `data`");
    g_autofree char *names = field_names(data);
    return nn_status_fail(status, NN_INVALID, "it needs an input \"%s\"; the data of loader %s has %s",
                          name ? name : "", t->config.loader->name, names);
}

/* ---- outputs ---- */

static bool is_metric(const NnValueInfo *info, const char *name) {
    const uint64_t mask = NN_MASK(NN_F32) | NN_MASK(NN_F64) | NN_INTEGERS;
    return name && !g_str_has_prefix(name, "nn.") && info->rank == 0 && (mask & NN_MASK(info->type));
}

static void bind_outputs(NnCallee *c, const NnTraining *t) {
    const NnGraphApi *api = nn_context_host(t->context)->graph;
    const uint32_t n = api->function_outputs(c->function);
    c->metrics = g_new0(NnMetric, n + 1);
    c->outputs = g_new0(uint32_t, n + 1);
    for (uint32_t i = 0; i < n; i++) {
        const char *name = nn_function_output_name(c->function, i);
        if (g_strcmp0(name, NN_HALTED) == 0)
            c->halted = i;
        if (!is_metric(api->function_output(c->function, i), name))
            continue;
        c->outputs[c->n_metrics] = i;
        c->metrics[c->n_metrics++].name = g_strdup(name);
    }
}

int32_t nn_callee_bind(NnCallee *c, NnTraining *t, bool *wanted, NnStatus *status) {
    c->n_inputs = nn_context_host(t->context)->graph->function_inputs(c->function);
    c->inputs = g_new0(NnFeedIn, c->n_inputs + 1);
    c->tensors = g_new0(const NnTensor *, c->n_inputs + 1);
    for (uint32_t i = 0; i < c->n_inputs; i++)
        if (bind_input(c, t, i, wanted, status) != NN_OK)
            break;
    nn_status_where(status, "function %s of model family %s", c->name, t->config.family->name);
    if (nn_status_code(status) != NN_OK)
        return nn_status_code(status);
    bind_outputs(c, t);
    c->callable = nn_callable_new(t->session, c->function, status);
    if (c->callable == NULL || c->accumulate == NULL)
        return nn_status_code(status);
    return nn_callee_bind(c->accumulate, t, wanted, status);
}

/* ---- calls ---- */

int32_t nn_callee_call(NnCallee *c, NnTraining *t, const NnBatch *batch, double rate, double step,
                       NnStatus *status) {
    (void)t;
    for (uint32_t i = 0; i < c->n_inputs; i++) {
        NnFeedIn *in = &c->inputs[i];
        if (in->kind == NN_IN_SCALAR) {
            const char *name = nn_function_input_name(c->function, i);
            in->scalar = (float)(g_str_equal(name, NN_RATE_INPUT) ? rate : step);
        } else {
            in->dims[0] = (int64_t)batch->n;
            in->tensor.buffer = batch->fields[in->field];
        }
    }
    const int32_t code = nn_callable_call(c->callable, c->tensors, status);
    if (code == NN_OK)
        c->pending = batch->n;
    return code;
}

double nn_tensor_number(const NnTensor *t) {
    const void *at = nn_data(t);
    switch (t->type) {
    case NN_F32: return (double)*(const float *)at;
    case NN_F64: return *(const double *)at;
    case NN_I64: return (double)*(const int64_t *)at;
    case NN_I32: return (double)*(const int32_t *)at;
    case NN_U64: return (double)*(const uint64_t *)at;
    case NN_U32: return (double)*(const uint32_t *)at;
    case NN_I16: return (double)*(const int16_t *)at;
    case NN_U16: return (double)*(const uint16_t *)at;
    case NN_I8: return (double)*(const int8_t *)at;
    case NN_U8:
    case NN_BOOL: return (double)*(const uint8_t *)at;
    default: return NAN;
    }
}

int32_t nn_callee_collect(NnCallee *c, bool *halted, NnStatus *status) {
    const double weight = (double)c->pending;
    const NnTensor *value = NULL;
    *halted = false;
    if (c->pending == 0)
        return NN_OK;
    c->pending = 0;
    if (c->halted >= 0) {
        if (nn_callable_output(c->callable, (uint32_t)c->halted, &value, status) != NN_OK)
            return nn_status_code(status);
        *halted = nn_tensor_number(value) != 0;
    }
    for (uint32_t i = 0; i < c->n_metrics; i++) {
        if (nn_callable_output(c->callable, c->outputs[i], &value, status) != NN_OK)
            return nn_status_code(status);
        c->metrics[i].sum += weight * nn_tensor_number(value);
        c->metrics[i].weight += weight;
    }
    return NN_OK;
}

void nn_callee_clear(NnCallee *c) {
    for (uint32_t i = 0; i < c->n_metrics; i++)
        c->metrics[i].sum = c->metrics[i].weight = 0;
    if (c->accumulate)
        nn_callee_clear(c->accumulate);
}
