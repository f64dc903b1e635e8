/* SPDX-License-Identifier: Apache-2.0 */
/* The inside of a training: what its files share. See nn-train/train.h for what it is. */
#ifndef NN_TRAIN_TRAINING_H
#define NN_TRAIN_TRAINING_H

#include "data.h"

#define NN_RATE_INPUT "nn.rate"
#define NN_STEP_INPUT "nn.step"
#define NN_HALTED "nn.halted" /* the variable that a non-finite loss sets, and the output that tells */

/* A mean over samples. */
typedef struct NnMetric {
    char *name;
    double sum, weight;
} NnMetric;

/* Where an input of a function comes from. */
typedef struct NnFeedIn {
    enum { NN_IN_FIELD, NN_IN_SCALAR } kind;
    uint32_t field;
    float scalar;
    NnTensor tensor;
    int64_t dims[NN_MAX_RANK], strides[NN_MAX_RANK];
} NnFeedIn;

/* A function of the model, extended by its updates where it trains, ready to be called with batches. */
typedef struct NnCallee {
    char *name;                 /* the model's: "train" */
    const NnFunction *function; /* what runs */
    NnCallable *callable;
    NnFeedIn *inputs;
    const NnTensor **tensors;
    uint32_t n_inputs, n_metrics;
    uint32_t *outputs; /* per metric */
    NnMetric *metrics; /* its own sums since the last clearing */
    int64_t halted;    /* index of the output; -1: it cannot halt */
    bool updates;
    struct NnCallee *accumulate; /* the variant that only adds gradients up; NULL: none */
    uint64_t count;              /* updates made */
    uint64_t pending;            /* samples of a call whose outputs have not been looked at; 0: none */
} NnCallee;

struct NnTraining {
    NnContext *context;
    uint32_t flags;
    NnTrainEvents events;
    NnTrainConfig config;
    NnSourceData source;
    NnSamples kept, held;
    NnNetwork *network;
    NnSession *session;
    GPtrArray *callees;    /* NnCallee *: what trains */
    GPtrArray *evaluators; /* NnCallee *: made when they are asked for */
    bool *wanted;          /* fields that training reads */
    NnFeed *feed;
    const NnBatch *batch;
    NnOrderPlan plan;
    uint64_t seed;

    /* Where it is: all of it is in the record. */
    uint64_t epoch, position, step, calls, total_steps;
    double *schedule_state; /* and behind it that of the step's beginning */
    bool epoch_ended, finished;
    double watched, best; /* NaN before there is one */
    uint64_t best_epoch, bad_epochs;
    double seconds_before; /* spent by earlier parts of a resumed run */

    uint64_t current; /* the step that was begun last, from 1 */
    bool whole; /* the variables are those of so many steps, or will be when what is pending has ended well */
    bool saved; /* `last` of the folder holds a step: */
    uint64_t saved_step;
    double rate;
    gint64 started, epoch_started; /* microseconds */
    uint64_t epoch_samples;
    GPtrArray *names;        /* char *: of the report's metrics */
    GArray *values;          /* double */
    GPtrArray *result_names; /* of the last evaluation */
    GArray *result_values;
    char *folder;
    bool loaded; /* it goes on from a checkpoint */
    int asked;   /* NN_ASK_*: written by signal handlers, read with atomic operations */
};

/* update.c: `f` extended by gradients and updates (or, accumulate, by sums of gradients), sealed in the
 * network. */
const NnFunction *nn_update_build(NnTraining *, const NnFunction *f, bool accumulate, NnStatus *);
bool nn_update_wanted(NnTraining *, const NnFunction *f); /* does it train by gradients? */

/* call.c */
NnCallee *nn_callee_new(const NnFunction *, const char *name);
void nn_callee_free(NnCallee *);
/* Compiles lazily; binds inputs to fields and marks these in `wanted`. */
int32_t nn_callee_bind(NnCallee *, NnTraining *, bool *wanted, NnStatus *);
int32_t nn_callee_call(NnCallee *, NnTraining *, const NnBatch *, double rate, double step, NnStatus *);
/* The outputs of the last call, added to the metrics; *halted: its loss was not finite. */
int32_t nn_callee_collect(NnCallee *, bool *halted, NnStatus *);
void nn_callee_clear(NnCallee *); /* forgets the sums */
double nn_tensor_number(const NnTensor *);

/* training.c */
int32_t nn_training_fail_where(NnTraining *, NnStatus *); /* puts "training step N" in front */
double nn_training_seconds(const NnTraining *);
int nn_training_asked(NnTraining *);
void nn_training_say(NnTraining *, const char *format, ...) G_GNUC_PRINTF(2, 3);
/* Calls "reset.NAME" of the model, where there is one. */
int32_t nn_training_reset(NnTraining *, const char *name, NnStatus *);
NnSession *nn_training_open_session(NnTraining *, uint32_t flags, NnStatus *);

/* step.c: one update, or one `step` of a family that brings its own. Outputs of a call are looked at before
 * the next one. */
int32_t nn_training_step(NnTraining *, NnStatus *);
int32_t nn_training_settle(NnTraining *, NnStatus *); /* looks at what is pending */
void nn_training_report(NnTraining *, NnTrainReport *);

/* evaluate.c: the function, made at its first use; marks the fields that it reads. */
NnCallee *nn_training_evaluator(NnTraining *, const char *function, bool *wanted, NnStatus *);

/* record.c: the place in a training as YAML, and back. */
char *nn_record_text(NnTraining *, const char *digest); /* g_free it */
int32_t nn_record_apply(NnTraining *, const NnConfig *record, NnStatus *);

/* checkpoint.c: FOLDER/weights/NAME.safetensors, in one rename. */
int32_t nn_checkpoint_save(NnTraining *, const char *name, NnStatus *);

/* arrays.c: arrays and texts into FOLDER/NAME, in one rename. */
int32_t nn_arrays_store(NnContext *, const NnFormat *, const char *folder, const char *name, uint64_t n,
                        const NnArray *, uint64_t n_pairs, const NnPair *, NnStatus *);

/* run.c: the run folder and what is written into it. */
int32_t nn_run_create(NnTraining *, NnStatus *);
int32_t nn_run_write(NnTraining *, const char *name, const char *text,
                     NnStatus *); /* replaces a file of the folder */
int32_t nn_run_log_step(NnTraining *, NnStatus *);
int32_t nn_run_log_epoch(NnTraining *, NnStatus *);
/* Drops what the killed part of a resumed run wrote after the checkpoint. */
int32_t nn_run_rewind(NnTraining *, NnStatus *);
/* Through a new name and a rename; durable: file and folder are on the disk when it returns. */
int32_t nn_file_replace(const char *folder, const char *name, bool durable,
                        int32_t (*write)(void *arg, int fd, NnStatus *), void *arg, NnStatus *);
void nn_run_remove(const char *folder);

/* The value of a metric of the last report; NaN when there is none. */
double nn_training_metric(const NnTraining *, const char *name);

#endif
