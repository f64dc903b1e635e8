/* SPDX-License-Identifier: Apache-2.0 */
/* Between the parts of the object `chain`: which nodes can be said in OpenCL C, how, and the text of a chain.
 * The object `random` shares its types and chain.cl. */
#ifndef OPENCL_CHAIN_H
#define OPENCL_CHAIN_H

#include "ops-opencl/opencl.h"

#define CHAIN_INPUTS 24u
#define CHAIN_OUTPUTS 8u
#define CHAIN_LOADS 32u /* inputs, and parts of them */
#define CHAIN_STORES 16u
#define CHAIN_NODES 48u
#define CHAIN_DIMS 8u
#define CHAIN_VECTOR 16u
#define CHAIN_TABLE 128u /* numbers: extents, and strides and an offset of each access that is strided */

/* How a tensor is walked: as the result; it is one element; by strides, neighbours of a row being neighbours;
 * by strides, a row of the result being one element. */
typedef enum ChainWalk { CHAIN_WHOLE, CHAIN_SCALAR, CHAIN_STRIDED, CHAIN_ROWS } ChainWalk;

typedef struct ChainAccess {
    const NnValueInfo *value; /* of the chain, that is read or written */
    uint32_t tensor;          /* the view's number of the input or output that it lies in */
    ChainWalk walk;
    uint32_t place; /* among the strided ones */
    bool part;      /* of the tensor, from `offset` on */
    uint32_t offset;
} ChainAccess;

/* What does not depend on what is computed. */
typedef struct ChainLayout {
    uint32_t n_loads, n_stores, n_strided, n_dims, n_table;
    uint32_t width; /* elements of a work item: 1 or CHAIN_VECTOR */
    uint32_t count;
    ChainAccess loads[CHAIN_LOADS], stores[CHAIN_STORES];
    uint32_t table[CHAIN_TABLE]; /* extents, the last first; of each strided access strides and offset */
} ChainLayout;

/* What elements of a type are computed with, and what lies in memory; NULL: chains do not know them. */
static inline NN_MAYBE_UNUSED const char *ocl_type_name(int32_t type) {
    static const char *const names[NN_TYPE_COUNT] = {
        [NN_F32] = "float",  [NN_F64] = "double", [NN_U8] = "uchar", [NN_I8] = "char",
        [NN_U16] = "ushort", [NN_I16] = "short",  [NN_I32] = "int",  [NN_I64] = "long",
        [NN_BOOL] = "uchar", [NN_U32] = "uint",   [NN_U64] = "ulong"};
    return type == NN_F16 ? "float" : type > 0 && type < NN_TYPE_COUNT ? names[type] : NULL;
}

static inline NN_MAYBE_UNUSED const char *ocl_memory_name(int32_t type) {
    return type == NN_F16 ? "half" : ocl_type_name(type);
}

/* chain-table.c */
typedef struct ChainWord {
    const char *domain, *op;
    uint32_t arity;    /* 0: one to four, of which two and two are taken where the text has $b */
    const char *real;  /* for floats; NULL: not done */
    const char *whole; /* for integers; "": as `real` */
    const char *logic; /* for bool; "": as `real` */
    const char *k, *l; /* attributes */
} ChainWord;
/* The line of a node; NULL: there is none. */
const ChainWord *ocl_chain_word(const NnNode *);

/* chain-words.c */
const char *ocl_chain_refusal(const NnNode *);
/* Whether a node takes the elements of an input as they are; of some it takes the type or parts. */
bool ocl_chain_reads(const NnNode *, uint32_t input);
/* The expression of a node over the names of its operands, NULL for absent ones. False: the text is full. */
bool ocl_chain_expression(const NnNode *, const char *const operands[4], char *text, size_t size);

/* chain-layout.c */
bool ocl_chain_splits(const NnNode *);
bool ocl_chain_joins(const NnNode *);
/* Of what a node computes; a Split or a Concat: of one part. */
const NnValueInfo *ocl_chain_extents(const NnNode *);
/* Why a Split or a Concat cannot be in a chain; NULL: it can. */
const char *ocl_chain_part_refusal(const NnNode *);
/* False: there are more accesses, or more dimensions that cannot be merged, than a chain has. */
bool ocl_chain_layout(ChainLayout *, const OclService *, const NnView *);

/* chain-text.c */
#define CHAIN_TEXT 32768u
/* The compiler's: how many elements an item has, and of which types. */
const char *ocl_chain_options(const NnView *, const ChainLayout *);
bool ocl_chain_text(const NnView *, const ChainLayout *, char *text, size_t size);

#endif
