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

/* `device: opencl` is a map as soon as an override speaks of a setting of it: {name: opencl}. */
static bool widen_device(Program *p, NnConfig *config, const char *assignment) {
    const NnConfigApi *api = nn_config_api();
    const char *name = api->string(api->get(config, "device"));
    if (name == NULL || !g_str_has_prefix(assignment + strspn(assignment, "+"), "device."))
        return true;
    g_autoptr(GString) text = g_string_new(name);
    g_string_replace(text, "'", "''", 0);
    g_autofree char *widened = g_strdup_printf("device={name: '%s'}", text->str);
    return nn_config_override(config, widened, p->status) == NN_OK;
}

bool training_override(Program *p, NnConfig *config, char *const *assignments) {
    for (; *assignments; assignments++)
        if (!widen_device(p, config, *assignments) ||
            nn_config_override_known(config, *assignments, nn_train_known, NULL, p->status) != NN_OK)
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

/* A configuration, or a folder with one and without weights: what nnrun import makes. */
static char *configuration_of(const char *run) {
    if (g_str_has_suffix(run, ".yaml") || g_str_has_suffix(run, ".yml"))
        return g_strdup(run);
    g_autofree char *weights = g_build_filename(run, "weights", NULL);
    char *path = g_build_filename(run, "config.yaml", NULL);
    if (g_file_test(path, G_FILE_TEST_IS_REGULAR) && !g_file_test(weights, G_FILE_TEST_IS_DIR))
        return path;
    g_free(path);
    return NULL;
}

/* Weights that come from nowhere say nothing. */
static void say_untrained(const Program *p, const NnTraining *training) {
    NnVariable *const *variables;
    const uint32_t n =
        nn_network_variables(nn_training_network((NnTraining *)(uintptr_t)training), &variables);
    for (uint32_t i = 0; i < n; i++)
        if (nn_variable_spec(variables[i])->role == NN_PARAMETER &&
            nn_variable_spec(variables[i])->value == NULL) {
            nnrun_say(p, "nnrun: the network has not been trained; %s and others are as they begin",
                      nn_variable_spec(variables[i])->name);
            return;
        }
}

static NnConfig *read_config(Program *p, const char *configuration, const char *weights) {
    if (configuration)
        return nn_config_read(configuration, p->status);
    NnContext *context = weights ? nnrun_context(p) : NULL;
    return context ? nn_checkpoint_config(context, weights, p->status) : NULL;
}

bool training_open(Program *p, Trained *trained) {
    const char *which = nnrun_flag(p, "weights");
    const bool file = which && strpbrk(which, "./");
    g_autofree char *configuration = configuration_of(p->words[0]);
    g_autofree char *path =
        configuration ? NULL : training_weights(p, p->words[0], which && !file ? which : "last");
    g_autofree char **overrides = training_overrides(p);
    *trained = (Trained){.config = read_config(p, configuration, path)};
    if (trained->config == NULL || !training_override(p, trained->config, overrides))
        return false;
    NnContext *context = configuration ? training_context(p, trained->config) : nnrun_context(p);
    if (context)
        trained->training = nn_training_new(context, trained->config,
                                            NN_TRAINING_NO_UPDATES | training_flags(p), NULL, p->status);
    if (trained->training == NULL)
        return false;
    if (file)
        return nn_training_load_weights(trained->training, which, p->status) == NN_OK;
    if (path)
        return nn_training_load(trained->training, path, p->status) == NN_OK;
    if (which)
        nn_status_fail(p->status, NN_INVALID, "%s is a configuration, which has no weights called \"%s\"",
                       p->words[0], which);
    else if (nn_training_begin(trained->training, p->status) == 0)
        say_untrained(p, trained->training);
    return nn_status_code(p->status) == NN_OK;
}

void training_close(Trained *trained) {
    nn_training_free(trained->training);
    nn_config_free(trained->config);
    *trained = (Trained){0};
}

void training_say_rest(const Program *p, const NnTraining *t) {
    const char *folder = nn_training_folder(t);
    uint64_t step;
    if (nn_training_saved(t, &step))
        nnrun_say(p, "the run is in %s; 'nnrun resume' goes on from step %" G_GUINT64_FORMAT, folder, step);
    else if (folder)
        nnrun_say(p, "the run is in %s, without a checkpoint", folder);
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
