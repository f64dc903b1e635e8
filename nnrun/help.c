/* SPDX-License-Identifier: Apache-2.0 */
/* nnrun help: a command's help, or what a plug-in says of a thing that a configuration may name, with its
 * settings. */
#include "nn-train/train.h"
#include "print.h"

#include "nn/device.h"
#include "nn/model.h"
#include "nn/operator.h"
#include "nn/optimizer.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* What help needs of a table: the words and the settings. */
typedef struct Topic {
    const char *doc;
    const NnSetting *settings;
    uint32_t n, stride;
} Topic;

#define TOPIC(type, settings_, n_, stride_)                                                                  \
    (Topic) {                                                                                                \
        ((const type *)table)->doc, ((const type *)table)->settings_, ((const type *)table)->n_,             \
            ((const type *)table)->stride_                                                                   \
    }

static Topic of_operator(const void *table) { return TOPIC(NnOperator, attrs, n_attrs, attr_stride); }
static Topic of_device(const void *table) {
    return TOPIC(NnDeviceKind, settings, n_settings, setting_stride);
}
static Topic of_model(const void *table) { return TOPIC(NnModel, settings, n_settings, setting_stride); }
static Topic of_dataset(const void *table) { return TOPIC(NnDataset, settings, n_settings, setting_stride); }
static Topic of_optimizer(const void *table) {
    return TOPIC(NnOptimizer, settings, n_settings, setting_stride);
}
static Topic of_schedule(const void *table) {
    return TOPIC(NnSchedule, settings, n_settings, setting_stride);
}
static Topic of_format(const void *table) {
    return (Topic){((const NnFormat *)table)->doc, NULL, 0, sizeof(NnSetting)};
}

static const struct {
    const char *kind, *label;
    Topic (*topic)(const void *table);
} kinds[] = {
    {NN_MODEL_KIND, "model", of_model},
    {NN_DATASET_KIND, "dataset", of_dataset},
    {NN_OPTIMIZER_KIND, "optimizer", of_optimizer},
    {NN_SCHEDULE_KIND, "schedule", of_schedule},
    {NN_DEVICE_KIND, "device", of_device},
    {NN_FORMAT_KIND, "format", of_format},
    {NN_OPERATOR_KIND, "operator", of_operator},
};

static void print_topic(Program *p, NnContext *c, size_t k, const char *name) {
    const void *table = nn_registry_table(c, kinds[k].kind, name, p->status);
    if (table == NULL)
        return;
    const Topic t = kinds[k].topic(table);
    if (p->json) {
        char *settings = nn_settings_json(t.settings, t.n, t.stride);
        printf("{\"kind\": \"%s\", \"name\": ", kinds[k].label);
        print_json_string(name);
        fputs(", \"doc\": ", stdout);
        print_json_string(t.doc);
        printf(", \"settings\": %s}\n", settings);
        free(settings);
        return;
    }
    char *settings = nn_settings_help(t.settings, t.n, t.stride);
    printf("%s %s\n%s\n\n%s", kinds[k].label, name, t.doc ? t.doc : "", settings);
    free(settings);
}

static bool is_provided(NnContext *c, const char *kind, const char *name) {
    for (uint32_t i = 0; i < nn_registry_count(c); i++) {
        const NnEntry *e = nn_registry_entry(c, i);
        if (strcmp(e->kind, kind) == 0 && strcmp(e->name, name) == 0)
            return true;
    }
    return false;
}

static void fail_unknown(Program *p, NnContext *c, const char *label, const char *name) {
    GPtrArray *names = g_ptr_array_new();
    bool is_kind = label == NULL;
    for (size_t k = 0; k < G_N_ELEMENTS(kinds); k++)
        is_kind = is_kind || strcmp(label, kinds[k].label) == 0;
    for (size_t k = 0; k < G_N_ELEMENTS(kinds) && !is_kind; k++)
        g_ptr_array_add(names, (gpointer)kinds[k].label);
    for (const Command *const *command = nnrun_commands(); label == NULL && *command; command++)
        g_ptr_array_add(names, (gpointer)(*command)->name);
    for (uint32_t i = 0; i < nn_registry_count(c) && is_kind; i++)
        for (size_t k = 0; k < G_N_ELEMENTS(kinds); k++)
            if (strcmp(nn_registry_entry(c, i)->kind, kinds[k].kind) == 0 &&
                (label == NULL || strcmp(label, kinds[k].label) == 0))
                g_ptr_array_add(names, (gpointer)nn_registry_entry(c, i)->name);
    const char *wrong = is_kind ? name : label;
    const char *near = nn_suggest_nearest(wrong, (const char *const *)names->pdata, names->len);
    nn_status_fail(p->status, NN_NOT_FOUND, "there is no %s '%s'%s%s%s",
                   is_kind ? label ? label : "help on" : "kind", wrong, near ? "; did you mean '" : "",
                   near ? near : "", near ? "'?" : "; 'nnrun help' lists the topics");
    g_ptr_array_unref(names);
}

static void list_topics(NnContext *c) {
    puts("Topics of 'nnrun help TOPIC': a command's name, or");
    for (size_t k = 0; k < G_N_ELEMENTS(kinds); k++) {
        bool any = false;
        for (uint32_t i = 0; i < nn_registry_count(c); i++) {
            const NnEntry *e = nn_registry_entry(c, i);
            if (strcmp(e->kind, kinds[k].kind) != 0 || e->problem)
                continue;
            if (!any)
                printf("\n%s:", kinds[k].label);
            printf(" %s", e->name);
            any = true;
        }
        if (any)
            putchar('\n');
    }
}

/* The settings of a configuration stand in no plug-in, but in the training library. */
static void print_configuration(void) {
    static const struct {
        const char *section, *title;
    } parts[] = {{"", "Settings of a configuration"}, {"train", "Settings of its section `train`"}};
    for (size_t i = 0; i < G_N_ELEMENTS(parts); i++) {
        uint32_t n;
        const NnSetting *table = nn_train_settings(parts[i].section, &n);
        char *text = nn_settings_help(table, n, sizeof *table);
        printf("\n%s:\n%s", parts[i].title, text);
        free(text);
    }
}

static int run(Program *p) {
    const char *name = p->n_words ? p->words[p->n_words - 1] : NULL;
    const char *label = p->n_words == 2 ? p->words[0] : NULL;
    for (const Command *const *command = nnrun_commands(); name && label == NULL && *command; command++)
        if (strcmp((*command)->name, name) == 0) {
            nnrun_command_help(*command);
            if (*command == &nnrun_train)
                print_configuration();
            return 0;
        }
    NnContext *c = nnrun_context(p);
    if (c == NULL)
        return nnrun_end(p);
    if (name == NULL) {
        list_topics(c);
        return 0;
    }
    bool found = false;
    for (size_t k = 0; k < G_N_ELEMENTS(kinds); k++)
        if ((label == NULL || strcmp(label, kinds[k].label) == 0) && is_provided(c, kinds[k].kind, name)) {
            if (found && !p->json)
                putchar('\n');
            print_topic(p, c, k, name);
            found = true;
        }
    if (!found)
        fail_unknown(p, c, label, name);
    return nnrun_end(p);
}

const Command nnrun_help = {.name = "help",
                            .usage = "[[KIND] TOPIC]",
                            .summary = "Explain a command, or anything that a configuration can name",
                            .help =
                                "Examples:\n"
                                "  nnrun help                     list the topics\n"
                                "  nnrun help adam                what it is, and its settings\n"
                                "  nnrun help optimizer momentum  where more than one kind has the name\n",
                            .max_words = 2,
                            .run = run};
