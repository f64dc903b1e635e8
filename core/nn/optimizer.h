/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Kinds "nn.optimizer/1" and "nn.schedule/1". An optimizer writes its update as a small graph, per parameter
 * tensor, so that it runs on every device; a schedule is a function of the step that multiplies the base
 * learning rate.
 */
#ifndef NN_OPTIMIZER_H
#define NN_OPTIMIZER_H

#include "nn/graph.h"
#include "nn/settings.h"

#define NN_OPTIMIZER_KIND "nn.optimizer/1"
#define NN_SCHEDULE_KIND "nn.schedule/1"
#define NN_MAX_SLOTS 8

/* State that an optimizer keeps beside each parameter: of its shape and type, starting as `init`. */
typedef struct NnSlot {
    const char *name; /* "momentum" */
    double init;
    uint32_t flags; /* NN_SLOT_SCALAR: an f32 scalar instead of the parameter's shape */
    uint32_t reserved;
} NnSlot;
#define NN_SLOT_SCALAR 1u

typedef struct NnUpdate {
    uint32_t struct_size;
    uint32_t reserved;
    const NnHost *host;
    NnGraph *graph;
    const NnConfig *config; /* checked against the settings */
    NnValue *param, *grad;  /* same shape and type; clipping and coupled decay are already done */
    NnValue *rate;          /* f32 scalar: the learning rate of this step */
    NnValue *step;          /* f32 scalar: 1 in the first update */
    NnValue *decay;         /* f32 scalar: decoupled weight decay (AdamW), or NULL; see `decoupled` */
    NnValue *const *slots;
    NnValue *new_param;  /* to be set */
    NnValue **new_slots; /* to be set; NULL keeps the old value */
    NnStatus *status;
} NnUpdate;

typedef struct NnOptimizer {
    uint32_t struct_size;
    uint32_t decoupled; /* 1: `weight_decay` is given to the update instead of being added to the gradient */
    const char *name;
    const char *doc; /* what it is, with author, year and formula */
    double rate;     /* the learning rate when none is configured */
    uint32_t n_settings, setting_stride, n_slots, slot_stride;
    const NnSetting *settings;
    const NnSlot *slots;
    int32_t (*update)(NnUpdate *);
} NnOptimizer;

/* Where a training is. Steps count from 0. */
typedef struct NnProgress {
    uint32_t struct_size;
    uint32_t epoch;
    uint64_t step, steps_per_epoch, total_steps;
    double metric;        /* the watched one at the end of the last epoch; NaN before */
    uint32_t epoch_ended; /* 1 on the call that follows the end of an epoch, once */
    uint32_t reserved;
} NnProgress;

typedef struct NnSchedule {
    uint32_t struct_size;
    uint32_t n_state; /* doubles that it keeps from call to call, in checkpoints too; zero at the start */
    const char *name;
    const char *doc;
    uint32_t n_settings, setting_stride;
    const NnSetting *settings;
    /* The factor for the learning rate at this step. */
    double (*factor)(const NnHost *, const NnConfig *, const NnProgress *, double *state);
} NnSchedule;

#endif
