/* SPDX-License-Identifier: Apache-2.0 */
/* nnrun export: a function of a trained network, with its weights, as a file for other programs. */
#include "training.h"

#include "nn/format.h"
#include "nn/plugin.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

/* ---- the file: written beside its place, then moved there ---- */

static int32_t put(void *self, const void *bytes, uint64_t n, NnStatus *status) {
    if (fwrite(bytes, 1, n, self) == n)
        return NN_OK;
    return nn_status_fail(status, NN_ERROR, "%s", g_strerror(errno));
}

static void write_file(Program *p, const NnFormat *format, const NnGraphView *view, const NnPair *pairs,
                       uint32_t n_pairs, const char *path) {
    g_autofree char *fresh = g_strconcat(path, ".new", NULL);
    if (g_file_test(path, G_FILE_TEST_IS_DIR)) {
        nn_status_fail(p->status, NN_INVALID, "%s cannot be written: it is a folder", path);
        return;
    }
    FILE *file = fopen(fresh, "wb");
    if (file == NULL) {
        nn_status_fail(p->status, NN_INVALID, "%s cannot be written: %s", path, g_strerror(errno));
        return;
    }
    const NnSink sink = {.struct_size = sizeof sink, .self = file, .write = put};
    (void)format->write_graph(nn_registry_host(p->context, format), view, n_pairs, pairs, &sink, p->status);
    if (nn_status_code(p->status) == NN_OK && (fflush(file) != 0 || fsync(fileno(file)) != 0))
        nn_status_fail(p->status, NN_ERROR, "%s", g_strerror(errno));
    if (fclose(file) != 0)
        nn_status_fail(p->status, NN_ERROR, "%s", g_strerror(errno));
    if (nn_status_code(p->status) == NN_OK && rename(fresh, path) != 0)
        nn_status_fail(p->status, NN_ERROR, "%s", g_strerror(errno));
    if (nn_status_code(p->status) == NN_OK)
        return;
    if (nn_status_code(p->status) == NN_ERROR)
        nn_status_where(p->status, "%s cannot be written", path);
    (void)unlink(fresh);
}

/* ---- the function ---- */

static const NnFunction *find_function(Program *p, const NnNetwork *network, const char *name) {
    const NnFunction *found = nn_network_function(network, name);
    NnFunction *const *all;
    const uint32_t n = nn_network_functions(network, &all);
    g_autoptr(GString) names = g_string_new(NULL);
    for (uint32_t i = 0; i < n; i++)
        g_string_append_printf(names, "%s%s", i ? ", " : "", nn_function_name(all[i]));
    if (found == NULL)
        nn_status_fail(p->status, NN_INVALID, "the model has no function \"%s\"; it has %s", name,
                       names->str);
    return found;
}

static char *default_path(const char *run, const char *extension) {
    g_autofree char *base = g_path_get_basename(run);
    char *dot = strrchr(base, '.');
    if (dot && dot != base && !g_file_test(run, G_FILE_TEST_IS_DIR))
        *dot = '\0';
    return g_strdup_printf("%s.%s", base, extension);
}

static void export_with(Program *p, NnTraining *training) {
    const char *name = nnrun_flag(p, "function"), *opset = nnrun_flag(p, "opset"),
               *output = nnrun_flag(p, "output"), *kind = nnrun_flag(p, "format");
    const NnFormat *format = nn_registry_table(p->context, NN_FORMAT_KIND, kind ? kind : "onnx", p->status);
    const NnFunction *function =
        format ? find_function(p, nn_training_network(training), name ? name : "predict") : NULL;
    if (function == NULL)
        return;
    if (!NN_HAS(format, write_graph)) {
        nn_status_fail(p->status, NN_UNSUPPORTED, "the format %s does not hold networks", format->name);
        return;
    }
    g_autofree char *path = output ? g_strdup(output) : default_path(p->words[0], format->extension);
    const NnPair pairs[] = {{"producer", "nnrun"},
                            {"producer_version", nn_version()},
                            {"function", nn_function_name(function)},
                            {"opset", opset}};
    const NnGraphView *view = nn_view_new(nn_training_session(training), function, p->status);
    if (view)
        write_file(p, format, view, pairs, NN_COUNT(pairs) - (opset == NULL), path);
    nn_view_free(view);
    if (nn_status_code(p->status) == NN_OK)
        printf("%s\n", path);
}

static int run(Program *p) {
    Trained trained = {0};
    if (training_open(p, &trained))
        export_with(p, trained.training);
    training_close(&trained);
    return nnrun_end(p);
}

static const Flag flags[] = {
    {"output", 'o', "FILE", "The file to write; otherwise named after the run, in the current folder."},
    {"opset", 0, "N", "The operator set of the file, from 13 on; otherwise 17, which most programs read."},
    {"function", 0, "NAME", "Which function of the model; otherwise predict."},
    WEIGHTS_FLAG,
    {"format", 0, "NAME", "The format of the file; otherwise onnx."},
    {"override", 0, "KEY=VALUE", "Change the configuration; as a word without --override."},
};

const Command nnrun_export = {
    .name = "export",
    .usage = "RUN|CONFIG [KEY=VALUE ...]",
    .summary = "Write a network as a file that other programs run",
    .help = "Examples:\n"
            "  nnrun export runs/train/glyphs-lenet5 -o lenet5.onnx\n"
            "  nnrun export runs/train/glyphs-transformer --opset 13\n"
            "\nThe file is a model of ONNX with the weights in it. Its inputs are the fields of the data as\n"
            "they are stored, its outputs those of the function: logits and prediction.\n",
    .min_words = 1,
    .max_words = ANY_WORDS,
    .n_flags = G_N_ELEMENTS(flags),
    .flags = flags,
    .run = run};
