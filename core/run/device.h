/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The devices of a session and the memory that they see. A *space* is a kind of memory: devices of one memory
 * kind share it, space 0 is the host's. Copies between spaces go through the host; copies out of an
 * asynchronous device wait.
 */
#ifndef NN_RUN_DEVICE_H
#define NN_RUN_DEVICE_H

#include "context.h"
#include "status.h"

#include <inttypes.h>

#define NN_HOST_SPACE 0u
#define NN_SPACES_MAX 8u

typedef struct NnRunDevice {
    const NnDeviceKind *kind;
    char *name;       /* "opencl:1" as asked for */
    uint32_t ordinal; /* among its kind */
    uint32_t space;
    const NnHost *host;
    NnDevice *device; /* NULL until it is first needed */
    NnStream *stream; /* NULL: synchronous */
    NnEvent *event;
    bool fallback; /* not asked for; takes what the others cannot do */
    bool enqueued; /* work was enqueued since the last wait */
    bool refused;  /* could not be opened; said so once */
} NnRunDevice;

typedef struct NnSpace {
    const char *memory;
    bool host;
    uint32_t device; /* the one that allocates and copies */
} NnSpace;

/* One growing buffer. */
typedef struct NnStore {
    uint32_t space;
    uint32_t generation; /* counts up when the buffer moves */
    uint64_t bytes;
    NnBuffer buffer;
} NnStore;

typedef struct NnPlace {
    NnBuffer buffer;
    uint64_t offset;
} NnPlace;

/* Fills session->devices from the names that were asked for. */
int32_t nn_devices_resolve(NnSession *, const char *const *names, NnStatus *);
void nn_devices_close(NnSession *);
/* The device, opened; NULL with the reason in the status. */
NnRunDevice *nn_device_open(NnSession *, uint32_t device, NnStatus *);

int32_t nn_space_alloc(NnSession *, uint32_t space, uint64_t bytes, const char *what, NnBuffer *, NnStatus *);
void nn_space_free(NnSession *, uint32_t space, NnBuffer);
/* At least `bytes`; the content is lost when it moves unless `keep` says how much of it stays. */
int32_t nn_store_reserve(NnSession *, NnStore *, uint64_t bytes, uint64_t keep, const char *what, NnStatus *);
void nn_store_free(NnSession *, NnStore *);

/* Host to device is enqueued (the host's bytes must stay until the stream has passed), device to host waits.
 */
int32_t nn_space_copy(NnSession *, uint32_t to_space, NnPlace to, uint32_t from_space, NnPlace from,
                      uint64_t bytes, NnStatus *);
/* Waits for a device, or all of them, and reports what failed there, by the name of its node. */
int32_t nn_device_wait(NnSession *, uint32_t device, NnStatus *);
int32_t nn_devices_wait(NnSession *, NnStatus *);

#endif
