/* SPDX-License-Identifier: Apache-2.0 */
/* The command line, by tables: --name VALUE, --name=VALUE, -n VALUE, flags anywhere, `--` before words that
 * look like flags. Every global flag may also stand in the environment, as NNRUN_NAME. */
#include "command.h"

#include <stdlib.h>
#include <string.h>

const Flag nnrun_global_flags[] = {
    {"plugin-path", 0, "DIR", "Look for plug-ins in DIR first; may be repeated."},
    {"allow", 0, "PATTERN", "Load only packages or objects of these names; may be repeated."},
    {"deny", 0, "PATTERN", "Load no packages or objects of these names; may be repeated."},
    {"safe", 0, NULL, "Load plug-ins from the system's own folder only."},
    {"threads", 0, "N", "Use N threads; otherwise OMP_NUM_THREADS, else all cores."},
    {"json", 0, NULL, "Print data as JSON."},
    {"quiet", 'q', NULL, "Print no messages but errors."},
    {"verbose", 'v', NULL, "Print also what is done and why."},
    {"help", 'h', NULL, "Print this help."},
};
const uint32_t nnrun_n_global_flags = G_N_ELEMENTS(nnrun_global_flags);

static const Flag *find_in(const Flag *flags, uint32_t n, const char *name, size_t length, char letter) {
    for (uint32_t i = 0; i < n; i++)
        if (letter ? flags[i].letter == letter
                   : strlen(flags[i].name) == length && strncmp(flags[i].name, name, length) == 0)
            return &flags[i];
    return NULL;
}

static const Flag *find_flag(const Command *command, const char *name, size_t length, char letter) {
    const Flag *flag = find_in(nnrun_global_flags, nnrun_n_global_flags, name, length, letter);
    return flag || command == NULL ? flag : find_in(command->flags, command->n_flags, name, length, letter);
}

static void give(Program *p, const char *name, const char *value) {
    GPtrArray *values = g_hash_table_lookup(p->given, name);
    if (values == NULL) {
        values = g_ptr_array_new_with_free_func(g_free);
        g_hash_table_insert(p->given, g_strdup(name), values);
    }
    g_ptr_array_add(values, g_strdup(value));
}

static bool unknown_flag(Program *p, const char *argument) {
    const uint32_t n_own = p->command ? p->command->n_flags : 0;
    const char **names = g_new0(const char *, nnrun_n_global_flags + n_own + 1u);
    for (uint32_t i = 0; i < nnrun_n_global_flags; i++)
        names[i] = nnrun_global_flags[i].name;
    for (uint32_t i = 0; i < n_own; i++)
        names[nnrun_n_global_flags + i] = p->command->flags[i].name;
    char *name = g_strndup(argument, strcspn(argument, "="));
    const char *stem = name + strspn(name, "-");
    const char *near = nn_suggest_nearest(stem, names, nnrun_n_global_flags + n_own);
    nn_status_fail(p->status, NN_INVALID, "%s%s%sthere is no flag '%s'%s%s%s", p->command ? "'" : "",
                   p->command ? p->command->name : "", p->command ? "': " : "", name,
                   near ? "; did you mean '--" : "", near ? near : "", near ? "'?" : "");
    g_free(name);
    g_free(names);
    return false;
}

/* Reads the flag at argv[*i], and its value from there or from the next argument. */
static bool read_flag(Program *p, int argc, char **argv, int *i) {
    const char *argument = argv[*i], *value = NULL;
    const Flag *flag;
    if (argument[1] == '-') {
        const size_t length = strcspn(argument + 2, "=");
        flag = find_flag(p->command, argument + 2, length, 0);
        value = argument[2 + length] == '=' ? argument + 3 + length : NULL;
    } else {
        flag = find_flag(p->command, NULL, 0, argument[1]);
        value = argument[2] ? argument + 2 : NULL;
    }
    if (flag == NULL)
        return unknown_flag(p, argument);
    if (flag->value == NULL && value) {
        nn_status_fail(p->status, NN_INVALID, "--%s takes no value, found '%s'", flag->name, argument);
        return false;
    }
    if (flag->value && value == NULL) {
        if (*i + 1 >= argc) {
            nn_status_fail(p->status, NN_INVALID, "--%s needs a value: --%s %s", flag->name, flag->name,
                           flag->value);
            return false;
        }
        value = argv[++*i];
    }
    give(p, flag->name, value ? value : "");
    return true;
}

/* NNRUN_PLUGIN_PATH and NNRUN_ALLOW, NNRUN_DENY hold lists with colons; a switch is on unless it is empty or
 * 0. */
static void read_environment(Program *p) {
    for (uint32_t i = 0; i < nnrun_n_global_flags; i++) {
        const Flag *flag = &nnrun_global_flags[i];
        char *upper = g_ascii_strup(flag->name, -1);
        char *name = g_strconcat("NNRUN_", g_strdelimit(upper, "-", '_'), NULL);
        const char *value = secure_getenv(name);
        if (strcmp(flag->name, "help") != 0 && value && *value &&
            g_hash_table_lookup(p->given, flag->name) == NULL) {
            char **parts = g_strsplit(value, ":", -1);
            for (char **part = parts; *part; part++)
                if (**part && (flag->value || strcmp(*part, "0") != 0))
                    give(p, flag->name, *part);
            g_strfreev(parts);
        }
        g_free(name);
        g_free(upper);
    }
}

static bool find_command(Program *p, const char *name, const Command *const *commands) {
    GPtrArray *names = g_ptr_array_new();
    for (; *commands; commands++) {
        g_ptr_array_add(names, (gpointer)(*commands)->name);
        if (strcmp((*commands)->name, name) == 0)
            p->command = *commands;
    }
    const char *near = nn_suggest_nearest(name, (const char *const *)names->pdata, names->len);
    if (p->command == NULL)
        nn_status_fail(p->status, NN_INVALID, "there is no command '%s'%s%s%s; 'nnrun --help' lists them",
                       name, near ? "; did you mean '" : "", near ? near : "", near ? "'?" : "");
    g_ptr_array_unref(names);
    return p->command != NULL;
}

static bool count_words(Program *p) {
    if (p->command == NULL || nnrun_flag(p, "help"))
        return true;
    const Command *c = p->command;
    if (p->n_words >= c->min_words && p->n_words <= c->max_words)
        return true;
    nn_status_fail(p->status, NN_INVALID,
                   p->n_words < c->min_words ? "'%s' needs more: nnrun %s %s"
                                             : "'%s' takes no more than: nnrun %s %s",
                   c->name, c->name, c->usage);
    return false;
}

bool nnrun_arguments(Program *p, int argc, char **argv, const Command *const *commands) {
    GPtrArray *words = g_ptr_array_new();
    bool only_words = false, fine = true;
    for (int i = 1; i < argc && fine; i++) {
        const char *a = argv[i];
        if (!only_words && strcmp(a, "--") == 0)
            only_words = true;
        else if (!only_words && a[0] == '-' && a[1] != '\0')
            fine = read_flag(p, argc, argv, &i);
        else if (p->command == NULL)
            fine = find_command(p, a, commands);
        else
            g_ptr_array_add(words, argv[i]);
    }
    p->n_words = words->len;
    g_ptr_array_add(words, NULL);
    p->words = (char **)g_ptr_array_free(words, FALSE);
    if (!fine || !count_words(p))
        return false;
    read_environment(p);
    p->json = nnrun_flag(p, "json") != NULL;
    p->quiet = nnrun_flag(p, "quiet") != NULL;
    p->verbose = nnrun_flag(p, "verbose") != NULL;
    return true;
}

const GPtrArray *nnrun_flag_all(const Program *p, const char *name) {
    return g_hash_table_lookup(p->given, name);
}

const char *nnrun_flag(const Program *p, const char *name) {
    const GPtrArray *values = nnrun_flag_all(p, name);
    return values ? g_ptr_array_index(values, values->len - 1) : NULL;
}

bool nnrun_flag_number(Program *p, const char *name, uint64_t absent, uint64_t *value) {
    const char *text = nnrun_flag(p, name);
    *value = absent;
    if (text == NULL)
        return true;
    guint64 number;
    if (!g_ascii_string_to_unsigned(text, 10, 0, G_MAXUINT64, &number, NULL)) {
        nn_status_fail(p->status, NN_INVALID, "--%s has to be a whole number, found '%s'", name, text);
        return false;
    }
    *value = number;
    return true;
}
