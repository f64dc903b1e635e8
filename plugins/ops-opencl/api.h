/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The functions of OpenCL 1.2 that this package calls. They are looked up in the ICD loader when a device is
 * enumerated, so that the package is built with the headers alone and loads where there is no OpenCL.
 */
#ifndef OPENCL_API_H
#define OPENCL_API_H

#define CL_TARGET_OPENCL_VERSION 120
#include <CL/cl.h>

#define OCL_FUNCTIONS(X)                                                                                     \
    X(GetPlatformIDs)                                                                                        \
    X(GetPlatformInfo)                                                                                       \
    X(GetDeviceIDs)                                                                                          \
    X(GetDeviceInfo)                                                                                         \
    X(CreateContext)                                                                                         \
    X(ReleaseContext)                                                                                        \
    X(CreateCommandQueue)                                                                                    \
    X(ReleaseCommandQueue)                                                                                   \
    X(Flush)                                                                                                 \
    X(CreateBuffer)                                                                                          \
    X(ReleaseMemObject)                                                                                      \
    X(EnqueueReadBuffer)                                                                                     \
    X(EnqueueWriteBuffer)                                                                                    \
    X(EnqueueCopyBuffer)                                                                                     \
    X(EnqueueMapBuffer)                                                                                      \
    X(EnqueueUnmapMemObject)                                                                                 \
    X(EnqueueNDRangeKernel)                                                                                  \
    X(EnqueueMarkerWithWaitList)                                                                             \
    X(EnqueueBarrierWithWaitList)                                                                            \
    X(WaitForEvents)                                                                                         \
    X(GetEventInfo)                                                                                          \
    X(SetEventCallback)                                                                                      \
    X(RetainEvent)                                                                                           \
    X(ReleaseEvent)                                                                                          \
    X(CreateProgramWithSource)                                                                               \
    X(CreateProgramWithBinary)                                                                               \
    X(BuildProgram)                                                                                          \
    X(GetProgramInfo)                                                                                        \
    X(GetProgramBuildInfo)                                                                                   \
    X(ReleaseProgram)                                                                                        \
    X(CreateKernel)                                                                                          \
    X(SetKernelArg)                                                                                          \
    X(ReleaseKernel)

typedef struct OclApi {
#define OCL_FIELD(name) __typeof__(&cl##name) name;
    OCL_FUNCTIONS(OCL_FIELD)
#undef OCL_FIELD
} OclApi;

#endif
