/* SPDX-License-Identifier: Apache-2.0 */
/* nnrun optimizers: what the manifests say of them; nothing is loaded. */
#include "nn/optimizer.h"
#include "print.h"

static int run(Program *p) { return print_kind(p, NN_OPTIMIZER_KIND); }

const Command nnrun_optimizers = {.name = "optimizers",
                                  .usage = "",
                                  .summary = "List the update rules",
                                  .help =
                                      "Examples:\n"
                                      "  nnrun optimizers            list them\n"
                                      "  nnrun optimizers --json     the same for programs\n"
                                      "  nnrun help NAME           what one of them is, and its settings\n",
                                  .run = run};
