/* SPDX-License-Identifier: Apache-2.0 */
/* nnrun resume: a training goes on from its last checkpoint, in the same run folder, to the same bits. */
#include "training.h"

#include <stdio.h>

static char *folder_of(const char *weights) {
    g_autofree char *above = g_path_get_dirname(weights);
    return g_path_get_dirname(above);
}

static void go_on(Program *p, NnConfig *config, const char *path, bool in_place) {
    Progress progress;
    const NnTrainEvents events = progress_events(&progress, p);
    g_autofree char *folder = folder_of(path);
    NnTraining *t = nn_training_new(p->context, config, training_flags(p), &events, p->status);
    if (t && nn_training_load(t, path, p->status) == NN_OK) {
        if (in_place)
            nn_training_continue_in(t, folder);
        training_answer_to(t);
        const int32_t code = nn_training_run(t, p->status);
        training_answer_to(NULL);
        progress_clear(&progress);
        if (code == NN_OK || code == NN_CANCELLED)
            printf("%s\n", nn_training_folder(t));
        else
            training_say_rest(p, t);
    }
    nn_training_free(t);
}

static int run(Program *p) {
    training_listen();
    g_autofree char *path = training_weights(p, p->words[0], "last");
    g_autofree char **overrides = training_overrides(p);
    const bool in_place = path && g_file_test(p->words[0], G_FILE_TEST_IS_DIR);
    NnContext *context = path ? nnrun_context(p) : NULL;
    NnConfig *config = context ? nn_checkpoint_config(context, path, p->status) : NULL;
    if (config && training_override(p, config, overrides)) {
        /* Results may depend on the number of threads, so the run goes on with its own. */
        const NnConfigApi *api = nn_config_api();
        if (api->integer(api->get(config, "threads")) > 0 && nnrun_flag(p, "threads") == NULL) {
            nn_context_free(p->context);
            p->context = NULL;
        }
        if (training_context(p, config))
            go_on(p, config, path, in_place);
    }
    nn_config_free(config);
    const bool stopped = nn_status_code(p->status) == NN_CANCELLED;
    const int code = nnrun_end(p);
    return stopped ? training_stopped() : code;
}

static const Flag flags[] = {TRAINING_FLAGS};

const Command nnrun_resume = {
    .name = "resume",
    .usage = "RUN [KEY=VALUE ...]",
    .summary = "Go on with a training that was stopped",
    .help = "Examples:\n"
            "  nnrun resume runs/train/mnist-mlp\n"
            "  nnrun resume runs/train/mnist-mlp train.epochs=100\n"
            "\nRUN is a run folder, or a checkpoint, from which a new folder is begun.\n",
    .min_words = 1,
    .max_words = ANY_WORDS,
    .n_flags = G_N_ELEMENTS(flags),
    .flags = flags,
    .run = run};
