/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Resize, Tile, Pad with what is no constant, and their gradients: dimension by dimension, an element of the
 * result is a weighted sum of a few elements of the input. Which ones is found when a node is planned, as the
 * reference finds it, and lies on the device as a table.
 */
#include "taps.h"

#include "plugins/ops-opencl/real.cl.h"
#include "plugins/ops-opencl/taps.cl.h"

#define NOWHERE UINT32_MAX
#define EXTENT_MAX (1 << 22) /* of a dimension that a table is made for */

/* As taps.cl has it. */
typedef struct Params {
    uint32_t in, out, inner, weights, beyond[2];
} Params;

/* Are elements moved as they are? */
static bool moves(const NnNode *node) {
    return !taps_back(node) && (strcmp(node->op, "Resize") != 0 || nn_resize_is(node, "mode", "nearest"));
}

static int32_t match(const NnHost *nn, NnDevice *device, const NnNode *node, NnStatus *reason) {
    const char *why = taps_why_not(node);
    if (why)
        return nn_fail(nn, reason, NN_UNSUPPORTED, "%s: %s", node->op, why);
    for (uint32_t k = 0; k < 2; k++) {
        const NnValueInfo *v = k ? node->outputs[0] : node->inputs[0];
        for (int32_t d = 0; d < v->rank; d++)
            if (v->dims[d] > EXTENT_MAX)
                return nn_fail(nn, reason, NN_UNSUPPORTED,
                               "%s: dimension %d has %lld elements, a table at most %d", node->op, d,
                               (long long)v->dims[d], EXTENT_MAX);
    }
    if (!moves(node))
        return ocl_match_real(nn, device, node, reason);
    const uint64_t size = nn_type_size(node->inputs[0]->type);
    return (size == 1 || size == 2 || size == 4 || size == 8) && ocl_small(node)
               ? NN_OK
               : nn_fail(nn, reason, NN_UNSUPPORTED, "%s of such elements, or so many, is not done here",
                         node->op);
}

/* ---- the table ---- */

typedef struct Table {
    uint32_t *words;
    size_t bytes;
} Table;

/* Lists by element of the result: forward those of the taps, else those of the taps that name it. */
static uint32_t lists(const NnTaps *t, bool back, bool weighs, uint32_t *begin, double *weights) {
    uint32_t n = 0, *place = begin + (back ? t->in : t->out) + 1;
    if (!back) {
        for (int64_t o = 0; o < t->out; o++) {
            begin[o] = n;
            for (int64_t k = o * t->n; k < (o + 1) * t->n; k++) {
                const bool outside = t->at[k] < 0;
                if (weighs && !outside && t->weight[k] == 0)
                    continue;
                weights[n] = t->weight[k];
                place[n++] = outside ? NOWHERE : (uint32_t)t->at[k];
                if (outside)
                    break;
            }
        }
        begin[t->out] = n;
        return n;
    }
    /* Counted, then filled in from the end of each list, so that a list is in order. */
    for (int64_t o = 0; o < t->out; o++)
        for (int64_t k = o * t->n; k < (o + 1) * t->n && t->at[k] >= 0; k++)
            begin[t->at[k]] += t->weight[k] != 0;
    for (int64_t i = 0; i < t->in; i++)
        begin[i] = n += begin[i];
    begin[t->in] = n;
    for (int64_t o = t->out - 1; o >= 0; o--)
        for (int64_t k = o * t->n; k < (o + 1) * t->n && t->at[k] >= 0; k++)
            if (t->weight[k] != 0) {
                const uint32_t to = --begin[t->at[k]];
                place[to] = (uint32_t)o;
                weights[to] = t->weight[k];
            }
    return n;
}

static Table table_of(const NnHost *nn, const NnTaps *t, bool back, int32_t type, bool weighs, Params *p,
                      NnStatus *status) {
    const uint64_t most = (uint64_t)(t->n * t->out), size = ocl_real_size(type);
    const uint64_t places = ((uint64_t)p->out + 1 + most + 1) / 2 * 2;
    Table made = {.bytes = (size_t)(4 * places + (weighs ? size * most : 0))};
    double *weights = nn->alloc(nn, (most + 1) * sizeof *weights);
    made.words = nn->alloc(nn, made.bytes + 8);
    if (made.words == NULL || weights == NULL) {
        nn->free(nn, made.words);
        made.words = NULL;
        (void)nn_fail(nn, status, NN_OUT_OF_MEMORY, "no memory for a table of %llu places",
                      (unsigned long long)most);
    } else {
        const uint32_t n = lists(t, back, weighs, made.words, weights);
        p->weights = (uint32_t)places;
        char *to = (char *)made.words + 4 * places;
        for (uint32_t k = 0; weighs && k < n; k++) {
            const float single_weight = (float)weights[k];
            memcpy(to + size * k, size == 8 ? (const void *)&weights[k] : &single_weight, size);
        }
    }
    nn->free(nn, weights);
    return made;
}

/* ---- the plan: a pass for each dimension that changes ---- */

typedef struct Passes {
    const NnHost *nn;
    const NnNode *node;
    NnStatus *status;
    OclPlan *plan;
    int32_t type, rank;
    bool moves, back;
    int64_t dims[NN_MAX_RANK]; /* so far */
    NnTaps taps[NN_MAX_RANK];
    uint32_t n, which[NN_MAX_RANK];
    uint64_t room; /* bytes of each half of the workspace */
} Passes;

static uint32_t size_of(const Passes *s) {
    return s->moves ? (uint32_t)nn_type_size(s->type) : ocl_real_size(s->type);
}

static int64_t extent_after(const Passes *s, uint32_t d) { return s->back ? s->taps[d].in : s->taps[d].out; }

/* Is each element itself? */
static bool is_nothing(const NnTaps *t) {
    bool same = t->in == t->out;
    for (int64_t o = 0; same && o < t->out; o++)
        for (int64_t k = o * t->n; same && k < (o + 1) * t->n; k++)
            same = t->at[k] == o ? t->weight[k] == 1 : t->at[k] >= 0 && t->weight[k] == 0;
    return same;
}

/* The taps of all dimensions, and which are walked: one at least, as something must write the result. */
static int32_t find_passes(Passes *s, const NnValueInfo *x, const NnValueInfo *y) {
    const NnCall call = {.struct_size = sizeof call, .host = s->nn, .node = s->node, .status = s->status};
    s->rank = x->rank > 0 ? x->rank : 1;
    for (int32_t d = 0; d < s->rank; d++) {
        const int64_t before = x->rank > 0 ? x->dims[d] : 1, after = x->rank > 0 ? y->dims[d] : 1;
        NnTaps *t = &s->taps[d];
        s->dims[d] = before;
        *t = (NnTaps){.in = s->back ? after : before, .out = s->back ? before : after};
        const int32_t code = taps_find(&call, d, t);
        if (code != NN_OK)
            return code;
        if (!is_nothing(t) || (d + 1 == s->rank && s->n == 0))
            s->which[s->n++] = (uint32_t)d;
    }
    /* What grows does so from the last dimension on, so that most is moved in long rows. */
    const bool grows = ocl_count(y) > ocl_count(x);
    for (uint32_t k = 0; grows && k < s->n / 2; k++) {
        const uint32_t last = s->which[s->n - 1 - k];
        s->which[s->n - 1 - k] = s->which[k];
        s->which[k] = last;
    }
    int64_t dims[NN_MAX_RANK];
    memcpy(dims, s->dims, sizeof dims);
    for (uint32_t k = 0; k + 1 < s->n; k++) {
        dims[s->which[k]] = extent_after(s, s->which[k]);
        const uint64_t bytes = ((uint64_t)nn_product(dims, 0, s->rank) * size_of(s) + 63) & ~UINT64_C(63);
        s->room = bytes > s->room ? bytes : s->room;
    }
    return NN_OK;
}

static void set_beyond(const Passes *s, Params *p) {
    const double x = nn_attr_float(s->node, "extrapolation_value", 0);
    nn_store(p->beyond, s->moves || s->type == NN_F64 ? s->type : NN_F32, 0, x);
}

static OclStage *stage(const Passes *s, uint32_t k, bool rows) {
    static const char *const moved[] = {
        [1] = "-DT=uchar", [2] = "-DT=ushort", [4] = "-DT=uint", [8] = "-DT=ulong"};
    const bool first = k == 0, last = k + 1 == s->n;
    const char *name = first && last ? "only" : first ? "first" : last ? "last" : "middle";
    const OclArg x = {.role = OCL_INPUT}, y = {.role = OCL_OUTPUT};
    const OclArg ws = {.role = OCL_WORKSPACE, .size = size_of(s)};
    char kernel[32], real[64];
    (void)snprintf(kernel, sizeof kernel, "%s%s", s->moves ? "pick" : name, rows ? "_rows" : "");
    (void)snprintf(real, sizeof real, "-DREALS %s", ocl_real(s->type));
    const OclSource source = {.name = "taps",
                              .parts = {s->moves ? NULL : real_cl, taps_cl},
                              .options = s->moves ? moved[size_of(s)] : real};
    OclStage *made = s->plan->ocl->stage(s->nn, s->plan, &source, kernel, 2, s->status);
    if (made) {
        made->args[0] = first ? x : ws;
        made->args[1] = last ? y : ws;
        made->args[0].offset = first ? 0 : (k - 1) % 2 * s->room;
        made->args[1].offset = last ? 0 : k % 2 * s->room;
    }
    return made;
}

static void add_pass(Passes *s, uint32_t k) {
    const uint32_t d = s->which[k];
    const NnTaps *t = &s->taps[d];
    Params p = {.in = (uint32_t)s->dims[d],
                .out = (uint32_t)extent_after(s, d),
                .inner = (uint32_t)nn_product(s->dims, (int32_t)d + 1, s->rank)};
    const bool rows = s->plan->ocl->cpu && p.inner >= 16;
    OclStage *made = stage(s, k, rows);
    if (made == NULL)
        return;
    set_beyond(s, &p);
    Table table = table_of(s->nn, t, s->back, s->type, !s->moves, &p, s->status);
    ocl_rows(made, (uint64_t)nn_product(s->dims, 0, (int32_t)d), rows ? p.out : (uint64_t)p.out * p.inner);
    if (table.words && s->plan->ocl->params(s->nn, s->plan, made, &p, sizeof p, s->status) == NN_OK)
        (void)s->plan->ocl->table(s->nn, s->plan, made, table.words, table.bytes, s->status);
    s->nn->free(s->nn, table.words);
    s->dims[d] = p.out;
}

static int32_t plan(const NnHost *nn, NnDevice *device, const NnNode *node, NnPlan *out, NnStatus *status) {
    const NnCall call = {.struct_size = sizeof call, .host = nn};
    Passes *s = nn->alloc(nn, sizeof *s);
    if (s == NULL)
        return nn_fail(nn, status, NN_OUT_OF_MEMORY, "no memory to plan %s", node->op);
    *s = (Passes){.nn = nn, .node = node, .status = status, .type = node->inputs[0]->type};
    s->moves = moves(node);
    s->back = taps_back(node);
    s->plan = ocl_plan(nn, device, status);
    if (s->plan && find_passes(s, node->inputs[0], node->outputs[0]) == NN_OK)
        for (uint32_t k = 0; k < s->n && nn->code(status) == NN_OK; k++)
            add_pass(s, k);
    out->workspace = s->n > 2 ? 2 * s->room : s->room;
    const int32_t code = ocl_planned(nn, s->plan, out, status);
    for (uint32_t d = 0; d < NN_MAX_RANK; d++)
        nn_taps_free(&call, &s->taps[d]);
    nn->free(nn, s);
    return code;
}

#define FOR_ALL(X) X("", Resize) X("nn", ResizeGrad) X("", Tile) X("nn", TileGrad) X("", Pad) X("nn", PadGrad)
#define DEFINE(dom, name) OCL_KERNEL(kernel_##name, dom, #name, match, plan)
#define EXPORT(dom, name) {NN_KERNEL_KIND, sizeof dom > 1 ? dom "/" #name : #name, &kernel_##name},
FOR_ALL(DEFINE)

static const NnExport exports[] = {FOR_ALL(EXPORT)};
NN_PLUGIN(taps, "Resizing, tiling and borders by OpenCL.", exports)
