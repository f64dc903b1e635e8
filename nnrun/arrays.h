/* SPDX-License-Identifier: Apache-2.0 */
/* Arrays from files as a function's inputs, and its outputs as arrays for files. */
#ifndef NNRUN_ARRAYS_H
#define NNRUN_ARRAYS_H

#include "training.h"

/* Element i of a dense tensor as a number; 0 where its type is none. */
double arrays_number(int32_t type, const void *data, int64_t i);

/* What goes into a function, one tensor an input, in the types that it wants. */
typedef struct Inputs {
    uint32_t n;
    NnTensor *tensors;
    const NnTensor **pointers; /* for nn_callable_call */
    int64_t (*dims)[NN_MAX_RANK];
    int64_t (*strides)[NN_MAX_RANK];
    void **memory;
} Inputs;

/* Each of `files` is FILE, or INPUT=FILE. A file's arrays go where their names say; a single one of another
 * name goes to the function's only input. False with the status set. */
bool inputs_read(Inputs *, Program *, const NnFunction *, const GPtrArray *files);
/* The size of the first dimension that all share; 0: they share none. */
uint64_t inputs_rows(const Inputs *);
/* Makes the tensors those of n rows from `first` on. */
void inputs_select(Inputs *, uint64_t first, uint64_t n);
void inputs_clear(Inputs *);

/* Outputs of one or several calls, put together along the first dimension. */
typedef struct Collected {
    GArray *arrays;   /* NnArray; names borrowed from the function */
    GPtrArray *bytes; /* GByteArray, one an array */
    GPtrArray *dims;
    uint32_t calls;
} Collected;
void collected_init(Collected *);
/* Takes outputs of the last call: all, or only that one. */
bool collected_add(Collected *, Program *, const NnFunction *, NnCallable *, const uint32_t *only);
bool collected_write(Collected *, Program *, const char *path);
void collected_clear(Collected *);

#endif
