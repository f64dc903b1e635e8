/* SPDX-License-Identifier: Apache-2.0 */
/* nnrun eval: the metrics of a trained network over a split. */
#include "training.h"

#include <math.h>
#include <stdio.h>

static void print_metrics(bool json, const char *split, uint32_t n, const char *const *names,
                          const double *values) {
    if (json)
        printf("{\"split\": \"%s\"", split);
    for (uint32_t i = 0; i < n; i++) {
        if (!json)
            printf("%s %.6g\n", names[i], values[i]);
        else if (isfinite(values[i]))
            printf(", \"%s\": %.9g", names[i], values[i]);
        else
            printf(", \"%s\": null", names[i]);
    }
    if (json)
        puts("}");
}

static const char *default_split(NnTraining *t) {
    const NnDataInfo *info = nn_training_data(t);
    const char *found = "train";
    for (uint32_t i = 0; i < info->n_splits; i++)
        if (g_str_equal(nn_data_split(info, i)->name, "test") ||
            (g_str_equal(nn_data_split(info, i)->name, "validation") && !g_str_equal(found, "test")))
            found = nn_data_split(info, i)->name;
    return found;
}

static int run(Program *p) {
    Trained trained;
    const char *split = nnrun_flag(p, "split"), *function = nnrun_flag(p, "function");
    const char *const *names;
    const double *values;
    uint32_t n;
    if (training_open(p, &trained)) {
        split = split ? split : default_split(trained.training);
        if (nn_training_evaluate(trained.training, split, function ? function : "evaluate", &n, &names,
                                 &values, p->status) == NN_OK)
            print_metrics(p->json, split, n, names, values);
    }
    training_close(&trained);
    return nnrun_end(p);
}

static const Flag flags[] = {
    TRAINING_FLAGS,
    {"split", 0, "NAME", "Which split; otherwise test, else validation, else train."},
    WEIGHTS_FLAG,
    {"function", 0, "NAME", "Which function of the model; otherwise evaluate."},
};

const Command nnrun_eval = {.name = "eval",
                            .usage = "RUN|CONFIG [KEY=VALUE ...]",
                            .summary = "Evaluate a trained network on a split of its data",
                            .help = "Examples:\n"
                                    "  nnrun eval runs/train/mnist-mlp\n"
                                    "  nnrun eval runs/train/mnist-mlp --weights best --json\n"
                                    "  nnrun eval last.safetensors data.path=other/\n",
                            .min_words = 1,
                            .max_words = ANY_WORDS,
                            .n_flags = G_N_ELEMENTS(flags),
                            .flags = flags,
                            .run = run};
