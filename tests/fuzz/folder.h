/* SPDX-License-Identifier: Apache-2.0 */
/* Fuzzing loaders, which read files: the input is written into a folder of the process's own, which goes with
 * it. */
#ifndef NN_TESTS_FUZZ_FOLDER_H
#define NN_TESTS_FUZZ_FOLDER_H

#include "../plugins/host.h"
#include "driver.h"

#include <unistd.h>

static char fuzz_folder[64];

static void leave_fuzz_folder(void) {
    char command[128];
    (void)snprintf(command, sizeof command, "rm -r '%s'", fuzz_folder);
    if (system(command) != 0)
        abort();
}

static void write_into_folder(const char *name, const void *bytes, size_t n) {
    if (*fuzz_folder == '\0') {
        strcpy(fuzz_folder,
               access("/dev/shm", W_OK) == 0 ? "/dev/shm/nn-fuzz-XXXXXX" : "/tmp/nn-fuzz-XXXXXX");
        if (mkdtemp(fuzz_folder) == NULL || chdir(fuzz_folder) != 0 || atexit(leave_fuzz_folder) != 0)
            abort();
    }
    FILE *file = fopen(name, "wb");
    if (file == NULL || fwrite(bytes, 1, n, file) != n || fclose(file) != 0)
        abort();
}

static void read_all(const NnDataset *loader, NnData *data, uint64_t room) {
    const NnDataInfo *info = loader->describe(data);
    void *x = malloc(room * 8), *y = malloc(room * 8);

    for (uint32_t split = 0; split < info->n_splits; split++)
        for (uint64_t i = 0; i < info->splits[split].count; i++)
            loader->read(data, split, 1, &i, (void *[]){x, y}, NULL);
    free(x);
    free(y);
}

/* `room`: the most elements that a sample can have. */
static void open_and_read(const NnDataset *loader, const char *settings_text, uint64_t room) {
    const NnHost host = test_host();
    NnStatus *status = nn_status_new();
    NnConfig *config = nn_config_parse(settings_text, strlen(settings_text), "fuzz", status);
    const NnConfig *checked = NULL;
    NnData *data = NULL;

    nn_config_api()->check(config, loader->settings, loader->n_settings, loader->setting_stride, loader->name,
                           &checked, status);
    if (loader->open(&host, checked, &data, status) == NN_OK) {
        read_all(loader, data, room);
        loader->close(data);
    } else if (strncmp(nn_status_message(status), fuzz_folder, strlen(fuzz_folder)) != 0) {
        abort();
    }
    nn_config_free(config);
    nn_status_free(status);
}

#endif
