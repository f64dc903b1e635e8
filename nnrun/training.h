/* SPDX-License-Identifier: Apache-2.0 */
/* What the commands share that train or use a trained network: configurations with overrides, runs, signals,
 * progress. */
#ifndef NNRUN_TRAINING_H
#define NNRUN_TRAINING_H

#include "command.h"

#include "nn-train/train.h"

/* The KEY=VALUE arguments: the words after the first, then -o's. NULL-terminated; g_free the array, not the
 * strings. */
char **training_overrides(const Program *);
/* Applies them; false with the status set. */
bool training_override(Program *, NnConfig *, char *const *assignments);
/* The context, with the configuration's number of threads unless a flag says another. */
NnContext *training_context(Program *, const NnConfig *);

/* A run folder or a file of weights: the file, which g_free frees. `which`: "last", "best". NULL with the
 * status set. */
char *training_weights(Program *, const char *run, const char *which);
/* A network, ready to be called; the configuration lives in it as long. The first word is a run folder, a
 * file of weights with a record, or a configuration: then the weights are those that the network begins with.
 * --weights gives others. */
typedef struct Trained {
    NnConfig *config;
    NnTraining *training;
} Trained;
bool training_open(Program *, Trained *);
void training_close(Trained *);

/* Makes signals ask the training to save and stop; the exit code of one that was stopped. */
void training_listen(void);
void training_answer_to(NnTraining *); /* NULL: to nobody any more */
int training_stopped(void);
/* After a training that failed: where it is, and from where it may go on. */
void training_say_rest(const Program *, const NnTraining *);

/* progress.c: events that draw a line on a terminal, and print lines elsewhere. */
typedef struct Progress {
    const Program *program;
    bool terminal, drawn;
    int64_t last; /* microseconds */
} Progress;
NnTrainEvents progress_events(Progress *, const Program *);
void progress_clear(Progress *); /* takes the drawn line away */

#define WEIGHTS_FLAG                                                                                         \
    { "weights", 0, "NAME|FILE", "Which weights of a run folder, last (default) or best; or a file of them." }
#define TRAINING_FLAGS                                                                                       \
    {"override", 'o', "KEY=VALUE", "Change the configuration; as a word without -o."},                       \
        {"no-claims", 0, NULL, "Run one kernel per node."}, {                                                \
        "no-fallback", 0, NULL, "What the listed devices cannot do is an error."                             \
    }
uint32_t training_flags(const Program *);

#endif
