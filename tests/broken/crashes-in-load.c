/* SPDX-License-Identifier: Apache-2.0 */
/* Defect: crashes-in-load. Its start reads tuned settings from a file beside it and does not ask whether the
 * file is there, which it is on the machine where it was made. */
#include "shelf.h"

static int grain = 1024;

static int32_t start(const NnHost *nn, NnStatus *status) {
    char path[4096];
    (void)status;
    (void)snprintf(path, sizeof path, "%s/tuned.txt", nn->resource_dir);
    FILE *file = fopen(path, "r");
    char *line = fgets(path, sizeof path, file);
    grain = line ? line[0] : grain;
    (void)fclose(file);
    return NN_OK;
}

static int32_t run(void *state, const NnCall *call) {
    (void)state;
    const float *x = nn_data(call->inputs[0]);
    float *y = nn_data(call->outputs[0]);
    const int64_t n = nn_elements(call->inputs[0]);
    for (int64_t from = 0; from < n; from += grain)
        for (int64_t i = from; i < n && i < from + grain; i++)
            y[i] = x[i] < 0 ? 0 : x[i];
    return NN_OK;
}

SHELF_KERNEL(relu, "Relu", .match = shelf_match, .run = run);

static const NnExport exports[] = {{NN_KERNEL_KIND, "Relu", &relu}};

NN_PLUGIN_ENTRY(crashes_in_load);
NN_PLUGIN_ENTRY(crashes_in_load) {
    static const NnPlugin plugin = {.head = NN_HEAD,
                                    .struct_size = sizeof plugin,
                                    .name = "crashes_in_load",
                                    .version = NN_PLUGIN_VERSION,
                                    .licence = NN_PLUGIN_LICENCE,
                                    .summary = "Relu with tuned settings.",
                                    .export_count = NN_COUNT(exports),
                                    .export_stride = NN_STRIDE(exports),
                                    .exports = exports,
                                    .start = start};
    return &plugin;
}
