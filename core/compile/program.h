/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What comes out of the compiler and is run: a program is one function for one set of input shapes. A *unit*
 * is a function with the programs that were compiled for it, the latest first. Whatever cannot be planned
 * before a part of the program has run (extents and integers found while running) is the program's tail: a
 * unit of its own, compiled when they are known.
 */
#ifndef NN_COMPILE_PROGRAM_H
#define NN_COMPILE_PROGRAM_H

#include "nn/kernel.h"
#include "run/session.h"

#define NN_PROGRAMS_MAX 16u
#define NN_ABSENT UINT32_MAX

typedef struct NnProgram NnProgram;
typedef struct NnUnit NnUnit;

/* An input as it is given to a program: a tensor in some space. */
typedef struct NnArgument {
    const NnTensor *tensor;
    uint32_t space;
} NnArgument;

struct NnUnit {
    NnSession *session;
    NnFunction *function; /* keeps the graph alive */
    uint32_t depth;
    uint32_t n_inputs, n_outputs;
    uint8_t *constant;   /* per input: its elements are part of the program, not only its shape */
    int32_t *out_space;  /* per output: the space that it is wanted in; -1: any */
    uint8_t *unused;     /* per output: nobody reads it, so it is not made */
    GPtrArray *programs; /* NnProgram *, the latest first */
};

/* Where the bytes of a slot are. */
typedef enum NnHome {
    NN_HOME_ARENA,
    NN_HOME_INPUT,
    NN_HOME_OUTPUT,
    NN_HOME_VARIABLE,
    NN_HOME_CONSTANT,
    NN_HOME_RANDOM,
    NN_HOME_DYNAMIC, /* told by the instruction that makes it */
    NN_HOME_NONE     /* only its shape is looked at */
} NnHome;

typedef struct NnPlanSlot {
    const NnValue *value; /* NULL: workspace */
    NnHome home;
    uint32_t space;
    uint32_t index; /* of the input or output */
    NnVariable *variable;
    uint64_t bytes, offset;
    int32_t first, last; /* steps between which the bytes must stay */
    uint32_t root;       /* the slot whose memory it takes over; itself otherwise */
    bool bounded;
} NnPlanSlot;

typedef enum NnPlanStepKind {
    NN_STEP_KERNEL,
    NN_STEP_CLAIM,
    NN_STEP_CONTROL,
    NN_STEP_COPY,
    NN_STEP_WAIT
} NnPlanStepKind;

/* One instruction before it is emitted; kept for `explain`. Lives in the program's graph. */
typedef struct NnPlanStep {
    NnPlanStepKind kind;
    uint32_t device;
    const NnKernel *kernel;
    const NnClaim *claim;
    uint64_t claim_tag;
    uint32_t n_nodes;
    NnGraphNode **nodes;
    uint32_t n_inputs, n_outputs;
    NnValue **inputs, **outputs; /* NULL where absent; of outputs also where nobody reads them */
    uint32_t *in_slots, *out_slots;
    uint32_t workspace_slot;
    NnPlan plan;
    bool planned;
    NnControl control;
    const char *label; /* "node conv2 (Conv)" */
    const char *why;   /* of a copy */
    guint8 mark;       /* NN_ORDER_* */
} NnPlanStep;

typedef struct NnInstr {
    int32_t (*run)(void *state, const NnCall *);
    void *state;
    void (*release)(void *state); /* NULL: the kernel's own, or nobody's */
    NnCall call;
} NnInstr;

/* An output of a program. */
typedef struct NnResult {
    uint32_t slot;          /* NN_ABSENT: the tail makes it, or nobody reads it */
    uint32_t tail;          /* which one of the tail's; NN_ABSENT: none */
    NnStore own;            /* its buffer when the caller gives none */
    const NnTensor *tensor; /* after a run: where it is, */
    uint32_t space;         /* and in which space */
} NnResult;

struct NnProgram {
    NnSession *session;
    NnGraph *graph; /* specialised; owns steps, slots and all that plug-ins were shown */
    uint32_t depth, n_inputs, n_outputs;

    NnInstr *code;
    NnPlanStep **steps; /* per instruction */
    uint32_t n_code;
    uint64_t enqueues; /* mask of devices whose streams it uses */
    NnTensor *tensors; /* per slot */
    NnPlanSlot *slots;
    uint32_t n_slots;

    uint32_t arena_seen[NN_SPACES_MAX];
    uint64_t arena_bytes[NN_SPACES_MAX];
    uint32_t n_arena, *arena_slots;
    uint32_t n_bounded, *bounded;
    uint32_t *input_slots,
        *input_first; /* slots of input i: input_slots[input_first[i] .. input_first[i + 1]) */
    NnResult *outputs;
    GArray *buffers; /* NnStore: constants in device memory */
    uint32_t random_slot;
    int64_t (*random)[8]; /* a ring of pairs, because a stream may still read the former ones */
    uint32_t random_at;
    int64_t random_now[2];
    uint64_t first_tag;

    NnUnit *tail;
    uint32_t n_edge, *edge; /* slots that the tail reads */
    NnTensor *edge_host;    /* those whose integers it wants, in host memory */
    NnArgument *edge_args;
    NnPlace *tail_bound;
    uint32_t n_cuts;
    NnGraphNode **cuts; /* the first nodes of the tail */

    NnArgument *key; /* own copies: what it was compiled for */
};

#define NN_RANDOM_RING 16u

NnUnit *nn_unit_new(NnSession *, NnFunction *, uint32_t depth); /* takes a reference */
void nn_unit_free(NnUnit *);
/* The program for such inputs, compiled when there is none yet. */
NnProgram *nn_unit_program(NnUnit *, const NnArgument *, NnStatus *);
void nn_program_free(NnProgram *);

/* Runs it. `bound`: where outputs whose extents are known beforehand are to be written (NULL, or buffer NULL:
 * the program's own buffers); `random`: key and step. Afterwards program->out[i] says where output i is. */
int32_t nn_program_run(NnProgram *, const NnArgument *, const NnPlace *bound, const int64_t random[2],
                       NnStatus *);
/* The tensor of output i when its extents are known beforehand; else NULL. */
const NnTensor *nn_program_output(const NnProgram *, uint32_t i);

uint64_t nn_tensor_bytes(const NnTensor *);
void nn_tensor_take_shape(NnTensor *, const NnTensor *from); /* type, rank, extents; dense */
static inline NnPlace nn_tensor_place(const NnTensor *t) { return (NnPlace){t->buffer, t->offset}; }
void nn_tensor_dense(NnTensor *); /* strides from dims */

#endif
