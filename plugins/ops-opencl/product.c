/* SPDX-License-Identifier: Apache-2.0 */
/* Tiles and parts of products (product.cl). They follow from the problem and the device, so that bits repeat.
 */
#include "product.h"

#include "plugins/ops-opencl/gemm.cl.h"
#include "plugins/ops-opencl/params.cl.h"
#include "plugins/ops-opencl/product.cl.h"
#include "plugins/ops-opencl/real.cl.h"
#include "plugins/ops-opencl/vector.cl.h"

typedef struct Tile {
    uint32_t m, n, deep;
} Tile;

/* Of an item on a processor, m * n and n * deep at most 8192; of a group of 16 by 16 items elsewhere. Larger
 * ones first. */
static const Tile on_processors[] = {
    {128, 64, 128}, {128, 32, 256}, {64, 64, 128}, {64, 32, 256}, {32, 32, 256}};
static const Tile elsewhere[] = {{128, 128, 8}, {64, 64, 16}, {32, 32, 16}};
#define PRESET_ELSEWHERE 1u

/* How many tiles keep the units busy; elsewhere a unit hides what one group waits for behind another. */
static uint64_t enough(const OclService *ocl) { return (ocl->cpu ? 2 : 4) * (uint64_t)ocl->units; }

static uint64_t tiles_of(const OclProduct *p, const Tile *t) {
    return (uint64_t)((p->m + t->m - 1) / t->m) * ((p->n + t->n - 1) / t->n) * p->batches;
}

static const Tile *tiles(const OclService *ocl, uint32_t *n) {
    *n = ocl->cpu ? NN_COUNT(on_processors) : NN_COUNT(elsewhere);
    return ocl->cpu ? on_processors : elsewhere;
}

/* The largest tile, from the first-th on, that leaves work for all units and fits their memory, else the
 * smallest. */
static Tile tile_of(const OclService *ocl, const OclProduct *p, uint32_t first, int32_t type) {
    uint32_t n, i = first;
    const Tile *all = tiles(ocl, &n);
    for (; i + 1 < n; i++) {
        const uint64_t local =
            ocl->cpu ? 0 : (uint64_t)(all[i].m + all[i].n) * all[i].deep * ocl_real_size(type);
        if (tiles_of(p, &all[i]) >= enough(ocl) && local <= ocl->local_bytes)
            break;
    }
    return all[i];
}

/* Few tiles and a long depth: parts of the depth are summed side by side. The preset's tile says how many, so
 * that the bits do not depend on the one that is chosen. */
static void cut(const OclService *ocl, OclProduct *p, const Tile *t) {
    const uint64_t all = tiles_of(p, t);
    uint64_t parts = all ? enough(ocl) / all : 1;
    if (parts > p->k / 512)
        parts = p->k / 512;
    p->part = parts > 1 ? (uint32_t)((p->k + parts - 1) / parts) : p->k;
    p->parts = p->part ? (p->k + p->part - 1) / p->part : 1;
}

static void spread(const OclService *ocl, OclStage *s, const OclProduct *p) {
    s->dims = 3;
    s->global[0] = (p->m + p->tile_m - 1) / p->tile_m;
    s->global[1] = (p->n + p->tile_n - 1) / p->tile_n;
    s->global[2] = (size_t)p->batches * p->parts;
    for (uint32_t i = 0; i < 3; i++)
        s->local[i] = 1;
    for (uint32_t i = 0; i < 2 && !ocl->cpu; i++) {
        s->local[i] = 16;
        s->global[i] *= 16;
    }
}

/* The stages of a product whose parts are known. */
static OclPlan *stages(const NnHost *nn, NnDevice *device, const OclPlaces *places, OclProduct *p,
                       OclOperands in, const Tile *tile, uint64_t *workspace, NnStatus *status) {
    OclPlan *plan = ocl_plan(nn, device, status);
    if (plan == NULL)
        return NULL;
    const OclService *ocl = plan->ocl;
    p->tile_m = tile->m;
    p->tile_n = tile->n;
    p->deep = tile->deep;
    char options[128], wide[48] = "";
    if (!ocl->cpu)
        (void)snprintf(wide, sizeof wide, "-DWIDE=%u -DDEEP=%u", tile->n, tile->deep);
    (void)snprintf(options, sizeof options, "%s %s %s", ocl_real(in.type),
                   places->options ? places->options : "", wide);
    const OclSource source = {.name = places->name,
                              .parts = {real_cl, params_cl, places->text, vector_cl, product_cl},
                              .options = options};
    const bool folded = p->parts > 1;
    const OclArg none = {.role = OCL_NOTHING};
    const OclArg e = in.e == UINT32_MAX ? none : (OclArg){.role = OCL_INPUT, .index = in.e};
    const OclArg y = {.role = OCL_OUTPUT}, parts = {.role = OCL_WORKSPACE, .size = ocl_real_size(in.type)};
    OclStage *s = ocl->stage(nn, plan, &source, "product", 5, status);
    bool good = s != NULL;
    if (s) {
        s->args[0] = (OclArg){.role = OCL_INPUT, .index = in.a};
        s->args[1] = (OclArg){.role = OCL_INPUT, .index = in.b};
        s->args[2] = folded ? none : e;
        s->args[3] = folded ? none : y;
        s->args[4] = folded ? parts : none;
        spread(ocl, s, p);
        good = ocl->params(nn, plan, s, p, sizeof *p, status) == NN_OK;
    }
    if (good && folded) {
        s = ocl->stage(nn, plan, &source, "fold", 3, status);
        good = s != NULL;
    }
    if (good && folded) {
        s->args[0] = parts;
        s->args[1] = e;
        s->args[2] = y;
        ocl_items(s, (uint64_t)p->batches * p->m * p->n);
        good = ocl->params(nn, plan, s, p, sizeof *p, status) == NN_OK;
        *workspace = ocl_real_size(in.type) * (uint64_t)p->parts * p->batches * p->m * p->n;
    }
    if (!good) {
        ocl->free(nn, plan);
        plan = NULL;
    }
    return plan;
}

/* ---- which tile suits the device ---- */

#define TRIAL 768u

static OclPlan *trial(const NnHost *nn, NnDevice *device, uint32_t candidate) {
    static const OclPlaces places = {.name = "gemm", .text = gemm_cl, .options = "-DROWS"};
    uint64_t workspace = 0;
    uint32_t n;
    const OclService *ocl = ocl_service(nn, device, NULL);
    const Tile *tile = tiles(ocl, &n) + candidate;
    OclProduct p = {.m = TRIAL,
                    .n = TRIAL,
                    .k = TRIAL,
                    .batches = 1,
                    .parts = 1,
                    .part = TRIAL,
                    .alpha = 1,
                    .y_row = TRIAL,
                    .a_row = TRIAL,
                    .a_depth = 1,
                    .b_depth = TRIAL,
                    .b_column = 1,
                    .dims = {1, 1, 1, 1}};
    if (!ocl->cpu && (uint64_t)(tile->m + tile->n) * tile->deep * 4 > ocl->local_bytes)
        return NULL;
    return stages(nn, device, &places, &p, (OclOperands){0, 1, UINT32_MAX, NN_F32}, tile, &workspace, NULL);
}

static uint32_t preset(const OclService *ocl) { return ocl->cpu ? 0 : PRESET_ELSEWHERE; }

static uint32_t chosen(const NnHost *nn, NnDevice *device, const OclService *ocl) {
    OclContest contest = {.name = "products by tiles of 128x64, 128x32, 64x64, 64x32, 32x32",
                          .n = NN_COUNT(on_processors),
                          .preset = preset(ocl),
                          .bytes = 4 * TRIAL * TRIAL,
                          .trial = trial};
    if (!ocl->cpu) {
        contest.name = "products by groups of 128, 64, 32";
        contest.n = NN_COUNT(elsewhere);
    }
    return ocl->choose(nn, device, &contest);
}

int32_t ocl_product_plan(const NnHost *nn, NnDevice *device, const OclPlaces *places, OclProduct *p,
                         OclOperands in, NnPlan *out, NnStatus *status) {
    const OclService *ocl = ocl_service(nn, device, status);
    if (ocl == NULL)
        return nn->code(status);
    const Tile usual = tile_of(ocl, p, preset(ocl), in.type);
    const Tile tile = tile_of(ocl, p, chosen(nn, device, ocl), in.type);
    cut(ocl, p, &usual);
    OclPlan *plan = stages(nn, device, places, p, in, &tile, &out->workspace, status);
    out->flop = 2.0 * (double)p->batches * (double)p->m * (double)p->n * (double)p->k;
    return ocl_planned(nn, plan, out, status);
}

int32_t ocl_product_match(const NnHost *nn, NnDevice *device, const NnNode *node, NnStatus *reason) {
    const int32_t code = ocl_match_real(nn, device, node, reason);
    const OclService *ocl = code == NN_OK ? ocl_service(nn, device, reason) : NULL;
    if (ocl && !ocl->cpu && ocl->group_max < 256)
        return nn_fail(nn, reason, NN_UNSUPPORTED, "%s needs groups of 256 work items, the device runs %zu",
                       node->op, ocl->group_max);
    return code;
}
