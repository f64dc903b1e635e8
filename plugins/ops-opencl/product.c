/* SPDX-License-Identifier: Apache-2.0 */
/* Tiles and parts of products (product.cl). They follow from the problem and the device, so that bits repeat.
 */
#include "product.h"

#include "plugins/ops-opencl/params.cl.h"
#include "plugins/ops-opencl/product.cl.h"
#include "plugins/ops-opencl/real.cl.h"
#include "plugins/ops-opencl/vector.cl.h"

typedef struct Tile {
    uint32_t m, n, deep;
} Tile;

/* Of an item on a processor, m * n and n * deep at most 8192; of a group of 16 by 16 items elsewhere. Larger
 * ones first. */
static const Tile on_processors[] = {{128, 64, 128}, {128, 32, 256}, {64, 32, 256}, {32, 32, 256}};
static const Tile elsewhere[] = {{64, 64, 16}, {32, 32, 16}};

/* How many tiles keep the units busy; elsewhere a unit hides what one group waits for behind another. */
static uint64_t enough(const OclService *ocl) { return (ocl->cpu ? 2 : 4) * (uint64_t)ocl->units; }

static uint64_t tiles_of(const OclProduct *p, const Tile *t) {
    return (uint64_t)((p->m + t->m - 1) / t->m) * ((p->n + t->n - 1) / t->n) * p->batches;
}

/* The largest tile that leaves work for all units, else the smallest. */
static Tile tile_of(const OclService *ocl, const OclProduct *p) {
    const Tile *all = ocl->cpu ? on_processors : elsewhere;
    const uint32_t n = ocl->cpu ? NN_COUNT(on_processors) : NN_COUNT(elsewhere);
    uint32_t i = 0;
    while (i + 1 < n && tiles_of(p, &all[i]) < enough(ocl))
        i++;
    return all[i];
}

/* Few tiles and a long depth: parts of the depth are summed side by side. */
static void cut(const OclService *ocl, OclProduct *p, const Tile *t) {
    const uint64_t tiles = tiles_of(p, t);
    uint64_t parts = tiles ? enough(ocl) / tiles : 1;
    if (parts > p->k / 512)
        parts = p->k / 512;
    p->part = parts > 1 ? (uint32_t)((p->k + parts - 1) / parts) : p->k;
    p->parts = p->part ? (p->k + p->part - 1) / p->part : 1;
    p->tile_m = t->m;
    p->tile_n = t->n;
    p->deep = t->deep;
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

int32_t ocl_product_plan(const NnHost *nn, NnDevice *device, const OclPlaces *places, OclProduct *p,
                         OclOperands in, NnPlan *out, NnStatus *status) {
    OclPlan *plan = ocl_plan(nn, device, status);
    if (plan == NULL)
        return nn->code(status);
    const OclService *ocl = plan->ocl;
    const Tile tile = tile_of(ocl, p);
    cut(ocl, p, &tile);
    char options[96];
    (void)snprintf(options, sizeof options, "%s %s -DWIDE=%u", ocl_real(in.type),
                   places->options ? places->options : "", tile.n);
    if (ocl->cpu)
        *strstr(options, " -DWIDE") = '\0';
    const OclSource source = {.name = places->name,
                              .parts = {real_cl, params_cl, places->text, vector_cl, product_cl},
                              .options = options};
    const bool folded = p->parts > 1;
    const OclArg none = {.role = OCL_NOTHING};
    const OclArg e = in.e == UINT32_MAX ? none : (OclArg){.role = OCL_INPUT, .index = in.e};
    const OclArg y = {.role = OCL_OUTPUT}, parts = {.role = OCL_WORKSPACE, .size = ocl_real_size(in.type)};
    OclStage *s = ocl->stage(nn, plan, &source, "product", 5, status);
    if (s) {
        s->args[0] = (OclArg){.role = OCL_INPUT, .index = in.a};
        s->args[1] = (OclArg){.role = OCL_INPUT, .index = in.b};
        s->args[2] = folded ? none : e;
        s->args[3] = folded ? none : y;
        s->args[4] = folded ? parts : none;
        spread(ocl, s, p);
        (void)ocl->params(nn, plan, s, p, sizeof *p, status);
    }
    if (s && folded && (s = ocl->stage(nn, plan, &source, "fold", 3, status)) != NULL) {
        s->args[0] = parts;
        s->args[1] = e;
        s->args[2] = y;
        ocl_items(s, (uint64_t)p->batches * p->m * p->n);
        (void)ocl->params(nn, plan, s, p, sizeof *p, status);
        out->workspace = ocl_real_size(in.type) * (uint64_t)p->parts * p->batches * p->m * p->n;
    }
    out->flop = 2.0 * (double)p->batches * (double)p->m * (double)p->n * (double)p->k;
    return ocl_planned(nn, plan, out, status);
}
