/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The node is the graph's own, inferred from the shapes and the values of shape inputs, as in a compiled
 * program. A call's structs are spoilt as soon as the contract allows it.
 */
#include "rig.h"
#include "session.h"

#include <math.h>
#include <stdlib.h>
#include <time.h>

static int32_t run_reference(void *state, const NnCall *call) {
    (void)state;
    return call->node->definition->compute(call);
}

const NnKernel rig_reference = {.struct_size = sizeof rig_reference,
                                .since_min = 1,
                                .domain = "",
                                .op = "*",
                                .device = "reference",
                                .run = run_reference};

const NnParam *rig_param(const NnParam *list, uint32_t stride, uint32_t n, uint32_t i) {
    return (const void *)((const char *)list + (size_t)(i < n ? i : n - 1) * stride);
}

bool rig_on_host(const NnOperator *def, uint32_t input) {
    return def->n_inputs &&
           rig_param(def->inputs, def->param_stride, def->n_inputs, input)->flags & NN_SHAPE_VALUE;
}

/* ---- the node ---- */

bool rig_begin(Rig *r, Kit *kit, const char *op, const NnOperator *def, Sample *s) {
    const NnGraphApi *api = nn_context_host(kit->context)->graph;
    NnValue *in[SAMPLE_MAX] = {NULL}, *out[SAMPLE_MAX] = {NULL};
    *r = (Rig){.kit = kit, .op = op, .def = def, .sample = s};
    r->graph = nn_graph_new(kit->context, NULL, "case", NN_INFERENCE);
    for (uint32_t i = 0; i < s->n_inputs; i++) {
        const NnTensor *t = s->inputs[i] ? &s->inputs[i]->t : NULL;
        char name[16];
        (void)snprintf(name, sizeof name, "in%u", i);
        if (t)
            in[i] = rig_on_host(def, i) ? api->constant(r->graph, t->type, t->rank, t->dims, t->buffer)
                                        : api->input(r->graph, name, t->type, t->rank, t->dims);
    }
    const NnNodeSpec spec = {.struct_size = sizeof spec,
                             .version = def->since,
                             .op = op,
                             .n_inputs = s->n_inputs,
                             .n_outputs = s->n_outputs,
                             .n_attrs = s->n_attrs,
                             .attr_stride = sizeof(NnAttr),
                             .inputs = in,
                             .attrs = s->attrs};
    if (api->node(r->graph, &spec, out) != NN_OK) {
        const NnStatus *why = api->status(r->graph);
        (void)nn_status_fail(kit->status, nn_status_code(why), "%s", nn_status_message(why));
        return false;
    }
    r->node = *nn_graph_producer(r->graph, out[0]);
    for (uint32_t k = 0; k < s->n_outputs && k < r->node.n_outputs; k++)
        r->outputs[k] = r->node.outputs[k];
    r->node.n_outputs = MIN(r->node.n_outputs, SAMPLE_MAX);
    r->node.outputs = r->outputs;
    for (uint32_t k = 0; k < s->n_outputs; k++) {
        const NnValueInfo *y = r->outputs[k];
        bool known = y->type != NN_NONE && y->rank >= 0;
        for (int32_t i = 0; known && i < y->rank; i++)
            known = y->dims[i] != NN_DIM_UNKNOWN;
        if (!known) {
            (void)nn_status_fail(kit->status, NN_ERROR,
                                 "type or shape of output %u is not inferred although all shapes are known",
                                 k);
            return false;
        }
    }
    return true;
}

void rig_end(Rig *r) {
    for (uint32_t i = 0; i < r->n_retired; i++)
        buffer_free(&r->retired[i]);
    if (r->graph)
        nn_graph_free(r->graph);
    r->graph = NULL;
}

int32_t rig_match(Rig *r, const NnKernel *kernel, Place *place, KitHost *host, NnStatus *reason) {
    r->kernel = kernel;
    r->place = place;
    r->host = host;
    kit_doing(r->kit, "match");
    return NN_HAS(kernel, match) ? kernel->match(&host->table, place ? place->device : NULL, &r->node, reason)
                                 : NN_OK;
}

int32_t rig_plan(Rig *r, NnStatus *status) {
    r->plan = (NnPlan){.struct_size = sizeof r->plan};
    kit_doing(r->kit, "plan");
    return NN_HAS(r->kernel, plan) ? r->kernel->plan(&r->host->table, r->place ? r->place->device : NULL,
                                                     &r->node, &r->plan, status)
                                   : NN_OK;
}

void rig_release(Rig *r) {
    kit_doing(r->kit, "release");
    if (NN_HAS(r->kernel, release))
        r->kernel->release(&r->host->table, r->plan.state);
    r->plan = (NnPlan){.struct_size = sizeof r->plan};
}

/* ---- a call ---- */

/* What a call is given; from the heap, so that a pointer into it that is kept points to nothing. */
typedef struct Given {
    NnCall call;
    NnTensor tensors[2 * SAMPLE_MAX];
    int64_t dims[2 * SAMPLE_MAX][NN_MAX_RANK], strides[2 * SAMPLE_MAX][NN_MAX_RANK];
    const NnTensor *inputs[SAMPLE_MAX];
    NnTensor *outputs[SAMPLE_MAX];
    Buffer buffers[2 * SAMPLE_MAX + 1];
} Given;
#define WORKSPACE (2 * SAMPLE_MAX)

static void dense(NnTensor *t) {
    int64_t n = 1;
    for (int32_t i = t->rank; i-- > 0; n *= t->dims[i])
        t->strides[i] = n;
}

/* Strides for a view with gaps, or with its dimensions in the other order in memory; the bytes it spans. */
static uint64_t spread(NnTensor *t, uint32_t how) {
    int64_t n = 1, last = 0;
    for (int32_t k = 0; k < t->rank; k++) {
        const int32_t i = how == 2 ? k : t->rank - 1 - k;
        t->strides[i] = n;
        n = n * t->dims[i] + (how == 1 ? 3 : 0);
    }
    for (int32_t i = 0; i < t->rank; i++)
        last += (t->dims[i] - 1) * t->strides[i];
    return nn_elements(t) ? (uint64_t)(last + 1) * nn_type_size(t->type) : 0;
}

static void scatter(const NnTensor *view, const NnTensor *from, char *to) {
    const uint64_t size = nn_type_size(view->type);
    const int64_t n = nn_elements(view);
    for (int64_t i = 0; i < n; i++) {
        int64_t rest = i, at = 0;
        for (int32_t d = view->rank; d-- > 0; rest /= view->dims[d])
            at += rest % view->dims[d] * view->strides[d];
        memcpy(to + (uint64_t)at * size, (const char *)nn_data(from) + (uint64_t)i * size, size);
    }
}

static bool is_strided(const Rig *r, uint32_t input, uint32_t how) {
    return how && input < SAMPLE_MAX && (r->plan.strided >> input & 1) &&
           r->sample->inputs[input]->t.rank > 1;
}

/* What input i holds in memory; `bytes` long, from malloc. */
static char *contents(const Rig *r, const RigCall *how, uint32_t i, NnTensor *t, uint64_t *bytes) {
    const NnTensor *from = &(how->inputs ? how->inputs : r->sample)->inputs[i]->t;
    *bytes = is_strided(r, i, how->stride) ? spread(t, how->stride) : tensor_bytes(from);
    char *image = malloc(*bytes + 1);
    if (image == NULL)
        abort();
    memset(image, 0xff, *bytes);
    if (is_strided(r, i, how->stride))
        scatter(t, from, image);
    else if (*bytes)
        memcpy(image, nn_data(from), *bytes);
    return image;
}

static bool give_input(Rig *r, Given *g, const RigCall *how, uint32_t i) {
    const Tensor *x = r->sample->inputs[i];
    NnTensor *t = &g->tensors[i];
    Buffer *b = &g->buffers[i];
    uint64_t bytes;
    char what[32];
    if (x == NULL)
        return true;
    *t = x->t;
    t->dims = memcpy(g->dims[i], x->dims, sizeof x->dims);
    t->strides = memcpy(g->strides[i], x->strides, sizeof x->strides);
    char *image = contents(r, how, i, t, &bytes);
    (void)snprintf(what, sizeof what, "input %u", i);
    const bool good =
        buffer_new(b, rig_on_host(r->def, i) ? NULL : r->place, bytes, WRITES_PAST_BUFFER, what);
    if (good)
        buffer_write(b, image);
    free(image);
    t->buffer = b->handle;
    t->offset = b->offset;
    g->inputs[i] = t;
    return good;
}

static bool give_output(Rig *r, Given *g, const RigCall *how, uint32_t k) {
    NnTensor *t = &g->tensors[SAMPLE_MAX + k];
    Buffer *b = &g->buffers[SAMPLE_MAX + k];
    char what[32];
    const NnValueInfo *info = r->outputs[k];
    if (info == NULL)
        return true;
    *t = (NnTensor){.type = info->type,
                    .rank = info->rank,
                    .dims = g->dims[SAMPLE_MAX + k],
                    .strides = g->strides[SAMPLE_MAX + k]};
    for (int32_t i = 0; i < t->rank; i++)
        t->dims[i] = nn_dim_max(info->dims[i]);
    dense(t);
    (void)snprintf(what, sizeof what, "output %u", k);
    g->outputs[k] = t;
    if (how->pair && how->pair->output == k) {
        t->buffer = g->tensors[how->pair->input].buffer;
        t->offset = g->tensors[how->pair->input].offset;
        return true;
    }
    if (!buffer_new(b, r->place, tensor_bytes(t), WRITES_PAST_BUFFER, what))
        return false;
    buffer_fill(b, how->poison);
    t->buffer = b->handle;
    t->offset = b->offset;
    return true;
}

static bool give(Rig *r, Given *g, const RigCall *how, NnStatus *status) {
    bool good = true;
    for (uint32_t i = 0; i < r->sample->n_inputs; i++)
        good = good && give_input(r, g, how, i);
    for (uint32_t k = 0; k < r->node.n_outputs; k++)
        good = good && give_output(r, g, how, k);
    if (good && r->plan.workspace) {
        Buffer *b = &g->buffers[WORKSPACE];
        good = buffer_new(b, r->place, r->plan.workspace, WRITES_PAST_WORKSPACE, "the workspace");
        if (good)
            buffer_fill(b, how->poison);
    }
    g->call = (NnCall){.struct_size = sizeof g->call,
                       .n_inputs = r->node.n_inputs,
                       .n_outputs = r->node.n_outputs,
                       .inputs = g->inputs,
                       .outputs = g->outputs,
                       .host = &r->host->table,
                       .device = r->place ? r->place->device : NULL,
                       .stream = r->place ? r->place->stream : NULL,
                       .workspace = g->buffers[WORKSPACE].handle,
                       .workspace_offset = g->buffers[WORKSPACE].offset,
                       .node = &r->node,
                       .tag = 1,
                       .status = status};
    return good;
}

/* Takes the results out; an extent that `run` has written may only have become smaller. */
static void take(Rig *r, Given *g, const RigCall *how, RigResult *result) {
    for (uint32_t k = 0; k < r->node.n_outputs; k++) {
        const NnTensor *t = g->outputs[k];
        if (t == NULL)
            continue;
        bool fits = true;
        for (int32_t i = 0; i < t->rank; i++) {
            const int64_t d = r->outputs[k]->dims[i];
            fits = fits &&
                   (nn_dim_is_bounded(d) ? t->dims[i] >= 0 && t->dims[i] <= nn_dim_max(d) : t->dims[i] == d);
        }
        if (!fits) {
            result->damaged = true;
            if (how->guard)
                kit_fail(r->kit, WRONG_INFERENCE, "run gave output %u an extent that was not inferred", k);
            continue;
        }
        Tensor *y = tensor_new(t->type, t->rank, t->dims);
        Buffer *b = &g->buffers[how->pair && how->pair->output == k ? how->pair->input : SAMPLE_MAX + k];
        const uint64_t bytes = tensor_bytes(&y->t);
        char *all = malloc(b->bytes + 1);
        if (all) {
            buffer_read(b, all);
            memcpy(y->t.buffer, all, MIN(bytes, b->bytes));
        }
        free(all);
        result->out[k] = y;
    }
}

static void inspect(Rig *r, Given *g, const RigCall *how, RigResult *result) {
    char text[160];
    for (uint32_t i = 0; i <= WORKSPACE; i++) {
        Buffer *b = &g->buffers[i];
        if (b->handle == NULL)
            continue;
        const char *damage = buffer_damage(b, text, sizeof text);
        result->damaged = result->damaged || damage;
        (void)kit_expect(r->kit, i == WORKSPACE ? WRITES_PAST_WORKSPACE : WRITES_PAST_BUFFER, damage == NULL,
                         "%s", damage ? damage : "");
    }
    for (uint32_t i = 0; i < r->sample->n_inputs; i++) {
        Buffer *b = &g->buffers[i];
        if (b->handle == NULL || (how->pair && how->pair->input == i))
            continue;
        NnTensor t = g->tensors[i];
        int64_t strides[NN_MAX_RANK];
        t.strides = strides;
        uint64_t bytes;
        char *want = contents(r, how, i, &t, &bytes), *now = malloc(bytes + 1);
        if (now)
            buffer_read(b, now);
        (void)kit_expect(r->kit, CHANGES_INPUT, now && memcmp(now, want, bytes) == 0,
                         "input %u is not what it was before the call", i);
        free(now);
        free(want);
    }
}

static void put_away(Rig *r, Given *g, const RigCall *how) {
    for (uint32_t i = 0; i <= WORKSPACE; i++) {
        if (g->buffers[i].handle == NULL && g->buffers[i].map == NULL)
            continue;
        if (how->retire && r->n_retired < sizeof r->retired / sizeof r->retired[0]) {
            buffer_retire(&g->buffers[i]);
            r->retired[r->n_retired++] = g->buffers[i];
        } else {
            buffer_free(&g->buffers[i]);
        }
    }
    memset(g, 0xff, sizeof *g);
    free(g);
}

static double now(void) {
    struct timespec t;
    (void)clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + (double)t.tv_nsec * 1e-9;
}

RigResult rig_run(Rig *r, RigCall how) {
    RigResult result = {.code = NN_OUT_OF_MEMORY};
    NnStatus *status = nn_status_new();
    Given *g = calloc(1, sizeof *g);
    memory_pause(true);
    if (g && give(r, g, &how, status)) {
        kit_doing(r->kit, "run");
        for (uint32_t i = SAMPLE_MAX; how.torn && i <= WORKSPACE; i++)
            buffer_watch(&g->buffers[i]);
        if (how.torn)
            torn_watch(r->plan.state, memory_bytes(r->plan.state));
        const double start = now();
        memory_in_run(true);
        memory_pause(false);
        result.code = r->kernel->run(r->plan.state, &g->call);
        memory_pause(true);
        memory_in_run(false);
        torn_forget();
        g->call = (NnCall){.struct_size = 0}; /* the struct itself is the caller's again */
        if (result.code == NN_OK)
            result.code = nn_status_code(status);
        const int32_t late = place_sync(r->place, status);
        result.code = result.code == NN_OK ? late : result.code;
        result.seconds = now() - start;
        kit_doing(r->kit, "after run");
        if (result.code == NN_OK)
            take(r, g, &how, &result);
        if (how.guard)
            inspect(r, g, &how, &result);
    } else {
        result.starved = true;
        (void)nn_status_fail(status, NN_OUT_OF_MEMORY, "the kit has no memory for the buffers of this case");
    }
    (void)g_strlcpy(result.why, nn_status_message(status), sizeof result.why);
    if (g)
        put_away(r, g, &how);
    memory_pause(false);
    nn_status_free(status);
    return result;
}

void rig_result_free(RigResult *result) {
    for (uint32_t k = 0; k < SAMPLE_MAX; k++)
        tensor_free(result->out[k]);
    *result = (RigResult){.code = NN_OK};
}

RigResult rig_reference_run(Rig *r, const Sample *inputs) {
    if (!NN_HAS(r->def, compute))
        return session_run(r->kit, r->op, r->def, inputs ? inputs : r->sample, "reference",
                           NN_SESSION_NO_CLAIMS);
    KitHost host;
    Rig plain = *r;
    kit_host_init(&host, nn_registry_host(r->kit->context, r->def));
    plain.kernel = &rig_reference;
    plain.place = NULL;
    plain.host = &host;
    plain.plan = (NnPlan){.struct_size = sizeof plain.plan};
    return rig_run(&plain, (RigCall){.inputs = inputs});
}

/* ---- comparing ---- */

static double tolerance(const Rig *r, int32_t type) {
    uint64_t length = 1;
    for (uint32_t i = 0; i < r->sample->n_inputs; i++)
        if (r->sample->inputs[i] && !(r->def->flags & NN_OP_ELEMENTWISE))
            length = MAX(length, (uint64_t)tensor_count(&r->sample->inputs[i]->t));
    if (NN_HAS(r->def, tolerance))
        return r->def->tolerance(&r->node, type, length);
    return type_is(type, NN_FLOATS)
               ? (NN_HAS(r->def, body) ? 64 : 8) * type_epsilon(type) * sqrt((double)length)
               : 0;
}

/* Integers beyond 2^53 are no numbers of f64. */
static bool near(const NnTensor *a, const NnTensor *b, int64_t i, double most, double steps) {
    const bool whole = type_is(a->type, NN_INTEGERS);
    const double x = tensor_get(a, i), y = tensor_get(b, i);
    if (whole && most == 0 && steps == 0)
        return tensor_get_int(a, i) == tensor_get_int(b, i);
    return x == y || (isnan(x) && isnan(y)) || fabs(x - y) <= most * (1 + fabs(y)) ||
           (whole && fabs(x - y) <= steps);
}

static const char *compare(const Rig *r, const RigResult *got, const RigResult *want, double steps,
                           char *text, size_t size) {
    for (uint32_t k = 0; k < SAMPLE_MAX; k++) {
        if (got->out[k] == NULL || want->out[k] == NULL)
            continue;
        const NnTensor *a = &got->out[k]->t, *b = &want->out[k]->t;
        if (!tensor_same_shape(a, b)) {
            (void)snprintf(text, size, "output %u has another type or shape than the reference's", k);
            return text;
        }
        const double most = tolerance(r, a->type);
        for (int64_t i = 0; i < tensor_count(a); i++) {
            const double x = tensor_get(a, i), y = tensor_get(b, i);
            if (near(a, b, i, most, steps))
                continue;
            (void)snprintf(text, size,
                           "output %u, element %lld is %.9g, the reference has %.9g (tolerance %.2g)", k,
                           (long long)i, x, y, most * (1 + fabs(y)));
            return text;
        }
    }
    return NULL;
}

const char *rig_compare(const Rig *r, const RigResult *got, const RigResult *want, char *text, size_t size) {
    return compare(r, got, want, 0, text, size);
}

const char *rig_compare_wide(const Rig *r, const RigResult *got, const RigResult *want, char *text,
                             size_t size) {
    return compare(r, got, want, 1, text, size);
}

const char *rig_same_bits(const RigResult *a, const RigResult *b, char *text, size_t size) {
    for (uint32_t k = 0; k < SAMPLE_MAX; k++) {
        if (a->out[k] == NULL || b->out[k] == NULL)
            continue;
        const NnTensor *x = &a->out[k]->t, *y = &b->out[k]->t;
        const uint64_t width = nn_type_size(x->type);
        if (!tensor_same_shape(x, y)) {
            (void)snprintf(text, size, "output %u has another shape", k);
            return text;
        }
        for (int64_t i = 0; i < tensor_count(x); i++) {
            if (memcmp((char *)x->buffer + (uint64_t)i * width, (char *)y->buffer + (uint64_t)i * width,
                       width) == 0)
                continue;
            (void)snprintf(text, size, "output %u, element %lld is %.9g and %.9g", k, (long long)i,
                           tensor_get(x, i), tensor_get(y, i));
            return text;
        }
    }
    return NULL;
}
