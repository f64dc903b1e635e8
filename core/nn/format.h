/* SPDX-License-Identifier: Apache-2.0 */
/* Kind "nn.format/1": named arrays to bytes and back. The host owns files, renames and syncs; a format owns
 * the syntax. */
#ifndef NN_FORMAT_H
#define NN_FORMAT_H

#include "nn/abi.h"

#define NN_FORMAT_KIND "nn.format/1"

typedef struct NnArray {
    const char *name;
    int32_t type;
    int32_t rank;
    const int64_t *dims;
    const void *data; /* dense, little endian */
    uint64_t bytes;
} NnArray;

typedef struct NnPair {
    const char *key, *value;
} NnPair;

/* Where written bytes go; returns an NnCode with the status set when it could not. */
typedef struct NnSink {
    uint32_t struct_size;
    uint32_t reserved;
    void *self;
    int32_t (*write)(void *self, const void *bytes, uint64_t n, NnStatus *);
} NnSink;

/* Told what a file holds, in file order; data points into the bytes that were given to read. */
typedef struct NnSource {
    uint32_t struct_size;
    uint32_t reserved;
    void *self;
    int32_t (*array)(void *self, const NnArray *, NnStatus *);
    int32_t (*pair)(void *self, const NnPair *, NnStatus *);
} NnSource;

typedef struct NnFormat {
    uint32_t struct_size;
    uint32_t flags;
    const char *name;
    const char *extension; /* "safetensors" */
    const char *doc;
    int32_t (*write)(const NnHost *, uint64_t n, const NnArray *arrays, uint64_t n_pairs, const NnPair *pairs,
                     const NnSink *, NnStatus *);
    /* Strict: hostile bytes end in a sentence with an offset. Rejecting B bytes costs at most 4B + 64 MiB. */
    int32_t (*read)(const NnHost *, const void *bytes, uint64_t n, const NnSource *, NnStatus *);
} NnFormat;

#endif
