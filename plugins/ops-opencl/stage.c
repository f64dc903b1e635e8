/* SPDX-License-Identifier: Apache-2.0 */
/* Plans of stages: made once per compiled node, run without allocating or looking anything up. */
#include "stream.h"

static OclPlan *plan_new(const NnHost *nn, NnDevice *device, NnStatus *status) {
    OclPlan *plan = nn->alloc(nn, sizeof *plan);
    if (plan == NULL) {
        (void)nn_fail(nn, status, NN_OUT_OF_MEMORY, "no memory for a kernel's plan");
        return NULL;
    }
    *plan = (OclPlan){.ocl = &device->service, .device = device};
    return plan;
}

static void plan_free(const NnHost *nn, OclPlan *plan) {
    const bool hung = plan->device->hung;
    for (uint32_t i = 0; i < plan->n_stages; i++) {
        if (plan->stages[i].kernel && !hung)
            (void)plan->ocl->cl->ReleaseKernel(plan->stages[i].kernel);
        if (plan->stages[i].table && !hung)
            (void)plan->ocl->cl->ReleaseMemObject(plan->stages[i].table);
        nn->free(nn, plan->stages[i].args);
    }
    nn->free(nn, plan->stages);
    nn->free(nn, plan);
}

static OclStage *stage_new(const NnHost *nn, OclPlan *plan, const OclSource *source, const char *kernel,
                           uint32_t n_args, NnStatus *status) {
    NnDevice *d = plan->device;
    if (n_args > OCL_ARGS) {
        (void)nn_fail(nn, status, NN_UNSUPPORTED,
                      "a kernel of the program %s has %u arguments, expected at most %u", source->name,
                      n_args, OCL_ARGS);
        return NULL;
    }
    cl_program program = ocl_program(d, source, status);
    if (program == NULL)
        return NULL;
    const uint32_t n = plan->n_stages;
    OclStage *stages = nn->alloc(nn, (n + 1) * sizeof *stages);
    OclArg *args = nn->alloc(nn, (n_args + 1) * sizeof *args);
    cl_int code = CL_OUT_OF_HOST_MEMORY;
    cl_kernel made = stages && args ? d->cl->CreateKernel(program, kernel, &code) : NULL;
    if (made == NULL || code != CL_SUCCESS) {
        char said[OCL_SAID];
        nn->free(nn, stages);
        nn->free(nn, args);
        (void)nn_fail(nn, status, NN_ERROR, "device %s makes no kernel %s of the program %s: %s", d->name,
                      kernel, source->name, ocl_said(d, code, said));
        return NULL;
    }
    if (n > 0)
        memcpy(stages, plan->stages, n * sizeof *stages);
    nn->free(nn, plan->stages);
    plan->stages = stages;
    stages[plan->n_stages++] = (OclStage){.kernel = made, .n_args = n_args, .args = args};
    return &stages[n];
}

static int32_t set_params(const NnHost *nn, OclPlan *plan, const OclStage *stage, const void *params,
                          size_t bytes, NnStatus *status) {
    char said[OCL_SAID];
    const cl_int code = plan->ocl->cl->SetKernelArg(stage->kernel, 2 * stage->n_args, bytes, params);
    return code == CL_SUCCESS
               ? NN_OK
               : nn_fail(nn, status, NN_ERROR, "device %s does not take a kernel's parameters: %s",
                         plan->device->name, ocl_said(plan->device, code, said));
}

static int32_t set_table(const NnHost *nn, OclPlan *plan, OclStage *stage, const void *data, size_t bytes,
                         NnStatus *status) {
    NnDevice *d = plan->device;
    char said[OCL_SAID];
    cl_int code;
    stage->table = d->cl->CreateBuffer(d->context, CL_MEM_READ_ONLY | CL_MEM_COPY_HOST_PTR, bytes,
                                       (void *)(uintptr_t)data, &code);
    if (code == CL_SUCCESS)
        code = d->cl->SetKernelArg(stage->kernel, 2 * stage->n_args + 1, sizeof stage->table, &stage->table);
    return code == CL_SUCCESS
               ? NN_OK
               : nn_fail(nn, status, NN_OUT_OF_MEMORY, "device %s takes no table of %zu bytes: %s", d->name,
                         bytes, ocl_said(d, code, said));
}

/* What a kernel is given for an argument, and the bytes there that it may touch. */
typedef struct Place {
    cl_mem memory;
    uint64_t at; /* elements to skip; for a fault the tag */
    uint64_t from, bytes;
} Place;

static Place place_of(const OclPlan *plan, const OclArg *a, const NnCall *call) {
    const NnTensor *t = a->role == OCL_INPUT    ? call->inputs[a->index]
                        : a->role == OCL_OUTPUT ? call->outputs[a->index]
                                                : NULL;
    const OclBuffer *b = t ? t->buffer : a->role == OCL_WORKSPACE ? call->workspace : NULL;
    if (a->role == OCL_FAULT)
        return (Place){ocl_faults(call->stream), call->tag, 0, sizeof(OclFault)};
    if (b == NULL)
        return (Place){.memory = NULL};
    if (t) {
        const uint64_t size = nn_type_size(t->type), from = b->offset + t->offset;
        return (Place){b->memory, from / size, from, (uint64_t)nn_elements(t) * size};
    }
    const uint64_t from = b->offset + call->workspace_offset;
    return (Place){b->memory, (from + a->offset) / (a->size ? a->size : 4), from, plan->workspace};
}

static cl_int set_arg(const OclPlan *plan, cl_kernel kernel, uint32_t i, OclArg *a, const NnCall *call) {
    const OclApi *cl = plan->ocl->cl;
    const Place p = place_of(plan, a, call);
    ocl_touch(call->stream, p.memory, p.from, p.bytes, a->role != OCL_INPUT);
    if (a->set && a->memory == p.memory && a->at == p.at)
        return CL_SUCCESS;
    cl_int code = cl->SetKernelArg(kernel, 2 * i, sizeof p.memory, &p.memory);
    if (code == CL_SUCCESS)
        code = cl->SetKernelArg(kernel, 2 * i + 1, sizeof p.at, &p.at);
    a->memory = p.memory;
    a->at = p.at;
    a->set = code == CL_SUCCESS;
    return code;
}

static int32_t run_stage(const OclPlan *plan, const OclStage *stage, const NnCall *call) {
    for (uint32_t i = 0; i < stage->dims; i++)
        if (stage->global[i] == 0)
            return NN_OK;
    if (ocl_ready(call->stream, call->status) != NN_OK)
        return NN_ERROR;
    for (uint32_t i = 0; i < stage->n_args; i++) {
        const cl_int code = set_arg(plan, stage->kernel, i, &stage->args[i], call);
        char said[OCL_SAID];
        if (code == CL_SUCCESS)
            continue;
        ocl_hazards_clear(call->stream);
        return nn_fail(call->host, call->status, NN_ERROR, "device %s does not take argument %u: %s",
                       plan->device->name, i, ocl_said(plan->device, code, said));
    }
    return ocl_launch(call, stage);
}

static int32_t run(OclPlan *plan, const NnCall *call) {
    int32_t code = NN_OK;
    for (uint32_t k = 0; code == NN_OK && k < plan->n_stages; k++)
        code = run_stage(plan, &plan->stages[k], call);
    return code;
}

void ocl_service_init(OclService *s, const OclApi *cl) {
    s->cl = cl;
    s->plan_new = plan_new;
    s->stage = stage_new;
    s->params = set_params;
    s->table = set_table;
    s->run = run;
    s->copy = ocl_copy_tensor;
    s->free = plan_free;
    s->choose = ocl_prefer;
}
