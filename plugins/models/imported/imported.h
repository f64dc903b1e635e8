/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The family `imported`: a graph from a file, by any format that reads graphs. Its floating initial values
 * are variables of the network, so that checkpoints, fine-tuning and export have them. `infer` is the graph
 * as the file has it; where there is data, `train`, `evaluate` and `predict` put fields of the data in front
 * of it, and a loss behind it.
 */
#ifndef NN_MODELS_IMPORTED_H
#define NN_MODELS_IMPORTED_H

#include "models/shared/supervised.h"

/* The file and what belongs to it, in memory while the network is built. */
typedef struct Source {
    const NnHost *nn;
    const NnConfig *setting; /* `file`, for messages */
    const NnFormat *format;
    const NnHost *format_host;
    char *folder; /* real path */
    void *bytes;
    uint64_t n;
    struct Companion *companions; /* read so far */
} Source;

/* file.c */
int32_t source_open(Source *, const NnModelBuild *);
void source_close(Source *);
int32_t source_companion(Source *, const char *name, uint64_t offset, uint64_t length, const void **bytes,
                         NnStatus *);

/* feed.c: the value of the graph's index-th input, made of a field of the data or of a number, as `inputs`
 * says. */
NnValue *feed_input(const Net *, uint32_t index, const char *name, int32_t type, int32_t rank,
                    const int64_t *dims);
#endif
