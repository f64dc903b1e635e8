/* SPDX-License-Identifier: Apache-2.0 */
/* Definitions: what their table says, inference against what comes out, the reference kernel over element
 * types and under guard, the gradient rule. */
#include "gradient.h"
#include "object.h"
#include "session.h"
#include "trial.h"

#include <math.h>

typedef struct Definition {
    KitHost host;
    uint32_t deep;
} Definition;

/* ---- the table ---- */

static void judge_params(Kit *k, const NnParam *list, uint32_t n, uint32_t stride, const char *what) {
    for (uint32_t i = 0; i < n; i++) {
        const NnParam *p = rig_param(list, stride, n, i);
        if (!kit_expect(k, WRONG_TABLE, p->name && *p->name && (i + 1 == n || !(p->flags & NN_VARIADIC)),
                        "%s %u has no name, or repeats and is not the last", what, i))
            return;
    }
}

static bool judge_table(Kit *k, const NnOperator *def) {
    const bool fits = def->sort == NN_PRIMITIVE   ? NN_HAS(def, compute)
                      : def->sort == NN_COMPOSITE ? NN_HAS(def, body)
                      : def->sort == NN_CONTROL   ? NN_HAS(def, control)
                                                  : false;
    if (!kit_expect(k, WRONG_TABLE, fits, "sort %d, and the function that goes with it is missing",
                    def->sort) ||
        !kit_expect(k, WRONG_TABLE,
                    (def->n_inputs + def->n_outputs <= 1 || def->param_stride >= sizeof(NnParam)) &&
                        (def->n_inputs == 0 || def->inputs) && def->n_outputs > 0 && def->outputs,
                    "%u inputs and %u outputs of %u bytes each", def->n_inputs, def->n_outputs,
                    def->param_stride))
        return false;
    judge_params(k, def->inputs, def->n_inputs, def->param_stride, "input");
    judge_params(k, def->outputs, def->n_outputs, def->param_stride, "output");
    judge_settings(k, def->attrs, def->n_attrs, def->attr_stride, "attribute");
    (void)kit_expect(k, WRONG_TABLE, def->doc && *def->doc, "it says nothing of itself (doc)");
    return k->findings->verdicts[WRONG_TABLE].failed == 0;
}

/* ---- forward ---- */

/* The same numbers in the widest type of their kind; attributes are borrowed. */
static void widen(const Case *c, Sample *to) {
    const int32_t wide = type_is(c->type, NN_FLOATS) ? NN_F64 : NN_I64;
    *to = c->sample;
    for (uint32_t i = 0; i < SAMPLE_MAX; i++) {
        const Tensor *x = c->sample.inputs[i];
        if (x == NULL)
            continue;
        const bool changes = x->t.type == c->type && (c->sample.free_type[i] || wide == NN_I64);
        to->inputs[i] = tensor_new(changes ? wide : x->t.type, x->t.rank, x->dims);
        for (int64_t e = 0; e < tensor_count(&x->t); e++)
            if (type_is(x->t.type, NN_FLOATS))
                tensor_set(&to->inputs[i]->t, e, tensor_get(&x->t, e));
            else
                tensor_set_int(&to->inputs[i]->t, e, tensor_get_int(&x->t, e));
    }
}

/* Results in the types that the narrow run has, so that they can be compared as numbers. */
static void narrow(RigResult *wide, const RigResult *as) {
    for (uint32_t k = 0; k < SAMPLE_MAX; k++) {
        Tensor *x = wide->out[k];
        if (x == NULL || as->out[k] == NULL || x->t.type == as->out[k]->t.type)
            continue;
        Tensor *y = tensor_new(as->out[k]->t.type, x->t.rank, x->dims);
        for (int64_t e = 0; e < tensor_count(&x->t); e++)
            if (x->t.type == NN_I64)
                tensor_set_int(&y->t, e, tensor_get_int(&x->t, e));
            else
                tensor_set(&y->t, e, tensor_get(&x->t, e));
        tensor_free(x);
        wide->out[k] = y;
    }
}

static void judge_types(Kit *k, Case *c, Rig *rig, const RigResult *got) {
    Sample wide;
    Rig other;
    char text[200];
    /* Random numbers of f64 take more of the generator's bits, so that they are other ones. */
    if (c->def->flags & NN_OP_RANDOM || c->type == NN_F64 || c->type == NN_I64)
        return;
    widen(c, &wide);
    if (rig_begin(&other, k, c->op, c->def, &wide)) {
        RigResult want = rig_reference_run(&other, NULL);
        if (want.code == NN_OK) {
            narrow(&want, got);
            kit_forward(k, c->type, got->out[0] && tensor_count(&got->out[0]->t) % 8 ? TALLY_ODD : 0,
                        type_is(c->type, NN_FLOATS) ? rig_compare_wide(rig, got, &want, text, sizeof text)
                                                    : rig_compare(rig, got, &want, text, sizeof text));
        }
        rig_result_free(&want);
    }
    nn_status_clear(k->status);
    rig_end(&other);
    for (uint32_t i = 0; i < SAMPLE_MAX; i++)
        tensor_free(wide.inputs[i]);
}

static bool holds(const NnValueInfo *info, const NnTensor *t) {
    bool fits = (info->type == NN_NONE || info->type == t->type) && (info->rank < 0 || info->rank == t->rank);
    for (int32_t d = 0; fits && d < info->rank; d++)
        fits = info->dims[d] == NN_DIM_UNKNOWN ||
               (nn_dim_is_bounded(info->dims[d]) ? t->dims[d] <= nn_dim_max(info->dims[d])
                                                 : t->dims[d] == info->dims[d]);
    for (int64_t e = 0; fits && info->partial && e < tensor_count(t); e++)
        fits = info->partial[e] == NN_DIM_UNKNOWN || info->partial[e] == tensor_get_int(t, e);
    return fits;
}

/* What was inferred must hold for what came out. */
static void judge_inference(Kit *k, const Rig *rig, const RigResult *got) {
    for (uint32_t i = 0; i < rig->sample->n_outputs; i++)
        if (rig->outputs[i] && got->out[i])
            (void)kit_expect(k, WRONG_INFERENCE, holds(rig->outputs[i], &got->out[i]->t),
                             "output %u is not of the type, shape or value that was inferred", i);
}

/* As far as it goes, it must also hold when nothing but types and ranks are known. */
static void judge_unknown(Kit *k, const Case *c, const RigResult *got) {
    const NnGraphApi *api = nn_context_host(k->context)->graph;
    const Sample *s = &c->sample;
    NnValue *in[SAMPLE_MAX] = {NULL}, *out[SAMPLE_MAX] = {NULL};
    NnGraph *g = nn_graph_new(k->context, NULL, "unknown", NN_INFERENCE);
    for (uint32_t i = 0; i < s->n_inputs; i++) {
        int64_t dims[NN_MAX_RANK];
        for (uint32_t d = 0; d < NN_MAX_RANK; d++)
            dims[d] = NN_DIM_UNKNOWN;
        if (s->inputs[i])
            in[i] = api->input(g, NULL, s->inputs[i]->t.type, s->inputs[i]->t.rank, dims);
    }
    const NnNodeSpec spec = {.struct_size = sizeof spec,
                             .version = c->def->since,
                             .op = c->op,
                             .n_inputs = s->n_inputs,
                             .n_outputs = s->n_outputs,
                             .n_attrs = s->n_attrs,
                             .attr_stride = sizeof(NnAttr),
                             .inputs = in,
                             .attrs = s->attrs};
    kit_doing(k, "inference");
    if (api->node(g, &spec, out) != NN_OK)
        kit_fail(k, WRONG_INFERENCE, "with extents unknown: %s", nn_status_message(api->status(g)));
    else
        for (uint32_t i = 0; i < s->n_outputs; i++)
            if (got->out[i])
                (void)kit_expect(k, WRONG_INFERENCE, holds(api->info(g, out[i]), &got->out[i]->t),
                                 "with extents unknown, what is inferred of output %u does not hold", i);
    nn_graph_free(g);
}

static void judge_primitive(Kit *k, Case *c, Rig *rig, Definition *d) {
    RigResult got = {.code = NN_OK}, first;
    NnStatus *status = nn_status_new();
    (void)rig_match(rig, &rig_reference, NULL, &d->host, status);
    (void)rig_plan(rig, status);
    first = rig_run(rig, (RigCall){.guard = false});
    if (first.code != NN_OK) {
        /* In another size than written the case may be none. */
        (void)kit_expect(k, WRONG_FORWARD, c->variant > 0 || first.code == NN_UNSUPPORTED, "%s", first.why);
    } else {
        Trial t = {.kit = k, .rig = rig, .c = c, .want = first, .is_reference = true};
        if (c->brief ? trial_calls_brief(&t, &got) : trial_calls(&t, &got)) {
            judge_inference(k, rig, &got);
            if (!c->brief)
                judge_unknown(k, c, &got);
            judge_types(k, c, rig, &got);
            if (c->type == NN_F64 || c->def->flags & NN_OP_RANDOM)
                kit_pass(k, WRONG_FORWARD);
            if (!c->brief && d->deep++ < 2) {
                trial_pointers(&t);
                trial_memory(&t);
            }
        }
    }
    rig_result_free(&first);
    rig_result_free(&got);
    nn_status_free(status);
}

static void judge_whole(Kit *k, Case *c, Rig *rig) {
    RigResult got = session_run(k, c->op, c->def, &c->sample, "reference", NN_SESSION_NO_CLAIMS);
    if (got.code != NN_OK) {
        (void)kit_expect(k, WRONG_FORWARD, c->variant > 0 || got.code == NN_UNSUPPORTED, "%s", got.why);
    } else {
        judge_inference(k, rig, &got);
        if (!c->brief)
            judge_unknown(k, c, &got);
        judge_types(k, c, rig, &got);
    }
    rig_result_free(&got);
}

/* What has a body is made of it wherever a device has no kernel of its own: the same must come out. */
static void judge_body(Kit *k, Case *c, Rig *rig) {
    char text[200];
    RigResult want = rig_reference_run(rig, NULL);
    for (uint32_t i = 0; want.code == NN_OK && i < nn_registry_count(k->context); i++) {
        const NnEntry *e = nn_registry_entry(k->context, i);
        if (strcmp(e->kind, NN_DEVICE_KIND) != 0 || e->problem || strcmp(e->name, "reference") == 0)
            continue;
        NnStatus *absent = nn_status_new();
        const NnDeviceKind *kind = nn_registry_table(k->context, e->kind, e->name, absent);
        nn_status_free(absent);
        if (kind == NULL || strcmp(kind->memory, "host") != 0)
            continue;
        kit_doing(k, e->name);
        RigResult got = session_run(k, c->op, c->def, &c->sample, e->name, NN_SESSION_NO_CLAIMS);
        const char *wrong = got.code == NN_OK ? rig_compare(rig, &got, &want, text, sizeof text) : got.why;
        (void)kit_expect(k, WRONG_FORWARD, wrong == NULL, "by its body, on %s: %s", e->name,
                         wrong ? wrong : "");
        rig_result_free(&got);
    }
    rig_result_free(&want);
}

static void judge_case(Kit *k, Case *c, void *arg) {
    Rig rig;
    if (rig_begin(&rig, k, c->op, c->def, &c->sample)) {
        if (c->def->sort == NN_PRIMITIVE)
            judge_primitive(k, c, &rig, arg);
        else
            judge_whole(k, c, &rig);
        if (NN_HAS(c->def, body) && c->type == NN_F32 && c->variant == 0)
            judge_body(k, c, &rig);
        if ((c->type == NN_F64 || !c->typed) && c->variant == 0 && gradient_applies(c))
            gradient_judge_rule(k, c);
    } else {
        /* A type that it does not take, or a size that does not fit, is no case. */
        (void)kit_expect(k, WRONG_INFERENCE,
                         c->variant > 0 || c->type != NN_F32 || nn_status_code(k->status) != NN_ERROR, "%s",
                         nn_status_message(k->status));
    }
    rig_end(&rig);
}

void judge_operator(Kit *k) {
    const Subject *s = k->subject;
    Definition d = {.deep = 0};
    const NnOperator *def = object_export(k, sizeof *def);
    if (def == NULL)
        return;
    k->findings->stage = STAGE_RUN;
    if (kit_case(k, "the table") && !judge_table(k, def))
        return;
    object_host(k, s->file, &d.host);
    if (def->sort == NN_CONTROL || def->n_samples == 0)
        kit_skip(k, WRONG_FORWARD, "%s",
                 def->n_samples ? "control structures have functions, which no case can write"
                                : "it has no sample cases");
    else
        cases_walk(k, s->name, def, judge_case, &d);
    if (!NN_HAS(def, gradient) && !NN_HAS(def, body))
        kit_skip(k, WRONG_GRADIENT, "it has no gradient rule");
}
