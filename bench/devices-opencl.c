/* SPDX-License-Identifier: Apache-2.0 */
/* What the OpenCL platform's own calls cost: a kernel that does nothing, by bare OpenCL on the first device,
 * as one item. */
#include "devices.h"

#include <stdio.h>

#if defined __has_include
#if __has_include(<CL/cl.h>)
#define HAVE_CL
#endif
#endif

#ifdef HAVE_CL
#define CL_TARGET_OPENCL_VERSION 120
#define CL_USE_DEPRECATED_OPENCL_1_2_APIS
#include <CL/cl.h>
#include <dlfcn.h>
#include <string.h>

#define MANY 256u
#define SAMPLES 4000u

#define FUNCTIONS(X)                                                                                         \
    X(GetPlatformIDs)                                                                                        \
    X(GetDeviceIDs)                                                                                          \
    X(CreateContext)                                                                                         \
    X(CreateCommandQueue)                                                                                    \
    X(CreateProgramWithSource)                                                                               \
    X(BuildProgram)                                                                                          \
    X(CreateKernel)                                                                                          \
    X(EnqueueNDRangeKernel)                                                                                  \
    X(Finish)                                                                                                \
    X(ReleaseKernel)                                                                                         \
    X(ReleaseProgram)                                                                                        \
    X(ReleaseCommandQueue)                                                                                   \
    X(ReleaseContext)
#define FIELD(name) __typeof__(&cl##name) name;
typedef struct Api {
    FUNCTIONS(FIELD)
} Api;
#define NAME(name) "cl" #name,
static const char *const names[] = {FUNCTIONS(NAME)};

static bool load(Api *cl) {
    void *library = dlopen("libOpenCL.so.1", RTLD_NOW | RTLD_LOCAL), *function;
    for (size_t i = 0; i < NN_COUNT(names); i++) {
        if (library == NULL || (function = dlsym(library, names[i])) == NULL)
            return false;
        memcpy((char *)cl + i * sizeof function, &function, sizeof function);
    }
    return true;
}

/* Median seconds of a kernel, of n enqueued and then waited for. */
static double time_kernels(const Api *cl, cl_command_queue queue, cl_kernel kernel, uint32_t n,
                           double seconds) {
    static double samples[SAMPLES];
    const size_t one = 1;
    uint32_t taken = 0;
    for (double until = bench_now() + seconds; taken < SAMPLES && (taken < 5 || bench_now() < until);
         taken++) {
        const double begin = bench_now();
        for (uint32_t i = 0; i < n; i++)
            (void)cl->EnqueueNDRangeKernel(queue, kernel, 1, NULL, &one, &one, 0, NULL, NULL);
        (void)cl->Finish(queue);
        samples[taken] = (bench_now() - begin) / n;
    }
    return bench_median(samples, taken);
}

bool bench_empty_kernel(double seconds, double *alone, double *in_a_row) {
    static const char *text = "__kernel void nothing(void) {}";
    Api cl;
    cl_platform_id platform;
    cl_device_id device;
    cl_int code;
    if (!load(&cl) || cl.GetPlatformIDs(1, &platform, NULL) != CL_SUCCESS ||
        cl.GetDeviceIDs(platform, CL_DEVICE_TYPE_ALL, 1, &device, NULL) != CL_SUCCESS)
        return false;
    cl_context context = cl.CreateContext(NULL, 1, &device, NULL, NULL, &code);
    cl_command_queue queue = context ? cl.CreateCommandQueue(context, device, 0, &code) : NULL;
    cl_program program = queue ? cl.CreateProgramWithSource(context, 1, &text, NULL, &code) : NULL;
    cl_kernel kernel = program && cl.BuildProgram(program, 1, &device, NULL, NULL, NULL) == CL_SUCCESS
                           ? cl.CreateKernel(program, "nothing", &code)
                           : NULL;
    if (kernel) {
        (void)time_kernels(&cl, queue, kernel, 1, seconds / 4);
        *alone = time_kernels(&cl, queue, kernel, 1, seconds);
        *in_a_row = time_kernels(&cl, queue, kernel, MANY, seconds);
        (void)cl.ReleaseKernel(kernel);
    }
    if (program)
        (void)cl.ReleaseProgram(program);
    if (queue)
        (void)cl.ReleaseCommandQueue(queue);
    if (context)
        (void)cl.ReleaseContext(context);
    return kernel != NULL;
}
#else
bool bench_empty_kernel(double seconds, double *alone, double *in_a_row) {
    (void)seconds;
    *alone = *in_a_row = -1;
    return false;
}
#endif
