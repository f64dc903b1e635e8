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
    cl_event rung;
    uint32_t due; /* rings that the driver still owes */
} OclAlarm;

struct NnStream {
    NnDevice *device;
    cl_command_queue queue;
    OclEntry ring[OCL_RING];
    uint64_t first, next; /* numbers of the oldest entry and of the coming one; number n is at n % OCL_RING */
    OclAlarm alarm;
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
void ocl_trouble(NnStream *, int32_t code, uint64_t tag, const char *format, ...)
    __attribute__((format(printf, 4, 5)));

/* alarm.c */
bool ocl_alarm_new(OclAlarm *);
/* False, and nothing is freed, when the driver may still ring. */
bool ocl_alarm_free(OclAlarm *);
/* Waits for an event that has been flushed; a negative state of it is returned as the error that it is. After
 * the device's time-out the stream is hung, and its trouble says so. */
cl_int ocl_await(NnStream *, cl_event);

#endif
