/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The device `opencl`: whatever the ICD loader knows, platform by platform. Asynchronous, with memory of its
 * own. Here it is opened with its settings, and closed.
 */
#include "device.h"

#include <stdlib.h>

/* No command of a training takes minutes, so ten are an answer; a run that nobody watches shall end in a
 * sentence rather than stand still. */
#define TIMEOUT 600
#define NUMBER(n) TEXT(n)
#define TEXT(n) #n

static const NnDeviceKind opencl;

static int32_t read_limits(NnDevice *d, const NnConfig *config, NnStatus *status) {
    const OclApi *cl = d->cl;
    cl_ulong memory = 0, largest = 0, local = 0;
    cl_uint units = 0;
    cl_device_type type = 0;
    cl_bool available = CL_FALSE, compiler = CL_FALSE, unified = CL_TRUE;
    cl_command_queue_properties queues = 0;
    size_t group = 0;
    (void)cl->GetDeviceInfo(d->id, CL_DEVICE_GLOBAL_MEM_SIZE, sizeof memory, &memory, NULL);
    (void)cl->GetDeviceInfo(d->id, CL_DEVICE_MAX_MEM_ALLOC_SIZE, sizeof largest, &largest, NULL);
    (void)cl->GetDeviceInfo(d->id, CL_DEVICE_LOCAL_MEM_SIZE, sizeof local, &local, NULL);
    (void)cl->GetDeviceInfo(d->id, CL_DEVICE_MAX_COMPUTE_UNITS, sizeof units, &units, NULL);
    (void)cl->GetDeviceInfo(d->id, CL_DEVICE_TYPE, sizeof type, &type, NULL);
    (void)cl->GetDeviceInfo(d->id, CL_DEVICE_AVAILABLE, sizeof available, &available, NULL);
    (void)cl->GetDeviceInfo(d->id, CL_DEVICE_COMPILER_AVAILABLE, sizeof compiler, &compiler, NULL);
    (void)cl->GetDeviceInfo(d->id, CL_DEVICE_HOST_UNIFIED_MEMORY, sizeof unified, &unified, NULL);
    (void)cl->GetDeviceInfo(d->id, CL_DEVICE_QUEUE_PROPERTIES, sizeof queues, &queues, NULL);
    (void)cl->GetDeviceInfo(d->id, CL_DEVICE_MAX_WORK_GROUP_SIZE, sizeof group, &group, NULL);
    if (!available || !compiler)
        return nn_fail(d->nn, status, NN_UNAVAILABLE, "%s %s", d->name,
                       available ? "has no compiler for OpenCL C" : "says that it is not available");
    if (group < 128)
        return nn_fail(d->nn, status, NN_UNSUPPORTED, "%s runs groups of %zu work items, expected 128",
                       d->name, group);
    const NnConfigApi *api = d->nn->config;
    const int64_t limit = config ? api->integer(api->get(config, "memory")) : 0;
    const char *queue = config ? api->string(api->get(config, "queue")) : NULL;
    d->out_of_order = queue && strcmp(queue, "out-of-order") == 0;
    if (d->out_of_order && !(queues & CL_QUEUE_OUT_OF_ORDER_EXEC_MODE_ENABLE))
        return nn_fail(d->nn, status, NN_UNSUPPORTED,
                       "%s has in-order queues only, asked for an out-of-order one", d->name);
    d->tune = config && api->boolean(api->get(config, "tune"));
    d->timeout = config ? api->number(api->get(config, "timeout")) : TIMEOUT;
    d->budget = limit > 0 && (uint64_t)limit < memory ? (uint64_t)limit : memory;
    d->largest = largest;
    d->unified = unified != CL_FALSE;
    d->service.f64 = ocl_has_extension(cl, d->id, "cl_khr_fp64");
    d->service.f16 = true;
    d->service.cpu = (type & CL_DEVICE_TYPE_CPU) != 0;
    d->service.units = units;
    d->service.local_bytes = local;
    d->service.group_max = group;
    return NN_OK;
}

/* Of a device that hangs the driver keeps what it holds: it may never come back, and asking may not either.
 */
static void close_opencl(NnDevice *d) {
    if (d->context) {
        ocl_choices_close(d);
        ocl_heap_close(d);
        ocl_programs_close(d);
        if (!d->hung)
            (void)d->cl->ReleaseContext(d->context);
    }
    if (!d->hung) /* the driver may still say something */
        ocl_notice_free(d->notice);
    d->nn->free(d->nn, d);
}

static int32_t open_opencl(const NnHost *nn, uint32_t index, const NnConfig *config, NnDevice **out,
                           NnStatus *status) {
    OclFound f;
    const OclApi *cl = ocl_load(nn, status);
    int32_t code = ocl_device_at(nn, index, &f, status);
    if (cl == NULL || code != NN_OK)
        return code;
    NnDevice *d = nn->alloc(nn, sizeof *d);
    OclNotice *notice = ocl_notice_new();
    if (d == NULL || notice == NULL) {
        nn->free(nn, d);
        ocl_notice_free(notice);
        return nn_fail(nn, status, NN_OUT_OF_MEMORY, "no memory to open a device");
    }
    *d =
        (NnDevice){.kind = &opencl, .nn = nn, .cl = cl, .platform = f.platform, .id = f.id, .notice = notice};
    ocl_service_init(&d->service, cl);
    ocl_device_text(cl, f.id, CL_DEVICE_NAME, d->name);
    ocl_driver_text(cl, &f, d->driver, sizeof d->driver);
    code = read_limits(d, config, status);
    if (code == NN_OK) {
        const cl_context_properties properties[] = {CL_CONTEXT_PLATFORM, (cl_context_properties)f.platform,
                                                    0};
        cl_int why;
        char said[OCL_SAID];
        d->context = cl->CreateContext(properties, 1, &f.id, ocl_notice_take, d->notice, &why);
        if (d->context == NULL || why != CL_SUCCESS)
            code = nn_fail(nn, status, NN_UNAVAILABLE, "%s gives no context: %s", d->name,
                           ocl_said(d, why, said));
    }
    if (code != NN_OK)
        close_opencl(d);
    else
        *out = d;
    return code;
}

static const void *query(NnDevice *d, const char *name, uint32_t version) {
    return strcmp(name, OCL_SERVICE) == 0 && version == OCL_VERSION ? &d->service : NULL;
}

static const NnSetting settings[] = {{.name = "memory",
                                      .kind = NN_SET_INT,
                                      .flags = NN_SET_RANGE,
                                      .preset = "0",
                                      .min = 0,
                                      .max = 0x1p52,
                                      .unit = "bytes",
                                      .doc = "The most device memory to use; 0: all that the device has."},
                                     {.name = "queue",
                                      .kind = NN_SET_ENUM,
                                      .preset = "in-order",
                                      .choices = "in-order|out-of-order",
                                      .doc = "Whether commands that share no data may overtake each other."},
                                     {.name = "timeout",
                                      .kind = NN_SET_FLOAT,
                                      .flags = NN_SET_RANGE,
                                      .preset = NUMBER(TIMEOUT),
                                      .min = 0,
                                      .max = 1e6,
                                      .unit = "s",
                                      .doc = "How long the device may complete no command before it is given "
                                             "up; 0: for ever."},
                                     {.name = "tune",
                                      .kind = NN_SET_BOOL,
                                      .preset = "false",
                                      .doc =
                                          "Whether what suits the device best is measured, once, and stored "
                                          "beside the built programs; results do not depend on it."}};

static const NnDeviceKind opencl = {
    .struct_size = sizeof opencl,
    .flags = NN_DEVICE_ASYNC,
    .name = "opencl",
    .memory = "opencl",
    .priority = 50,
    NN_TABLE(settings),
    .settings = settings,
    .doc = "What the OpenCL loader finds: opencl:1 is the second device, opencl:NAME the first whose name, "
           "vendor or "
           "platform has NAME in it.",
    .enumerate = ocl_enumerate,
    .describe = ocl_describe,
    .open = open_opencl,
    .close = close_opencl,
    .stream_new = ocl_stream_new,
    .stream_free = ocl_stream_free,
    .alloc = ocl_alloc,
    .free = ocl_free,
    .copy_in = ocl_copy_in,
    .copy_out = ocl_copy_out,
    .copy = ocl_copy,
    .event_new = ocl_event_new,
    .event_free = ocl_event_free,
    .record = ocl_record,
    .wait = ocl_wait,
    .stream_wait = ocl_stream_wait,
    .reset = ocl_reset,
    .query = query,
    .find = ocl_find_named,
};

static const NnExport exports[] = {{NN_DEVICE_KIND, "opencl", &opencl}};

NN_PLUGIN_ENTRY(opencl);
NN_PLUGIN_ENTRY(opencl) {
    static const NnPlugin plugin = {.head = NN_HEAD,
                                    .struct_size = sizeof(NnPlugin),
                                    .name = "opencl",
                                    .version = NN_PLUGIN_VERSION,
                                    .licence = NN_PLUGIN_LICENCE,
                                    .summary = "The device opencl, through the ICD loader.",
                                    .threads =
                                        "those of the OpenCL platform, where it runs on processors (PoCL's)",
                                    .export_count = NN_COUNT(exports),
                                    .export_stride = NN_STRIDE(exports),
                                    .exports = exports};
    return &plugin;
}
