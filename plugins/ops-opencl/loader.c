/* SPDX-License-Identifier: Apache-2.0 */
/* The ICD loader: opened when it is first needed, never linked; and the platforms and devices that it knows.
 */
#include "device.h"

#include <dlfcn.h>
#include <pthread.h>
#include <stdlib.h>

static OclApi functions;
static char missing[512]; /* why there are none; empty: there are */
static pthread_once_t once = PTHREAD_ONCE_INIT;

static void take(void *library, const char *name, void *to) {
    void *address = dlsym(library, name);
    if (address == NULL && missing[0] == '\0')
        (void)snprintf(missing, sizeof missing,
                       "the OpenCL loader has no function %s (OpenCL 1.2 or newer is needed)", name);
    memcpy(to, &address, sizeof address);
}

static void load(void) {
    const char *const own = secure_getenv("NN_OPENCL_LIBRARY");
    const char *const name = own && *own ? own : "libOpenCL.so.1";
    void *library = dlopen(name, RTLD_NOW | RTLD_LOCAL);
    if (library == NULL) {
        const char *const why = dlerror();
        (void)snprintf(missing, sizeof missing, "the OpenCL loader is not installed: %s", why ? why : name);
        return;
    }
#define TAKE(function) take(library, "cl" #function, &functions.function);
    OCL_FUNCTIONS(TAKE)
#undef TAKE
}

const OclApi *ocl_load(const NnHost *nn, NnStatus *status) {
    (void)pthread_once(&once, load);
    if (missing[0] == '\0')
        return &functions;
    (void)nn_fail(nn, status, NN_UNAVAILABLE, "%s", missing);
    return NULL;
}

#define WORD(name)                                                                                           \
    { name, #name " (" NUMBER(name) ")" }
#define NUMBER(name) TEXT(name)
#define TEXT(number) #number

const char *ocl_error(cl_int code) {
    static const struct {
        cl_int code;
        const char *text;
    } words[] = {
        WORD(CL_DEVICE_NOT_FOUND),
        WORD(CL_DEVICE_NOT_AVAILABLE),
        WORD(CL_COMPILER_NOT_AVAILABLE),
        WORD(CL_MEM_OBJECT_ALLOCATION_FAILURE),
        WORD(CL_OUT_OF_RESOURCES),
        WORD(CL_OUT_OF_HOST_MEMORY),
        WORD(CL_MEM_COPY_OVERLAP),
        WORD(CL_BUILD_PROGRAM_FAILURE),
        WORD(CL_MAP_FAILURE),
        WORD(CL_MISALIGNED_SUB_BUFFER_OFFSET),
        WORD(CL_EXEC_STATUS_ERROR_FOR_EVENTS_IN_WAIT_LIST),
        WORD(CL_LINKER_NOT_AVAILABLE),
        WORD(CL_INVALID_VALUE),
        WORD(CL_INVALID_PLATFORM),
        WORD(CL_INVALID_DEVICE),
        WORD(CL_INVALID_CONTEXT),
        WORD(CL_INVALID_QUEUE_PROPERTIES),
        WORD(CL_INVALID_COMMAND_QUEUE),
        WORD(CL_INVALID_HOST_PTR),
        WORD(CL_INVALID_MEM_OBJECT),
        WORD(CL_INVALID_BINARY),
        WORD(CL_INVALID_BUILD_OPTIONS),
        WORD(CL_INVALID_PROGRAM),
        WORD(CL_INVALID_PROGRAM_EXECUTABLE),
        WORD(CL_INVALID_KERNEL_NAME),
        WORD(CL_INVALID_KERNEL_DEFINITION),
        WORD(CL_INVALID_KERNEL),
        WORD(CL_INVALID_ARG_INDEX),
        WORD(CL_INVALID_ARG_VALUE),
        WORD(CL_INVALID_ARG_SIZE),
        WORD(CL_INVALID_KERNEL_ARGS),
        WORD(CL_INVALID_WORK_DIMENSION),
        WORD(CL_INVALID_WORK_GROUP_SIZE),
        WORD(CL_INVALID_WORK_ITEM_SIZE),
        WORD(CL_INVALID_GLOBAL_OFFSET),
        WORD(CL_INVALID_EVENT_WAIT_LIST),
        WORD(CL_INVALID_EVENT),
        WORD(CL_INVALID_OPERATION),
        WORD(CL_INVALID_BUFFER_SIZE),
        WORD(CL_INVALID_GLOBAL_WORK_SIZE),
        WORD(CL_INVALID_PROPERTY),
        {-1001, "no platform is installed (-1001)"},
        {-9999, "an illegal read or write in a kernel (-9999, NVIDIA's)"},
    };
    for (uint32_t i = 0; i < NN_COUNT(words); i++)
        if (words[i].code == code)
            return words[i].text;
    static _Thread_local char text[40];
    (void)snprintf(text, sizeof text, "error %d", code);
    return text;
}

/* ---- what the driver says by itself ---- */

struct OclNotice {
    pthread_mutex_t lock;
    char said[OCL_SAID / 2];
};

OclNotice *ocl_notice_new(void) {
    OclNotice *n = calloc(1, sizeof *n);
    if (n && pthread_mutex_init(&n->lock, NULL) != 0) {
        free(n);
        n = NULL;
    }
    return n;
}

void ocl_notice_free(OclNotice *n) {
    if (n)
        (void)pthread_mutex_destroy(&n->lock);
    free(n);
}

void CL_CALLBACK ocl_notice_take(const char *said, const void *data, size_t bytes, void *notice) {
    OclNotice *n = notice;
    (void)data;
    (void)bytes;
    (void)pthread_mutex_lock(&n->lock);
    (void)snprintf(n->said, sizeof n->said, "%.*s", (int)strcspn(said ? said : "", "\r\n"), said ? said : "");
    (void)pthread_mutex_unlock(&n->lock);
}

const char *ocl_said(const NnDevice *d, cl_int code, char text[OCL_SAID]) {
    OclNotice *n = d->notice;
    (void)pthread_mutex_lock(&n->lock);
    (void)snprintf(text, OCL_SAID, "%s%s%s%s", ocl_error(code), n->said[0] ? ", \"" : "", n->said,
                   n->said[0] ? "\"" : "");
    n->said[0] = '\0';
    (void)pthread_mutex_unlock(&n->lock);
    return text;
}

static void clean(char text[OCL_TEXT], cl_int code) {
    text[OCL_TEXT - 1] = '\0';
    if (code != CL_SUCCESS)
        (void)snprintf(text, OCL_TEXT, "unknown");
    size_t end = strlen(text);
    while (end > 0 && text[end - 1] == ' ')
        text[--end] = '\0';
    const size_t blank = strspn(text, " ");
    memmove(text, text + blank, end + 1 - blank);
}

void ocl_device_text(const OclApi *cl, cl_device_id id, cl_device_info what, char text[OCL_TEXT]) {
    char all[1024] = "";
    const cl_int code = cl->GetDeviceInfo(id, what, sizeof all, all, NULL);
    all[sizeof all - 1] = '\0';
    (void)snprintf(text, OCL_TEXT, "%.*s", (int)OCL_TEXT - 1, all);
    clean(text, code);
}

void ocl_platform_text(const OclApi *cl, cl_platform_id id, cl_platform_info what, char text[OCL_TEXT]) {
    char all[1024] = "";
    const cl_int code = cl->GetPlatformInfo(id, what, sizeof all, all, NULL);
    all[sizeof all - 1] = '\0';
    (void)snprintf(text, OCL_TEXT, "%.*s", (int)OCL_TEXT - 1, all);
    clean(text, code);
}

int32_t ocl_find(const NnHost *nn, OclFound found[OCL_DEVICES_MAX], uint32_t *n, NnStatus *status) {
    *n = 0;
    const OclApi *cl = ocl_load(nn, status);
    if (cl == NULL)
        return NN_UNAVAILABLE;
    cl_platform_id platforms[OCL_DEVICES_MAX];
    cl_uint n_platforms = 0;
    cl_int code = cl->GetPlatformIDs(OCL_DEVICES_MAX, platforms, &n_platforms);
    if (code != CL_SUCCESS || n_platforms == 0)
        return nn_fail(nn, status, NN_UNAVAILABLE, "there is no OpenCL platform: %s",
                       code == CL_SUCCESS ? "the loader knows none" : ocl_error(code));
    char names[512] = "", name[OCL_TEXT];
    for (cl_uint p = 0; p < n_platforms && p < OCL_DEVICES_MAX; p++) {
        cl_device_id ids[OCL_DEVICES_MAX];
        cl_uint count = 0;
        code = cl->GetDeviceIDs(platforms[p], CL_DEVICE_TYPE_ALL, OCL_DEVICES_MAX, ids, &count);
        ocl_platform_text(cl, platforms[p], CL_PLATFORM_NAME, name);
        const size_t at = strlen(names);
        (void)snprintf(names + at, sizeof names - at, "%s%s says %s", at ? "; " : "", name,
                       code == CL_SUCCESS ? "it has none" : ocl_error(code));
        for (cl_uint i = 0; code == CL_SUCCESS && i < count && i < OCL_DEVICES_MAX && *n < OCL_DEVICES_MAX;
             i++)
            found[(*n)++] = (OclFound){platforms[p], ids[i]};
    }
    return *n > 0 ? NN_OK : nn_fail(nn, status, NN_UNAVAILABLE, "no OpenCL platform has a device: %s", names);
}
