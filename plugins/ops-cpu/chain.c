/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Element-wise operators on the CPU: connected ones of the same extents become one chain (simd/chain.h), so
 * that an activation, a mask, a whole optimizer update reads and writes memory once. A single node is a chain
 * of one.
 */
#include "chain.h"

#define GRAIN 16384u /* elements a task: below it a thread costs more than it brings */

/* ---- from nodes to a chain ---- */

typedef struct Build {
    CpuChain *chain;
    const NnValueInfo *values[CPU_CHAIN_REGS + CPU_CHAIN_STEPS];
    uint8_t regs[CPU_CHAIN_REGS + CPU_CHAIN_STEPS];
    uint32_t n_values;
    uint32_t last_use[CPU_CHAIN_REGS]; /* of a temporary register: the step that reads it last */
    bool pinned[CPU_CHAIN_REGS];
} Build;

static int find(const Build *b, const NnValueInfo *v) {
    for (uint32_t i = 0; i < b->n_values; i++)
        if (b->values[i] == v)
            return b->regs[i];
    return -1;
}

static void put(Build *b, const NnValueInfo *v, uint8_t reg) {
    b->values[b->n_values] = v;
    b->regs[b->n_values++] = reg;
}

/* Merges neighbouring dimensions that every input walks in one stride. False: more are left than a chain has.
 */
static bool merge_dims(CpuChain *chain, const NnValueInfo *const *inputs, int32_t rank, const int64_t *dims) {
    size_t stride[CPU_CHAIN_REGS][NN_MAX_RANK] = {{0}};
    for (uint32_t i = 0; i < chain->n_inputs; i++) {
        size_t step = 1;
        for (int32_t d = inputs[i]->rank - 1, o = rank - 1; d >= 0 && o >= 0; d--, o--) {
            stride[i][o] = inputs[i]->dims[d] == 1 ? 0 : step;
            step *= (size_t)inputs[i]->dims[d];
        }
    }
    uint32_t n = 0;
    for (int32_t d = rank - 1; d >= 0; d--) {
        if (dims[d] == 1)
            continue;
        bool joins = n > 0;
        for (uint32_t i = 0; i < chain->n_inputs && joins; i++)
            joins = stride[i][d] == chain->inputs[i].strides[n - 1] * chain->dims[n - 1];
        if (joins) {
            chain->dims[n - 1] *= (size_t)dims[d];
            continue;
        }
        if (n == CPU_CHAIN_DIMS)
            return false;
        chain->dims[n] = (size_t)dims[d];
        for (uint32_t i = 0; i < chain->n_inputs; i++)
            chain->inputs[i].strides[n] = stride[i][d];
        n++;
    }
    if (n == 0)
        chain->dims[n++] = 1;
    chain->n_dims = n;
    for (uint32_t l = 0, r = n - 1; l < r; l++, r--) { /* they were found last first */
        const size_t dim = chain->dims[l];
        chain->dims[l] = chain->dims[r];
        chain->dims[r] = dim;
        for (uint32_t i = 0; i < chain->n_inputs; i++) {
            const size_t s = chain->inputs[i].strides[l];
            chain->inputs[i].strides[l] = chain->inputs[i].strides[r];
            chain->inputs[i].strides[r] = s;
        }
    }
    return true;
}

static bool add_inputs(Build *b, const NnView *view) {
    CpuChain *chain = b->chain;
    const NnValueInfo *out = view->outputs[0];
    if (view->n_inputs >= CPU_CHAIN_REGS)
        return false;
    chain->n_inputs = view->n_inputs;
    chain->count = (size_t)nn_product(out->dims, 0, out->rank);
    for (uint32_t i = 0; i < view->n_inputs; i++) {
        const NnValueInfo *v = view->inputs[i];
        const size_t n = (size_t)nn_product(v->dims, 0, v->rank);
        chain->inputs[i].type = (uint8_t)cpu_chain_type(v->type);
        chain->inputs[i].scalar = n == 1 && chain->count != 1;
        chain->inputs[i].whole = n == chain->count;
        put(b, v, (uint8_t)i);
    }
    chain->n_regs = view->n_inputs;
    return merge_dims(chain, view->inputs, out->rank, out->dims);
}

static void note_uses(const NnView *view, const NnValueInfo *v, uint32_t *last) {
    *last = 0;
    for (uint32_t s = 0; s < view->n_nodes; s++)
        for (uint32_t i = 0; i < view->nodes[s]->n_inputs; i++)
            if (view->nodes[s]->inputs[i] == v)
                *last = s;
}

static bool take_register(Build *b, const NnView *view, const NnValueInfo *v, uint32_t now, bool pinned,
                          uint8_t *reg) {
    CpuChain *chain = b->chain;
    uint32_t r = chain->n_inputs;
    while (r < chain->n_regs && (b->pinned[r] || b->last_use[r] >= now || pinned))
        r++;
    if (r == chain->n_regs && chain->n_regs++ == CPU_CHAIN_REGS)
        return false;
    b->pinned[r] = pinned;
    note_uses(view, v, &b->last_use[r]);
    for (uint32_t i = 0; i < b->n_values; i++)
        if (b->regs[i] == r)
            b->values[i] = NULL;
    *reg = (uint8_t)r;
    put(b, v, *reg);
    return true;
}

static bool add_step(Build *b, const NnView *view, uint32_t now) {
    const NnNode *node = view->nodes[now];
    const CpuChainWord *w = cpu_chain_word(node);
    CpuChain *chain = b->chain;
    CpuChainStep *step = &chain->steps[chain->n_steps++];
    *step = (CpuChainStep){.code = w->code};
    if (w->slope)
        step->k = (float)nn_attr_float(node, w->slope, 1);
    if (w->code == CPU_GELU && strcmp(nn_attr_string(node, "approximate", "none"), "tanh") == 0)
        step->code = CPU_GELU_TANH;
    uint8_t *const operand[3] = {&step->a, &step->b, &step->c};
    for (uint32_t i = 0; i < node->n_inputs && i < 3; i++) {
        const int reg = node->inputs[i] ? find(b, node->inputs[i]) : 0;
        if (reg < 0)
            return false;
        *operand[i] = (uint8_t)reg;
    }
    if (w->code == CPU_CLIP) { /* a limit that is absent makes it a one-sided one */
        const bool low = node->n_inputs > 1 && node->inputs[1], high = node->n_inputs > 2 && node->inputs[2];
        step->code = low && high ? CPU_CLIP : low ? CPU_AT_LEAST : high ? CPU_AT_MOST : CPU_COPY;
        if (!low && high)
            step->b = step->c;
    }
    const NnValueInfo *v = node->outputs[0];
    bool leaves = false;
    for (uint32_t k = 0; k < view->n_outputs; k++)
        leaves = leaves || view->outputs[k] == v;
    uint8_t reg;
    if (!take_register(b, view, v, now, leaves, &reg))
        return false;
    step->to = reg;
    for (uint32_t k = 0; k < view->n_outputs; k++)
        if (view->outputs[k] == v) {
            chain->out_reg[k] = reg;
            chain->out_type[k] = (uint8_t)cpu_chain_type(v->type);
        }
    return true;
}

/* An output may lie over a whole f32 input that no step reads after the one that writes it. */
static void allow_in_place(const NnView *view, const CpuChain *chain, NnPlan *plan) {
    for (uint32_t k = 0; k < view->n_outputs; k++)
        for (uint32_t i = 0; i < view->n_inputs; i++) {
            if (!chain->inputs[i].whole || chain->inputs[i].type != CPU_CHAIN_F32 ||
                chain->out_type[k] != CPU_CHAIN_F32)
                continue;
            uint32_t writes = 0, reads = 0;
            for (uint32_t s = 0; s < chain->n_steps; s++)
                if (view->nodes[s]->outputs[0] == view->outputs[k])
                    writes = s;
            note_uses(view, view->inputs[i], &reads);
            if (reads <= writes && plan->n_in_place < NN_COUNT(plan->in_place))
                plan->in_place[plan->n_in_place++] = (NnInPlace){i, k};
        }
}

typedef struct State {
    CpuChain chain;
    const CpuChainKernels *kernels;
} State;

static int32_t build_chain(const NnHost *nn, NnDevice *device, const NnView *view, NnPlan *plan,
                           NnStatus *status) {
    const CpuSimd *simd = cpu_kernels(nn, device, status);
    State *state = simd ? cpu_state(nn, sizeof *state, status) : NULL;
    if (state == NULL)
        return nn->code(status);
    state->kernels = simd->chain;
    Build b = {.chain = &state->chain};
    bool built = view->n_nodes <= CPU_CHAIN_STEPS && view->n_outputs <= CPU_CHAIN_OUTPUTS &&
                 view->n_outputs > 0 && add_inputs(&b, view);
    for (uint32_t s = 0; s < view->n_nodes && built; s++)
        built = add_step(&b, view, s);
    state->chain.n_outputs = view->n_outputs;
    if (!built) {
        nn->free(nn, state);
        return nn_fail(nn, status, NN_UNSUPPORTED, "the chain of %u nodes is larger than a chain can be",
                       view->n_nodes);
    }
    allow_in_place(view, &state->chain, plan);
    plan->state = state;
    plan->flop = (double)state->chain.count * view->n_nodes;
    return NN_OK;
}

/* ---- running ---- */

typedef struct Job {
    const State *state;
    const void *inputs[CPU_CHAIN_REGS];
    void *outputs[CPU_CHAIN_OUTPUTS];
    uint32_t tasks;
} Job;

static void run_part(void *arg, uint32_t task) {
    const Job *job = arg;
    const CpuChain *chain = &job->state->chain;
    const size_t blocks = (chain->count + CPU_CHAIN_BLOCK - 1) / CPU_CHAIN_BLOCK;
    const size_t begin = cpu_part(blocks, task, job->tasks) * CPU_CHAIN_BLOCK,
                 end = cpu_part(blocks, task + 1, job->tasks) * CPU_CHAIN_BLOCK;
    job->state->kernels->run(chain, job->inputs, job->outputs, begin,
                             end < chain->count ? end : chain->count);
}

static int32_t run(void *arg, const NnCall *call) {
    const State *state = arg;
    const CpuChain *chain = &state->chain;
    if (chain->count == 0)
        return NN_OK;
    Job job = {.state = state};
    for (uint32_t i = 0; i < chain->n_inputs; i++)
        job.inputs[i] = nn_data(call->inputs[i]);
    for (uint32_t k = 0; k < chain->n_outputs; k++)
        job.outputs[k] = nn_data(call->outputs[k]);
    const size_t tasks = chain->count * (chain->n_steps + 1) / (2 * GRAIN);
    const uint32_t threads = call->host->threads(call->host);
    job.tasks = tasks < 2 || threads < 2 ? 1 : threads;
    if (job.tasks == 1)
        run_part(&job, 0);
    else
        call->host->parallel(call->host, job.tasks, run_part, &job);
    return NN_OK;
}

/* ---- single nodes ---- */

static int32_t match(const NnHost *nn, NnDevice *device, const NnNode *node, NnStatus *reason) {
    (void)device;
    const char *why = cpu_chain_refusal(node);
    return why ? nn_fail(nn, reason, NN_UNSUPPORTED, "%s: %s", node->op, why) : NN_OK;
}

/* A node is a view of itself, each input once. */
static int32_t plan_node(const NnHost *nn, NnDevice *device, const NnNode *node, NnPlan *plan,
                         NnStatus *status) {
    const NnValueInfo *inputs[3];
    uint32_t n = 0;
    for (uint32_t i = 0; i < node->n_inputs && n < 3; i++)
        if (node->inputs[i])
            inputs[n++] = node->inputs[i];
    const NnView view = {.struct_size = sizeof view,
                         .n_nodes = 1,
                         .n_inputs = n,
                         .n_outputs = 1,
                         .nodes = &node,
                         .inputs = inputs,
                         .outputs = node->outputs};
    return build_chain(nn, device, &view, plan, status);
}

/* Calls of a node keep absent inputs in their places; the chain has only those that are there. */
static int32_t run_node(void *arg, const NnCall *call) {
    const NnTensor *inputs[3];
    uint32_t n = 0;
    for (uint32_t i = 0; i < call->n_inputs && n < 3; i++)
        if (call->inputs[i])
            inputs[n++] = call->inputs[i];
    NnCall packed = *call;
    packed.inputs = inputs;
    packed.n_inputs = n;
    return run(arg, &packed);
}

static int32_t plan_claim(const NnHost *nn, NnDevice *device, const NnView *view, uint64_t tag, NnPlan *plan,
                          NnStatus *status) {
    (void)tag;
    return build_chain(nn, device, view, plan, status);
}

static const NnClaim chains = {.struct_size = sizeof chains,
                               .priority = 10,
                               .name = "chain",
                               .device = "cpu",
                               .claim = cpu_chain_claim,
                               .plan = plan_claim,
                               .run = run,
                               .release = cpu_release};

#define ONNX(name) CPU_KERNEL(kernel_##name, "", #name, match, plan_node, run_node)
#define OURS(name) CPU_KERNEL(kernel_##name, "nn", #name, match, plan_node, run_node)
#define EXPORT(name) {NN_KERNEL_KIND, #name, &kernel_##name},
#define EXPORT_OURS(name) {NN_KERNEL_KIND, "nn/" #name, &kernel_##name},
/* clang-format off */
#define FOR_ONNX(X) \
    X(Add) X(Sub) X(Mul) X(Div) X(Max) X(Min) X(Pow) \
    X(Less) X(LessOrEqual) X(Greater) X(GreaterOrEqual) X(Equal) X(And) X(Or) X(Not) \
    X(Identity) X(Cast) X(Neg) X(Abs) X(Sign) X(Reciprocal) X(Sqrt) X(Exp) X(Log) X(Erf) X(Floor) X(Ceil) \
    X(Relu) X(LeakyRelu) X(Sigmoid) X(Tanh) X(Softplus) X(Gelu) X(Elu) X(Where) X(Clip)
/* clang-format on */
#define FOR_OURS(X) X(ReluGrad) X(LeakyReluGrad) X(SigmoidGrad) X(TanhGrad)
FOR_ONNX(ONNX)
FOR_OURS(OURS)

static const NnExport exports[] = {{NN_CLAIM_KIND, "chain", &chains}, FOR_ONNX(EXPORT) FOR_OURS(EXPORT_OURS)};
NN_PLUGIN(chain, "Element-wise operators on the CPU, alone and in chains.", exports)
