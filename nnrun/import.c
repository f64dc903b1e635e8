/* SPDX-License-Identifier: Apache-2.0 */
/* nnrun import: a folder with another program's model and a configuration that evaluates, asks and trains it.
 */
#include "inspect.h"
#include "training.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* As YAML has it between single quotes. */
static char *quoted(const char *text) {
    GString *out = g_string_new("'");
    for (const char *c = text; *c; c++)
        g_string_append_len(out, *c == '\'' ? "''" : c, *c == '\'' ? 2 : 1);
    g_string_append_c(out, '\'');
    return g_string_free(out, FALSE);
}

static void put_comment(GString *out, const char *format, ...) G_GNUC_PRINTF(2, 3);

static void put_comment(GString *out, const char *format, ...) {
    va_list args;
    va_start(args, format);
    g_autofree char *text = g_strdup_vprintf(format, args);
    va_end(args);
    for (char *c = text; *c; c++)
        *c = (unsigned char)*c < 0x20 ? '?' : *c;
    g_string_append_printf(out, "# %s\n", text);
}

static void put_heading(GString *out, const Inspection *in, const char *file, const char *folder) {
    put_comment(out, "%s%s%s", file, in->producer ? ", made by " : "", in->producer ? in->producer : "");
    for (guint i = 0; i < in->outputs->len; i++)
        put_comment(out, "output %s %s", g_array_index(in->outputs, Port, i).name,
                    g_array_index(in->outputs, Port, i).shape);
    put_comment(out, "%" G_GUINT64_FORMAT " weights in %" G_GUINT64_FORMAT " tensors", in->numbers,
                in->tensors);
    g_string_append(out, "#\n");
    put_comment(out, "nnrun predict %s --from x.npy --to y.npy", folder);
    put_comment(out, "nnrun train %s/config.yaml 'data={loader: idx, path: /where/it/is}'", folder);
    put_comment(out, "nnrun help imported");
}

/* The guess: the first input takes x. What else can be said stands there as comments. */
static char *config_text(const Inspection *in, const char *file, const char *name, const char *folder) {
    GString *out = g_string_new(NULL);
    g_autofree char *quoted_file = quoted(file), *quoted_name = quoted(name);
    g_autofree char *base = g_path_get_basename(file);
    put_heading(out, in, base, folder);
    g_string_append_printf(out, "name: %s\nmodel:\n  family: imported\n  file: %s\n", quoted_name,
                           quoted_file);
    for (guint i = 0; i < in->inputs->len; i++) {
        const Port *port = &g_array_index(in->inputs, Port, i);
        g_autofree char *input = quoted(port->name);
        if (i == 0)
            g_string_append(
                out, "  # What goes into each input: a field of the data, a number, or for instance\n"
                     "  # {field: x, scale: 255, mean: [123.7, 116.8, 103.9], std: [58.4, 57.1, 57.4]}\n"
                     "  inputs:\n");
        if (i == 0)
            g_string_append_printf(out, "    %s: x  # %s\n", input, port->shape);
        else
            g_string_append_printf(out, "    # %s: FIELD  # %s\n", input, port->shape);
    }
    g_string_append(out,
                    "  # output: NAME   any value of the graph is the result; otherwise its first output\n");
    g_string_append(
        out, "  # head: true     puts a new layer on the output, one number for each class of the data\n"
             "  # train: ['*']   which weights train, by patterns of their names; [] none but the head\n"
             "# data: {loader: idx, path: /where/it/is}\n"
             "train:\n  epochs: 3\n  optimizer: {name: adam, rate: 3e-4}\n");
    return g_string_free(out, FALSE);
}

/* The same with what the command line says, as the training resolves it; the file is the one in the folder.
 */
static char *overridden_text(Program *p, const NnTraining *t, const char *file) {
    char *resolved = nn_training_config_text(t);
    NnConfig *config = nn_config_parse(resolved, strlen(resolved), "the configuration", p->status);
    g_autofree char *name = quoted(file), *assignment = g_strconcat("model.file=", name, NULL);
    char *text = NULL;
    if (config && nn_config_override(config, assignment, p->status) == NN_OK) {
        char *plain = nn_config_text(config);
        text = g_strconcat(plain, "\n", NULL);
        free(plain);
    }
    nn_config_free(config);
    free(resolved);
    return text;
}

/* ---- the folder ---- */

static bool fail_path(Program *p, const char *what, const char *path) {
    nn_status_fail(p->status, NN_ERROR, "%s %s: %s", what, path, g_strerror(errno));
    return false;
}

static bool copy_file(Program *p, const char *from, const char *to) {
    g_autoptr(GError) error = NULL;
    g_autofree char *folder = g_path_get_dirname(to);
    GMappedFile *file = g_mapped_file_new(from, FALSE, &error);
    if (file == NULL) {
        nn_status_fail(p->status, NN_ERROR, "%s", error->message);
        return false;
    }
    const char *bytes = g_mapped_file_get_contents(file);
    const gsize n = g_mapped_file_get_length(file);
    const bool good = g_mkdir_with_parents(folder, 0777) == 0 &&
                      g_file_set_contents_full(to, bytes ? bytes : "", (gssize)n,
                                               G_FILE_SET_CONTENTS_CONSISTENT, 0666, &error);
    g_mapped_file_unref(file);
    if (!good)
        nn_status_fail(p->status, NN_ERROR, "%s cannot be written: %s", to,
                       error ? error->message : g_strerror(errno));
    return good;
}

/* The model first and the configuration last: a folder with a configuration is whole. */
static bool fill_folder(Program *p, const Inspection *in, const char *model, const char *folder,
                        const char *config) {
    g_autoptr(GError) error = NULL;
    g_autofree char *base = g_path_get_basename(model), *path = g_build_filename(folder, base, NULL);
    g_autofree char *yaml = g_build_filename(folder, "config.yaml", NULL);
    if (!copy_file(p, model, path))
        return false;
    for (guint i = 0; i < in->companions->len; i++) {
        g_autofree char *from = g_build_filename(in->folder, in->companions->pdata[i], NULL),
                        *to = g_build_filename(folder, in->companions->pdata[i], NULL);
        if (!copy_file(p, from, to))
            return false;
    }
    if (g_file_set_contents_full(yaml, config, -1, G_FILE_SET_CONTENTS_CONSISTENT, 0666, &error))
        return true;
    nn_status_fail(p->status, NN_ERROR, "%s cannot be written: %s", yaml, error->message);
    return false;
}

static bool make_folder(Program *p, const char *folder) {
    if (g_mkdir_with_parents(folder, 0777) != 0)
        return fail_path(p, "cannot make", folder);
    g_autoptr(GDir) dir = g_dir_open(folder, 0, NULL);
    if (dir && g_dir_read_name(dir) == NULL)
        return true;
    nn_status_fail(p->status, NN_INVALID,
                   "%s is there already and not empty; 'nnrun import MODEL FOLDER' names another", folder);
    return false;
}

/* ---- the command ---- */

/* Builds the network, which tells whether family, data and file go together. NULL with the status set. */
static NnTraining *try_config(Program *p, NnConfig *config, char *const *overrides) {
    if (config == NULL || !training_override(p, config, overrides) || training_context(p, config) == NULL)
        return NULL;
    return nn_training_new(p->context, config, NN_TRAINING_NO_UPDATES, NULL, p->status);
}

static char *stem(const char *path) {
    char *base = g_path_get_basename(path), *dot = strrchr(base, '.');
    if (dot && dot != base)
        *dot = '\0';
    return base;
}

static void import_into(Program *p, const Inspection *in, const char *folder, char *const *overrides) {
    g_autofree char *base = g_path_get_basename(p->words[0]), *name = stem(p->words[0]),
                    *absolute = g_canonicalize_filename(p->words[0], NULL),
                    *probe = config_text(in, absolute, name, folder),
                    *plain = config_text(in, base, name, folder), *text = NULL;
    NnConfig *config = nn_config_parse(probe, strlen(probe), "the configuration", p->status);
    NnTraining *training = try_config(p, config, overrides);
    if (training)
        text = *overrides ? overridden_text(p, training, base) : g_strdup(plain);
    if (text && make_folder(p, folder) && !fill_folder(p, in, p->words[0], folder, text))
        (void)rmdir(folder);
    nn_training_free(training);
    nn_config_free(config);
}

static int run(Program *p) {
    Inspection in;
    const bool named = p->n_words > 1 && strchr(p->words[1], '=') == NULL;
    g_autofree char *folder = named ? g_strdup(p->words[1]) : stem(p->words[0]);
    g_autofree char **overrides = training_overrides(p);
    if (inspect_file(&in, p, p->words[0]) && !nnrun_flag(p, "dry-run"))
        import_into(p, &in, folder, overrides + named);
    if (nn_status_code(p->status) == NN_OK) {
        inspect_print(&in, p->json);
        if (!nnrun_flag(p, "dry-run"))
            nnrun_say(p, "%s/config.yaml", folder);
    }
    inspect_clear(&in);
    return nnrun_end(p);
}

static const Flag flags[] = {
    {"override", 'o', "KEY=VALUE", "Change the configuration; as a word without -o."},
    {"dry-run", 0, NULL, "Say what the file holds, and leave nothing behind."},
};

const Command nnrun_import = {
    .name = "import",
    .usage = "MODEL [FOLDER] [KEY=VALUE ...]",
    .summary = "Make another program's model one to ask and to train",
    .help =
        "Examples:\n"
        "  nnrun import resnet50.onnx                                what it holds, and a folder resnet50/\n"
        "  nnrun predict resnet50 --from images.npy --to classes.npy\n"
        "  nnrun import digits.onnx mine 'data={loader: idx, path: mnist}'\n"
        "  nnrun eval mine\n"
        "  nnrun train mine/config.yaml train.epochs=2               trains it further\n"
        "\nThe folder gets a copy of the file and a config.yaml with guesses to be edited: which field of "
        "the\n"
        "data goes into which input, what the output means, which weights train. 'nnrun help imported' "
        "lists\n"
        "what can be said.\n",
    .min_words = 1,
    .max_words = ANY_WORDS,
    .n_flags = G_N_ELEMENTS(flags),
    .flags = flags,
    .run = run};
