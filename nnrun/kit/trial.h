/* SPDX-License-Identifier: Apache-2.0 */
/* What is asked of every kernel, a definition's own among them, on one case that it has said yes to. */
#ifndef NNRUN_KIT_TRIAL_H
#define NNRUN_KIT_TRIAL_H

#include "cases.h"
#include "rig.h"

typedef struct Trial {
    Kit *kit;
    Rig *rig;
    Case *c;
    RigResult want;    /* the reference's; of a definition itself, that of f64 */
    bool is_reference; /* a definition's own kernel: it may allocate */
} Trial;

/* Calls with two poisons and two orders of tasks: damage, elements left out, what results depend on. True,
 * with the results in `got`, when there is something to compare. */
bool trial_calls(const Trial *, RigResult *got);
/* The short form: two calls with two poisons. */
bool trial_calls_brief(const Trial *, RigResult *got);
void trial_threads(const Trial *);                   /* its tasks on threads of their own */
void trial_torn(const Trial *);                      /* one of them stopped in the midst */
void trial_values(const Trial *, uint32_t features); /* other values of the same range */
void trial_strides(const Trial *);
void trial_in_place(const Trial *);
void trial_special_values(const Trial *);
void trial_extremes(const Trial *); /* of integer types */
void trial_pointers(const Trial *); /* memory of earlier calls, and their values */
void trial_beside(const Trial *);   /* two calls at once */
void trial_memory(const Trial *);   /* failed allocations, leaks */
void trial_speed(const Trial *);

#endif
