/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Graphs: what a plug-in sees of one (values, nodes, attributes) and how it builds one (NnGraphApi). Models,
 * gradient rules, bodies of composite operators and optimizer updates are all written with these few
 * functions.
 */
#ifndef NN_GRAPH_H
#define NN_GRAPH_H

#include "nn/abi.h"

/* A dimension is a constant >= 0, unknown, or bounded: an extent that its node finds while running, at most a
 * maximum. */
#define NN_DIM_UNKNOWN INT64_C(-1)
static inline int64_t nn_dim_bounded(int64_t max) { return -2 - max; }
static inline bool nn_dim_known(int64_t d) { return d >= 0; }
static inline bool nn_dim_is_bounded(int64_t d) { return d <= -2; }
static inline int64_t nn_dim_max(int64_t d) { return d <= -2 ? -2 - d : d; }
#define NN_RANK_UNKNOWN (-1)

/* A value of a graph: a handle owned by its graph. NULL stands for an absent optional input. */
typedef struct NnValue NnValue;
typedef struct NnVariable NnVariable;
typedef struct NnOperator NnOperator;

#define NN_VALUE_ESCAPES 1u  /* used outside of the claimed nodes, or an output of the program */
#define NN_VALUE_CONSTANT 2u /* `value` is set and the same in every run */
#define NN_VALUE_VARIABLE 4u

/* What is known of a value. Lives as long as the view or the graph that gave it and is not changed under the
 * reader. */
typedef struct NnValueInfo {
    uint32_t struct_size;
    uint32_t id;
    const char *name; /* may be NULL */
    int32_t type;     /* NnType; NN_NONE while unknown */
    int32_t rank;     /* NN_RANK_UNKNOWN while unknown */
    const int64_t *dims;
    const NnTensor *value;  /* in host memory, dense, when known as a whole; else NULL */
    const int64_t *partial; /* elements of an integer value of rank <= 1 that are known, NN_DIM_UNKNOWN for
                               the others; or NULL */
    int32_t producer;       /* index of the node in the view, -1 when it comes from outside */
    uint32_t uses;
    uint32_t flags;
} NnValueInfo;

typedef enum NnAttrKind {
    NN_ATTR_INT = 1,
    NN_ATTR_FLOAT = 2,
    NN_ATTR_STRING = 3,
    NN_ATTR_INTS = 4,
    NN_ATTR_FLOATS = 5,
    NN_ATTR_STRINGS = 6,
    NN_ATTR_TENSOR = 7,
    NN_ATTR_FUNCTION = 8
} NnAttrKind;

typedef struct NnAttr {
    const char *name;
    int32_t kind;   /* NnAttrKind */
    uint32_t count; /* elements of ints, floats, strings */
    union {
        int64_t i;
        double f;
        const char *s;
        const int64_t *ints;
        const double *floats;
        const char *const *strings;
        const NnTensor *tensor; /* dense, in host memory */
        NnFunction *function;
    } u;
} NnAttr;

/* A node as a definition or a backend reads it. Attributes are checked and their defaults filled in. */
typedef struct NnNode {
    uint32_t struct_size;
    uint32_t id;        /* stable within the view */
    const char *domain; /* "" is ONNX's */
    const char *op;
    int32_t version;  /* the definition's since_version */
    int32_t phase;    /* NnPhase of the function that it stands in */
    const char *name; /* for messages: "conv2" */
    uint32_t n_inputs, n_outputs, n_attrs, attr_stride;
    const NnValueInfo *const *inputs;  /* NULL for absent optional ones */
    const NnValueInfo *const *outputs; /* NULL for outputs that nobody asked for */
    const NnAttr *attrs;
    const NnOperator *definition;
} NnNode;

typedef enum NnPhase { NN_INFERENCE = 0, NN_TRAINING = 1 } NnPhase;

/* What to add: `op` is "Conv" or "nn/ReluGrad" or "com.acme/FooNorm"; version 0 takes the newest. */
typedef struct NnNodeSpec {
    uint32_t struct_size;
    int32_t version;
    const char *op;
    const char *name; /* may be NULL: one is made up */
    uint32_t n_inputs, n_outputs, n_attrs, attr_stride;
    NnValue *const *inputs;
    const NnAttr *attrs;
    const char *place; /* where in a configuration it was asked for; NULL: nowhere */
} NnNodeSpec;

typedef enum NnRole { NN_PARAMETER = 0, NN_STATE = 1 } NnRole;
typedef enum NnLifetime { NN_KEPT = 0, NN_RUN_ONLY = 1 } NnLifetime;

/* Initialisers: "zeros", "ones", "constant" (a), "uniform" (a .. b), "normal" (mean a, deviation b), and
 * those computed from fan-in and fan-out: "xavier_uniform", "xavier_normal" (Glorot, Bengio 2010),
 * "he_uniform", "he_normal" (He et al. 2015), "lecun_normal", "orthogonal" (Saxe et al. 2014). Drawn by
 * Philox from (seed, name), so that no order matters. */
typedef struct NnVariableSpec {
    uint32_t struct_size;
    int32_t type;
    const char *name; /* unique in the model: "conv1.weight" */
    int32_t rank;
    int32_t role;     /* NnRole */
    int32_t lifetime; /* NnLifetime */
    int32_t reserved;
    const int64_t *dims;
    const char *init; /* NULL: zeros */
    double a, b;
    int64_t fan_in, fan_out; /* 0: from dims as a dense or convolution weight [out, in, ...] */
    const char *group;       /* which optimizer group a parameter belongs to; NULL: "default" */
    uint32_t flags;
    uint32_t reserved2;
    const void
        *value; /* what it starts as: dense, of this type and these dims, copied; NULL: as `init` says */
} NnVariableSpec;
#define NN_VARIABLE_NO_DECAY 1u /* weight decay leaves it alone (biases, normalisation) */

/*
 * Building. Every graph carries a status: after a failure all functions do nothing and return NULL or the
 * code, so a rule or a model is written straight down and checked once at its end. Values belong to the graph
 * they were made in. Shapes are inferred as nodes are added, as far as they are known. CALL thread class
 * throughout.
 */
struct NnGraphApi {
    uint32_t struct_size;
    NnStatus *(*status)(NnGraph *);
    NnValue *(*input)(NnGraph *, const char *name, int32_t type, int32_t rank, const int64_t *dims);
    NnValue *(*constant)(NnGraph *, int32_t type, int32_t rank, const int64_t *dims, const void *data);
    int32_t (*node)(NnGraph *, const NnNodeSpec *, NnValue **outputs);
    /* The one-output node that fills a role ("accumulate", "zeros_like", "copy", "select", "all_finite"). */
    NnValue *(*role)(NnGraph *, const char *role, uint32_t n, NnValue *const *inputs);
    const NnValueInfo *(*info)(NnGraph *, const NnValue *);
    void (*set_name)(NnGraph *, NnValue *, const char *name);
    /* i64[2] (key, step) for random operators: differs by seed, step and, in loops, iteration; an implicit
     * input. */
    NnValue *(*random)(NnGraph *);

    /* Gradients of sum(targets[i] * seeds[i]) (seeds NULL or an element NULL: ones) with respect to wrt;
     * appended to the graph, so that it can be taken again. grads[i] is NULL where the targets do not depend
     * on wrt[i]. */
    int32_t (*gradient)(NnGraph *, uint32_t n, NnValue *const *targets, NnValue *const *seeds, uint32_t n_wrt,
                        NnValue *const *wrt, NnValue **grads);
    /* Every use of old[i] becomes one of with[i]. For gradient rules that need the forward node to save more.
     */
    int32_t (*replace)(NnGraph *, uint32_t n, NnValue *const *old, NnValue *const *with);

    /* A closed function: begin gives a fresh graph, end seals it with its outputs. The parent owns the
     * function. */
    NnGraph *(*begin)(NnGraph *parent, const char *name);
    NnFunction *(*end)(NnGraph *body, uint32_t n, NnValue *const *outputs);
    uint32_t (*function_inputs)(const NnFunction *);
    uint32_t (*function_outputs)(const NnFunction *);
    const NnValueInfo *(*function_input)(const NnFunction *, uint32_t i);
    const NnValueInfo *(*function_output)(const NnFunction *, uint32_t i);
    /* Inlines a function. */
    int32_t (*call)(NnGraph *, const NnFunction *, uint32_t n_inputs, NnValue *const *inputs,
                    uint32_t n_outputs, NnValue **outputs);
    /* forward: the function's inputs -> its outputs, then residuals. backward: the residuals, then the
     * gradient of each output i with has_grad[i] -> the gradient of each input wrt[i]. */
    int32_t (*vjp)(NnGraph *, const NnFunction *, const uint8_t *has_grad, uint32_t n_wrt,
                   const uint32_t *wrt, NnFunction **forward, NnFunction **backward);

    /* Variables: declared once per model (the same name again returns the same variable). */
    NnVariable *(*variable)(NnGraph *, const NnVariableSpec *);
    NnValue *(*read)(NnGraph *, NnVariable *);
    /* Committed when the function ends; predicate: a bool scalar, or NULL for always. One assignment per
     * variable. */
    int32_t (*assign)(NnGraph *, NnVariable *, NnValue *value, NnValue *predicate);
    /* A named result of a named function ("loss", "accuracy", "logits"). */
    int32_t (*output)(NnGraph *, const char *name, NnValue *);
    /* This function trains: the host differentiates loss with respect to the parameters of the group (NULL:
     * all that it reads) and applies the group's optimizer. */
    int32_t (*minimize)(NnGraph *, NnValue *loss, const char *group);
    /* This function trains by a gradient of its own making (contrastive divergence). */
    int32_t (*set_gradient)(NnGraph *, NnVariable *, NnValue *gradient);
    int32_t (*phase)(const NnGraph *); /* NnPhase */
};

#endif
