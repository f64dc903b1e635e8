/* SPDX-License-Identifier: Apache-2.0 */
/* The loader that test-simulator.sh names: Oclgrind's run time, which it is linked to, except that each
 * process writes what is found to a log of its own, SIMULATOR_LOG.PID, because the kit's children share none,
 * and that with SIMULATOR_GPU the device says that it is no processor, which takes the other kernels. */
#define _GNU_SOURCE
#define CL_TARGET_OPENCL_VERSION 120
#define CL_USE_DEPRECATED_OPENCL_1_2_APIS
#include <CL/cl.h>
#include <dlfcn.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

/* The real function of the same name. */
#define REAL(name) ((__typeof__(&name))dlsym(RTLD_NEXT, #name))

cl_context clCreateContext(const cl_context_properties *properties, cl_uint n, const cl_device_id *ids,
                           void(CL_CALLBACK *say)(const char *, const void *, size_t, void *), void *arg,
                           cl_int *code) {
    const char *log = getenv("SIMULATOR_LOG");
    char name[4096];
    if (log && snprintf(name, sizeof name, "%s.%ld", log, (long)getpid()) < (int)sizeof name)
        (void)setenv("OCLGRIND_LOG", name, 1);
    return REAL(clCreateContext)(properties, n, ids, say, arg, code);
}

cl_int clGetDeviceInfo(cl_device_id id, cl_device_info what, size_t size, void *value, size_t *needed) {
    const cl_int code = REAL(clGetDeviceInfo)(id, what, size, value, needed);
    if (what == CL_DEVICE_TYPE && size >= sizeof(cl_device_type) && value)
        *(cl_device_type *)value = getenv("SIMULATOR_GPU") ? CL_DEVICE_TYPE_GPU : CL_DEVICE_TYPE_CPU;
    return code;
}

#ifdef CONTROL
/* Does it find anything? Eight items write nine numbers, and all of them the first. */
int main(void) {
    static const char *const text =
        "__kernel void wrong(__global float *x) { x[get_global_id(0) + 1] = 1; x[0] = get_global_id(0); }";
    const size_t items = 8;
    cl_platform_id platform;
    cl_device_id device;
    if (clGetPlatformIDs(1, &platform, NULL) != CL_SUCCESS ||
        clGetDeviceIDs(platform, CL_DEVICE_TYPE_ALL, 1, &device, NULL) != CL_SUCCESS)
        return 1;
    cl_context context = clCreateContext(NULL, 1, &device, NULL, NULL, NULL);
    cl_command_queue queue = clCreateCommandQueue(context, device, 0, NULL);
    cl_mem x = clCreateBuffer(context, CL_MEM_READ_WRITE, 8 * sizeof(float), NULL, NULL);
    cl_program program = clCreateProgramWithSource(context, 1, (const char **)&text, NULL, NULL);
    (void)clBuildProgram(program, 1, &device, "", NULL, NULL);
    cl_kernel kernel = clCreateKernel(program, "wrong", NULL);
    (void)clSetKernelArg(kernel, 0, sizeof x, &x);
    (void)clEnqueueNDRangeKernel(queue, kernel, 1, NULL, &items, NULL, 0, NULL, NULL);
    return clFinish(queue) == CL_SUCCESS ? 0 : 1;
}
#endif
