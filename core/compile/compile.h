/* SPDX-License-Identifier: Apache-2.0 */
/* The compiler's passes and what they hand on. The list of passes is in compile.c; each has a file of its
 * own. */
#ifndef NN_COMPILE_COMPILE_H
#define NN_COMPILE_COMPILE_H

#include "compile/program.h"

typedef struct NnCompile {
    NnSession *session;
    NnUnit *unit;
    const NnArgument *arguments;
    NnProgram *program; /* under construction */
    NnGraph *graph;     /* the specialised copy; the program's */
    NnStatus *status;
    GPtrArray *order;        /* NnGraphNode *: live, in an order in which they can run */
    GPtrArray *steps;        /* NnPlanStep *: in that order */
    GArray *slots;           /* NnPlanSlot */
    GArray *cuts;            /* NnGraphNode *: the first nodes of the tail */
    GPtrArray *outputs;      /* NnValue *: the unit's outputs, NULL where the tail makes them */
    GPtrArray *edges;        /* NnValue *: what the tail reads; NULL without one */
    const char *print_after; /* NULL: nothing */
    GString *printed;
} NnCompile;

typedef struct NnPass {
    const char *name;
    int32_t (*run)(NnCompile *);
    const char *needs; /* what must hold before it */
} NnPass;

extern const NnPass nn_passes[];
extern const uint32_t nn_pass_count;

int32_t nn_pass_specialise(NnCompile *);
int32_t nn_pass_simplify(NnCompile *);
int32_t nn_pass_prune(NnCompile *);
int32_t nn_pass_lower(NnCompile *);
int32_t nn_pass_cut(NnCompile *);
int32_t nn_pass_order(NnCompile *);
int32_t nn_pass_place(NnCompile *);
int32_t nn_pass_plan(NnCompile *);
int32_t nn_pass_emit(NnCompile *);

/* A node's place in the work of a pass. In node->mark: */
enum { NN_NODE_OPEN, NN_NODE_LATE, NN_NODE_TAKEN };

/* lower.c: uses and escapes of values, and which outputs of nodes are asked for, in c->order. */
void nn_count_uses(NnCompile *);
/* cut.c: marks what must wait for the first part to have run NN_NODE_LATE, all other nodes NN_NODE_OPEN. */
int32_t nn_mark_late(NnCompile *);
bool nn_value_late(const NnValue *);
/* explain.c */
void nn_print_compile(const NnCompile *, GString *); /* as it stands between two passes */
void nn_print_program(const NnProgram *, GString *);
int32_t nn_unit_explain(NnUnit *, const char *after, GString *, NnStatus *);
/* compile.c: compiles for the arguments; `print_after` as in NnCompile. */
NnProgram *nn_compile(NnUnit *, const NnArgument *, const char *print_after, GString *printed, NnStatus *);

#endif
