/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Graphs as the core keeps them. A graph owns its values, nodes and strings and frees them as one; nothing in
 * it is freed singly. While it is built it only grows; the compiler works on a copy that it may rewrite.
 * node->view and value->info are what plug-ins see, and are kept true at all times.
 */
#ifndef NN_GRAPH_GRAPH_H
#define NN_GRAPH_GRAPH_H

#include "context.h"
#include "nn/operator.h"

#define NN_GRAPH_MAX_NODES 4000000u

typedef enum NnOrigin {
    NN_FROM_NODE,
    NN_FROM_INPUT,
    NN_FROM_CONSTANT,
    NN_FROM_VARIABLE,
    NN_FROM_RANDOM
} NnOrigin;

typedef struct NnGraphNode NnGraphNode;

struct NnValue {
    NnValueInfo info;
    NnGraph *graph;
    NnOrigin origin;
    NnGraphNode *node; /* NN_FROM_NODE */
    uint32_t index;    /* output of node, or position among the inputs */
    NnVariable *variable;
    NnValue *became;     /* what took its place; see nn_value_now */
    struct NnBlob *blob; /* the bytes of a constant, shared between copies */
    void *scratch;
};

struct NnGraphNode {
    NnNode view;
    NnGraph *graph;
    NnValue **inputs;  /* view.n_inputs: at least the definition's formal ones, NULL where absent */
    NnValue **outputs; /* view.n_outputs: at least the definition's formal ones, never NULL */
    const char *place; /* in a configuration, or NULL */
    uint64_t unread;   /* mask of inputs that a loop's body never looks at; the compiler's */
    uint64_t wanted; /* mask of inputs whose integers inference asked for and did not get: cuts the program */
    uint32_t mark;
    void *scratch;
};

typedef struct NnAssignment {
    NnVariable *variable;
    NnValue *value, *predicate;
} NnAssignment;

typedef struct NnOutput {
    char *name; /* NULL in closed subgraphs */
    NnValue *value;
} NnOutput;

struct NnGraph {
    NnContext *context;
    NnNetwork *network; /* NULL: no variables */
    NnGraph *parent;
    NnStatus *status;
    char *name;
    int32_t phase;
    GPtrArray *values,
        *nodes; /* NnValue *, NnGraphNode *; nodes are in an order in which they can run, but see sort */
    GPtrArray *inputs;   /* NnValue *: the explicit ones in order */
    NnValue *random;     /* the implicit one, or NULL */
    GArray *outputs;     /* NnOutput */
    GArray *assignments; /* NnAssignment */
    NnValue *loss;
    char *group;
    GArray *gradients;    /* NnAssignment without predicate: set_gradient */
    GPtrArray *functions; /* NnFunction * built in this graph or carried by its nodes: one reference each */
    GPtrArray *blobs;     /* constants' bytes: one reference each */
    GPtrArray *blocks;    /* memory freed with the graph */
    gsize block_left;
    char *block_at;
    uint32_t salt; /* of the next random operator, outside of networks and inside of expansions */
    bool expanding;
    bool sealed;
};

/* A sealed graph. Reference-counted, because copies of a graph share the functions that their nodes carry. */
struct NnFunction {
    gint refs;
    NnGraph *graph;
};

NnFunction *nn_function_ref(NnFunction *);
void nn_function_unref(NnFunction *);

NnGraph *nn_graph_alloc(NnContext *, NnNetwork *, NnGraph *parent, const char *name, int32_t phase);
void nn_graph_release(NnGraph *);
NnFunction *nn_function_seal(NnGraph *);       /* takes the graph */
char *nn_operator_name(const NnOperator *);    /* "nn/ReluGrad"; g_free it */
void *nn_graph_memory(NnGraph *, gsize bytes); /* zeroed; lives as long as the graph */
char *nn_graph_string(NnGraph *, const char *);

NnValue *nn_graph_add_value(NnGraph *, NnOrigin);
NnValue *nn_graph_add_input(NnGraph *, const char *name, int32_t type, int32_t rank, const int64_t *dims);
NnValue *nn_graph_add_constant(NnGraph *, int32_t type, int32_t rank, const int64_t *dims, const void *data);
/* Checked against the schema and inferred; NULL with the status set. */
NnGraphNode *nn_graph_add_node(NnGraph *, const NnOperator *, const NnNodeSpec *, NnStatus *);
void nn_value_set_shape(NnValue *, int32_t type, int32_t rank, const int64_t *dims);
/* Makes a node's output a known constant (folding); the data is copied. */
void nn_value_set_constant(NnValue *, const void *data);
bool nn_value_static(const NnValue *); /* type, rank and all dims known */
uint64_t nn_value_bytes(const NnValue *);
const char *nn_value_text(const NnValue *, char *buffer, gsize size); /* "f32[64,?,28]" */
NnGraphNode *nn_graph_copy_node(NnGraph *to, const NnGraphNode *, NnValue *const *inputs, NnStatus *);

/* A constant, variable, random state or input as it stands in another graph. */
NnValue *nn_graph_copy_source(NnGraph *to, const NnValue *);

/* Copies what the outputs, assignments and gradients of `from` need; map[value->info.id] is preset for inputs
 * that are replaced and filled for all that was copied. Constants and nodes come along, functions are shared.
 */
int32_t nn_graph_copy_into(NnGraph *to, const NnGraph *from, NnValue **map);

/* Puts the body of a composite (definition->body) beside its node; outputs: view.n_outputs values, not yet
 * put in its place. */
int32_t nn_graph_expand(NnGraphNode *, NnValue **outputs);
/* Every use of `old`, by nodes and in the graph's own lists, becomes one of `with`. */
void nn_graph_replace(NnGraph *, NnValue *old, NnValue *with);
static inline NnValue *nn_value_now(const NnValue *v) {
    while (v && v->became)
        v = v->became;
    return (NnValue *)(uintptr_t)v;
}

/* attribute.c: checks a node's attributes against the definition and fills in the defaults, as copies in the
 * graph. */
int32_t nn_attributes_fill(NnGraphNode *, const NnOperator *, const NnNodeSpec *, NnStatus *);

/* infer.c: the formal input or output i of an operator, the last one where it is variadic; NULL beyond. */
const NnParam *nn_operator_input(const NnOperator *, uint32_t i);
const NnParam *nn_operator_output(const NnOperator *, uint32_t i);
/* infer.c: types, shapes and known values of one node's outputs from its inputs. */
int32_t nn_infer_node(NnGraphNode *, NnStatus *);
/* Shapes of a function's outputs for given inputs, by inferring a scratch copy; infos live as long as
 * `scratch`. */
int32_t nn_infer_function(const NnFunction *, uint32_t n, const NnValueInfo *const *inputs,
                          const NnValueInfo **outputs, NnGraph *scratch, NnStatus *);

/* order.c: nodes sorted so that each comes after what it reads; dead ones left out. NULL: a cycle. */
GPtrArray *nn_graph_sorted(NnGraph *);
/* Items of any sort behind those that they wait for, depth first with a stack of its own: a chain may be as
 * long as the graph is large. */
typedef struct NnOrder {
    guint8 *(*mark)(void *data, void *item);    /* its own byte, neither OPEN nor DONE at first */
    void *(*waits_for)(void *data, void *item); /* one that is not DONE; NULL: none */
    void *data;
} NnOrder;
enum { NN_ORDER_OPEN = 1, NN_ORDER_DONE = 2 };
/* Appends the root and what it waits for to `done`; an item of a cycle, or NULL. */
void *nn_order_visit(void *root, const NnOrder *, GPtrArray *done);

/* gradient.c, vjp.c */
int32_t nn_graph_differentiate(NnGraph *, uint32_t n, NnValue *const *targets, NnValue *const *seeds,
                               uint32_t n_wrt, NnValue *const *wrt, NnValue **grads);
int32_t nn_graph_vjp(NnGraph *, const NnFunction *, const uint8_t *has_grad, uint32_t n_wrt,
                     const uint32_t *wrt, NnFunction **forward, NnFunction **backward);

extern const NnGraphApi nn_graph_functions; /* what plug-ins get */

#endif
