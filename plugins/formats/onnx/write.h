/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Writing a graph as an ONNX model: write.c makes the file, its graphs and the names in them, write-node.c
 * turns nodes into ONNX's, write-older.c says which operator set a form needs and how older ones say the
 * same, write-types.c which set a type. All memory is the writer's and freed with it; the bytes of tensors
 * stay the view's.
 */
#ifndef FORMATS_ONNX_WRITE_H
#define FORMATS_ONNX_WRITE_H

#include "onnx.h" /* ONNX_NEWEST, and ONNX's messages */

#define ONNX_OPSET_OLDEST 13
#define ONNX_OPSET_DEFAULT 17

typedef struct OnnxWriter OnnxWriter;

/* One graph in the file: the model's or a body. Lists grow. */
typedef struct OnnxTarget {
    OnnxWriter *w;
    Onnx__GraphProto *graph;
    size_t node_room;
} OnnxTarget;

/* A view while it is written: the names of its values by id. */
typedef struct OnnxScope {
    OnnxTarget *to;
    const NnGraphView *view;
    const char **names;
    uint32_t n_names;
} OnnxScope;

/* A node while it is written. Names of outputs that nobody asked for are "". */
typedef struct OnnxNode {
    OnnxScope *scope;
    const NnNode *node;
    const char **outputs;
    uint32_t n_outputs;
} OnnxNode;

struct OnnxWriter {
    const NnHost *nn;
    NnStatus *status;
    int64_t opset;
    uint32_t depth;
    uint64_t bytes; /* of tensors */
    struct OnnxBlock *blocks;
    OnnxTarget model;
    size_t initial_room, value_room;
    const char **taken; /* names in the file, by hash */
    size_t n_taken, taken_room;
    Onnx__OperatorSetIdProto **domains;
    size_t n_domains;
};

/* write.c. Memory is zeroed; NULL, with the status set, when there is none. */
void *writer_memory(OnnxWriter *, size_t bytes);
const char *writer_text(OnnxWriter *, const char *format, ...) NN_PRINTF(2, 3);
const char *writer_unique(OnnxWriter *, const char *wanted); /* a name that nothing in the file has yet */
const char *writer_name_of(OnnxScope *, const NnValueInfo *);
const char *writer_constant(OnnxWriter *, const char *name, int32_t type, int32_t rank, const int64_t *dims,
                            const void *data); /* the data is copied */
Onnx__TensorProto *writer_tensor(OnnxWriter *, const char *name, int32_t type, int32_t rank,
                                 const int64_t *dims, const void *data);
Onnx__ValueInfoProto *writer_value(OnnxWriter *, const char *name, const NnValueInfo *, const char *batch);
void writer_describe(OnnxWriter *,
                     Onnx__ValueInfoProto *); /* adds it to what is said about the model's values */
/* Nodes of a view under names that are given to its inputs; outputs get the names that are asked for (an
 * element NULL: any), or an Identity where they are not made by a node. */
int32_t writer_view(OnnxTarget *, const NnGraphView *, const char *const *inputs, const char **outputs);
bool writer_failed(const OnnxWriter *);
int32_t onnx_write_graph(const NnHost *, const NnGraphView *, uint64_t n_pairs, const NnPair *pairs,
                         const NnSink *, NnStatus *);

/* write-node.c */
int32_t writer_node(OnnxScope *, const NnNode *);
/* A node as it will stand in the file; attributes are added with writer_attr. */
Onnx__NodeProto *writer_emit(OnnxTarget *, const char *domain, const char *op, const char *name,
                             uint32_t n_inputs, const char *const *inputs, uint32_t n_outputs,
                             const char *const *outputs);
void writer_attr(OnnxWriter *, Onnx__NodeProto *, const NnAttr *);
/* The name of an input, which is written first where it is a constant or a variable; "" where it is absent.
 */
const char *writer_input(OnnxNode *, uint32_t i);
/* The node with its first inputs, less the attributes that are defaults or in `without` (NULL-terminated;
 * NULL: none). */
Onnx__NodeProto *writer_emit_as(OnnxNode *, const char *op, uint32_t n_inputs, const char *const *without);
/* Is the attribute absent, or what its definition presets? */
bool writer_is_default(const NnNode *, const NnAttr *);

/* write-older.c: why the node, as it is, cannot be said in the file's operator set; NULL: it can. */
const char *writer_lacks(OnnxWriter *, const NnNode *);
/* write-types.c: the same of the types of its inputs. */
const char *writer_lacks_type(OnnxWriter *, const NnNode *);
/* Says it in other nodes of that set. NN_UNSUPPORTED where it knows no way, with nothing written. */
int32_t writer_older(OnnxNode *);

#endif
