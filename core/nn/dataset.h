/* SPDX-License-Identifier: Apache-2.0 */
/* Kind "nn.dataset/1": where samples come from. A loader opens, describes and reads; the host shuffles and
 * batches. */
#ifndef NN_DATASET_H
#define NN_DATASET_H

#include "nn/abi.h"
#include "nn/settings.h"

#define NN_DATASET_KIND "nn.dataset/1"

/* One field of a sample: an image, its label. Shapes are of one sample, without the batch. */
typedef struct NnField {
    const char *name; /* "x" the input, "y" the target; others as the loader says */
    int32_t type;
    int32_t rank;
    const int64_t *dims;
    uint64_t classes;          /* of an integer field: values are 0 .. classes-1; 0: not classes */
    const char *const *labels; /* `classes` names, or NULL */
    double scale, offset; /* real value = stored * scale + offset (pixels: 1/255, 0); scale 0 reads as 1 */
} NnField;

typedef struct NnSplit {
    const char *name; /* "train", "test"; "validation" when the source has one */
    uint64_t count;
} NnSplit;

#define NN_DATA_SEQUENCE 1u /* samples of a split follow on one another: text, a time series */

typedef struct NnDataInfo {
    uint32_t struct_size;
    uint32_t flags;
    uint32_t n_fields, field_stride, n_splits, split_stride;
    const NnField *fields;
    const NnSplit *splits;
    const char *digest; /* identifies the content (SHA-256, or version and seed); NULL: unknown */
} NnDataInfo;

typedef struct NnData NnData; /* the plug-in's own */

typedef struct NnDataset {
    uint32_t struct_size;
    uint32_t n_settings, setting_stride, reserved;
    const char *name;
    const char *doc;
    const NnSetting *settings;
    int32_t (*open)(const NnHost *, const NnConfig *, NnData **, NnStatus *);
    /* Lives as long as the data. */
    const NnDataInfo *(*describe)(NnData *);
    /* Writes field f of sample indices[i] to buffers[f] + i * (bytes of one sample); buffers[f] NULL: not
     * wanted. Thread-safe: many threads read at once. */
    int32_t (*read)(NnData *, uint32_t split, uint64_t n, const uint64_t *indices, void *const *buffers,
                    NnStatus *);
    void (*close)(NnData *);
} NnDataset;

#endif
