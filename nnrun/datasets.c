/* SPDX-License-Identifier: Apache-2.0 */
/* nnrun datasets: what the manifests say of them; nothing is loaded. */
#include "nn/dataset.h"
#include "print.h"

static int run(Program *p) { return print_kind(p, NN_DATASET_KIND); }

const Command nnrun_datasets = {.name = "datasets",
                                .usage = "",
                                .summary = "List the loaders of data",
                                .help = "Examples:\n"
                                        "  nnrun datasets            list them\n"
                                        "  nnrun datasets --json     the same for programs\n"
                                        "  nnrun help NAME         what one of them is, and its settings\n",
                                .run = run};
