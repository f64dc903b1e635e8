/* SPDX-License-Identifier: Apache-2.0 */
/* Between the parts of the object `chain`: which nodes can be said in OpenCL C, how, and the text of a chain.
 * The object `random` shares its types and chain.cl. */
#ifndef OPENCL_CHAIN_H
#define OPENCL_CHAIN_H

#include "ops-opencl/opencl.h"

#define CHAIN_INPUTS 24u
#define CHAIN_OUTPUTS 8u
#define CHAIN_NODES 48u
#define CHAIN_DIMS 8u
#define CHAIN_VECTOR 16u
#define CHAIN_TABLE                                                                                          \
    96u /* numbers that describe broadcasting: extents, and strides of each input that needs them */

/* How an input is walked: as the result; it is one element; neighbours of a row are neighbours in it; a row
 * of the result is one element of it. */
typedef enum ChainWalk { CHAIN_WHOLE, CHAIN_SCALAR, CHAIN_BROADCAST, CHAIN_ROWS } ChainWalk;

/* What does not depend on the nodes: inputs and how they broadcast to the result. */
typedef struct ChainLayout {
    uint32_t n_inputs, n_dims, n_broadcast;
    uint32_t width; /* elements of a work item: 1 or CHAIN_VECTOR */
    ChainWalk walk[CHAIN_INPUTS];
    uint32_t count;
    uint32_t table[CHAIN_TABLE]; /* dims, then strides of each broadcast input; the last dimension first */
    uint32_t n_table;
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

/* chain-words.c */
const char *ocl_chain_refusal(const NnNode *);
/* The expression of a node over the names of its operands, NULL for absent ones. False: the text is full. */
bool ocl_chain_expression(const NnNode *, const char *const operands[4], char *text, size_t size);

/* chain-text.c */
/* False: there are more inputs, or more dimensions that cannot be merged, than a chain has. */
bool ocl_chain_layout(ChainLayout *, const OclService *, const NnValueInfo *const *inputs, uint32_t n,
                      const NnValueInfo *out);
#define CHAIN_TEXT 32768u
/* The compiler's: how many elements an item has, and of which types. */
const char *ocl_chain_options(const NnView *, const ChainLayout *);
bool ocl_chain_text(const NnView *, const ChainLayout *, char *text, size_t size);

#endif
