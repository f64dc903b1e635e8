/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Element-wise operators on the CPU: connected ones of the same extents become one chain (simd/chain.h), so that an
 * activation, a mask, a whole optimizer update reads and writes memory once. A single node is a chain of one.
 */
#include "cpu.h"
#include "simd/chain.h"

#define MAX_GROUP 48u
#define MAX_VIEW 4096u
#define GRAIN 16384u /* elements a task: below it a thread costs more than it brings */

/* How an operator is said in chain codes. */
typedef struct Word {
    const char *domain, *op;
    uint8_t code, arity;
    const char *slope; /* the attribute that becomes k */
} Word;

static const Word words[] = {
    {"", "Add", CPU_ADD, 2, NULL},
    {"", "Sub", CPU_SUB, 2, NULL},
    {"", "Mul", CPU_MUL, 2, NULL},
    {"", "Div", CPU_DIV, 2, NULL},
    {"", "Max", CPU_MAX, 2, NULL},
    {"", "Min", CPU_MIN, 2, NULL},
    {"", "Pow", CPU_POW, 2, NULL},
    {"", "Less", CPU_LESS, 2, NULL},
    {"", "LessOrEqual", CPU_LESS_EQUAL, 2, NULL},
    {"", "Greater", CPU_GREATER, 2, NULL},
    {"", "GreaterOrEqual", CPU_GREATER_EQUAL, 2, NULL},
    {"", "Equal", CPU_EQUAL, 2, NULL},
    {"", "And", CPU_AND, 2, NULL},
    {"", "Or", CPU_OR, 2, NULL},
    {"", "Identity", CPU_COPY, 1, NULL},
    {"", "Cast", CPU_COPY, 1, NULL},
    {"", "Neg", CPU_NEG, 1, NULL},
    {"", "Abs", CPU_ABS, 1, NULL},
    {"", "Sign", CPU_SIGN, 1, NULL},
    {"", "Reciprocal", CPU_RECIPROCAL, 1, NULL},
    {"", "Sqrt", CPU_SQRT, 1, NULL},
    {"", "Exp", CPU_EXP, 1, NULL},
    {"", "Log", CPU_LOG, 1, NULL},
    {"", "Erf", CPU_ERF, 1, NULL},
    {"", "Floor", CPU_FLOOR, 1, NULL},
    {"", "Ceil", CPU_CEIL, 1, NULL},
    {"", "Not", CPU_NOT, 1, NULL},
    {"", "Relu", CPU_RELU, 1, NULL},
    {"", "LeakyRelu", CPU_LEAKY_RELU, 1, "alpha"},
    {"", "Sigmoid", CPU_SIGMOID, 1, NULL},
    {"", "Tanh", CPU_TANH, 1, NULL},
    {"", "Softplus", CPU_SOFTPLUS, 1, NULL},
    {"", "Gelu", CPU_GELU, 1, NULL},
    {"", "Elu", CPU_ELU, 1, "alpha"},
    {"", "Where", CPU_WHERE, 3, NULL},
    {"", "Clip", CPU_CLIP, 3, NULL},
    {"nn", "ReluGrad", CPU_RELU_GRAD, 2, NULL},
    {"nn", "LeakyReluGrad", CPU_LEAKY_RELU_GRAD, 2, "alpha"},
    {"nn", "SigmoidGrad", CPU_SIGMOID_GRAD, 2, NULL},
    {"nn", "TanhGrad", CPU_TANH_GRAD, 2, NULL},
};

static const Word *word_of(const NnNode *node) {
    for (uint32_t i = 0; i < NN_COUNT(words); i++)
        if (strcmp(words[i].op, node->op) == 0 && strcmp(words[i].domain, node->domain) == 0)
            return &words[i];
    return NULL;
}

static int chain_type(int32_t type) {
    switch (type) {
    case NN_F32: return CPU_CHAIN_F32;
    case NN_BOOL: return CPU_CHAIN_BOOL;
    case NN_U8: return CPU_CHAIN_U8;
    case NN_I32: return CPU_CHAIN_I32;
    case NN_I64: return CPU_CHAIN_I64;
    case NN_F64: return CPU_CHAIN_F64;
    default: return -1;
    }
}

/* Arithmetic is in f32, so wider types may enter through a Cast only, and only f32 and bool may leave. */
static const char *refusal(const NnNode *node) {
    const Word *w = word_of(node);
    if (w == NULL)
        return "not an element-wise operator of this package";
    const bool cast = strcmp(node->op, "Cast") == 0, gelu = strcmp(node->op, "Gelu") == 0;
    if (node->n_outputs == 0 || node->outputs[0] == NULL)
        return "it has no result";
    if (node->outputs[0]->type != NN_F32 && node->outputs[0]->type != NN_BOOL)
        return "the result is neither f32 nor bool";
    if (gelu && strcmp(nn_attr_string(node, "approximate", "none"), "none") != 0 && strcmp(nn_attr_string(node, "approximate", "none"), "tanh") != 0)
        return "an approximation of Gelu that is not known";
    for (uint32_t i = 0; i < node->n_inputs; i++) {
        if (i >= w->arity)
            return "more inputs than it works on at once";
        if (node->inputs[i] == NULL) {
            if (w->code == CPU_CLIP && i > 0)
                continue;
            return "an input is absent";
        }
        const int32_t type = node->inputs[i]->type;
        if (chain_type(type) < 0 || (!cast && type != NN_F32 && type != NN_BOOL))
            return "an input is neither f32 nor bool";
        if (cast && node->outputs[0]->type == NN_BOOL && type != NN_F32 && type != NN_BOOL)
            return "a Cast to bool of integers";
        if (type == NN_BOOL && node->outputs[0]->type == NN_F32 && !cast && !(w->code == CPU_WHERE && i == 0))
            return "arithmetic on bool";
    }
    return node->n_inputs < w->arity && w->code != CPU_CLIP ? "fewer inputs than it needs" : NULL;
}

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

/* Merges neighbouring dimensions that every input walks in one stride. False: more are left than a chain has. */
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
        chain->inputs[i].type = (uint8_t)chain_type(v->type);
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

static bool take_register(Build *b, const NnView *view, const NnValueInfo *v, uint32_t now, bool pinned, uint8_t *reg) {
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
    const Word *w = word_of(node);
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
        step->code = low && high ? CPU_CLIP : low ? CPU_MAX : high ? CPU_MIN : CPU_COPY;
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
            chain->out_type[k] = (uint8_t)chain_type(v->type);
        }
    return true;
}

/* An output may lie over a whole f32 input that no step reads after the one that writes it. */
static void allow_in_place(const NnView *view, const CpuChain *chain, NnPlan *plan) {
    for (uint32_t k = 0; k < view->n_outputs; k++)
        for (uint32_t i = 0; i < view->n_inputs; i++) {
            if (!chain->inputs[i].whole || chain->inputs[i].type != CPU_CHAIN_F32 || chain->out_type[k] != CPU_CHAIN_F32)
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

static int32_t build_chain(const NnHost *nn, NnDevice *device, const NnView *view, NnPlan *plan, NnStatus *status) {
    const CpuSimd *simd = cpu_kernels(nn, device, status);
    State *state = simd ? cpu_state(nn, sizeof *state, status) : NULL;
    if (state == NULL)
        return nn->code(status);
    state->kernels = simd->chain;
    Build b = {.chain = &state->chain};
    bool built = view->n_nodes <= CPU_CHAIN_STEPS && view->n_outputs <= CPU_CHAIN_OUTPUTS && view->n_outputs > 0 && add_inputs(&b, view);
    for (uint32_t s = 0; s < view->n_nodes && built; s++)
        built = add_step(&b, view, s);
    state->chain.n_outputs = view->n_outputs;
    if (!built) {
        nn->free(nn, state);
        return nn_fail(nn, status, NN_UNSUPPORTED, "the chain of %u nodes is larger than a chain can be", view->n_nodes);
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
    const size_t begin = cpu_part(blocks, task, job->tasks) * CPU_CHAIN_BLOCK, end = cpu_part(blocks, task + 1, job->tasks) * CPU_CHAIN_BLOCK;
    job->state->kernels->run(chain, job->inputs, job->outputs, begin, end < chain->count ? end : chain->count);
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
    const char *why = refusal(node);
    return why ? nn_fail(nn, reason, NN_UNSUPPORTED, "%s: %s", node->op, why) : NN_OK;
}

/* A node is a view of itself, each input once. */
static int32_t plan_node(const NnHost *nn, NnDevice *device, const NnNode *node, NnPlan *plan, NnStatus *status) {
    const NnValueInfo *inputs[3];
    uint32_t n = 0;
    for (uint32_t i = 0; i < node->n_inputs && n < 3; i++)
        if (node->inputs[i])
            inputs[n++] = node->inputs[i];
    const NnView view = {.struct_size = sizeof view, .n_nodes = 1, .n_inputs = n, .n_outputs = 1, .nodes = &node, .inputs = inputs,
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

/* ---- claims ---- */

typedef struct Groups {
    const NnView *view;
    int32_t *of;      /* group of a node, -1: none */
    uint32_t *size;   /* nodes of a group */
    uint64_t *before; /* bit (g, h): group g runs after group h */
    uint64_t *needs;  /* bit (node, h): the node runs after group h, or is in it */
    uint32_t n, words;
} Groups;

static bool same_extents(const NnValueInfo *a, const NnValueInfo *b) {
    if (a->rank != b->rank)
        return false;
    for (int32_t i = 0; i < a->rank; i++)
        if (a->dims[i] != b->dims[i])
            return false;
    return true;
}

static uint64_t *row(uint64_t *bits, const Groups *g, uint32_t i) {
    return bits + (size_t)i * g->words;
}

static bool has(const uint64_t *bits, uint32_t i) {
    return bits[i / 64] >> (i % 64) & 1;
}

static void set(uint64_t *bits, uint32_t i) {
    bits[i / 64] |= UINT64_C(1) << (i % 64);
}

static void join(uint64_t *to, const uint64_t *from, uint32_t words_count) {
    for (uint32_t i = 0; i < words_count; i++)
        to[i] |= from[i];
}

/* All groups that an input of the node, other than through group h itself, runs after. */
static void gather(Groups *g, const NnNode *node, int32_t h, uint64_t *out) {
    memset(out, 0, g->words * sizeof *out);
    for (uint32_t i = 0; i < node->n_inputs; i++) {
        const int32_t p = node->inputs[i] ? node->inputs[i]->producer : -1;
        if (p < 0 || (h >= 0 && g->of[p] == h))
            continue;
        join(out, row(g->needs, g, (uint32_t)p), g->words);
        if (g->of[p] >= 0)
            join(out, row(g->before, g, (uint32_t)g->of[p]), g->words);
    }
}

/* The group of a producer that the node can join: same extents, room left, and no way from the group back to itself. */
static int32_t joinable(Groups *g, const NnNode *node, uint64_t *scratch) {
    for (uint32_t i = 0; i < node->n_inputs; i++) {
        const int32_t p = node->inputs[i] ? node->inputs[i]->producer : -1;
        const int32_t h = p >= 0 ? g->of[p] : -1;
        if (h < 0 || g->size[h] >= MAX_GROUP || !same_extents(g->view->nodes[p]->outputs[0], node->outputs[0]))
            continue;
        gather(g, node, h, scratch);
        if (!has(scratch, (uint32_t)h))
            return h;
    }
    return -1;
}

static void enter(Groups *g, uint32_t at, int32_t h, uint64_t *scratch) {
    gather(g, g->view->nodes[at], h, scratch);
    g->of[at] = h;
    g->size[h]++;
    join(row(g->before, g, (uint32_t)h), scratch, g->words);
    for (uint32_t o = 0; o < g->n; o++) /* whoever runs after h runs after what h runs after */
        if (has(row(g->before, g, o), (uint32_t)h))
            join(row(g->before, g, o), scratch, g->words);
    join(row(g->needs, g, at), scratch, g->words);
    set(row(g->needs, g, at), (uint32_t)h);
}

static void form_groups(Groups *g, uint64_t *scratch) {
    for (uint32_t at = 0; at < g->view->n_nodes; at++) {
        const NnNode *node = g->view->nodes[at];
        g->of[at] = -1;
        if (refusal(node) == NULL && nn_product(node->outputs[0]->dims, 0, node->outputs[0]->rank) > 0) {
            int32_t h = joinable(g, node, scratch);
            if (h < 0)
                h = (int32_t)g->n++;
            enter(g, at, h, scratch);
        } else {
            gather(g, node, -1, row(g->needs, g, at));
        }
    }
}

/* Is a group small enough for a chain's registers? Counted as: what enters, leaves, and lives between. */
static bool fits(const Groups *g, uint32_t h, uint32_t *nodes, uint32_t *n) {
    uint32_t entering = 0, leaving = 0;
    *n = 0;
    for (uint32_t at = 0; at < g->view->n_nodes; at++) {
        if (g->of[at] != (int32_t)h)
            continue;
        nodes[(*n)++] = at;
        const NnNode *node = g->view->nodes[at];
        for (uint32_t i = 0; i < node->n_inputs; i++)
            entering += node->inputs[i] && (node->inputs[i]->producer < 0 || g->of[node->inputs[i]->producer] != (int32_t)h);
        leaving += (node->outputs[0]->flags & NN_VALUE_ESCAPES) != 0;
        uint32_t inside = 0;
        for (uint32_t k = at + 1; k < g->view->n_nodes; k++)
            for (uint32_t i = 0; g->of[k] == (int32_t)h && i < g->view->nodes[k]->n_inputs; i++)
                inside += g->view->nodes[k]->inputs[i] == node->outputs[0];
        leaving += inside < node->outputs[0]->uses;
    }
    return *n >= 2 && leaving <= CPU_CHAIN_OUTPUTS && entering + leaving + *n < CPU_CHAIN_REGS;
}

static int32_t claim(const NnHost *nn, NnDevice *device, const NnView *view, NnClaims *claims, NnStatus *status) {
    (void)device;
    const uint32_t n = view->n_nodes;
    if (n < 2 || n > MAX_VIEW)
        return NN_OK;
    Groups g = {.view = view, .words = (n + 63) / 64};
    const size_t bits = (size_t)n * g.words * sizeof(uint64_t);
    g.of = nn->alloc(nn, n * sizeof *g.of);
    g.size = nn->alloc(nn, n * sizeof *g.size);
    g.before = nn->alloc(nn, bits);
    g.needs = nn->alloc(nn, bits);
    uint64_t *scratch = nn->alloc(nn, g.words * sizeof *scratch);
    uint32_t *nodes = nn->alloc(nn, n * sizeof *nodes);
    int32_t code = NN_OK;
    if (g.of && g.size && g.before && g.needs && scratch && nodes) {
        form_groups(&g, scratch);
        for (uint32_t h = 0; h < g.n; h++) {
            uint32_t count;
            if (fits(&g, h, nodes, &count))
                claims->add(claims, count, nodes, 0);
        }
    } else {
        code = nn_fail(nn, status, NN_OUT_OF_MEMORY, "no memory to look for chains in %u nodes", n);
    }
    nn->free(nn, nodes);
    nn->free(nn, scratch);
    nn->free(nn, g.needs);
    nn->free(nn, g.before);
    nn->free(nn, g.size);
    nn->free(nn, g.of);
    return code;
}

static int32_t plan_claim(const NnHost *nn, NnDevice *device, const NnView *view, uint64_t tag, NnPlan *plan, NnStatus *status) {
    (void)tag;
    return build_chain(nn, device, view, plan, status);
}

static const NnClaim chains = {.struct_size = sizeof chains, .priority = 10, .name = "chain", .device = "cpu", .claim = claim,
                               .plan = plan_claim, .run = run, .release = cpu_release};

#define KERNEL(id, dom, name)                                                                                          \
    static const NnKernel id = {.struct_size = sizeof id, .since_min = 1, .domain = dom, .op = name, .device = "cpu",   \
                                .match = match, .plan = plan_node, .run = run_node, .release = cpu_release};
#define ONNX(name) KERNEL(kernel_##name, "", #name)
#define OURS(name) KERNEL(kernel_##name, "nn", #name)
#define EXPORT(name) {NN_KERNEL_KIND, #name, &kernel_##name},
#define EXPORT_OURS(name) {NN_KERNEL_KIND, "nn/" #name, &kernel_##name},
#define FOR_ONNX(X)                                                                                                    \
    X(Add) X(Sub) X(Mul) X(Div) X(Max) X(Min) X(Pow) X(Less) X(LessOrEqual) X(Greater) X(GreaterOrEqual) X(Equal) X(And)  \
    X(Or) X(Identity) X(Cast) X(Neg) X(Abs) X(Sign) X(Reciprocal) X(Sqrt) X(Exp) X(Log) X(Erf) X(Floor) X(Ceil) X(Not)   \
    X(Relu) X(LeakyRelu) X(Sigmoid) X(Tanh) X(Softplus) X(Gelu) X(Elu) X(Where) X(Clip)
#define FOR_OURS(X) X(ReluGrad) X(LeakyReluGrad) X(SigmoidGrad) X(TanhGrad)
FOR_ONNX(ONNX)
FOR_OURS(OURS)

static const NnExport exports[] = {{NN_CLAIM_KIND, "chain", &chains}, FOR_ONNX(EXPORT) FOR_OURS(EXPORT_OURS)};
NN_PLUGIN(chain, "Element-wise operators on the CPU, alone and in chains.", exports)
