/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The border between the host and every plug-in: how an object presents itself, how errors travel, what a
 * tensor is, and what the host offers. Only fixed-width types, opaque handles and tables of functions cross
 * it.
 *
 * Rules that hold for every table and every struct with a `struct_size`:
 *  - fields are only appended; a field beyond the other side's struct_size reads as zero (NN_HAS asks);
 *  - a missing function means "unsupported" and is answered as such, never called;
 *  - arrays of structs carry their element stride next to their count; arrays of pointers need none;
 *  - who allocates, frees; strings are UTF-8, NUL-terminated and live as long as the struct that holds them;
 *  - a function that can fail returns an NnCode and takes the host's status object, which holds the sentence.
 */
#ifndef NN_ABI_H
#define NN_ABI_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/* The range covers the head and the calling rules only; every kind of table has a version of its own. */
#define NN_ABI_MIN 1u
#define NN_ABI_MAX 1u
#define NN_MAGIC UINT64_C(0x3150474c504e4e1a) /* "\x1aNNPLGP1" read as little endian */
#define NN_MAX_RANK 16

#define NN_HAS(table, member)                                                                                \
    ((table) != NULL &&                                                                                      \
     (table)->struct_size >= offsetof(__typeof__(*(table)), member) + sizeof((table)->member) &&             \
     (table)->member != 0)

typedef enum NnCode {
    NN_OK = 0,
    NN_ERROR = 1,         /* it failed while running */
    NN_INVALID = 2,       /* what a person, a file or a plug-in gave is wrong */
    NN_UNSUPPORTED = 3,   /* understood, and not offered here; the status says why */
    NN_NOT_FOUND = 4,     /* nobody provides it */
    NN_OUT_OF_MEMORY = 5, /* the status names the size and what it was for */
    NN_CANCELLED = 6,     /* the host asked to stop */
    NN_UNAVAILABLE = 7,   /* the hardware or a run time is absent */
    NN_NON_FINITE = 8     /* a loss or a checked value is not a finite number */
} NnCode;

/* Host-owned error: a code, a sentence, and the chain of places that it came through. Written through NnHost
 * only. */
typedef struct NnStatus NnStatus;

/* Element types carry ONNX's numbers (TensorProto.DataType). A set of types is a mask of 1 << type. */
typedef enum NnType {
    NN_NONE = 0,
    NN_F32 = 1,
    NN_U8 = 2,
    NN_I8 = 3,
    NN_U16 = 4,
    NN_I16 = 5,
    NN_I32 = 6,
    NN_I64 = 7,
    NN_STRING = 8, /* reserved */
    NN_BOOL = 9,   /* one byte, 0 or 1 */
    NN_F16 = 10,
    NN_F64 = 11,
    NN_U32 = 12,
    NN_U64 = 13,
    NN_COMPLEX64 = 14, /* reserved, as all that follow but bfloat16 */
    NN_COMPLEX128 = 15,
    NN_BF16 = 16,
    NN_F8E4M3FN = 17,
    NN_F8E4M3FNUZ = 18,
    NN_F8E5M2 = 19,
    NN_F8E5M2FNUZ = 20,
    NN_U4 = 21,
    NN_I4 = 22,
    NN_F4E2M1 = 23,
    NN_TYPE_COUNT = 24
} NnType;

#define NN_MASK(type) (UINT64_C(1) << (type))
#define NN_FLOATS (NN_MASK(NN_F32) | NN_MASK(NN_F64) | NN_MASK(NN_F16) | NN_MASK(NN_BF16))
#define NN_SIGNED (NN_MASK(NN_I8) | NN_MASK(NN_I16) | NN_MASK(NN_I32) | NN_MASK(NN_I64))
#define NN_UNSIGNED (NN_MASK(NN_U8) | NN_MASK(NN_U16) | NN_MASK(NN_U32) | NN_MASK(NN_U64))
#define NN_INTEGERS (NN_SIGNED | NN_UNSIGNED)
#define NN_NUMBERS (NN_FLOATS | NN_INTEGERS)
#define NN_INDICES (NN_MASK(NN_I32) | NN_MASK(NN_I64))
#define NN_ANY (NN_NUMBERS | NN_MASK(NN_BOOL))

/* Device memory as its device sees it. Where the device's memory kind is "host" it is the address itself. */
typedef void *NnBuffer;

/*
 * A tensor that crosses the border. Strides are in elements; dense row-major unless a kernel asked for
 * strided views (NnPlan.strided). `dims` is writable: `run` stores the extents it found in the outputs whose
 * node set bounded dims. A base address is aligned to 64 bytes; nothing past the logical size may be read.
 */
typedef struct NnTensor {
    NnBuffer buffer;
    uint64_t offset; /* bytes from the start of the buffer */
    int32_t type;    /* NnType */
    int32_t rank;
    int64_t *dims;
    int64_t *strides;
    uint32_t layout; /* 0: row-major; other numbers are private to the backend that set them */
    uint32_t flags;  /* reserved, 0 */
} NnTensor;

/* A subgraph or a whole function: immutable, host-owned, closed (what it needs from outside are inputs). See
 * graph.h. */
typedef struct NnFunction NnFunction;
typedef struct NnGraph NnGraph;
typedef struct NnGraphApi NnGraphApi;
typedef struct NnConfig NnConfig;
typedef struct NnConfigApi NnConfigApi;
typedef struct NnHost NnHost;

/* Thread classes. ANY: any thread at any time. CALL: only on the thread, and for the length, of the call that
 * was given the host or the struct. A kernel's `run` counts as such a call on the thread that the executor
 * runs on. */
struct NnHost {
    uint32_t struct_size;
    uint32_t abi;             /* the version that both sides speak */
    void *self;               /* the host's own */
    const char *plugin_path;  /* the real path of the object that this table was made for */
    const char *resource_dir; /* the folder of its package */

    /* Memory aligned to 64 bytes, zeroed; NULL when there is none. ANY. */
    void *(*alloc)(const NnHost *, uint64_t bytes);
    void (*free)(const NnHost *, void *);

    /* level: 0 debug, 1 info, 2 warning, 3 error. ANY. */
    void (*log)(const NnHost *, int32_t level, const char *message);

    /* Sets code and sentence when none is set yet, and returns the code. CALL. */
    int32_t (*fail)(NnStatus *, int32_t code, const char *message);
    /* Puts "where: " in front of the sentence, the nearest place last. CALL. */
    void (*where)(NnStatus *, const char *where);
    /* A machine-readable detail beside the sentence. CALL. */
    void (*detail)(NnStatus *, const char *key, const char *value);
    int32_t (*code)(const NnStatus *);
    const char *(*message)(const NnStatus *);

    /* Has the person asked to stop? Poll it in whatever takes longer than a tenth of a second. ANY. */
    bool (*cancelled)(const NnHost *);
    void (*progress)(const NnHost *, const char *what, uint64_t done, uint64_t total);

    /* Runs fn(arg, 0 .. tasks-1) on the host's threads and returns when all are done; the order is free, the
     * split is the caller's, so that bits do not depend on the number of threads unless the caller lets them.
     * Nested or from a foreign thread it runs in place. CALL. */
    void (*parallel)(const NnHost *, uint32_t tasks, void (*fn)(void *arg, uint32_t task), void *arg);
    uint32_t (*threads)(const NnHost *);

    const NnConfigApi *config; /* reading the settings a person wrote (settings.h) */
    const NnGraphApi *graph;   /* building graphs (graph.h) */

    /* Another plug-in's table by kind and name ("nn.format/1", "onnx"), loading it; *host: the host table to
     * call it with. NULL: the status names the nearest. CALL. */
    const void *(*find)(const NnHost *, const char *kind, const char *name, const NnHost **host, NnStatus *);
};

typedef struct NnExport {
    const char *kind;  /* "nn.operator/1" */
    const char *name;  /* unique within the kind and object */
    const void *table; /* as the kind says; its first field is struct_size */
} NnExport;

/* Compared before anything else is looked at, field by field, in this order. Never changes. */
typedef struct NnPluginHead {
    uint64_t magic;
    uint32_t head_size;
    uint32_t abi_min;
    uint32_t abi_max;
    uint8_t pointer_bytes;
    uint8_t byte_order; /* 1 little endian, 2 big endian */
    uint16_t reserved;
    uint64_t layout_digest; /* for bug reports; never compared */
} NnPluginHead;

typedef struct NnPlugin {
    NnPluginHead head;
    uint32_t struct_size;
    uint32_t flags; /* NN_PLUGIN_UNLOADABLE */
    const char *name;
    const char *version;
    const char *licence; /* an SPDX expression */
    const char *summary; /* one sentence */
    const char *threads; /* NULL, or the foreign thread pool that its libraries bring ("libgomp") */
    uint32_t export_count;
    uint32_t export_stride;
    const NnExport *exports;
    /* Optional: called once per context after the head was accepted and before any table is used. */
    int32_t (*start)(const NnHost *, NnStatus *);
    void (*stop)(const NnHost *);
} NnPlugin;

#define NN_PLUGIN_UNLOADABLE 1u /* nothing of it stays behind after `stop`: dlclose is safe */

typedef const NnPlugin *(*NnPluginEntry)(void);

#ifdef __cplusplus
}
#endif
#endif
