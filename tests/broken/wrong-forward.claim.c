/* SPDX-License-Identifier: Apache-2.0 */
/* Defect: wrong-forward, of a claim. Add and Relu as one, the second operand repeated from its start as often
 * as it takes: right where the last dimensions are the same, wrong for a column or a channel. */
#include "shelf.h"

static int64_t count(const NnValueInfo *v) { return nn_product(v->dims, 0, v->rank); }

static bool is_pair(const NnNode *add, const NnNode *rectify) {
    const NnValueInfo *sum = add->outputs[0];
    return strcmp(add->op, "Add") == 0 && *add->domain == '\0' && strcmp(rectify->op, "Relu") == 0 &&
           *rectify->domain == '\0' && sum->uses == 1 && !(sum->flags & NN_VALUE_ESCAPES) &&
           sum->type == NN_F32 && add->inputs[0] != add->inputs[1] && count(add->inputs[0]) == count(sum) &&
           count(add->inputs[1]) > 0 && count(sum) % count(add->inputs[1]) == 0;
}

static int32_t claim(const NnHost *nn, NnDevice *device, const NnView *view, NnClaims *claims,
                     NnStatus *status) {
    (void)nn;
    (void)device;
    (void)status;
    for (uint32_t i = 0; i < view->n_nodes; i++) {
        const NnValueInfo *x = view->nodes[i]->n_inputs == 1 ? view->nodes[i]->inputs[0] : NULL;
        if (x && x->producer >= 0 && is_pair(view->nodes[x->producer], view->nodes[i]))
            claims->add(claims, 2, (const uint32_t[]){(uint32_t)x->producer, i}, 0);
    }
    return NN_OK;
}

static int32_t run(void *state, const NnCall *call) {
    (void)state;
    const float *a = nn_data(call->inputs[0]), *b = nn_data(call->inputs[1]);
    float *y = nn_data(call->outputs[0]);
    const int64_t n = nn_elements(call->outputs[0]), m = nn_elements(call->inputs[1]);
    for (int64_t i = 0; i < n; i++)
        y[i] = a[i] + b[i % m] < 0 ? 0 : a[i] + b[i % m];
    return NN_OK;
}

static const NnClaim pair = {.struct_size = sizeof pair,
                             .priority = 50,
                             .name = "add-relu",
                             .device = "cpu",
                             .claim = claim,
                             .run = run};
static const NnExport exports[] = {{NN_CLAIM_KIND, "add-relu", &pair}};
NN_PLUGIN(wrong_forward_claim, "Add and Relu as one.", exports)
