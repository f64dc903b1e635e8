/* SPDX-License-Identifier: Apache-2.0 */
/* Sample cases of operators (doc/samples.md) as tensors and attributes. */
#ifndef NN_TESTS_OPS_SAMPLE_H
#define NN_TESTS_OPS_SAMPLE_H

#include "nn/nn.h"
#include "nn/operator.h"

#define SAMPLE_MAX 16 /* inputs, outputs, attributes */
#define SAMPLE_LIST 32

/* A tensor in host memory that owns its elements. */
typedef struct Tensor {
    NnTensor t;
    int64_t dims[NN_MAX_RANK], strides[NN_MAX_RANK];
} Tensor;

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
} Sample;

Tensor *tensor_new(int32_t type, int32_t rank, const int64_t *dims); /* zeroed */
Tensor *tensor_copy(const NnTensor *);
void tensor_free(Tensor *);
int64_t tensor_count(const NnTensor *);
double tensor_get(const NnTensor *, int64_t i);
void tensor_set(NnTensor *, int64_t i, double x);

/* Fills `s` from a line for tensors of `type`; false with a sentence in `why`. */
bool sample_parse(Sample *s, const NnOperator *, const char *line, int32_t type, char *why, size_t size);
void sample_clear(Sample *);

/* Numbers in 0 .. 1 from a generator with one word of state. */
double sample_random(uint64_t *state);

#endif
