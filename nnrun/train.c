/* SPDX-License-Identifier: Apache-2.0 */
/* nnrun train: a configuration, changed by overrides, becomes a run folder. */
#include "training.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* A run is called after its configuration's file unless it says otherwise. */
static bool name_run(Program *p, NnConfig *config) {
    const NnConfigApi *api = nn_config_api();
    if (api->kind(config) != NN_CONFIG_MAP || api->get(config, "name"))
        return true;
    g_autofree char *base = g_path_get_basename(p->words[0]);
    char *dot = strrchr(base, '.');
    if (dot && dot != base)
        *dot = '\0';
    g_autofree char *quoted = g_strescape(base, NULL);
    g_autofree char *assignment = g_strdup_printf("+name=\"%s\"", quoted);
    return nn_config_override(config, assignment, p->status) == NN_OK;
}

static bool print_config(NnTraining *t) {
    char *text = nn_training_config_text(t);
    fputs(text, stdout);
    free(text);
    return true;
}

static bool explain(Program *p, NnTraining *t) {
    char *text = nn_training_explain(t, "train", nnrun_flag(p, "after"), p->status);
    if (text)
        fputs(text, stdout);
    free(text);
    return text != NULL;
}

/* Has something gone wrong after the training had begun? */
static bool train(Program *p, NnTraining *t, Progress *progress) {
    training_answer_to(t);
    const int32_t code = nn_training_run(t, p->status);
    training_answer_to(NULL);
    progress_clear(progress);
    const char *folder = nn_training_folder(t);
    if (folder && (code == NN_OK || code == NN_CANCELLED)) {
        if (p->json)
            printf("{\"run\": \"%s\"}\n", folder);
        else
            printf("%s\n", folder);
    } else if (folder) {
        training_say_rest(p, t);
    }
    return folder && code != NN_OK;
}

static int run_once(Program *p, char *const *overrides) {
    NnConfig *config = nn_config_read(p->words[0], p->status);
    NnTraining *t = NULL;
    Progress progress;
    bool broken = false;
    const NnTrainEvents events = progress_events(&progress, p);
    if (config && training_override(p, config, overrides) && name_run(p, config) &&
        training_context(p, config)) {
        const uint32_t dry = nnrun_flag(p, "dry-run") ? NN_TRAINING_DRY : 0;
        t = nn_training_new(p->context, config, training_flags(p) | dry, &events, p->status);
    }
    if (t && nnrun_flag(p, "cfg"))
        print_config(t);
    else if (t && nnrun_flag(p, "explain"))
        explain(p, t);
    else if (t)
        broken = train(p, t, &progress);
    nn_training_free(t);
    nn_config_free(config);
    const bool stopped = nn_status_code(p->status) == NN_CANCELLED;
    const int code = nnrun_end(p);
    return stopped ? training_stopped() : broken ? 1 : code;
}

static int run_all(Program *p, char **overrides) {
    uint32_t runs = 0;
    const uint32_t n = g_strv_length(overrides);
    char **expanded = nn_config_expand((const char *const *)overrides, n, &runs, p->status);
    int code = expanded ? 0 : nnrun_end(p);
    for (uint32_t i = 0; expanded && i < runs && code == 0; i++) {
        g_autofree char **own = g_new0(char *, n + 1u);
        memcpy(own, expanded + (size_t)i * n, n * sizeof *own);
        code = run_once(p, own);
    }
    free(expanded);
    return code;
}

static int run(Program *p) {
    g_autofree char **overrides = training_overrides(p);
    training_listen();
    return nnrun_flag(p, "multirun") ? run_all(p, overrides) : run_once(p, overrides);
}

static const Flag flags[] = {
    TRAINING_FLAGS,
    {"cfg", 0, NULL, "Print the resolved configuration and end."},
    {"explain", 0, NULL, "Print how a step is compiled and end."},
    {"after", 0, "PASS", "With --explain: the graph after that pass."},
    {"dry-run", 0, NULL, "Go through every stage with two steps, and leave nothing behind."},
    {"multirun", 'm', NULL, "KEY=A,B stands for two runs: train all combinations."},
};

const Command nnrun_train = {
    .name = "train",
    .usage = "CONFIG [KEY=VALUE ...]",
    .summary = "Train a network as a YAML file says",
    .help = "Examples:\n"
            "  nnrun train examples/glyphs-mlp.yaml\n"
            "  nnrun train net.yaml train.epochs=20 train.optimizer.name=adam\n"
            "  nnrun train net.yaml --multirun seed=1,2,3\n"
            "  nnrun train net.yaml --cfg         what the configuration means, defaults filled in\n"
            "  nnrun train net.yaml --dry-run     does it work from end to end?\n"
            "\nKEY=VALUE changes a setting, +KEY=VALUE adds one, ++KEY=VALUE does either, ~KEY removes one. "
            "The run\n"
            "folder's name is printed at the end. 'nnrun help train' lists the settings.\n"
            "Ctrl-C finishes the step, saves and ends with 130 (SIGTERM: 143); SIGUSR1 saves and goes on.\n",
    .min_words = 1,
    .max_words = ANY_WORDS,
    .n_flags = G_N_ELEMENTS(flags),
    .flags = flags,
    .run = run};
