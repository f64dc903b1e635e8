/* SPDX-License-Identifier: Apache-2.0 */
/* The parts of the device's own object: loader, memory, programs; its streams are in stream.h. */
#ifndef OPENCL_DEVICE_H
#define OPENCL_DEVICE_H

#include "ops-opencl/opencl.h"

#define OCL_TEXT 256u
#define OCL_SAID 400u /* an error's name and what the driver said about it */

/* One device of one platform, as enumeration finds them. */
typedef struct OclFound {
    cl_platform_id platform;
    cl_device_id id;
} OclFound;
#define OCL_DEVICES_MAX 64u

/* A place in a block. NnBuffer is a pointer to it. */
typedef struct OclBuffer OclBuffer;
typedef struct OclBlock OclBlock;
struct OclBuffer {
    cl_mem memory;
    uint64_t offset, bytes;
    OclBlock *block;
    OclBuffer *before, *after; /* neighbours in the block, in order of their offsets */
    bool used;
};

typedef struct OclProgram {
    struct OclProgram *next;
    uint64_t key[2];
    cl_program program;
} OclProgram;

typedef struct OclChoice OclChoice;

/* What the driver last said by itself, from whatever thread. */
typedef struct OclNotice OclNotice;

struct NnDevice {
    const NnDeviceKind *kind;
    const NnHost *nn;
    OclService service;
    const OclApi *cl;
    cl_platform_id platform;
    cl_device_id id;
    cl_context context;
    char name[OCL_TEXT], driver[OCL_TEXT]; /* driver: with the platform's version */
    uint64_t budget, in_use;               /* bytes; of in_use all blocks */
    uint64_t largest;                      /* what one block may have */
    OclBlock *blocks;
    OclProgram *programs;
    OclChoice *choices;
    bool tune; /* what has no stored choice is measured */
    OclNotice *notice;
    bool unified; /* the host's memory is the device's */
    bool out_of_order;
    double timeout; /* seconds without a completed command; 0: never */
    bool hung;      /* a stream waited that long: what the driver holds is left to it */
};

/* loader.c */
/* The functions, opened once per process; NULL with the reason in the status. */
const OclApi *ocl_load(const NnHost *, NnStatus *);
/* "CL_OUT_OF_RESOURCES (-5)"; good until the thread asks again. */
const char *ocl_error(cl_int);
/* The same, and behind it what the driver has said since it was last asked. */
const char *ocl_said(const NnDevice *, cl_int, char text[OCL_SAID]);
OclNotice *ocl_notice_new(void);
void ocl_notice_free(OclNotice *);
void CL_CALLBACK ocl_notice_take(const char *said, const void *data, size_t bytes, void *notice);
/* All devices of all platforms, platform by platform. NN_UNAVAILABLE when there is none. */
int32_t ocl_find(const NnHost *, OclFound found[OCL_DEVICES_MAX], uint32_t *n, NnStatus *);
/* A text property, cut to OCL_TEXT. */
void ocl_device_text(const OclApi *, cl_device_id, cl_device_info, char text[OCL_TEXT]);
void ocl_platform_text(const OclApi *, cl_platform_id, cl_platform_info, char text[OCL_TEXT]);

/* choose.c */
int32_t ocl_enumerate(const NnHost *, uint32_t *count, NnStatus *);
int32_t ocl_device_at(const NnHost *, uint32_t index, OclFound *, NnStatus *);
int32_t ocl_describe(const NnHost *, uint32_t index, NnDeviceInfo *, NnStatus *);
int32_t ocl_find_named(const NnHost *, const char *words, uint32_t *index, NnStatus *);
bool ocl_has_extension(const OclApi *, cl_device_id, const char *name);
/* The platform's version and the driver's. */
void ocl_driver_text(const OclApi *, const OclFound *, char *text, size_t size);

/* heap.c */
int32_t ocl_alloc(NnDevice *, NnStream *, uint64_t bytes, NnBuffer *, NnStatus *);
void ocl_free(NnDevice *, NnStream *, NnBuffer);
void ocl_heap_close(NnDevice *);

/* program.c */
cl_program ocl_program(NnDevice *, const OclSource *, NnStatus *);
void ocl_programs_close(NnDevice *);

/* cache.c */
/* The binary that was stored for a key and description; false: there is none that is whole. */
bool ocl_cache_read(const NnHost *, const uint64_t key[2], const char *what, unsigned char **binary,
                    size_t *bytes);
void ocl_cache_write(const NnHost *, const uint64_t key[2], const char *what, const unsigned char *binary,
                     size_t bytes);
uint64_t ocl_hash(uint64_t seed, const void *data, size_t bytes);

/* tune.c */
uint32_t ocl_prefer(const NnHost *, NnDevice *, const OclContest *);
void ocl_choices_close(NnDevice *);

/* stage.c */
void ocl_service_init(OclService *, const OclApi *);

/* stream.c */
int32_t ocl_stream_new(NnDevice *, NnStream **, NnStatus *);
void ocl_stream_free(NnDevice *, NnStream *);
int32_t ocl_reset(NnDevice *, NnStream *, NnStatus *);

/* copy.c */
int32_t ocl_copy_in(NnDevice *, NnStream *, NnBuffer, uint64_t, const void *, uint64_t, NnStatus *);
int32_t ocl_copy_out(NnDevice *, NnStream *, void *, NnBuffer, uint64_t, uint64_t, NnStatus *);
int32_t ocl_copy(NnDevice *, NnStream *, NnBuffer, uint64_t, NnBuffer, uint64_t, uint64_t, NnStatus *);
int32_t ocl_copy_tensor(const NnCall *, const NnTensor *to, const NnTensor *from);

/* event.c */
int32_t ocl_event_new(NnDevice *, NnEvent **, NnStatus *);
void ocl_event_free(NnDevice *, NnEvent *);
int32_t ocl_record(NnDevice *, NnStream *, NnEvent *, NnStatus *);
int32_t ocl_wait(NnDevice *, NnEvent *, uint64_t *tag, NnStatus *);
int32_t ocl_stream_wait(NnDevice *, NnStream *, NnEvent *, NnStatus *);

#endif
