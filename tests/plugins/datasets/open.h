/* SPDX-License-Identifier: Apache-2.0 */
/* Opening a loader under test on files that the test wrote into the current folder. */
#ifndef NN_TESTS_DATASETS_OPEN_H
#define NN_TESTS_DATASETS_OPEN_H

#include "../host.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>
#include <zlib.h>

/* Criterion runs each test in a process of its own, so each can have a folder of its own. */
static char test_folder[64];

static void enter_folder(void) {
    strcpy(test_folder, "/tmp/nn-datasets-XXXXXX");
    cr_assert_not_null(mkdtemp(test_folder));
    cr_assert_eq(chdir(test_folder), 0);
}

static void leave_folder(void) {
    char command[128];
    (void)snprintf(command, sizeof command, "rm -r '%s'", test_folder);
    cr_assert_eq(chdir("/"), 0);
    cr_assert_eq(system(command), 0);
}

static void write_bytes(const char *name, const void *bytes, size_t n) {
    FILE *file = fopen(name, "wb");
    cr_assert_not_null(file);
    cr_assert_eq(fwrite(bytes, 1, n, file), n);
    cr_assert_eq(fclose(file), 0);
}

static __attribute__((unused)) void write_text(const char *name, const char *content) {
    write_bytes(name, content, strlen(content));
}

static __attribute__((unused)) void write_gzip(const char *name, const void *bytes, size_t n) {
    gzFile file = gzopen(name, "wb");
    cr_assert_eq(gzwrite(file, bytes, (unsigned)n), (int)n);
    cr_assert_eq(gzclose(file), Z_OK);
}

typedef struct Opened {
    NnData *data;
    const NnDataset *loader;
    NnConfig *config;
    NnStatus *status;
    NnHost host;
} Opened;

/* data NULL and the status set where the loader refuses. */
static void open_data(Opened *o, const NnDataset *loader, const char *yaml) {
    const NnConfig *checked = NULL;
    *o = (Opened){.loader = loader, .status = nn_status_new(), .host = test_host()};
    o->config = nn_config_parse(yaml, strlen(yaml), "t.yaml", o->status);
    nn_config_api()->check(o->config, loader->settings, loader->n_settings, loader->setting_stride,
                           loader->name, &checked, o->status);
    if (nn_status_code(o->status) == NN_OK)
        loader->open(&o->host, checked, &o->data, o->status);
}

static void close_data(Opened *o) {
    if (o->data)
        o->loader->close(o->data);
    nn_config_free(o->config);
    nn_status_free(o->status);
}

/* The sentence, where {} stands for the test's folder. */
static void refused(const NnDataset *loader, const char *yaml, const char *sentence) {
    char expected[1024];
    const char *mark = strstr(sentence, "{}");
    Opened o;
    open_data(&o, loader, yaml);
    if (mark)
        (void)snprintf(expected, sizeof expected, "%.*s%s%s", (int)(mark - sentence), sentence, test_folder,
                       mark + 2);
    else
        (void)snprintf(expected, sizeof expected, "%s", sentence);
    cr_assert_null(o.data);
    cr_assert_str_eq(nn_status_message(o.status), expected);
    close_data(&o);
}

#endif
