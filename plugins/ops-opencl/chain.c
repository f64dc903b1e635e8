/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Element-wise operators: connected ones of the same extents become one kernel that is generated for them, so
 * that an activation, a mask, a whole optimizer update reads and writes memory once. A single node is a chain
 * of one.
 */
#include "chain.h"

#include "ops/family/groups.h"

#include "plugins/ops-opencl/chain.cl.h"
#include "plugins/ops-opencl/elementary.cl.h"

typedef struct Params {
    uint32_t count, table[CHAIN_TABLE];
} Params;

/* An output may lie over an input where both are walked whole: an item reads all that it reads before it
 * writes. */
static void allow_in_place(const ChainLayout *l, const uint32_t *places, NnPlan *plan) {
    for (uint32_t k = 0; k < l->n_stores; k++)
        for (uint32_t i = 0; i < l->n_loads; i++) {
            const ChainAccess *to = &l->stores[k], *from = &l->loads[i];
            if (to->walk == CHAIN_WHOLE && from->walk == CHAIN_WHOLE &&
                nn_type_size(from->value->type) == nn_type_size(to->value->type) &&
                plan->n_in_place < NN_COUNT(plan->in_place))
                plan->in_place[plan->n_in_place++] = (NnInPlace){places[from->tensor], to->tensor};
        }
}

/* Rows of few items share a group: PoCL's price of a group is that of some ten items. */
static void set_items(OclStage *s, const ChainLayout *l) {
    const uint32_t row = l->n_strided == 0 ? l->count : l->table[0], items = (row + l->width - 1) / l->width;
    if (l->n_strided == 0) {
        ocl_items(s, items);
        return;
    }
    ocl_rows(s, l->count / (row ? row : 1), items);
    s->local[1] = s->local[0] == 16 ? 8 : 1;
    s->global[1] = (s->global[1] + s->local[1] - 1) / s->local[1] * s->local[1];
}

/* places: the call's number of each input of the view. */
static int32_t build(const NnHost *nn, NnDevice *device, const NnView *view, const uint32_t *places,
                     NnPlan *out, NnStatus *status) {
    OclPlan *plan = ocl_plan(nn, device, status);
    const OclService *ocl = plan ? plan->ocl : NULL;
    char *text = plan ? nn->alloc(nn, CHAIN_TEXT) : NULL;
    OclSource source = {.name = "chain", .parts = {chain_cl, elementary_cl, text}};
    ChainLayout l;
    OclStage *s = NULL;
    if (text && (!ocl_chain_layout(&l, ocl, view) || !ocl_chain_text(view, &l, text, CHAIN_TEXT)))
        (void)nn_fail(nn, status, NN_UNSUPPORTED, "the chain of %u nodes is larger than a chain can be",
                      view->n_nodes);
    else if (text) {
        source.options = ocl_chain_options(view, &l);
        s = ocl->stage(nn, plan, &source, "chain", view->n_inputs + view->n_outputs, status);
    } else if (plan)
        (void)nn_fail(nn, status, NN_OUT_OF_MEMORY, "no memory to write a chain's program");
    nn->free(nn, text);
    if (s) {
        Params params = {.count = l.count};
        memcpy(params.table, l.table, sizeof l.table);
        for (uint32_t i = 0; i < view->n_inputs; i++)
            ocl_arg(s, i, OCL_INPUT, places[i]);
        for (uint32_t k = 0; k < view->n_outputs; k++)
            ocl_arg(s, view->n_inputs + k, OCL_OUTPUT, k);
        set_items(s, &l);
        allow_in_place(&l, places, out);
        out->flop = (double)l.count * view->n_nodes;
        (void)ocl->params(nn, plan, s, &params, 4 * (1 + (l.n_table ? l.n_table : 1)), status);
    }
    return ocl_planned(nn, plan, out, status);
}

/* ---- single nodes ---- */

static uint32_t inputs_of(const NnNode *node, const NnValueInfo **inputs, uint32_t *places) {
    uint32_t n = 0;
    for (uint32_t i = 0; i < node->n_inputs && n < 4; i++) {
        bool known = node->inputs[i] == NULL;
        for (uint32_t k = 0; k < n && !known; k++)
            known = inputs[k] == node->inputs[i];
        if (known)
            continue;
        places[n] = i;
        inputs[n++] = node->inputs[i];
    }
    return n;
}

/* A node as a view of itself, each input once. */
static NnView view_of(const NnNode *const *node, const NnValueInfo **inputs, uint32_t *places) {
    return (NnView){.struct_size = sizeof(NnView),
                    .n_nodes = 1,
                    .n_inputs = inputs_of(*node, inputs, places),
                    .n_outputs = 1,
                    .nodes = node,
                    .inputs = inputs,
                    .outputs = (*node)->outputs};
}

static int32_t match(const NnHost *nn, NnDevice *device, const NnNode *node, NnStatus *reason) {
    const NnValueInfo *inputs[4];
    uint32_t places[4];
    ChainLayout l;
    const OclService *ocl = ocl_service(nn, device, reason);
    const char *why = ocl ? ocl_chain_refusal(node) : "the device is another package's";
    if (!why) {
        const NnView view = view_of(&node, inputs, places);
        why = ocl_chain_layout(&l, ocl, &view) ? NULL : "it broadcasts over too many dimensions";
    }
    for (uint32_t i = 0; !why && i < node->n_inputs + node->n_outputs; i++) {
        const NnValueInfo *v = i < node->n_inputs ? node->inputs[i] : node->outputs[i - node->n_inputs];
        why = v && v->type == NN_F64 && !ocl->f64 ? "the device has no f64" : NULL;
    }
    return why ? nn_fail(nn, reason, NN_UNSUPPORTED, "%s: %s", node->op, why) : NN_OK;
}

static int32_t plan_node(const NnHost *nn, NnDevice *device, const NnNode *node, NnPlan *plan,
                         NnStatus *status) {
    const NnValueInfo *inputs[4];
    uint32_t places[4];
    const NnView view = view_of(&node, inputs, places);
    return build(nn, device, &view, places, plan, status);
}

/* ---- chains ---- */

static const char *refusal(const NnNode *node) {
    return ocl_chain_splits(node) || ocl_chain_joins(node) ? ocl_chain_part_refusal(node)
                                                           : ocl_chain_refusal(node);
}

/* Without f64: for devices that lack it. */
static const char *narrow_refusal(const NnNode *node) {
    const char *why = refusal(node);
    for (uint32_t i = 0; !why && i < node->n_inputs + 1; i++) {
        const NnValueInfo *v = i < node->n_inputs ? node->inputs[i] : node->outputs[0];
        why = v && v->type == NN_F64 ? "the device has no f64" : NULL;
    }
    return why;
}

typedef struct Draft {
    const NnNode *nodes[CHAIN_NODES];
    const NnValueInfo *inputs[CHAIN_INPUTS], *outputs[CHAIN_OUTPUTS];
} Draft;

/* Whether anything but the group reads a value. */
static bool leaves(const NnView *view, const NnValueInfo *v) {
    uint32_t inside = 0;
    for (uint32_t k = 0; k < view->n_nodes; k++)
        for (uint32_t i = 0; i < view->nodes[k]->n_inputs; i++)
            inside += view->nodes[k]->inputs[i] == v;
    return (v->flags & NN_VALUE_ESCAPES) != 0 || inside < v->uses;
}

/* The view that the claim of a group would get. */
static bool draft(const NnGroups *g, uint32_t n, const uint32_t *nodes, Draft *d, NnView *view) {
    *view = (NnView){.n_nodes = n, .nodes = d->nodes, .inputs = d->inputs, .outputs = d->outputs};
    for (uint32_t k = 0; k < n; k++)
        d->nodes[k] = g->view->nodes[nodes[k]];
    for (uint32_t k = 0; k < n; k++) {
        const NnNode *node = d->nodes[k];
        for (uint32_t i = 0; i < node->n_inputs; i++) {
            const NnValueInfo *v = node->inputs[i];
            bool known = v == NULL || (v->producer >= 0 && g->of[v->producer] == g->of[nodes[k]]);
            for (uint32_t j = 0; j < view->n_inputs && !known; j++)
                known = d->inputs[j] == v;
            if (known)
                continue;
            if (view->n_inputs == CHAIN_INPUTS)
                return false;
            d->inputs[view->n_inputs++] = v;
        }
        for (uint32_t o = 0; o < node->n_outputs; o++) {
            if (node->outputs[o] == NULL || !leaves(view, node->outputs[o]))
                continue;
            if (view->n_outputs == CHAIN_OUTPUTS)
                return false;
            d->outputs[view->n_outputs++] = node->outputs[o];
        }
    }
    return true;
}

static bool fits(const NnGroups *g, uint32_t n, const uint32_t *nodes, uint32_t leaving) {
    const OclService any = {.cpu = false};
    Draft d;
    NnView view;
    ChainLayout l;
    return leaving <= CHAIN_OUTPUTS && n <= CHAIN_NODES && draft(g, n, nodes, &d, &view) &&
           ocl_chain_layout(&l, &any, &view);
}

static int32_t claim(const NnHost *nn, NnDevice *device, const NnView *view, NnClaims *claims,
                     NnStatus *status) {
    const OclService *ocl = ocl_service(nn, device, status);
    return ocl ? nn_groups_claim(nn, view, ocl->f64 ? refusal : narrow_refusal, ocl_chain_extents,
                                 CHAIN_NODES, fits, claims, status)
               : nn->code(status);
}

static int32_t plan_claim(const NnHost *nn, NnDevice *device, const NnView *view, uint64_t tag, NnPlan *plan,
                          NnStatus *status) {
    uint32_t places[CHAIN_INPUTS];
    (void)tag;
    for (uint32_t i = 0; i < CHAIN_INPUTS; i++)
        places[i] = i;
    return build(nn, device, view, places, plan, status);
}

static const NnClaim chains = {.struct_size = sizeof chains,
                               .priority = 10,
                               .name = "chain",
                               .device = "opencl",
                               .claim = claim,
                               .plan = plan_claim,
                               .run = ocl_run,
                               .release = ocl_release};

#define ONNX(name) OCL_KERNEL(kernel_##name, "", #name, match, plan_node)
#define OURS(name) OCL_KERNEL(kernel_##name, "nn", #name, match, plan_node)
#define EXPORT(name) {NN_KERNEL_KIND, #name, &kernel_##name},
#define EXPORT_OURS(name) {NN_KERNEL_KIND, "nn/" #name, &kernel_##name},
/* clang-format off */
#define FOR_ONNX(X) \
    X(Add) X(Sub) X(Mul) X(Div) X(Max) X(Min) X(Pow) \
    X(Less) X(LessOrEqual) X(Greater) X(GreaterOrEqual) X(Equal) X(And) X(Or) X(Xor) X(Not) \
    X(Identity) X(Cast) X(Neg) X(Abs) X(Sign) X(Reciprocal) X(Sqrt) X(Exp) X(Log) X(Erf) X(Sin) X(Cos) X(Atan) \
    X(Floor) X(Ceil) X(Round) X(IsNaN) X(Relu) X(LeakyRelu) X(Elu) X(Selu) X(Sigmoid) X(Tanh) X(Softplus) \
    X(Softsign) X(HardSwish) X(Gelu) X(Where) X(Clip) \
    X(Tan) X(Asin) X(Acos) X(Sinh) X(Cosh) X(Asinh) X(Acosh) X(Atanh) X(IsInf) X(Mod) X(BitwiseAnd) X(BitwiseOr) \
    X(BitwiseXor) X(BitwiseNot) X(BitShift) X(Sum) X(Mean) X(Celu) X(PRelu) X(ThresholdedRelu) X(Shrink) \
    X(HardSigmoid) X(Mish) X(Swish) X(CastLike) X(BitCast)
#define FOR_OURS(X) \
    X(ReluGrad) X(LeakyReluGrad) X(EluGrad) X(SeluGrad) X(SigmoidGrad) X(TanhGrad) X(HardSwishGrad) X(GeluGrad) \
    X(ClipGrad) X(CeluGrad) X(ThresholdedReluGrad) X(HardSigmoidGrad) X(MishGrad)
/* clang-format on */
FOR_ONNX(ONNX)
FOR_OURS(OURS)

static const NnExport exports[] = {{NN_CLAIM_KIND, "chain", &chains}, FOR_ONNX(EXPORT) FOR_OURS(EXPORT_OURS)};
NN_PLUGIN(chain, "Element-wise operators by OpenCL, alone and in chains.", exports)
