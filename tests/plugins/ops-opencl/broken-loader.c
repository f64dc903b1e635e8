/* SPDX-License-Identifier: Apache-2.0 */
/*
 * An OpenCL loader that breaks one thing, for NN_OPENCL_LIBRARY: what it does not define is the real
 * loader's, which it is linked to. BREAK says what: "no-devices", "no-context", "no-build", "no-memory"
 * (buffers after the second), "small" (8 MiB of memory), "no-queue", "gpu" (says that it is one, which takes
 * the other kernels), "discrete" (says that its memory is not the host's), "no-pages" (and gives none that
 * are page-locked). From kernel number BREAK_AT on: "completion" (that kernel ends in an error, about which
 * the driver says a sentence), "lost" (waiting fails), "no-kernel", "no-copy" (enqueueing fails), "hang"
 * (that kernel never starts, and what asks for something back then never returns), "slow" (the next twelve
 * kernels start 0.2 s apart). With BREAK_TRACE=FILE each call that allocates, compiles, waits or blocks is a
 * line there, with the number of kernels enqueued before it.
 */
#define _GNU_SOURCE
#define CL_TARGET_OPENCL_VERSION 120
#define CL_USE_DEPRECATED_OPENCL_1_2_APIS
#include <CL/cl.h>
#include <dlfcn.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static unsigned long kernels, buffers;
static cl_event victim;
static cl_context the_context;
static void(CL_CALLBACK *the_notify)(const char *, const void *, size_t, void *);
static void *the_data;

static int breaks(const char *what) {
    const char *given = getenv("BREAK");
    return given && strcmp(given, what) == 0;
}

static int reached(void) {
    const char *at = getenv("BREAK_AT");
    return at && kernels >= strtoul(at, NULL, 10);
}

static void trace(const char *what) {
    static FILE *file;
    const char *name = getenv("BREAK_TRACE");
    if (file == NULL && name)
        file = fopen(name, "w");
    if (file)
        fprintf(file, "%lu %s\n", kernels, what);
    if (file)
        fflush(file);
}

/* The real function of the same name. */
#define REAL(name) ((__typeof__(&name))dlsym(RTLD_NEXT, #name))

cl_int clGetDeviceIDs(cl_platform_id platform, cl_device_type type, cl_uint n, cl_device_id *ids,
                      cl_uint *count) {
    if (breaks("no-devices"))
        return CL_DEVICE_NOT_FOUND;
    return REAL(clGetDeviceIDs)(platform, type, n, ids, count);
}

cl_int clGetDeviceInfo(cl_device_id id, cl_device_info what, size_t size, void *value, size_t *needed) {
    const cl_int code = REAL(clGetDeviceInfo)(id, what, size, value, needed);
    if (breaks("gpu") && what == CL_DEVICE_TYPE && size >= sizeof(cl_device_type))
        *(cl_device_type *)value = CL_DEVICE_TYPE_GPU;
    if ((breaks("discrete") || breaks("no-pages")) && what == CL_DEVICE_HOST_UNIFIED_MEMORY &&
        size >= sizeof(cl_bool))
        *(cl_bool *)value = CL_FALSE;
    if (breaks("small") && what == CL_DEVICE_GLOBAL_MEM_SIZE && size >= sizeof(cl_ulong))
        *(cl_ulong *)value = 8u << 20;
    return code;
}

cl_context clCreateContext(const cl_context_properties *properties, cl_uint n, const cl_device_id *ids,
                           void(CL_CALLBACK *notify)(const char *, const void *, size_t, void *), void *data,
                           cl_int *code) {
    the_notify = notify;
    the_data = data;
    if (breaks("no-context")) {
        notify("the driver wants another kernel", NULL, 0, data);
        *code = CL_DEVICE_NOT_AVAILABLE;
        return NULL;
    }
    return the_context = REAL(clCreateContext)(properties, n, ids, notify, data, code);
}

cl_command_queue clCreateCommandQueue(cl_context context, cl_device_id id, cl_command_queue_properties p,
                                      cl_int *code) {
    if (breaks("no-queue")) {
        *code = CL_OUT_OF_RESOURCES;
        return NULL;
    }
    return REAL(clCreateCommandQueue)(context, id, p, code);
}

cl_int clBuildProgram(cl_program program, cl_uint n, const cl_device_id *ids, const char *options,
                      void(CL_CALLBACK *done)(cl_program, void *), void *arg) {
    trace("clBuildProgram");
    if (breaks("no-build"))
        return CL_BUILD_PROGRAM_FAILURE;
    return REAL(clBuildProgram)(program, n, ids, options, done, arg);
}

cl_kernel clCreateKernel(cl_program program, const char *name, cl_int *code) {
    trace("clCreateKernel");
    return REAL(clCreateKernel)(program, name, code);
}

cl_program clCreateProgramWithSource(cl_context context, cl_uint n, const char **parts, const size_t *sizes,
                                     cl_int *code) {
    trace("clCreateProgramWithSource");
    return REAL(clCreateProgramWithSource)(context, n, parts, sizes, code);
}

cl_mem clCreateBuffer(cl_context context, cl_mem_flags flags, size_t size, void *host, cl_int *code) {
    trace("clCreateBuffer");
    if ((breaks("no-memory") && ++buffers > 2) || (breaks("no-pages") && flags & CL_MEM_ALLOC_HOST_PTR)) {
        *code = CL_MEM_OBJECT_ALLOCATION_FAILURE;
        return NULL;
    }
    return REAL(clCreateBuffer)(context, flags, size, host, code);
}

/* From a thread of its own, as a driver does it. */
static void *complain(void *arg) {
    (void)arg;
    the_notify("the driver met a wild pointer\nand says more", NULL, 0, the_data);
    return NULL;
}

#define GATES 12
static cl_event gates[GATES];
static int n_gates;

/* Opens a gate 0.2 s after the one before. */
static void *start_late(void *gate) {
    static int open;
    while (__atomic_load_n(&open, __ATOMIC_ACQUIRE) < (cl_event *)gate - gates)
        (void)usleep(1000);
    (void)usleep(200000);
    (void)clSetUserEventStatus(*(cl_event *)gate, CL_COMPLETE);
    (void)__atomic_add_fetch(&open, 1, __ATOMIC_RELEASE);
    return NULL;
}

static void in_thread(void *(*body)(void *), void *arg, int wait) {
    pthread_t thread;
    if (pthread_create(&thread, NULL, body, arg) == 0)
        (void)(wait ? pthread_join(thread, NULL) : pthread_detach(thread));
}

cl_int clEnqueueNDRangeKernel(cl_command_queue queue, cl_kernel kernel, cl_uint dims, const size_t *offset,
                              const size_t *global, const size_t *local, cl_uint n, const cl_event *events,
                              cl_event *event) {
    kernels++;
    if (breaks("no-kernel") && reached())
        return CL_OUT_OF_RESOURCES;
    cl_event with[64];
    if (((breaks("hang") && n_gates < 1) || (breaks("slow") && n_gates < GATES)) && reached() && n < 64) {
        cl_event *gate = &gates[n_gates++];
        *gate = REAL(clCreateUserEvent)(the_context, NULL);
        memcpy(with, events, n * sizeof *events);
        with[n++] = *gate;
        events = with;
        if (breaks("slow"))
            in_thread(start_late, gate, 0);
    }
    const cl_int code =
        REAL(clEnqueueNDRangeKernel)(queue, kernel, dims, offset, global, local, n, events, event);
    if (breaks("completion") && victim == NULL && reached() && event)
        victim = *event;
    return code;
}

cl_int clGetEventInfo(cl_event event, cl_event_info what, size_t size, void *value, size_t *needed) {
    const cl_int code = REAL(clGetEventInfo)(event, what, size, value, needed);
    if (victim && event == victim && what == CL_EVENT_COMMAND_EXECUTION_STATUS) {
        *(cl_int *)value = CL_OUT_OF_RESOURCES;
        victim = (cl_event)-1;
        in_thread(complain, NULL, 1);
    }
    return code;
}

cl_int clWaitForEvents(cl_uint n, const cl_event *events) {
    trace("clWaitForEvents");
    if (breaks("lost") && reached())
        return CL_DEVICE_NOT_AVAILABLE;
    return REAL(clWaitForEvents)(n, events);
}

cl_int clSetEventCallback(cl_event event, cl_int state, void(CL_CALLBACK *ring)(cl_event, cl_int, void *),
                          void *data) {
    trace("clSetEventCallback");
    return REAL(clSetEventCallback)(event, state, ring, data);
}

/* What a driver may answer only when the device has answered it. */
static void ask_back(void) {
    while (breaks("hang") && n_gates > 0)
        (void)pause();
}

#define ASKS_BACK(name, type)                                                                                \
    cl_int name(type what) {                                                                                 \
        ask_back();                                                                                          \
        return REAL(name)(what);                                                                             \
    }
ASKS_BACK(clReleaseCommandQueue, cl_command_queue)
ASKS_BACK(clReleaseContext, cl_context)
ASKS_BACK(clReleaseKernel, cl_kernel)
ASKS_BACK(clReleaseMemObject, cl_mem)
ASKS_BACK(clReleaseProgram, cl_program)

cl_int clFinish(cl_command_queue queue) {
    trace("clFinish");
    ask_back();
    return REAL(clFinish)(queue);
}

cl_event clCreateUserEvent(cl_context context, cl_int *code) {
    trace("clCreateUserEvent");
    return REAL(clCreateUserEvent)(context, code);
}

cl_int clEnqueueReadBuffer(cl_command_queue queue, cl_mem buffer, cl_bool blocks, size_t offset, size_t size,
                           void *to, cl_uint n, const cl_event *events, cl_event *event) {
    if (blocks)
        trace("blocking clEnqueueReadBuffer");
    if (breaks("no-copy") && reached())
        return CL_OUT_OF_HOST_MEMORY;
    return REAL(clEnqueueReadBuffer)(queue, buffer, blocks, offset, size, to, n, events, event);
}

cl_int clEnqueueWriteBuffer(cl_command_queue queue, cl_mem buffer, cl_bool blocks, size_t offset, size_t size,
                            const void *from, cl_uint n, const cl_event *events, cl_event *event) {
    if (blocks)
        trace("blocking clEnqueueWriteBuffer");
    return REAL(clEnqueueWriteBuffer)(queue, buffer, blocks, offset, size, from, n, events, event);
}

void *clEnqueueMapBuffer(cl_command_queue queue, cl_mem buffer, cl_bool blocks, cl_map_flags flags,
                         size_t offset, size_t size, cl_uint n, const cl_event *events, cl_event *event,
                         cl_int *code) {
    trace("clEnqueueMapBuffer");
    return REAL(clEnqueueMapBuffer)(queue, buffer, blocks, flags, offset, size, n, events, event, code);
}
