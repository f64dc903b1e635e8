/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Kind "nn.operator/1": what an operator is, apart from how any device does it. Schema, inference, gradient,
 * sample cases, and one of: a reference kernel (primitive), a body of other operators (composite), a control
 * structure. Identity is (domain, name, since); several versions may coexist.
 */
#ifndef NN_OPERATOR_H
#define NN_OPERATOR_H

#include "nn/graph.h"
#include "nn/settings.h"

#define NN_OPERATOR_KIND "nn.operator/1"

#define NN_OPTIONAL 1u    /* may be absent (NULL in its place) */
#define NN_VARIADIC 2u    /* the last one, repeated; at least once unless also NN_OPTIONAL */
#define NN_SHAPE_VALUE 4u /* lives on the host; inference and planning ask for its value */
#define NN_SHAPE_ONLY 8u  /* only its type and shape are looked at, no byte of it is kept alive */
#define NN_NO_GRADIENT 16u
#define NN_MIXED 32u /* variadic: each has a type of its own */

/* A formal input or output. `var`: all parameters of the same letter have the same element type. */
typedef struct NnParam {
    const char *name;
    const char *var;
    uint64_t types; /* mask; 0: as the variable's other parameters, or as inference says */
    uint32_t flags;
    uint32_t reserved;
    const char *doc;
} NnParam;

typedef struct NnInfer NnInfer;
/* Handed to `infer`; the inputs' infos are in node->inputs, types already checked against the schema. */
struct NnInfer {
    uint32_t struct_size;
    uint32_t reserved;
    const NnHost *host;
    const NnNode *node;
    NnStatus *status;
    void *self;
    /* Every output that is not set has unknown type and rank. */
    void (*output)(NnInfer *, uint32_t i, int32_t type, int32_t rank, const int64_t *dims);
    /* The integers of input i when known (possibly with NN_DIM_UNKNOWN elements), else NULL; and having asked
     * cuts the program before this node, so that it is inferred again when they are known. */
    const int64_t *(*integers)(NnInfer *, uint32_t i, uint64_t *count);
    /* What is known of an integer output of rank <= 1 (Shape, Size). */
    void (*value)(NnInfer *, uint32_t i, uint64_t count, const int64_t *elements);
    /* Types and shapes of a function's outputs for given inputs; outputs: n arrays filled by the host, living
     * for this call. */
    int32_t (*function)(NnInfer *, const NnFunction *, uint32_t n, const NnValueInfo *const *inputs,
                        const NnValueInfo **outputs);
};

/* Handed to `gradient`: set grads[i] for each wanted input; leaving NULL says it does not depend on it. */
typedef struct NnGradient {
    uint32_t struct_size;
    uint32_t reserved;
    const NnHost *host;
    NnGraph *graph;
    const NnNode *node;
    NnValue *const *inputs;
    NnValue *const *outputs;
    NnValue *const *grad_outputs; /* NULL where nothing arrived */
    const uint8_t *wanted;        /* per input */
    NnValue **grads;
    NnStatus *status;
} NnGradient;

/* Handed to `body`: build the node's meaning from other operators. */
typedef struct NnBody {
    uint32_t struct_size;
    uint32_t reserved;
    const NnHost *host;
    NnGraph *graph;
    const NnNode *node;
    NnValue *const *inputs;
    NnValue **outputs;
    NnStatus *status;
} NnBody;

/*
 * What a control operator lowers to. BRANCH: functions[0] when the bool input 0 `condition` holds, else
 * functions[1]; both take the captures. LOOP: body inputs are [iteration i64 scalar][condition bool scalar]
 * carried.. slices.. captures..; outputs are [condition] carried.. slices... Input indices are the node's; -1
 * says absent. Outputs of a node: carried.., stacked slices...
 */
typedef struct NnControl {
    uint32_t struct_size;
    int32_t kind; /* NN_BRANCH or NN_LOOP */
    NnFunction *functions[2];
    int32_t condition;
    int32_t trip_count; /* LOOP: an i64 scalar input; -1: the length of the scanned inputs, or no bound */
    int32_t passes_iteration,
        passes_condition; /* LOOP: does the body have these inputs (and the condition output)? */
    uint32_t first_carried, n_carried;
    uint32_t first_scanned, n_scanned, n_stacked;
    uint32_t first_capture;
    const int64_t *scan_axes, *scan_reverse; /* per scanned input; NULL: 0 */
    const int64_t *stack_axes, *stack_reverse;
} NnControl;
#define NN_BRANCH 1
#define NN_LOOP 2

/* One call of a kernel. What it points to (not the struct itself) stays allocated until the stream has passed
 * it; but buffers and offsets of the tensors, and the bytes of inputs that are shape values, may be others
 * once `run` has returned: take them before. */
typedef struct NnCall {
    uint32_t struct_size;
    uint32_t n_inputs, n_outputs;
    uint32_t reserved;
    const NnTensor *const *inputs;
    NnTensor *const *outputs; /* NULL for outputs that nobody asked for */
    const NnHost *host;
    struct NnDevice *device;
    struct NnStream *stream;
    NnBuffer workspace; /* of the size that `plan` asked for, aligned to 64 bytes */
    uint64_t workspace_offset;
    const NnNode *node; /* the node, or the first of the claimed ones */
    uint64_t tag;       /* what the device says with an error at completion */
    NnStatus *status;
} NnCall;

#define NN_PRIMITIVE 1
#define NN_COMPOSITE 2
#define NN_CONTROL 3

#define NN_OP_RANDOM 1u      /* takes a (key, step) input; never folded */
#define NN_OP_EFFECT 2u      /* never merged, reordered against others of its kind, or dropped */
#define NN_OP_ELEMENTWISE 4u /* output i depends on input elements i (after broadcasting) only */
#define NN_OP_NOT_TWICE 8u   /* its gradient has no rule: "not twice differentiable" */
#define NN_OP_SAME 16u       /* output 0 of input 0's type and shape is input 0: the node is left out */

struct NnOperator {
    uint32_t struct_size;
    int32_t since; /* the opset it was last changed in; ours count from 1 */
    const char *domain;
    const char *name;
    const char *doc; /* one or a few sentences: what it computes, with the formula */
    int32_t sort;
    uint32_t flags;
    const char *role; /* NULL: none */
    uint32_t n_inputs, n_outputs, param_stride;
    uint32_t n_attrs, attr_stride, min_outputs;
    const NnParam *inputs, *outputs;
    const NnSetting *attrs;
    int32_t (*infer)(NnInfer *);
    int32_t (*gradient)(NnGradient *);
    int32_t (*body)(NnBody *);
    int32_t (*control)(const NnNode *, NnControl *, NnStatus *);
    /* The reference: plain loops in host memory on one thread, accumulating in double (64-bit integers for
     * integers). */
    int32_t (*compute)(const NnCall *);
    /* Sample cases, a line each; the grammar is in doc/samples.md. */
    uint32_t n_samples, reserved;
    const char *const *samples;
    /* Allowed |a-b| <= t * (1 + |b|) for a type and reduction length; NULL: 8 units in the last place times
     * sqrt(length). */
    double (*tolerance)(const NnNode *, int32_t type, uint64_t length);
};

#endif
