/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the files of the format onnx share while a model is read. A Reading owns all memory of one call and an
 * account of it: hostile bytes cannot make it larger than 4 times the file and 64 MiB. A Scope is the names
 * of one graph, subgraph or function body. Failures are the status of the scope's graph; true and non-NULL
 * mean that all is well.
 */
#ifndef NN_FORMATS_ONNX_H
#define NN_FORMATS_ONNX_H

#include "nn/plugin.h"

#include "formats/onnx/onnx.pb-c.h"

#define ONNX_NEWEST 28  /* the newest opset whose meaning is known here */
#define ONNX_NESTING 64 /* messages in messages; 20 graphs in graphs */
#define ONNX_CALLS 32   /* functions that call functions */
#define ONNX_TRAINING "ai.onnx.preview.training"

/* A set or map of names: a search tree, so that no choice of names makes it slow. */
typedef struct Name {
    const char *text;
    NnValue *value; /* NULL until an initial value is first used, and in plain sets */
    const Onnx__TensorProto *initial;
    const Onnx__SparseTensorProto *sparse;
    const Onnx__FunctionProto *function;
    bool state;  /* an initial value that training leaves alone */
    bool absent; /* an input that the call of a function leaves out */
} Name;
typedef struct Names {
    void *root; /* of tsearch(3) */
} Names;

typedef struct Reading {
    const NnHost *nn;
    const NnGraphSource *source;
    NnStatus *status; /* of the call, for what is the matter with the bytes and for the source's functions */
    const Onnx__ModelProto *model;
    struct Block *blocks;
    uint64_t left; /* bytes that may still be taken */
    bool exhausted;
    Names functions; /* of the model, once indexed */
    bool indexed;
    uint32_t calls; /* functions being inlined now */
} Reading;

typedef struct Scope {
    Reading *reading;
    NnGraph *graph;
    Names names;
    const char *prefix; /* of the names of nodes: "" or "outer/" */
    const Onnx__OperatorSetIdProto *const *opsets;
    size_t n_opsets;
    /* In the body of a function: the call's attributes, for ref_attr_name; the function's defaults. */
    const struct Call *call;
    Onnx__AttributeProto *const *defaults;
    size_t n_defaults;
    bool top; /* the model's own graph: the source makes its values */
} Scope;

/* A node on its way into the graph: upgrade rules edit it, or build its outputs themselves and set done. */
typedef struct Call {
    Scope *scope;
    const Onnx__NodeProto *node;
    const char *domain, *op, *name; /* domain "" is ONNX's */
    int64_t opset;
    NnValue **inputs;
    NnValue **outputs;
    NnAttr *attrs;
    uint32_t n_inputs, n_outputs, n_attrs, room; /* room: elements of inputs and attrs */
    bool done;
} Call;

/* A tensor of the file, checked: type, dims, dense data. */
typedef struct Array {
    NnArray face;
    int64_t dims[NN_MAX_RANK], strides[NN_MAX_RANK];
    NnTensor tensor;
} Array;

/* ---- read.c: a reading, its memory and names ---- */
void *onnx_take(Reading *, uint64_t bytes); /* zeroed, lives as long as the reading; NULL: too much */
bool onnx_charge(Reading *, uint64_t bytes);
const char *onnx_text(Reading *, const char *format, ...) NN_PRINTF(2, 3);
Name *onnx_name(Reading *, Names *, const char *text, bool *added); /* found or added; NULL: no memory */
Name *onnx_name_find(const Names *, const char *text);
void onnx_names_free(Names *);
int32_t onnx_read_graph(const NnHost *, const void *bytes, uint64_t n, NnGraph *, const NnGraphSource *,
                        NnStatus *);

/* ---- wire.c: bytes to messages ---- */
Onnx__ModelProto *onnx_parse(Reading *, const void *bytes, uint64_t n);
void onnx_release(Reading *, void *message);
void *onnx_unpack(Reading *, const ProtobufCMessageDescriptor *, const void *bytes, uint64_t n);

/* ---- tensor.c ---- */
bool onnx_fail(const Scope *, int32_t code, const char *format, ...) NN_PRINTF(3, 4);
bool onnx_element_type(const Scope *, const char *what, int32_t number, int32_t *type);
Array *onnx_array(const Scope *, const char *what, const Onnx__TensorProto *);
Array *onnx_array_sparse(const Scope *, const char *what, const Onnx__SparseTensorProto *);

/* ---- graph.c: names to values, nodes in order ---- */
NnValue *onnx_value(Scope *, const char *name, const char *reader);
bool onnx_define(Scope *, const char *name, NnValue *);
bool onnx_declare(Scope *, const Onnx__GraphProto *); /* its initial values */
bool onnx_nodes(Scope *, Onnx__NodeProto *const *nodes, size_t n);
int64_t onnx_opset(const Scope *, const char *domain); /* 0: not imported */
bool onnx_input_type(const Scope *, const Onnx__ValueInfoProto *, int32_t *type, int32_t *rank,
                     int64_t dims[NN_MAX_RANK], const char *names[NN_MAX_RANK]);

/* ---- node.c: attributes, emission ---- */
Call onnx_call(Scope *, const Onnx__NodeProto *); /* with its names and opset, nothing else */
bool onnx_node(Scope *, const Onnx__NodeProto *);
const char *onnx_full_name(const Call *); /* "Add", "my.domain/Add" */
bool onnx_emit(Call *);
const Onnx__AttributeProto *onnx_attribute(const Scope *, const Onnx__AttributeProto *); /* ref followed */

/* ---- body.c, function.c: what has an inside; handled: the outputs are made ---- */
bool onnx_control(Call *, bool *handled);
bool onnx_function(Call *, bool *handled);
const Onnx__FunctionProto *onnx_function_of(const Call *); /* NULL: it calls none */

/* ---- missing.c ---- */
/* Where the status says that one operator is provided by nobody: puts all such of the graph in front. */
void onnx_tell_missing(Scope *, const Onnx__GraphProto *);

/* ---- upgrade*.c: older forms to the newest ---- */
typedef struct Rule {
    const char *op;
    int32_t below; /* for opsets below this one */
    bool (*apply)(Call *);
} Rule;
bool onnx_upgrade(Call *);
bool onnx_has_rule(const Call *); /* one of its own */
extern const Rule onnx_rules_arithmetic[], onnx_rules_layout[], onnx_rules_network[], onnx_rules_special[];

/* What rules are written with. */
const NnHost *onnx_host(const Call *);
NnGraph *onnx_graph(const Call *);
const NnAttr *onnx_attr(const Call *, const char *name);
int64_t onnx_attr_int(const Call *, const char *name, int64_t absent);
void onnx_attr_drop(Call *, const char *name);
bool onnx_attr_set(Call *, NnAttr);
const NnValueInfo *onnx_info(const Call *, uint32_t input); /* NULL where absent */
bool onnx_set_input(Call *, uint32_t i, NnValue *);
bool onnx_ints_to_input(Call *, const char *attr, uint32_t i); /* the attribute becomes an i64 vector */
double onnx_attr_float(const Call *, const char *name, double absent);
NnValue *onnx_like(const Call *, uint32_t input, double value);  /* a scalar of that input's type */
bool onnx_number_to_input(Call *, const char *attr, uint32_t i); /* a scalar of input 0's type */
bool onnx_finish(Call *, NnValue *only_output);                  /* the rule has built the node's meaning */
bool onnx_refuse(const Call *, const char *format, ...) NN_PRINTF(2, 3);

#endif
