/* SPDX-License-Identifier: Apache-2.0 */
/* nnrun models: what the manifests say of them; nothing is loaded. */
#include "nn/model.h"
#include "print.h"

static int run(Program *p) { return print_kind(p, NN_MODEL_KIND); }

const Command nnrun_models = {.name = "models",
                              .usage = "",
                              .summary = "List the families of networks",
                              .help = "Examples:\n"
                                      "  nnrun models            list them\n"
                                      "  nnrun models --json     the same for programs\n"
                                      "  nnrun help NAME       what one of them is, and its settings\n",
                              .run = run};
