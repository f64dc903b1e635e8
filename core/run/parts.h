/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Instructions that are no kernel's: copies, waits, branches, loops. Each has the shape of a kernel (a state
 * and a `run`), so that the executor walks one array without asking what stands in it.
 */
#ifndef NN_RUN_PARTS_H
#define NN_RUN_PARTS_H

#include "compile/program.h"

void *nn_copy_new(NnProgram *, const NnPlanStep *);
int32_t nn_copy_run(void *state, const NnCall *);
void nn_copy_free(void *state);
int32_t nn_wait_run(void *session, const NnCall *);
int32_t nn_branch_new(NnProgram *, NnPlanStep *, void **state, NnStatus *);
int32_t nn_branch_run(void *state, const NnCall *);
void nn_branch_free(void *state);
const NnUnit *nn_branch_unit(void *state, uint32_t i); /* 0 or 1 */
int32_t nn_loop_new(NnProgram *, NnPlanStep *, void **state, NnStatus *);
int32_t nn_loop_run(void *state, const NnCall *);
void nn_loop_free(void *state);
const NnUnit *nn_loop_unit(void *state);

#endif
