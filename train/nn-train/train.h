/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Training on top of the host API. A training is made from a configuration (sections model, data, train) and
 * owns all that it needs: the opened data, the network, its session, the functions that update it, the run
 * folder. The same object without updates evaluates and predicts.
 *
 * One thread uses a training at a time; nn_training_ask alone may be called from any thread and from signal
 * handlers.
 */
#ifndef NN_TRAIN_TRAIN_H
#define NN_TRAIN_TRAIN_H

#include "nn/nn.h"

/* The version of the training library that runs, as "MAJOR.MINOR.PATCH". The string is static. */
NN_API const char *nn_train_version(void);

typedef struct NnTraining NnTraining;

/* The settings of a section: "" (the whole configuration), "train". NULL: there is no such section. */
NN_API const NnSetting *nn_train_settings(const char *section, uint32_t *count);
/* May a configuration name this setting ("train.epochs") though nobody has written it? For
 * nn_config_override_known; what belongs to plug-ins ("model.hidden") is left to the check that follows.
 * `data` is not used. */
NN_API bool nn_train_known(const char *dotted, void *data);

#define NN_TRAINING_NO_UPDATES 1u /* evaluates and predicts only: no optimizer, no slots */
#define NN_TRAINING_DRY 2u /* two steps, one evaluation batch, one save, and nothing of it is left behind */
#define NN_TRAINING_NO_CLAIMS 4u /* one kernel per node */
#define NN_TRAINING_NO_FALLBACK 8u

/* Where a training is. Names and values live until the next call of the training. */
typedef struct NnTrainReport {
    uint32_t struct_size;
    uint32_t epoch, epochs; /* the epoch that runs or, in `epoch_end`, has ended; from 0 */
    uint32_t n_metrics;
    uint64_t step, total_steps; /* updates made, and that the whole training takes */
    uint64_t position, steps_per_epoch;
    double seconds;            /* since the training began, earlier parts of a resumed one included */
    double samples_per_second; /* of the current epoch */
    double seconds_left;
    double rate;              /* the learning rate of the last step */
    const char *const *names; /* "loss", "accuracy"; in `epoch_end` also "val_loss", ... */
    const double *values;     /* means over the epoch so far */
} NnTrainReport;

/* All may be NULL. */
typedef struct NnTrainEvents {
    uint32_t struct_size;
    uint32_t reserved;
    void *self;
    void (*step)(void *self, const NnTrainReport *);
    void (*epoch_end)(void *self, const NnTrainReport *);
    void (*evaluating)(void *self, uint64_t done, uint64_t total);
    void (*say)(void *self, const char *sentence); /* news for a person: saved, stopped early */
} NnTrainEvents;

/* `config` is read as long as the training lives. The function's `NN_INVALID` is a mistake of the
 * configuration. */
NN_API NnTraining *nn_training_new(NnContext *, const NnConfig *config, uint32_t flags, const NnTrainEvents *,
                                   NnStatus *);
NN_API void nn_training_free(NnTraining *);

/* Trains to the end, in a run folder of its own or that of the checkpoint which was loaded. NN_CANCELLED: it
 * was asked to stop and has saved. */
NN_API int32_t nn_training_run(NnTraining *, NnStatus *);
/* The run folder, once there is one; else NULL. */
NN_API const char *nn_training_folder(const NnTraining *);
/* The step that its last checkpoint was saved at, from which a resumed training goes on; false: there is
 * none. */
NN_API bool nn_training_saved(const NnTraining *, uint64_t *step);
#define NN_ASK_STOP 1 /* finish the step, save, return NN_CANCELLED */
#define NN_ASK_SAVE 2 /* finish the step, save, go on */
NN_API void nn_training_ask(NnTraining *, int what);

/* The configuration inside of a checkpoint, to be changed and given to nn_training_new. */
NN_API NnConfig *nn_checkpoint_config(NnContext *, const char *path, NnStatus *);
/* Weights (and, with updates, the optimizer's state and the place in the training) from a checkpoint. */
NN_API int32_t nn_training_load(NnTraining *, const char *path, NnStatus *);
/* Only the weights: of a checkpoint, or of any file that holds an array for each variable of the model. */
NN_API int32_t nn_training_load_weights(NnTraining *, const char *path, NnStatus *);
/* The weights that the configuration begins with, where it names a file of them; nn_training_run does it by
 * itself. */
NN_API int32_t nn_training_begin(NnTraining *, NnStatus *);
/* In which folder a resumed training goes on. */
NN_API void nn_training_continue_in(NnTraining *, const char *folder);

/* Sample-weighted means of the scalar outputs of `function` over a split. The arrays live until the next
 * call. */
NN_API int32_t nn_training_evaluate(NnTraining *, const char *split, const char *function, uint32_t *count,
                                    const char *const **names, const double **values, NnStatus *);

/* Files of named arrays: weights, samples, predictions. The format is the one whose files end as the path
 * does; the sentence about an ending that nobody knows lists those that are known. */
typedef struct NnArrays NnArrays;
NN_API NnArrays *nn_arrays_read(NnContext *, const char *path, NnStatus *);
NN_API void nn_arrays_free(NnArrays *);
NN_API uint64_t nn_arrays_count(const NnArrays *);
NN_API const NnArray *nn_arrays_get(const NnArrays *, uint64_t i); /* lives as long as the whole */
NN_API uint64_t nn_arrays_pairs(const NnArrays *, const NnPair **);
/* In one rename; texts are left out where the format has no place for them. */
NN_API int32_t nn_arrays_write(NnContext *, const char *path, uint64_t n, const NnArray *, uint64_t n_pairs,
                               const NnPair *, NnStatus *);
/* The format that the end of a path asks for, of those that can do it. */
typedef enum NnFormatUse { NN_READ_ARRAYS, NN_WRITE_ARRAYS, NN_READ_GRAPH } NnFormatUse;
NN_API const NnFormat *nn_arrays_format(NnContext *, const char *path, NnFormatUse, NnStatus *);

/* What a training is made of, for programs that do more with it. */
NN_API char *nn_training_config_text(const NnTraining *); /* the resolved configuration; free() it */
NN_API char *nn_training_explain(NnTraining *, const char *function, const char *after,
                                 NnStatus *); /* free() it */
NN_API NnNetwork *nn_training_network(NnTraining *);
NN_API NnSession *nn_training_session(NnTraining *);
NN_API const NnDataInfo *nn_training_data(NnTraining *);
NN_API uint64_t nn_training_batch(const NnTraining *);
NN_API uint64_t nn_training_seed(const NnTraining *);
NN_API int32_t nn_training_read(NnTraining *, uint32_t split, uint64_t n, const uint64_t *indices,
                                void *const *buffers, NnStatus *);

/* The i-th field and split of a description, whatever version of the contract its loader was built with. */
static inline const NnField *nn_data_field(const NnDataInfo *info, uint32_t i) {
    return (const NnField *)(const void *)((const char *)info->fields + (size_t)i * info->field_stride);
}

static inline const NnSplit *nn_data_split(const NnDataInfo *info, uint32_t i) {
    return (const NnSplit *)(const void *)((const char *)info->splits + (size_t)i * info->split_stride);
}

#endif
