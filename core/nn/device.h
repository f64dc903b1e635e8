/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Kind "nn.device/1": a kind of device, and what can be done with one that is open. Vendor libraries are
 * opened in `enumerate`, never linked, so that the object loads on a machine without the hardware and says
 * why it is unavailable. A stream runs what is enqueued in order. Errors of enqueueing are returned; errors
 * of completion arrive at an event.
 */
#ifndef NN_DEVICE_H
#define NN_DEVICE_H

#include "nn/abi.h"
#include "nn/settings.h"

#define NN_DEVICE_KIND "nn.device/1"

/* The plug-in's own; what `open` gives starts with a pointer to its NnDeviceKind, so that kernels in other
 * objects can query it. */
typedef struct NnDevice NnDevice;
typedef struct NnStream NnStream;
typedef struct NnEvent NnEvent;

typedef struct NnDeviceInfo {
    uint32_t struct_size;
    uint32_t alignment; /* of buffers, bytes */
    char name[128];     /* "AMD EPYC 9B45, 2 threads, AVX-512" */
    char driver[128];
    uint64_t memory_bytes; /* 0: unknown */
    uint64_t types;        /* mask of element types it computes with */
} NnDeviceInfo;

#define NN_DEVICE_ASYNC 1u /* run returns before the work is done */

typedef struct NnDeviceKind {
    uint32_t struct_size;
    uint32_t flags;
    const char *name;   /* "cpu" */
    const char *memory; /* devices with the same memory kind share buffers; "host": NnBuffer is an address */
    int32_t priority;   /* `auto` takes the highest that is available */
    uint32_t n_settings, setting_stride, reserved;
    const NnSetting *settings;
    const char *doc;

    /* How many there are; NN_UNAVAILABLE with the reason when the run time or the hardware is absent. */
    int32_t (*enumerate)(const NnHost *, uint32_t *count, NnStatus *);
    int32_t (*describe)(const NnHost *, uint32_t index, NnDeviceInfo *, NnStatus *);
    int32_t (*open)(const NnHost *, uint32_t index, const NnConfig *, NnDevice **, NnStatus *);
    void (*close)(NnDevice *);

    int32_t (*stream_new)(NnDevice *, NnStream **,
                          NnStatus *); /* absent: the device has no streams and is synchronous */
    void (*stream_free)(NnDevice *, NnStream *);
    /* Stream-ordered: usable by what is enqueued on the stream afterwards. stream NULL: at once. */
    int32_t (*alloc)(NnDevice *, NnStream *, uint64_t bytes, NnBuffer *, NnStatus *);
    void (*free)(NnDevice *, NnStream *, NnBuffer);
    /* The host's memory must stay until the stream has passed the copy. */
    int32_t (*copy_in)(NnDevice *, NnStream *, NnBuffer to, uint64_t offset, const void *from, uint64_t bytes,
                       NnStatus *);
    int32_t (*copy_out)(NnDevice *, NnStream *, void *to, NnBuffer from, uint64_t offset, uint64_t bytes,
                        NnStatus *);
    int32_t (*copy)(NnDevice *, NnStream *, NnBuffer to, uint64_t to_offset, NnBuffer from,
                    uint64_t from_offset, uint64_t bytes, NnStatus *);

    int32_t (*event_new)(NnDevice *, NnEvent **, NnStatus *);
    void (*event_free)(NnDevice *, NnEvent *);
    int32_t (*record)(NnDevice *, NnStream *, NnEvent *, NnStatus *);
    /* Waits on the host for all that was enqueued before `record`; an error of completion is returned here,
     * with the tag of the call that failed (NnCall.tag) in *tag. After one, everything enqueued later fails
     * too, until `reset`. */
    int32_t (*wait)(NnDevice *, NnEvent *, uint64_t *tag, NnStatus *);
    int32_t (*stream_wait)(NnDevice *, NnStream *, NnEvent *, NnStatus *);
    int32_t (*reset)(NnDevice *, NnStream *, NnStatus *);
    /* Shared services for the device's kernels ("nn.cpu.blas", 1); NULL when it has none of that name and
     * version. */
    const void *(*query)(NnDevice *, const char *name, uint32_t version);
    /* The number of the device that a person means by `words` ("pocl" in opencl:pocl); NN_NOT_FOUND, and the
     * status says what there is. */
    int32_t (*find)(const NnHost *, const char *words, uint32_t *index, NnStatus *);
} NnDeviceKind;

/* A service of the device that a kernel runs on; NULL when it has none of that name and version. */
static inline const void *nn_device_query(NnDevice *device, const char *name, uint32_t version) {
    const NnDeviceKind *kind = *(const NnDeviceKind *const *)(const void *)device;
    return NN_HAS(kind, query) ? kind->query(device, name, version) : NULL;
}

#endif
