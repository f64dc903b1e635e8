/* SPDX-License-Identifier: Apache-2.0 */
/* Kind "nn.format/1": named arrays, or whole graphs, to bytes and back. The host owns files, renames and
 * syncs; a format owns the syntax. */
#ifndef NN_FORMAT_H
#define NN_FORMAT_H

#include "nn/graph.h"

#define NN_FORMAT_KIND "nn.format/1"

typedef struct NnArray {
    const char *name;
    int32_t type;
    int32_t rank;
    const int64_t *dims;
    const void *data; /* dense, little endian */
    uint64_t bytes;
} NnArray;

typedef struct NnPair {
    const char *key, *value;
} NnPair;

/* Where written bytes go; returns an NnCode with the status set when it could not. */
typedef struct NnSink {
    uint32_t struct_size;
    uint32_t reserved;
    void *self;
    int32_t (*write)(void *self, const void *bytes, uint64_t n, NnStatus *);
} NnSink;

/* Told what a file holds, in file order. What the arguments point to is there for that call only, except that
 * data which lies inside of the bytes that were given to read lives as long as they do. */
typedef struct NnSource {
    uint32_t struct_size;
    uint32_t reserved;
    void *self;
    int32_t (*array)(void *self, const NnArray *, NnStatus *);
    int32_t (*pair)(void *self, const NnPair *, NnStatus *);
} NnSource;

/* A node as its file has it. Names are "" where the file leaves something out; values[i] is output i's. */
typedef struct NnFileNode {
    uint32_t struct_size;
    uint32_t n_inputs, n_outputs, reserved;
    const char *op;   /* "Conv", "com.acme/Foo" */
    const char *name; /* "" when it has none */
    const char *const *inputs;
    const char *const *outputs;
    NnValue *const *values;
} NnFileNode;

/*
 * Told what a graph in a file consists of, while the format builds its nodes in the graph that it was given:
 * `input` for each, in the file's order, before any node; `initial` for each that is used, when it first is;
 * `output` for each, in the file's order, at the end. What is pointed to may go away after the call.
 */
typedef struct NnGraphSource {
    uint32_t struct_size;
    uint32_t reserved;
    void *self;
    /* The value that stands for an input without an initial value. Dimensions that the file leaves open, or
     * names, are NN_DIM_UNKNOWN; dim_names[i] is such a name ("batch") or NULL. */
    NnValue *(*input)(void *self, const char *name, int32_t type, int32_t rank, const int64_t *dims,
                      const char *const *dim_names, NnStatus *);
    /* The value that stands for an initial value: a constant, or the reading of a variable. `role` (NnRole)
     * says what it looks like: a parameter, or state (integers, running statistics). */
    NnValue *(*initial)(void *self, const NnArray *, int32_t role, NnStatus *);
    int32_t (*output)(void *self, const char *name, NnValue *, NnStatus *);
    /* Optional: the file's metadata. */
    int32_t (*pair)(void *self, const NnPair *, NnStatus *);
    /* Optional: bytes of a file beside the one that is read. `name` is relative, has no "..", and is still
     * not to be trusted: nothing outside of the folder is opened. *bytes stay valid until reading ends. */
    int32_t (*companion)(void *self, const char *name, uint64_t offset, uint64_t length, const void **bytes,
                         NnStatus *);
    /* Optional: told of each node of the graph itself once it is built; what is in bodies is not told. */
    int32_t (*node)(void *self, const NnFileNode *, NnStatus *);
} NnGraphSource;

/*
 * A sealed function as a format writes it: nodes in an order in which they can run, values known by their id
 * (NnValueInfo.id, unique within one view). A value is an output of a node, an input, a constant (`value` is
 * set), or a variable (NN_VALUE_VARIABLE). Lives for the call that was given it.
 */
typedef struct NnGraphView NnGraphView;
struct NnGraphView {
    uint32_t struct_size;
    uint32_t n_nodes, n_inputs, n_outputs;
    const NnNode *const *nodes;
    const NnValueInfo *const *inputs;
    const NnValueInfo *const *outputs;
    const char *const *output_names; /* NULL elements in bodies */
    const char *name;
    int32_t phase;
    int32_t reserved;
    void *self;
    /* Name, type, dims and data of a value that is a variable; valid as long as the view. */
    int32_t (*variable)(const NnGraphView *, const NnValueInfo *, NnArray *, NnStatus *);
    /* The view of a function that a node has for an attribute (NN_ATTR_FUNCTION). Its inputs are as the
     * node's operator says; what it captures are inputs too. Valid as long as this view. */
    const NnGraphView *(*body)(const NnGraphView *, const NnFunction *, NnStatus *);
    /* The meaning of a node of this view whose operator is composite, in other nodes; its inputs and outputs
     * are the node's. NULL with NN_UNSUPPORTED where it has none. Valid as long as this view. */
    const NnGraphView *(*expand)(const NnGraphView *, const NnNode *, NnStatus *);
};

#define NN_FORMAT_SINGLE 1u /* holds one array, without its name */
#define NN_FORMAT_BARE 2u   /* holds no pairs, so it cannot keep a record beside weights */

typedef struct NnFormat {
    uint32_t struct_size;
    uint32_t flags; /* NN_FORMAT_* */
    const char *name;
    const char *extension; /* "safetensors" */
    const char *doc;
    int32_t (*write)(const NnHost *, uint64_t n, const NnArray *arrays, uint64_t n_pairs, const NnPair *pairs,
                     const NnSink *, NnStatus *);
    /* Strict: hostile bytes end in a sentence with an offset. Rejecting B bytes costs at most 4B + 64 MiB. */
    int32_t (*read)(const NnHost *, const void *bytes, uint64_t n, const NnSource *, NnStatus *);
    /* The same promises; nodes go into the graph, whose own failures are the status's too. What cannot be
     * represented is refused with the node's name and the reason. */
    int32_t (*read_graph)(const NnHost *, const void *bytes, uint64_t n, NnGraph *, const NnGraphSource *,
                          NnStatus *);
    /* pairs: what is asked of the file ("opset" = "13") and metadata ("producer" = ...), as the format's doc
     * says. */
    int32_t (*write_graph)(const NnHost *, const NnGraphView *, uint64_t n_pairs, const NnPair *pairs,
                           const NnSink *, NnStatus *);
} NnFormat;

#endif
