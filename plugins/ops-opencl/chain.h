/* SPDX-License-Identifier: Apache-2.0 */
/* Between the parts of the object `chain`: which nodes can be said in OpenCL C, how, and the text of a chain.
 */
#ifndef OPENCL_CHAIN_H
#define OPENCL_CHAIN_H

#include "ops-opencl/opencl.h"

#define CHAIN_INPUTS 24u
#define CHAIN_OUTPUTS 8u
#define CHAIN_NODES 48u
#define CHAIN_DIMS 8u
#define CHAIN_TABLE                                                                                          \
    96u /* numbers that describe broadcasting: extents, and strides of each input that needs them */

/* How an input is walked. */
typedef enum ChainWalk { CHAIN_WHOLE, CHAIN_SCALAR, CHAIN_BROADCAST } ChainWalk;

/* What does not depend on the nodes: inputs and how they broadcast to the result. */
typedef struct ChainLayout {
    uint32_t n_inputs, n_dims, n_broadcast;
    ChainWalk walk[CHAIN_INPUTS];
    uint32_t count;
    uint32_t table[CHAIN_TABLE]; /* dims, then strides of each broadcast input; the last dimension first */
    uint32_t n_table;
} ChainLayout;

/* chain-words.c */
const char *ocl_type_name(int32_t type); /* in OpenCL C; NULL: chains do not know it */
const char *ocl_chain_refusal(const NnNode *);
/* The expression of a node over the names of its operands, NULL for absent ones. False: the text is full. */
bool ocl_chain_expression(const NnNode *, const char *const operands[4], char *text, size_t size);

/* chain-text.c */
/* False: there are more inputs, or more dimensions that cannot be merged, than a chain has. */
bool ocl_chain_layout(ChainLayout *, const NnValueInfo *const *inputs, uint32_t n, const NnValueInfo *out);
#define CHAIN_TEXT 32768u
bool ocl_chain_text(const NnView *, const ChainLayout *, char *text, size_t size);

#endif
