/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What stands guard in a child: memory that nobody may touch, buffers with such memory behind them and known
 * bytes around them, a host table that counts, and the plug-in's own calls of malloc. All of it is of the
 * process, as the signals and the plug-in's tables are.
 */
#ifndef NNRUN_KIT_GUARD_H
#define NNRUN_KIT_GUARD_H

#include "kit.h"

/* ---- guard.c: forbidden memory ---- */

/* From here on a fault in forbidden memory is charged to what the memory says, any other to the case. */
void guard_begin(Findings *);
/* A read (`read`) or a write there ends the child with that charge. Whole pages. */
void guard_forbid(void *start, size_t bytes, Check read, Check write, const char *what);
void guard_allow(const void *start); /* forgets the entry; the protection is the caller's */

/* ---- buffer.c: buffers for kernels ---- */

/* Where a kernel's buffers are: on a device, or (kind NULL, or one of host memory) here. */
typedef struct Place {
    const NnDeviceKind *kind;
    NnDevice *device;
    NnStream *stream;
    NnEvent *event;
    const NnHost *host;
} Place;

/* Opens the device of index 0; NULL device with the status set when it cannot be. */
int32_t place_open(Place *, const NnHost *, const NnDeviceKind *, NnStatus *);
void place_close(Place *);
int32_t place_sync(Place *, NnStatus *); /* waits for all that was enqueued; the error of completion */

typedef struct Buffer {
    Place *place; /* NULL: host memory */
    NnBuffer handle;
    uint64_t offset, bytes; /* of what is inside */
    char *map;              /* host memory: everything, the forbidden pages included */
    size_t mapped;
    char what[48];
} Buffer;

/* A byte more than `bytes` belongs to nobody. False: there was no memory. */
bool buffer_new(Buffer *, Place *, uint64_t bytes, Check past, const char *what);
void buffer_fill(Buffer *, uint8_t byte);
void buffer_write(Buffer *, const void *from); /* all of it */
void buffer_read(Buffer *, void *to);
/* NULL, or what was written outside of it. */
const char *buffer_damage(Buffer *, char *text, size_t size);
/* Watches its pages; host memory only. */
void buffer_watch(Buffer *);
/* Nobody may touch it from now on; host memory only, on devices it is filled with nonsense. */
void buffer_retire(Buffer *);
void buffer_free(Buffer *);

/* ---- memory.c: what a plug-in allocates, from the host and by malloc ---- */

typedef enum TaskOrder { TASKS_THREADS, TASKS_FORWARD, TASKS_BACKWARD, TASKS_TORN } TaskOrder;

/* A host table over another one. Plug-ins get its address. */
typedef struct KitHost {
    NnHost table;
    const NnHost *under;
    TaskOrder order; /* of what is given to `parallel` */
    uint32_t threads;
    bool split;              /* was there work for more than one task? */
    uint32_t stop_at;        /* TASKS_TORN: see torn_parallel */
    uint32_t writes;         /* the most that it returned in a call */
    void (*between)(void *); /* called once, after the first of several tasks; NULL: not */
    void *between_arg;
} KitHost;
void kit_host_init(KitHost *, const NnHost *under);

typedef struct MemoryCount {
    uint64_t made, live, in_run;
    bool damaged; /* bytes around one of the host's were written */
} MemoryCount;
MemoryCount memory_count(void);
void memory_in_run(bool);
/* Allocations that the kit's own doings bring about neither fail nor count. */
void memory_pause(bool);
/* The n-th allocation from now on fails, once; 0: none. */
void memory_fail_at(uint64_t n);
bool memory_has_failed(void);

/* ---- torn.c: tasks of one call that disturb each other ---- */

/* What tasks may write to, as whole pages: outputs, workspace, the plan's state. */
void torn_watch(const void *start, size_t bytes);
void torn_forget(void);
/* Two threads do half of the tasks each. The first stops before its write number `stop_at` to a page that
 * nobody has written to since, until the second has done its half; 0: it does not stop. The number of such
 * writes. */
uint32_t torn_parallel(uint32_t tasks, void (*fn)(void *arg, uint32_t task), void *arg, uint32_t stop_at);
/* For the handler of faults: true when the write may be tried again. */
bool torn_fault(const char *at);

/* intercept.c: points the calls of malloc and its relatives in one loaded object here. */
void intercept_object(const char *path);

void *memory_take(void *fresh, uint64_t bytes); /* notes a new block; NULL is handed on */
uint64_t memory_bytes(const void *block);       /* of a noted one; 0: it is none */
bool memory_refuse(void);                       /* is it this allocation's turn to fail? */
bool memory_forget(const void *block);          /* false: it was never noted */

#endif
