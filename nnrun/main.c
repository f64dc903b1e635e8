/* SPDX-License-Identifier: Apache-2.0 */
/* The program's door: the list of commands, the help over all of them, and what every command shares. */
#include "command.h"

#include "nn-train/train.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

static const Command *const commands[] = {
    &nnrun_train,    &nnrun_resume,     &nnrun_eval,   &nnrun_predict, &nnrun_sample,  &nnrun_export,
    &nnrun_convert,  &nnrun_import,     &nnrun_plugin, &nnrun_ops,     &nnrun_devices, &nnrun_models,
    &nnrun_datasets, &nnrun_optimizers, &nnrun_help,   NULL,
};

const Command *const *nnrun_commands(void) { return commands; }

static void print_flags(const char *title, const Flag *flags, uint32_t n) {
    if (n)
        printf("\n%s\n", title);
    for (uint32_t i = 0; i < n; i++) {
        char *name = g_strdup_printf("--%s%s%s", flags[i].name, flags[i].value ? " " : "",
                                     flags[i].value ? flags[i].value : "");
        char *letter = flags[i].letter ? g_strdup_printf("-%c, ", flags[i].letter) : g_strdup("    ");
        printf("  %s%-20s  %s\n", letter, name, flags[i].doc);
        g_free(letter);
        g_free(name);
    }
}

void nnrun_command_help(const Command *c) {
    printf("Usage: nnrun %s%s%s\n%s.\n", c->name, *c->usage ? " " : "", c->usage, c->summary);
    if (c->help)
        printf("\n%s", c->help);
    print_flags("Flags:", c->flags, c->n_flags);
    print_flags("Flags of all commands (each also as NNRUN_NAME in the environment):", nnrun_global_flags,
                nnrun_n_global_flags);
}

static void print_overview(FILE *to) {
    fputs("Usage: nnrun COMMAND [ARGUMENTS]\n\n", to);
    for (const Command *const *c = commands; *c; c++)
        fprintf(to, "  %-12s %s\n", (*c)->name, (*c)->summary);
    fputs("\n'nnrun COMMAND --help' says more; 'nnrun --version' prints the versions.\n", to);
}

static void print_log(void *arg, int32_t level, const char *message) {
    static const char *const names[] = {"debug: ", "", "warning: ", "error: "};
    const Program *p = arg;
    if (level < 2 ? p->verbose : level > 2 || !p->quiet)
        fprintf(stderr, "nnrun: %s%s\n", names[CLAMP(level, 0, 3)], message);
}

/* The values of a repeated flag as the options take them. */
static const char *const *strings_of(const GPtrArray *values) {
    if (values == NULL)
        return NULL;
    const char **strings = g_new0(const char *, values->len + 1u);
    for (guint i = 0; i < values->len; i++)
        strings[i] = g_ptr_array_index(values, i);
    return strings;
}

NnContext *nnrun_context(Program *p) {
    uint64_t threads;
    if (p->context || !nnrun_flag_number(p, "threads", 0, &threads))
        return p->context;
    if (threads > 4096) {
        nn_status_fail(p->status, NN_INVALID, "--threads has to be at most 4096, found %" G_GUINT64_FORMAT,
                       threads);
        return NULL;
    }
    const NnOptions options = {.struct_size = sizeof options,
                               .threads = (uint32_t)threads,
                               .plugin_paths = strings_of(nnrun_flag_all(p, "plugin-path")),
                               .allow = strings_of(nnrun_flag_all(p, "allow")),
                               .deny = strings_of(nnrun_flag_all(p, "deny")),
                               .safe = nnrun_flag(p, "safe") != NULL,
                               .log = print_log,
                               .log_arg = p};
    p->context = nn_context_new(&options, p->status);
    g_free((gpointer)options.plugin_paths);
    g_free((gpointer)options.allow);
    g_free((gpointer)options.deny);
    return p->context;
}

int nnrun_end(Program *p) {
    const int32_t code = nn_status_code(p->status);
    if (code == NN_OK)
        return 0;
    fprintf(stderr, "nnrun: %s\n", nn_status_message(p->status));
    const bool asked_wrong =
        code == NN_INVALID || code == NN_NOT_FOUND || code == NN_UNSUPPORTED || code == NN_UNAVAILABLE;
    return code == NN_CANCELLED ? 130 : asked_wrong ? 2 : 1;
}

void nnrun_say(const Program *p, const char *format, ...) {
    if (p->quiet)
        return;
    va_list args;
    va_start(args, format);
    vfprintf(stderr, format, args);
    va_end(args);
    fputc('\n', stderr);
}

static int run(Program *p, int argc, char **argv) {
    if (argc == 2 && strcmp(argv[1], "--version") == 0) {
        printf("nnrun %s (libnn %s, libnn-train %s)\n", PACKAGE_VERSION, nn_version(), nn_train_version());
        return 0;
    }
    if (!nnrun_arguments(p, argc, argv, commands))
        return nnrun_end(p);
    const bool help = nnrun_flag(p, "help") != NULL;
    if (p->command == NULL) {
        print_overview(help ? stdout : stderr);
        return help ? 0 : 2;
    }
    if (help) {
        nnrun_command_help(p->command);
        return 0;
    }
    return p->command->run(p);
}

int main(int argc, char **argv) {
    Program p = {
        .status = nn_status_new(),
        .given = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, (GDestroyNotify)g_ptr_array_unref)};
    int code = run(&p, argc, argv);
    if ((fflush(stdout) != 0 || ferror(stdout)) && code == 0) {
        fprintf(stderr, "nnrun: the output cannot be written: %s\n", g_strerror(errno));
        code = 1;
    }
    nn_context_free(p.context);
    nn_status_free(p.status);
    g_hash_table_unref(p.given);
    g_free(p.words);
    return code;
}
