/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The way of samples into training: an opened source, views of its splits (what is held out is a view too),
 * the order in which an epoch walks through a view, and the feed that reads batches ahead on a thread of its
 * own.
 */
#ifndef NN_TRAIN_DATA_H
#define NN_TRAIN_DATA_H

#include "settings.h"

#define NN_NO_SPLIT UINT32_MAX

/* An opened loader. */
typedef struct NnSourceData {
    const NnDataset *loader;
    const NnHost *host;
    NnData *data;
    const NnDataInfo *info;
} NnSourceData;

int32_t nn_source_open(NnSourceData *, NnContext *, const NnDataset *, const NnConfig *, NnStatus *);
void nn_source_close(NnSourceData *);
uint32_t nn_source_split(const NnSourceData *, const char *name); /* NN_NO_SPLIT when there is none */
uint64_t nn_field_bytes(const NnField *);                         /* of one sample */
int32_t nn_source_read(const NnSourceData *, uint32_t split, uint64_t n, const uint64_t *indices,
                       void *const *buffers, NnStatus *);

/* Samples of one split: subset[0 .. count-1], or all from `first` on where there is no subset. */
typedef struct NnSamples {
    uint32_t split;
    uint64_t first, count;
    uint64_t *subset;
} NnSamples;

/* Parts a split in what is trained on and what is held out: the last part of a sequence, else drawn by the
 * seed. */
void nn_samples_part(const NnSourceData *, uint32_t split, double holdout, uint64_t seed, NnSamples *kept,
                     NnSamples *held);
void nn_samples_clear(NnSamples *);

/* How an epoch walks through a view. */
typedef struct NnOrderPlan {
    int32_t order; /* NN_ORDER_* */
    bool shuffle, drop_last;
    uint64_t seed, count, batch, steps;
} NnOrderPlan;

/* Counts the steps of an epoch. */
NnOrderPlan nn_order_plan(int32_t order, bool shuffle, bool drop_last, uint64_t seed, uint64_t count,
                          uint64_t batch);
/* 0 .. count-1 in the order of the epoch (Fisher, Yates 1938; Durstenfeld 1964), keyed by (seed, epoch). */
void nn_order_permute(const NnOrderPlan *, uint64_t epoch, uint64_t *permutation);
/* The positions in the view that a batch is made of; returns how many. */
uint64_t nn_order_batch(const NnOrderPlan *, const uint64_t *permutation, uint64_t step, uint64_t *positions);

/* One batch in host memory: fields[f] holds n samples of field f, or is NULL where nobody wants it. */
typedef struct NnBatch {
    uint64_t epoch, step, n;
    void **fields;
} NnBatch;

typedef struct NnFeed NnFeed;
/* `wanted`: per field. The source, and what the view points to, outlive the feed. */
NnFeed *nn_feed_new(const NnSourceData *, const NnSamples *, const NnOrderPlan *, const bool *wanted,
                    NnStatus *);
void nn_feed_free(NnFeed *);
/* Begins reading at a step of an epoch; after the last step of epoch `last` it ends. */
void nn_feed_start(NnFeed *, uint64_t epoch, uint64_t step, uint64_t last);
void nn_feed_stop(NnFeed *);
/* The next batch, valid until the next call of next or stop. */
int32_t nn_feed_next(NnFeed *, const NnBatch **, NnStatus *);
const NnOrderPlan *nn_feed_plan(const NnFeed *);

#endif
