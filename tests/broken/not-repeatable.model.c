/* SPDX-License-Identifier: Apache-2.0 */
/* Defect: not-repeatable, of a family. It numbers its variables through all networks of a process, so that
 * the second one does not find its weights in the first one's checkpoint. */
#include "shelf.h"

static uint32_t made;

static NnValue *dense(const NnHost *nn, NnGraph *g, NnValue *x, int64_t from, int64_t to, const char *name) {
    const int64_t dims[] = {from, to};
    const NnVariableSpec spec = {.struct_size = sizeof spec,
                                 .type = NN_F32,
                                 .name = name,
                                 .rank = 2,
                                 .dims = dims,
                                 .init = "he_normal",
                                 .fan_in = from,
                                 .fan_out = to};
    return nn_op2(nn, g, "MatMul", x, nn->graph->read(g, nn->graph->variable(g, &spec)));
}

static int32_t build(NnModelBuild *b) {
    const NnHost *nn = b->host;
    const NnField *x = b->data->fields;
    int64_t dims[NN_MAX_RANK] = {NN_DIM_UNKNOWN};
    char name[32];
    NnGraph *g = b->begin(b, "predict", NN_INFERENCE);
    memcpy(dims + 1, x->dims, (size_t)x->rank * sizeof *dims);
    NnValue *v = nn->graph->input(g, x->name, x->type, x->rank + 1, dims);
    v = nn_op(nn, g, "Cast", NN_VALUES(v), NN_ATTRS(NN_INT("to", NN_F32)));
    v = nn_op1(nn, g, "Flatten", v);
    (void)snprintf(name, sizeof name, "dense_%u", ++made);
    v = dense(nn, g, v, nn_product(x->dims, 0, x->rank), 10, name);
    (void)nn->graph->output(g, "logits", v);
    return b->end(b, g);
}

static const NnModel model = {
    .struct_size = sizeof model, .name = "shelf", .doc = "One dense layer.", .build = build};

static const NnExport exports[] = {{NN_MODEL_KIND, "shelf", &model}};
NN_PLUGIN(not_repeatable_model, "The family shelf.", exports)
