/* SPDX-License-Identifier: Apache-2.0 */
/* Defect: wrong-inference. An operator that doubles an extent, also one that is not known yet: twice -1 is
 * -2, which says that there are at most 0 elements. */
#include "shelf.h"

static int32_t infer(NnInfer *n) {
    const NnValueInfo *x = n->node->inputs[0];
    int64_t dims[NN_MAX_RANK];
    if (x->rank == 0)
        return nn_fail(n->host, n->status, NN_INVALID, "X is a scalar: expected a rank of at least 1");
    for (int32_t i = 0; i < x->rank; i++)
        dims[i] = x->dims[i];
    if (x->rank > 0)
        dims[x->rank - 1] = 2 * dims[x->rank - 1];
    n->output(n, 0, x->type, x->rank, x->rank < 0 ? NULL : dims);
    return NN_OK;
}

static int32_t compute(const NnCall *call) {
    const NnTensor *x = call->inputs[0];
    const size_t columns = (size_t)shelf_columns(x) * nn_type_size(x->type);
    const int64_t rows = shelf_rows(x);
    const char *from = nn_data(x);
    char *to = nn_data(call->outputs[0]);
    for (int64_t r = 0; r < rows && columns > 0; r++, from += columns, to += 2 * columns) {
        memcpy(to, from, columns);
        memcpy(to + columns, from, columns);
    }
    return NN_OK;
}

static const NnParam inputs[] = {{"X", "T", NN_ANY, NN_NO_GRADIENT, 0, "rows [..., n]"}};
static const NnParam outputs[] = {{"Y", "T", NN_ANY, 0, 0, "rows [..., 2 n]"}};
static const char *const samples[] = {"[2,3]", "[4]", "[0,2]", "[2,0]", "i64[2,1]@0:9"};

static const NnOperator repeat = {.struct_size = sizeof repeat,
                                  .since = 1,
                                  .domain = "shelf",
                                  .name = "Twice",
                                  .doc = "Each row twice, one after the other.",
                                  .sort = NN_PRIMITIVE,
                                  .n_inputs = 1,
                                  .n_outputs = 1,
                                  .param_stride = sizeof(NnParam),
                                  .min_outputs = 1,
                                  .inputs = inputs,
                                  .outputs = outputs,
                                  .infer = infer,
                                  .compute = compute,
                                  .n_samples = NN_COUNT(samples),
                                  .samples = samples};

static const NnExport exports[] = {{NN_OPERATOR_KIND, "shelf/Twice", &repeat}};
NN_PLUGIN(wrong_inference, "The operator shelf/Twice.", exports)
