/* SPDX-License-Identifier: Apache-2.0 */
/* Between the two halves of the object `chain`: what a chain can say, and which nodes are claimed for one. */
#ifndef CPU_CHAIN_OBJECT_H
#define CPU_CHAIN_OBJECT_H

#include "cpu.h"
#include "simd/chain.h"

/* How an operator is said in chain codes. */
typedef struct CpuChainWord {
    const char *domain, *op;
    uint8_t code, arity;
    const char *slope; /* the attribute that becomes k */
} CpuChainWord;

const CpuChainWord *cpu_chain_word(const NnNode *);
/* A CpuChainType, or -1. */
int cpu_chain_type(int32_t type);
/* Why a node cannot be part of a chain; NULL when it can. */
const char *cpu_chain_refusal(const NnNode *);
int32_t cpu_chain_claim(const NnHost *, NnDevice *, const NnView *, NnClaims *, NnStatus *);

#endif
