/* SPDX-License-Identifier: Apache-2.0 */
/* What a file with a graph holds, found by reading it as a model family would. */
#ifndef NNRUN_INSPECT_H
#define NNRUN_INSPECT_H

#include "command.h"

typedef struct Port {
    char *name, *shape; /* "f32[batch,3,224,224]" */
} Port;

typedef struct Inspection {
    GArray *inputs, *outputs;  /* Port */
    GHashTable *operators;     /* name -> GUINT_TO_POINTER(count) */
    GPtrArray *companions;     /* char *: relative paths of files beside it */
    char *producer;            /* "pytorch 2.1"; NULL: not said */
    uint64_t tensors, numbers; /* floating initial values: the weights */
    uint64_t others;           /* and those of whole numbers */
    /* while reading */
    Program *program;
    NnGraph *graph;
    char *folder;
    GPtrArray *mapped; /* GMappedFile * */
} Inspection;

/* False with the status set: it cannot be read, or needs what no plug-in provides. */
bool inspect_file(Inspection *, Program *, const char *path);
void inspect_print(const Inspection *, bool json);
void inspect_clear(Inspection *);

#endif
