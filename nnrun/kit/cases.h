/* SPDX-License-Identifier: Apache-2.0 */
/* Which cases an operator is judged on: its own samples, more lines of the kit's, and both in other sizes. */
#ifndef NNRUN_KIT_CASES_H
#define NNRUN_KIT_CASES_H

#include "kit.h"
#include "sample.h"

typedef struct Case {
    const char *op;
    const NnOperator *def;
    Sample sample;
    int32_t type;     /* under test */
    bool typed;       /* some input has that type; otherwise all have types of their own */
    uint32_t variant; /* 0: as written; the others count the sizes */
    bool brief;       /* one of many sizes: a few calls are enough */
} Case;

/* Calls `judge` for each case of the tier; each has been begun with kit_case. Cases that do not parse in
 * another size are left out, those that do not parse as written are charged to wrong-table. */
void cases_walk(Kit *, const char *op, const NnOperator *, void (*judge)(Kit *, Case *, void *), void *arg);

#endif
