/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A sub-command is one constant of this type, in a file of its own, and one line in the list in main.c. The
 * program reads the arguments by the command's table of flags before it runs it, so a command sees only what
 * it declared.
 *
 * Data goes to stdout, messages to stderr. A command returns an exit code: 0 done, 1 failed, 2 usage or
 * configuration; nnrun_end gives the one that belongs to a status.
 */
#ifndef NNRUN_COMMAND_H
#define NNRUN_COMMAND_H

#include "nn/nn.h"

#include <glib.h>

typedef struct Flag {
    const char *name;  /* "output", given as --output */
    char letter;       /* 'o', or 0 */
    const char *value; /* "FILE" in the help; NULL: a switch without value */
    const char *doc;   /* one sentence */
} Flag;

typedef struct Program Program;

typedef struct Command {
    const char *name;
    const char *usage;             /* what follows the name: "CONFIG [KEY=VALUE ...]" */
    const char *summary;           /* one line of the overview */
    const char *help;              /* examples first; printed between the usage and the flags */
    uint32_t min_words, max_words; /* how many arguments that are not flags it takes */
    uint32_t n_flags;
    const Flag *flags;
    int (*run)(Program *);
} Command;

#define ANY_WORDS UINT32_MAX

struct Program {
    const Command *command;
    char **words; /* arguments that are no flags, NULL-terminated */
    uint32_t n_words;
    GHashTable *given; /* flag name -> GPtrArray of char *, in the order given */
    NnContext *context;
    NnStatus *status;
    bool json, quiet, verbose;
};

/* The last value of a flag; a switch that was given has the value "". NULL: it was not given. */
const char *nnrun_flag(const Program *, const char *name);
/* All values of it, or NULL. */
const GPtrArray *nnrun_flag_all(const Program *, const char *name);
/* A whole number that a flag gives; `absent` when it was not given. False, with the status set, when it is
 * not one. */
bool nnrun_flag_number(Program *, const char *name, uint64_t absent, uint64_t *value);

/* The context of the global flags, made on first use; NULL with the status set. The program frees it. */
NnContext *nnrun_context(Program *);
/* Prints the status's sentence, if it has one, and gives the exit code that belongs to it. */
int nnrun_end(Program *);
/* A message on stderr, unless --quiet. */
void nnrun_say(const Program *, const char *format, ...) G_GNUC_PRINTF(2, 3);

/* arguments.c: reads the command line. Sets program->command; NULL there stands for no command. False with
 * the status set. */
bool nnrun_arguments(Program *, int argc, char **argv, const Command *const *commands);
/* main.c */
const Command *const *nnrun_commands(void); /* NULL-terminated */
void nnrun_command_help(const Command *);

/* The global flags, for the help. */
extern const Flag nnrun_global_flags[];
extern const uint32_t nnrun_n_global_flags;

/* The sub-commands. */
extern const Command nnrun_convert, nnrun_datasets, nnrun_devices, nnrun_eval, nnrun_export, nnrun_help,
    nnrun_import, nnrun_models, nnrun_ops, nnrun_optimizers, nnrun_plugin, nnrun_predict, nnrun_resume,
    nnrun_sample, nnrun_train;

#endif
