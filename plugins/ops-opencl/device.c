/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The device `opencl`: whatever the ICD loader knows, platform by platform. Asynchronous, with memory of its
 * own; chosen by number or by a part of its name, its vendor's or its platform's.
 */
#include "device.h"

#include <ctype.h>
#include <inttypes.h>
#include <stdlib.h>

/* No command of a training takes minutes, so ten are an answer; a run that nobody watches shall end in a
 * sentence rather than stand still. */
#define TIMEOUT 600
#define NUMBER(n) TEXT(n)
#define TEXT(n) #n

static const NnDeviceKind opencl;

static int32_t enumerate(const NnHost *nn, uint32_t *count, NnStatus *status) {
    OclFound found[OCL_DEVICES_MAX];
    return ocl_find(nn, found, count, status);
}

static int32_t device_at(const NnHost *nn, uint32_t index, OclFound *out, NnStatus *status) {
    OclFound found[OCL_DEVICES_MAX];
    uint32_t n;
    const int32_t code = ocl_find(nn, found, &n, status);
    if (code != NN_OK)
        return code;
    if (index >= n)
        return nn_fail(nn, status, NN_NOT_FOUND, "there are %u OpenCL devices; asked for number %u", n,
                       index);
    *out = found[index];
    return NN_OK;
}

static bool has_extension(const OclApi *cl, cl_device_id id, const char *name) {
    char all[8192] = " ";
    size_t bytes = 0;
    if (cl->GetDeviceInfo(id, CL_DEVICE_EXTENSIONS, sizeof all - 2, all + 1, &bytes) != CL_SUCCESS)
        return false;
    char wanted[64];
    all[sizeof all - 1] = '\0';
    (void)snprintf(wanted, sizeof wanted, " %s", name);
    for (const char *at = all; (at = strstr(at, wanted)) != NULL; at++)
        if (at[strlen(wanted)] == ' ' || at[strlen(wanted)] == '\0')
            return true;
    return false;
}

static uint64_t types_of(const OclApi *cl, cl_device_id id) {
    uint64_t types = NN_INTEGERS | NN_MASK(NN_BOOL) | NN_MASK(NN_F32) | NN_MASK(NN_F16);
    return types | (has_extension(cl, id, "cl_khr_fp64") ? NN_MASK(NN_F64) : 0);
}

static void driver_of(const OclApi *cl, const OclFound *f, char *text, size_t size) {
    char platform[OCL_TEXT], driver[OCL_TEXT];
    ocl_platform_text(cl, f->platform, CL_PLATFORM_VERSION, platform);
    ocl_device_text(cl, f->id, CL_DRIVER_VERSION, driver);
    (void)snprintf(text, size, "%.120s, driver %.100s", platform, driver);
}

static int32_t describe(const NnHost *nn, uint32_t index, NnDeviceInfo *info, NnStatus *status) {
    OclFound f;
    const OclApi *cl = ocl_load(nn, status);
    const int32_t code = device_at(nn, index, &f, status);
    if (cl == NULL || code != NN_OK)
        return code;
    char name[OCL_TEXT], driver[OCL_TEXT];
    cl_ulong memory = 0;
    ocl_device_text(cl, f.id, CL_DEVICE_NAME, name);
    driver_of(cl, &f, driver, sizeof driver);
    (void)cl->GetDeviceInfo(f.id, CL_DEVICE_GLOBAL_MEM_SIZE, sizeof memory, &memory, NULL);
    info->alignment = 64;
    info->memory_bytes = memory;
    info->types = types_of(cl, f.id);
    (void)snprintf(info->name, sizeof info->name, "%.120s", name);
    (void)snprintf(info->driver, sizeof info->driver, "%.120s", driver);
    return NN_OK;
}

/* Is `words` part of `text`, whatever the case of letters? */
static bool holds(const char *text, const char *words) {
    for (; *text; text++) {
        size_t i = 0;
        while (words[i] && tolower((unsigned char)text[i]) == tolower((unsigned char)words[i]))
            i++;
        if (words[i] == '\0')
            return true;
    }
    return false;
}

static int32_t find(const NnHost *nn, const char *words, uint32_t *index, NnStatus *status) {
    OclFound found[OCL_DEVICES_MAX];
    uint32_t n;
    const OclApi *cl = ocl_load(nn, status);
    const int32_t code = ocl_find(nn, found, &n, status);
    if (cl == NULL || code != NN_OK)
        return code;
    char text[4][OCL_TEXT], all[768] = "";
    for (uint32_t i = 0; i < n; i++) {
        ocl_device_text(cl, found[i].id, CL_DEVICE_NAME, text[0]);
        ocl_device_text(cl, found[i].id, CL_DEVICE_VENDOR, text[1]);
        ocl_platform_text(cl, found[i].platform, CL_PLATFORM_NAME, text[2]);
        ocl_platform_text(cl, found[i].platform, CL_PLATFORM_VERSION, text[3]);
        for (uint32_t k = 0; k < 4; k++)
            if (*words && holds(text[k], words)) {
                *index = i;
                return NN_OK;
            }
        const size_t at = strlen(all);
        (void)snprintf(all + at, sizeof all - at, "%s%u is %s (%s)", at ? "; " : "", i, text[0], text[2]);
    }
    return nn_fail(nn, status, NN_NOT_FOUND, "no OpenCL device is called \"%s\": %s", words, all);
}

static int32_t read_limits(NnDevice *d, const NnConfig *config, NnStatus *status) {
    const OclApi *cl = d->cl;
    cl_ulong memory = 0, largest = 0, local = 0;
    cl_uint units = 0;
    cl_device_type type = 0;
    cl_bool available = CL_FALSE, compiler = CL_FALSE;
    size_t group = 0;
    (void)cl->GetDeviceInfo(d->id, CL_DEVICE_GLOBAL_MEM_SIZE, sizeof memory, &memory, NULL);
    (void)cl->GetDeviceInfo(d->id, CL_DEVICE_MAX_MEM_ALLOC_SIZE, sizeof largest, &largest, NULL);
    (void)cl->GetDeviceInfo(d->id, CL_DEVICE_LOCAL_MEM_SIZE, sizeof local, &local, NULL);
    (void)cl->GetDeviceInfo(d->id, CL_DEVICE_MAX_COMPUTE_UNITS, sizeof units, &units, NULL);
    (void)cl->GetDeviceInfo(d->id, CL_DEVICE_TYPE, sizeof type, &type, NULL);
    (void)cl->GetDeviceInfo(d->id, CL_DEVICE_AVAILABLE, sizeof available, &available, NULL);
    (void)cl->GetDeviceInfo(d->id, CL_DEVICE_COMPILER_AVAILABLE, sizeof compiler, &compiler, NULL);
    (void)cl->GetDeviceInfo(d->id, CL_DEVICE_MAX_WORK_GROUP_SIZE, sizeof group, &group, NULL);
    if (!available || !compiler)
        return nn_fail(d->nn, status, NN_UNAVAILABLE, "%s %s", d->name,
                       available ? "has no compiler for OpenCL C" : "says that it is not available");
    if (group < 128)
        return nn_fail(d->nn, status, NN_UNSUPPORTED, "%s runs groups of %zu work items, expected 128",
                       d->name, group);
    const NnConfigApi *api = d->nn->config;
    const int64_t limit = config ? api->integer(api->get(config, "memory")) : 0;
    d->timeout = config ? api->number(api->get(config, "timeout")) : TIMEOUT;
    d->budget = limit > 0 && (uint64_t)limit < memory ? (uint64_t)limit : memory;
    d->largest = largest;
    d->service.f64 = has_extension(cl, d->id, "cl_khr_fp64");
    d->service.f16 = true;
    d->service.cpu = (type & CL_DEVICE_TYPE_CPU) != 0;
    d->service.units = units;
    d->service.local_bytes = local;
    d->service.group_max = group;
    return NN_OK;
}

static void close_opencl(NnDevice *d) {
    if (d->hung) { /* what the driver holds may never come back, and asking for it may not either */
        d->nn->free(d->nn, d);
        return;
    }
    if (d->context) {
        ocl_programs_close(d);
        ocl_heap_close(d);
        (void)d->cl->ReleaseContext(d->context);
    }
    ocl_notice_free(d->notice);
    d->nn->free(d->nn, d);
}

static int32_t open_opencl(const NnHost *nn, uint32_t index, const NnConfig *config, NnDevice **out,
                           NnStatus *status) {
    OclFound f;
    const OclApi *cl = ocl_load(nn, status);
    int32_t code = device_at(nn, index, &f, status);
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
    driver_of(cl, &f, d->driver, sizeof d->driver);
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
                                     {.name = "timeout",
                                      .kind = NN_SET_FLOAT,
                                      .flags = NN_SET_RANGE,
                                      .preset = NUMBER(TIMEOUT),
                                      .min = 0,
                                      .max = 1e6,
                                      .unit = "s",
                                      .doc = "How long the device may complete no command before it is given "
                                             "up; 0: for ever."}};

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
    .enumerate = enumerate,
    .describe = describe,
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
    .find = find,
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
