/* SPDX-License-Identifier: Apache-2.0 */
/* Configurations and trained networks as the command line names them, and signals on their way to a training.
 */
#include "training.h"

#include <signal.h>
#include <stdlib.h>
#include <string.h>

/* ---- configurations ---- */

char **training_overrides(const Program *p) {
    const GPtrArray *flags = nnrun_flag_all(p, "override");
    GPtrArray *all = g_ptr_array_new();
    for (uint32_t i = 1; i < p->n_words; i++)
        g_ptr_array_add(all, p->words[i]);
    for (guint i = 0; flags && i < flags->len; i++)
        g_ptr_array_add(all, flags->pdata[i]);
    g_ptr_array_add(all, NULL);
    return (char **)g_ptr_array_free(all, FALSE);
}

bool training_override(Program *p, NnConfig *config, char *const *assignments) {
    for (; *assignments; assignments++)
        if (nn_config_override_known(config, *assignments, nn_train_known, NULL, p->status) != NN_OK)
            return false;
    return true;
}

NnContext *training_context(Program *p, const NnConfig *config) {
    const NnConfigApi *api = nn_config_api();
    const int64_t threads = api->integer(api->get(config, "threads"));
    if (threads > 0 && p->context == NULL && nnrun_flag(p, "threads") == NULL) {
        GPtrArray *values = g_ptr_array_new_with_free_func(g_free);
        g_ptr_array_add(values, g_strdup_printf("%" G_GINT64_FORMAT, threads));
        g_hash_table_insert(p->given, g_strdup("threads"), values);
    }
    return nnrun_context(p);
}

uint32_t training_flags(const Program *p) {
    return (nnrun_flag(p, "no-claims") ? NN_TRAINING_NO_CLAIMS : 0) |
           (nnrun_flag(p, "no-fallback") ? NN_TRAINING_NO_FALLBACK : 0);
}

/* ---- trained networks ---- */

char *training_weights(Program *p, const char *run, const char *which) {
    if (!g_file_test(run, G_FILE_TEST_EXISTS)) {
        nn_status_fail(p->status, NN_INVALID, "there is no run folder or weights file %s", run);
        return NULL;
    }
    if (!g_file_test(run, G_FILE_TEST_IS_DIR))
        return g_strdup(run);
    g_autofree char *folder = g_build_filename(run, "weights", NULL), *prefix = g_strconcat(which, ".", NULL);
    g_autoptr(GDir) dir = g_dir_open(folder, 0, NULL);
    const char *name;
    while (dir && (name = g_dir_read_name(dir)))
        if (g_str_has_prefix(name, prefix) && !g_str_has_suffix(name, ".new"))
            return g_build_filename(folder, name, NULL);
    nn_status_fail(p->status, NN_INVALID, "%s holds no weights called \"%s\"; is it a run folder?", run,
                   which);
    return NULL;
}

bool training_open(Program *p, Trained *trained) {
    const char *which = nnrun_flag(p, "weights");
    *trained = (Trained){0};
    g_autofree char *path = training_weights(p, p->words[0], which ? which : "last");
    g_autofree char **overrides = training_overrides(p);
    NnContext *context = path ? nnrun_context(p) : NULL;
    trained->config = context ? nn_checkpoint_config(context, path, p->status) : NULL;
    if (trained->config == NULL || !training_override(p, trained->config, overrides))
        return false;
    trained->training = nn_training_new(context, trained->config, NN_TRAINING_NO_UPDATES | training_flags(p),
                                        NULL, p->status);
    return trained->training && nn_training_load(trained->training, path, p->status) == NN_OK;
}

void training_close(Trained *trained) {
    nn_training_free(trained->training);
    nn_config_free(trained->config);
    *trained = (Trained){0};
}

/* ---- signals ---- */

static NnTraining *volatile listener;
static volatile sig_atomic_t stopped_by, save_wanted;

static void on_signal(int number) {
    NnTraining *t = __atomic_load_n(&listener, __ATOMIC_SEQ_CST);
    if (number == SIGUSR1)
        save_wanted = 1;
    else
        stopped_by = number;
    if (t)
        nn_training_ask(t, stopped_by ? NN_ASK_STOP : NN_ASK_SAVE);
}

void training_listen(void) {
    /* The second Ctrl-C is the system's: it ends a program that does not get to the end of its step. */
    struct sigaction stop = {.sa_handler = on_signal, .sa_flags = (int)SA_RESETHAND | SA_RESTART};
    struct sigaction save = {.sa_handler = on_signal, .sa_flags = SA_RESTART};
    struct sigaction ignore = {.sa_handler = SIG_IGN};
    sigemptyset(&stop.sa_mask);
    sigemptyset(&save.sa_mask);
    sigemptyset(&ignore.sa_mask);
    sigaction(SIGINT, &stop, NULL);
    sigaction(SIGTERM, &stop, NULL);
    sigaction(SIGUSR1, &save, NULL);
    sigaction(SIGXFSZ, &ignore,
              NULL); /* a file that may not grow is an error of writing, as a full disk is */
}

void training_answer_to(NnTraining *t) {
    __atomic_store_n(&listener, t, __ATOMIC_SEQ_CST);
    if (t && (stopped_by || save_wanted))
        nn_training_ask(t, stopped_by ? NN_ASK_STOP : NN_ASK_SAVE);
}

int training_stopped(void) { return stopped_by ? 128 + (int)stopped_by : 130; }
