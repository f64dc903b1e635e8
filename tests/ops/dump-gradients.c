/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Prints, for every sample case of every operator of ONNX's in f64, what the reference computes and the
 * gradients of a weighted sum of its outputs by the rules, a JSON object per line, for test-torch.py to
 * compare with PyTorch's. Random operators are left out.
 */
#include "eager.h"
#include "json.h"
#include "status.h"

static bool differentiable(const NnOperator *def, const Sample *s, uint32_t i) {
    const NnParam *p = nn_operator_input(def, i);
    return s->inputs[i] && NN_MASK(s->inputs[i]->t.type) & NN_FLOATS &&
           !(p->flags & (NN_NO_GRADIENT | NN_SHAPE_VALUE | NN_SHAPE_ONLY));
}

static bool carries(const NnOperator *def, uint32_t k, const Tensor *y) {
    return y && NN_MASK(y->t.type) & NN_FLOATS && !(nn_operator_output(def, k)->flags & NN_NO_GRADIENT);
}

typedef struct Built {
    NnGraph *g;
    NnValue *inputs[SAMPLE_MAX], *seeds[SAMPLE_MAX], *grads[SAMPLE_MAX];
    Tensor *seed[SAMPLE_MAX];
} Built;

/* The case's node and its gradients for random seeds; false where there is nothing to differentiate, or no
 * rule. */
static bool build(Built *b, const NnOperator *def, const NnNodeSpec *of, const Sample *s,
                  Tensor *const *results) {
    const NnGraphApi *api = &nn_graph_functions;
    NnNodeSpec spec = *of;
    NnValue *outputs[SAMPLE_MAX] = {0}, *targets[SAMPLE_MAX], *seeds[SAMPLE_MAX];
    uint64_t state = 7;
    uint32_t n = 0;
    for (uint32_t i = 0; i < s->n_inputs; i++) {
        const Tensor *x = s->inputs[i];
        if (x)
            b->inputs[i] = differentiable(def, s, i)
                               ? api->input(b->g, NULL, x->t.type, x->t.rank, x->dims)
                               : api->constant(b->g, x->t.type, x->t.rank, x->dims, x->t.buffer);
    }
    spec.inputs = b->inputs;
    if (api->node(b->g, &spec, outputs) != NN_OK)
        return false;
    NnValue *wrt[SAMPLE_MAX] = {0};
    bool any = false;
    for (uint32_t i = 0; i < s->n_inputs; i++)
        if (differentiable(def, s, i)) {
            wrt[i] = b->inputs[i];
            any = true;
        }
    for (uint32_t k = 0; k < s->n_outputs; k++)
        if (carries(def, k, results[k])) {
            const NnTensor *t = &results[k]->t;
            b->seed[k] = tensor_new(t->type, t->rank, t->dims);
            for (int64_t i = 0; i < tensor_count(t); i++)
                tensor_set(&b->seed[k]->t, i, sample_random(&state) * 2 - 1);
            b->seeds[k] = seeds[n] = api->input(b->g, NULL, t->type, t->rank, t->dims);
            targets[n++] = outputs[k];
        }
    return any && n > 0 && api->gradient(b->g, n, targets, seeds, s->n_inputs, wrt, b->grads) == NN_OK;
}

static void print_gradients(NnContext *context, const Built *b, const Sample *s, NnStatus *status) {
    Eager e;
    eager_begin(&e, context, status);
    for (uint32_t i = 0; i < SAMPLE_MAX; i++) {
        if (b->inputs[i] && b->inputs[i]->origin == NN_FROM_INPUT)
            eager_set(&e, b->inputs[i], &s->inputs[i]->t);
        if (b->seeds[i])
            eager_set(&e, b->seeds[i], &b->seed[i]->t);
    }
    printf(", \"seeds\": [");
    for (uint32_t k = 0; k < s->n_outputs; k++) {
        printf("%s", k ? ", " : "");
        json_tensor(b->seed[k] ? &b->seed[k]->t : NULL);
    }
    printf("], \"grads\": [");
    for (uint32_t i = 0; i < s->n_inputs; i++) {
        const Tensor *x = b->grads[i] ? eager_value(&e, b->grads[i]) : NULL;
        printf("%s", i ? ", " : "");
        json_tensor(x ? &x->t : NULL);
    }
    printf("]");
    eager_end(&e);
}

static void dump_case(NnContext *context, const NnOperator *def, const NnNodeSpec *spec, const char *line,
                      Sample *s, NnStatus *status) {
    Tensor *outputs[SAMPLE_MAX] = {0};
    if (eager_run(context, spec, s->inputs, outputs, status) == NN_OK) {
        Built b = {.g = nn_graph_new(context, NULL, "case", NN_TRAINING)};
        putchar('{');
        json_case(def, line, s, outputs);
        if (build(&b, def, spec, s, outputs))
            print_gradients(context, &b, s, status);
        printf("}\n");
        for (uint32_t k = 0; k < SAMPLE_MAX; k++)
            tensor_free(b.seed[k]);
        nn_graph_free(b.g);
    }
    /* What fails here is reported by test-gradients. */
    nn_status_clear(status);
    for (uint32_t k = 0; k < SAMPLE_MAX; k++)
        tensor_free(outputs[k]);
}

int main(void) {
    NnStatus *status = nn_status_new();
    NnContext *context = nn_context_new(NULL, status);
    for (uint32_t i = 0; context && i < nn_registry_count(context); i++) {
        const NnEntry *entry = nn_registry_entry(context, i);
        const NnOperator *def = strcmp(entry->kind, NN_OPERATOR_KIND) == 0
                                    ? nn_registry_table(context, entry->kind, entry->name, status)
                                    : NULL;
        const bool skipped =
            !def || strcmp(def->domain, "nn") == 0 || def->sort == NN_CONTROL || def->flags & NN_OP_RANDOM;
        for (uint32_t k = 0; !skipped && k < def->n_samples; k++) {
            Sample s;
            char why[256];
            if (sample_parse(&s, def, def->samples[k], NN_F64, why, sizeof why)) {
                const NnNodeSpec spec = {.struct_size = sizeof spec,
                                         .version = def->since,
                                         .op = entry->name,
                                         .n_inputs = s.n_inputs,
                                         .n_outputs = s.n_outputs,
                                         .n_attrs = s.n_attrs,
                                         .attr_stride = sizeof(NnAttr),
                                         .attrs = s.attrs};
                dump_case(context, def, &spec, def->samples[k], &s, status);
            }
            sample_clear(&s);
        }
    }
    if (context)
        nn_context_free(context);
    nn_status_free(status);
    return context ? 0 : 1;
}
