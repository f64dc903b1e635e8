/* SPDX-License-Identifier: Apache-2.0 */
/* Sample cases of operators (doc/samples.md) as tensors and attributes. */
#ifndef NNRUN_KIT_SAMPLE_H
#define NNRUN_KIT_SAMPLE_H

#include "tensor.h"

#define SAMPLE_MAX 16 /* inputs, outputs, attributes */
#define SAMPLE_LIST 32

/* Other sizes for the same case: an extent v >= 2 of a tensor without literal values becomes scale * v + add.
 */
typedef struct SampleSize {
    int64_t scale, add; /* scale 0 and add 0: as written */
    bool empty;         /* every such extent becomes 0 */
    int64_t flat;       /* not 0: tensors of rank 1 and more become vectors of this length */
} SampleSize;

typedef struct Sample {
    uint32_t n_inputs, n_outputs, n_attrs;
    Tensor *inputs[SAMPLE_MAX]; /* NULL where absent */
    bool free_type[SAMPLE_MAX]; /* of the type under test */
    NnAttr attrs[SAMPLE_MAX];
    int64_t ints[SAMPLE_MAX][SAMPLE_LIST];
    double floats[SAMPLE_MAX][SAMPLE_LIST];
    const char *strings[SAMPLE_MAX][SAMPLE_LIST];
    Tensor *tensors[SAMPLE_MAX];
    char text[1024]; /* what names and strings point into */
    SampleSize size;
    int64_t most; /* elements of an input */
    bool sized;   /* an extent is not as written */
} Sample;

/* Fills `s` from a line for tensors of `type`; false with a sentence in `why`. */
bool sample_parse(Sample *s, const NnOperator *, const char *line, int32_t type, char *why, size_t size);
/* The same in other sizes; false as well where it would have more than `most` elements. */
bool sample_parse_sized(Sample *s, const NnOperator *, const char *line, int32_t type, SampleSize,
                        int64_t most, char *why, size_t size);
void sample_clear(Sample *);

/* Numbers in 0 .. 1 from a generator with one word of state. */
double sample_random(uint64_t *state);

#endif
