/* SPDX-License-Identifier: Apache-2.0 */
/* Products of which one side is thin (thin.cl). */
#include "product.h"

#include "plugins/ops-opencl/gemm.cl.h"
#include "plugins/ops-opencl/params.cl.h"
#include "plugins/ops-opencl/real.cl.h"
#include "plugins/ops-opencl/thin.cl.h"
#include "plugins/ops-opencl/vector.cl.h"

/* As in thin.cl. */
#define THIN 8u
#define DOTS 16u     /* rows of the long operand that an item has where vectors run along them; */
#define ACROSS 64u   /* columns where they run across, in f64 half as many */
#define SMALL 131072 /* elements of the long operand that one unit may do alone */

bool ocl_thin_suits(const OclService *ocl, const OclProduct *p, int32_t type) {
    const bool swap = p->n < p->m;
    const uint32_t side = swap ? p->n : p->m, length = swap ? p->m : p->n;
    const uint32_t across = type == NN_F64 ? ACROSS / 2 : ACROSS;
    const bool dot = (swap ? p->a_depth : p->b_depth) == 1;
    const uint64_t items = (uint64_t)p->batches * ((length + across - 1) / across);
    return ocl->cpu && side > 0 && side <= THIN && length >= across && p->k > 0 &&
           (dot || (swap ? p->a_row : p->b_column) == 1) &&
           (items >= 2 * (uint64_t)ocl->units || (uint64_t)length * p->k <= SMALL);
}

int32_t ocl_thin_plan(const NnHost *nn, NnDevice *device, OclProduct *p, OclOperands in, NnPlan *out,
                      NnStatus *status) {
    OclPlan *plan = ocl_plan(nn, device, status);
    if (plan == NULL)
        return nn->code(status);
    const bool swap = p->n < p->m, dot = (swap ? p->a_depth : p->b_depth) == 1;
    const uint32_t length = swap ? p->m : p->n;
    const uint32_t item = dot ? DOTS : in.type == NN_F64 ? ACROSS / 2 : ACROSS;
    char options[64];
    (void)snprintf(options, sizeof options, "%s%s%s", ocl_real(in.type), swap ? " -DSWAP" : "",
                   dot ? " -DDOT" : "");
    const OclSource source = {
        .name = "thin", .parts = {real_cl, params_cl, gemm_cl, vector_cl, thin_cl}, .options = options};
    OclStage *s = plan->ocl->stage(nn, plan, &source, "thin", 4, status);
    if (s) {
        ocl_arg(s, 0, OCL_INPUT, in.a);
        ocl_arg(s, 1, OCL_INPUT, in.b);
        ocl_arg(s, 2, in.e == UINT32_MAX ? OCL_NOTHING : OCL_INPUT, in.e);
        ocl_arg(s, 3, OCL_OUTPUT, 0);
        s->dims = 2;
        s->global[0] = (length + item - 1) / item;
        s->global[1] = p->batches;
        s->local[0] = s->local[1] = 1;
        (void)plan->ocl->params(nn, plan, s, p, sizeof *p, status);
    }
    out->flop = 2.0 * (double)p->batches * (double)p->m * (double)p->n * (double)p->k;
    return ocl_planned(nn, plan, out, status);
}
