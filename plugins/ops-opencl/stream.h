/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A stream from within. What is enqueued leaves its event in a ring until it is done and the host has looked
 * at it ("retired" it), so that an error of completion can be told by the tag of the call that it came from.
 * The ring bounds what is under way: a host that runs far ahead waits for the oldest.
 */
#ifndef OPENCL_STREAM_H
#define OPENCL_STREAM_H

#include "device.h"

#include <pthread.h>

#define OCL_RING 1024u
#define OCL_REPORTS 4u
#define OCL_TOUCHED 256u
#define OCL_ARGS 64u /* what one command may touch */
#define OCL_WAITS 32u
#define OCL_PIECES 8u
#define OCL_PIECE_BYTES ((size_t)1 << 20)

/* As fault.cl has it. */
typedef struct OclFault {
    uint32_t tag[2], found[2], expected, spare;
} OclFault;

typedef struct OclEntry {
    cl_event event;
    uint64_t tag;
    const char *what;                        /* "a kernel"; lives for ever */
    void (*then)(NnStream *, uint64_t slot); /* when it is done; may be NULL */
    uint64_t slot;
} OclEntry;

/* Rung by the driver when the event that the host waits for is done. */
typedef struct OclAlarm {
    pthread_mutex_t lock;
    pthread_cond_t bell;
    cl_event awaited;
    bool rung;
    uint32_t due; /* rings that the driver still owes */
} OclAlarm;

/* Page-locked memory that copies from and to the host go through, piece by piece: piece n at n % OCL_PIECES.
 */
typedef struct OclStaging {
    cl_mem memory;
    char *mapped; /* NULL: copies go straight, because the host's memory is the device's */
    uint64_t n;
    uint64_t undelivered; /* entries below may have something for the host's memory */
    struct {
        uint64_t entry; /* of the ring: the last copy through it */
        void *to;
        size_t bytes;
    } pieces[OCL_PIECES];
} OclStaging;

/* Bytes of a buffer (of the host: memory NULL, the address as an offset) that entry number `entry` uses. */
typedef struct OclTouched {
    const void *memory;
    uint64_t from, to, entry;
    bool writes;
} OclTouched;

typedef struct OclHazards {
    uint32_t n, n_waits; /* n_waits above OCL_WAITS: too many to list */
    OclTouched touched[OCL_TOUCHED];
    uint64_t entries[OCL_WAITS];
    cl_event waits[OCL_WAITS];
} OclHazards;

struct NnStream {
    NnDevice *device;
    cl_command_queue queue;
    OclEntry ring[OCL_RING];
    uint64_t first, next; /* numbers of the oldest entry and of the coming one; number n is at n % OCL_RING */
    OclAlarm alarm;
    OclStaging staging;
    OclHazards hazards;
    bool hung;
    /* The first error of completion, until reset: nothing more is accepted. */
    int32_t code;
    uint64_t tag;
    char trouble[OCL_TEXT + OCL_SAID];
    /* Where kernels report faults, and what was read from there. */
    cl_mem faults;
    bool watched; /* a kernel that may report one was enqueued since it was last read */
    uint64_t n_reports;
    OclFault reports[OCL_REPORTS]; /* report n at n % OCL_REPORTS, and the number of its entry */
    uint64_t read_at[OCL_REPORTS];
};

/* stream.c */
/* Before anything is enqueued: whether the stream works, and has room for an entry. */
bool ocl_has_room(NnStream *);
int32_t ocl_ready(NnStream *, NnStatus *);
/* After it: remembers the entry, or says what the device refuses. */
int32_t ocl_enqueued(NnStream *, cl_int code, const OclEntry *, NnStatus *);
/* Waits for entries below a number and looks at them. */
void ocl_retire(NnStream *, uint64_t below);
/* Where the stream's kernels report faults; the next event looks there. */
cl_mem ocl_faults(NnStream *);
/* Enqueues a kernel whose arguments are set, and which has said what it touches. */
int32_t ocl_launch(const NnCall *, const OclStage *);
void ocl_trouble(NnStream *, int32_t code, uint64_t tag, const char *format, ...)
    __attribute__((format(printf, 4, 5)));

/* copy.c */
void ocl_staging_open(NnStream *);
void ocl_staging_close(NnStream *);
/* What was copied out before an entry is in the host's memory when this returns. */
void ocl_deliver(NnStream *, uint64_t below);

/* hazards.c: after ocl_ready, for the command that is enqueued next */
void ocl_touch(NnStream *, const void *memory, uint64_t from, uint64_t bytes, bool writes);
/* The events that it waits for. */
cl_uint ocl_waits(NnStream *, const cl_event **list);
void ocl_hazards_reserve(NnStream *);
/* Whatever comes next waits for all that was. */
void ocl_hazards_clear(NnStream *);

/* alarm.c */
bool ocl_alarm_new(OclAlarm *);
/* False, and nothing is freed, when the driver may still ring. */
bool ocl_alarm_free(OclAlarm *);
/* Waits for an event of the stream; a negative state of it is returned as the error that it is. After
 * the device's time-out the stream is hung, and its trouble says so. */
cl_int ocl_await(NnStream *, cl_event);

#endif
