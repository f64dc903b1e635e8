/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Kind "nn.model/1": a family of networks. Given a checked configuration and the data's description it
 * declares variables and builds named functions over them: "train", "evaluate", "predict", and what the
 * family can do besides.
 *
 * Names that the host knows how to feed and read: an input named like a field of the data gets the batch of
 * that field [N, dims...] with its stored type; "temperature" (f32 scalar) gets the command line's. Outputs:
 * scalars are metrics and are averaged over samples ("loss" among them); "logits" and "prediction" are what
 * `nnrun predict` shows; an output named like an input of the same function is fed back to it on the next
 * call (sampling). A function named "reset.train" (or .evaluate, .sample) is called before a pass of that
 * function begins: it clears what the family carries from call to call.
 */
#ifndef NN_MODEL_H
#define NN_MODEL_H

#include "nn/dataset.h"
#include "nn/graph.h"
#include "nn/settings.h"

#define NN_MODEL_KIND "nn.model/1"

#define NN_ORDER_SHUFFLED 0
#define NN_ORDER_LANES                                                                                       \
    1 /* batch row r walks through its own contiguous part of the split, so that state carries over */

typedef struct NnModelBuild {
    uint32_t struct_size;
    int32_t order; /* to be set: NN_ORDER_* */
    const NnHost *host;
    const NnConfig *config;
    const NnDataInfo *data;
    uint64_t batch; /* the configured batch size, for models that carry state per row */
    void *self;
    NnStatus *status;
    /* A function under construction; its batch dimension is best left NN_DIM_UNKNOWN. */
    NnGraph *(*begin)(struct NnModelBuild *, const char *name, int32_t phase);
    int32_t (*end)(struct NnModelBuild *, NnGraph *);
} NnModelBuild;

/* For families whose training is more than one function: a GAN's two players. All calls see the current
 * batch. */
typedef struct NnStep {
    uint32_t struct_size;
    uint32_t reserved;
    const NnHost *host;
    void *self;
    uint64_t index;
    /* Runs a function of the model; one that minimizes or sets gradients also updates its group. */
    int32_t (*call)(struct NnStep *, const char *function, NnStatus *);
    /* A scalar output of the last call of that function; waits for it. */
    int32_t (*read)(struct NnStep *, const char *function, const char *output, double *value, NnStatus *);
    /* The next batch of the split in training replaces the current one. */
    int32_t (*advance)(struct NnStep *, NnStatus *);
} NnStep;

typedef struct NnModel {
    uint32_t struct_size;
    uint32_t n_settings, setting_stride, reserved;
    const char *name;
    const char *doc;
    const NnSetting *settings;
    int32_t (*build)(NnModelBuild *);
    int32_t (*step)(NnStep *, NnStatus *); /* NULL: calls "train" */
} NnModel;

#endif
