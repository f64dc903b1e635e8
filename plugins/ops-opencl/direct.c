/* SPDX-License-Identifier: Apache-2.0 */
/* Tiles for the convolutions of direct.cl. They follow from the problem and the device, so that bits repeat.
 */
#include "direct.h"

#include "plugins/ops-opencl/direct.cl.h"
#include "plugins/ops-opencl/real.cl.h"
#include "plugins/ops-opencl/vector.cl.h"

/* As in direct.cl. */
#define ITEM 8192u
#define SUMS 8192u
#define DEPTH 512u
#define VECTORS 1280u
#define STEP 32u       /* places that are done at once, and */
#define LONE_STEP 128u /* of a lone plane of results */
#define ROWS 8u        /* planes of the result that are done at once; */
#define WEIGH_ROWS 4u  /* filters and */
#define COLUMNS 5u     /* elements of their kernels */

static uint32_t least(uint32_t a, uint32_t b) { return a < b ? a : b; }
static uint32_t most(uint32_t a, uint32_t b) { return a > b ? a : b; }
static uint32_t cut(uint32_t n, uint32_t by) { return (n + by - 1) / by; }
static uint32_t up(uint32_t n, uint32_t to) { return cut(n, to) * to; }

static uint32_t taps_of(const OclDirect *d) { return d->kernel_h * d->kernel_w; }

/* Reals that a plane of the source takes in an item when its tile has n places. */
static uint64_t plane_of(const OclDirect *d, uint32_t n) {
    return (uint64_t)d->stride_h * d->stride_w * (n + d->halo);
}

/* Cuts the places of a sample into tiles of n or fewer, of which `step` are done at once. */
static void tile_places(OclDirect *d, uint32_t n, uint32_t step) {
    const uint32_t span = (cut(d->dst_h, d->step_h) - 1) * d->line + cut(d->dst_w, d->step_w);
    d->tiles = cut(span, n);
    d->tile_n = up(cut(span, d->tiles), step);
    d->segment = up(d->tile_n + d->halo, 16);
}

static bool tile_correlate(const OclService *ocl, OclDirect *d, uint32_t groups) {
    const uint32_t step = d->m == 1 ? LONE_STEP : STEP;
    d->tile_m = d->m == 1 ? 1 : least(up(d->m, ROWS), 4 * ROWS);
    uint32_t n = SUMS / d->tile_m / step * step;
    /* Few planes: smaller tiles keep all units busy. */
    const uint64_t planes = (uint64_t)cut(d->m, d->tile_m) * d->samples * groups * d->step_h * d->step_w;
    while (n > step && planes * cut(cut(d->dst_h, d->step_h) * d->line, n) < 4 * (uint64_t)ocl->units)
        n /= 2;
    while (n > step && plane_of(d, n + 16) > ITEM)
        n = up(n / 2, step);
    tile_places(d, n, step);
    const uint64_t plane = plane_of(d, d->segment - d->halo);
    d->tile_c = plane > ITEM ? 0 : least(least((uint32_t)(ITEM / plane), DEPTH / taps_of(d)), d->channels);
    return d->tile_c > 0;
}

static bool tile_weigh(const OclService *ocl, OclDirect *d, uint32_t groups) {
    const uint32_t taps = taps_of(d);
    d->tile_m = least(up(d->m, WEIGH_ROWS), 4 * WEIGH_ROWS);
    while (d->tile_m > WEIGH_ROWS && d->tile_m * up(taps, COLUMNS) > VECTORS)
        d->tile_m -= WEIGH_ROWS;
    d->tile_c = least(least(VECTORS / d->tile_m - COLUMNS, DEPTH) / taps, d->channels);
    if (d->tile_c == 0)
        return false;
    uint32_t n = SUMS / d->tile_m / STEP * STEP;
    while (n > STEP && d->tile_c * plane_of(d, n + 16) > ITEM) {
        if (d->tile_c > 4)
            d->tile_c = cut(d->tile_c, 2);
        else
            n = up(n / 2, STEP);
    }
    tile_places(d, n, STEP);
    while (d->tile_c > 1 && d->tile_c * plane_of(d, d->segment - d->halo) > ITEM)
        d->tile_c--;
    if (plane_of(d, d->segment - d->halo) > ITEM)
        return false;
    const uint64_t items = (uint64_t)cut(d->m, d->tile_m) * cut(d->channels, d->tile_c) * groups;
    const uint32_t all = d->samples * d->tiles;
    const uint32_t parts = least((uint32_t)most((uint32_t)(4 * (uint64_t)ocl->units / items), 1), all);
    d->part = cut(all, parts);
    d->parts = cut(all, d->part);
    return true;
}

/* floor(a / b) */
static int64_t floor_div(int64_t a, int64_t b) { return a / b - (a % b < 0); }

/* Zeros before the source and what the kernel reaches over, along one dimension of ConvGradInput. */
static void back_along(uint32_t kernel, uint32_t dilation, uint32_t step, int32_t pad, int32_t *zeros,
                       uint64_t *reach) {
    const int64_t before = -floor_div(pad - (int64_t)(kernel - 1) * dilation, step);
    *zeros = (int32_t)before;
    *reach = (uint64_t)(before + floor_div((int64_t)pad + step - 1, step));
}

/* A kernel of one element that moves over all places: planes are rows. */
static void flatten(OclDirect *d) {
    if (taps_of(d) != 1 || d->stride_h * d->stride_w * d->step_h * d->step_w != 1 || d->pad_h != 0 ||
        d->pad_w != 0 || d->src_h != d->dst_h || d->src_w != d->dst_w)
        return;
    d->src_w = d->dst_w = d->src_h * d->src_w;
    d->src_h = d->dst_h = 1;
}

bool ocl_direct(const OclService *ocl, OclPass pass, const OclProduct *p, uint32_t samples, OclDirect *d) {
    const bool back = pass == OCL_CONV_GRAD_INPUT;
    const uint32_t taps = p->kernel_h * p->kernel_w;
    const uint64_t strides = (uint64_t)p->stride_h * p->stride_w;
    if (!ocl->cpu || taps == 0 || taps > DEPTH || strides > ITEM || p->m == 0 || p->n == 0 || p->k == 0)
        return false;
    *d = (OclDirect){.m = back ? p->c : p->filters,
                     .channels = back ? p->filters : p->c,
                     .samples = samples,
                     .src_h = back ? p->out_h : p->h,
                     .src_w = back ? p->out_w : p->w,
                     .dst_h = back ? p->h : p->out_h,
                     .dst_w = back ? p->w : p->out_w,
                     .kernel_h = p->kernel_h,
                     .kernel_w = p->kernel_w,
                     .stride_h = back ? 1 : p->stride_h,
                     .stride_w = back ? 1 : p->stride_w,
                     .dilation_h = p->dilation_h,
                     .dilation_w = p->dilation_w,
                     .step_h = back ? p->stride_h : 1,
                     .step_w = back ? p->stride_w : 1,
                     .pad_h = p->pad_h,
                     .pad_w = p->pad_w,
                     .top = p->pad_h,
                     .left = p->pad_w,
                     .a_row = back ? taps : p->c * taps,
                     .a_plane = back ? p->c * taps : taps,
                     .a_group = p->filters * p->c * taps,
                     .parts = 1,
                     .all = p->batches * p->filters * p->c * taps};
    uint64_t reach_h = (uint64_t)(p->kernel_h - 1) * p->dilation_h / p->stride_h,
             reach_w = (uint64_t)(p->kernel_w - 1) * p->dilation_w / p->stride_w;
    if (back) {
        back_along(p->kernel_h, p->dilation_h, p->stride_h, p->pad_h, &d->top, &reach_h);
        back_along(p->kernel_w, p->dilation_w, p->stride_w, p->pad_w, &d->left, &reach_w);
    }
    flatten(d);
    const uint64_t line = cut(d->dst_w, d->step_w) + reach_w, halo = reach_h * line + reach_w;
    if (reach_h > ITEM || halo > ITEM || line * (d->dst_h + reach_h) > INT32_MAX)
        return false;
    d->line = (uint32_t)line;
    d->halo = (uint32_t)halo;
    return pass == OCL_CONV_GRAD_WEIGHT ? tile_weigh(ocl, d, p->batches) : tile_correlate(ocl, d, p->batches);
}

static void grid(OclStage *s, uint32_t x, uint32_t y, uint32_t z) {
    s->dims = 3;
    s->global[0] = x;
    s->global[1] = y;
    s->global[2] = z;
    s->local[0] = s->local[1] = s->local[2] = 1;
}

static void plan_weigh(const NnHost *nn, OclPlan *plan, const OclSource *source, const OclDirect *d,
                       uint32_t groups, int32_t type, NnPlan *out, NnStatus *status) {
    const OclService *ocl = plan->ocl;
    const OclArg y = {.role = OCL_OUTPUT}, parts = {.role = OCL_WORKSPACE, .size = ocl_real_size(type)};
    const bool folded = d->parts > 1 || type == NN_F16; /* sums are rounded to f16 in the end */
    OclStage *s = ocl->stage(nn, plan, source, "weigh", 3, status);
    if (s) {
        ocl_arg(s, 0, OCL_INPUT, 0);
        ocl_arg(s, 1, OCL_INPUT, 1);
        s->args[2] = folded ? parts : y;
        grid(s, cut(d->m, d->tile_m), cut(d->channels, d->tile_c), groups * d->parts);
        (void)ocl->params(nn, plan, s, d, sizeof *d, status);
    }
    if (s && folded && (s = ocl->stage(nn, plan, source, "fold", 2, status)) != NULL) {
        s->args[0] = parts;
        s->args[1] = y;
        ocl_items(s, d->all);
        (void)ocl->params(nn, plan, s, d, sizeof *d, status);
        out->workspace = ocl_real_size(type) * (uint64_t)d->parts * d->all;
    }
}

int32_t ocl_direct_plan(const NnHost *nn, NnDevice *device, OclPass pass, const OclProduct *p, OclDirect *d,
                        uint32_t e, int32_t type, NnPlan *out, NnStatus *status) {
    const bool weigh = pass == OCL_CONV_GRAD_WEIGHT;
    static const char *const passes[] = {"", "-DINPUT", "-DWEIGH"};
    const char *lone = !weigh && d->m == 1 ? "-DLONE" : "";
    char options[64];
    (void)snprintf(options, sizeof options, "%s %s %s", ocl_real(type), passes[pass], lone);
    const OclSource source = {.name = "direct", .parts = {real_cl, vector_cl, direct_cl}, .options = options};
    OclPlan *plan = ocl_plan(nn, device, status);
    if (plan == NULL)
        return nn->code(status);
    if (weigh)
        plan_weigh(nn, plan, &source, d, p->batches, type, out, status);
    else {
        OclStage *s = plan->ocl->stage(nn, plan, &source, "correlate", 4, status);
        if (s) {
            d->with_e = e != UINT32_MAX;
            ocl_arg(s, 0, OCL_INPUT, 0);
            ocl_arg(s, 1, OCL_INPUT, 1);
            ocl_arg(s, 2, d->with_e ? OCL_INPUT : OCL_NOTHING, e);
            ocl_arg(s, 3, OCL_OUTPUT, 0);
            grid(s, cut(d->m, d->tile_m), d->samples * d->tiles, p->batches * d->step_h * d->step_w);
            (void)plan->ocl->params(nn, plan, s, d, sizeof *d, status);
        }
    }
    out->flop = 2.0 * (double)p->batches * (double)p->m * (double)p->n * (double)p->k;
    return ocl_planned(nn, plan, out, status);
}
