/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The run folder: FOLDER/TASK/NAME[N]/ with config.yaml, results.csv, metrics.jsonl, record.yaml and
 * weights/. Whole files are replaced in one rename after they are on the disk; logs are appended to, a line
 * at a time.
 */
#include "training.h"

#include <errno.h>
#include <fcntl.h>
#include <glib/gstdio.h>
#include <math.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define MOST_RUNS 100000

/* ---- files ---- */

static int32_t fail_errno(NnStatus *status, const char *what, const char *path) {
    return nn_status_fail(status, NN_ERROR, "%s %s: %s", what, path, g_strerror(errno));
}

static int32_t sync_folder(const char *folder, NnStatus *status) {
    const int fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0 || fsync(fd) != 0)
        fail_errno(status, "cannot sync", folder);
    if (fd >= 0)
        close(fd);
    return nn_status_code(status);
}

int32_t nn_file_replace(const char *folder, const char *name, bool durable,
                        int32_t (*write_to)(void *arg, int fd, NnStatus *status), void *arg,
                        NnStatus *status) {
    g_autofree char *path = g_build_filename(folder, name, NULL);
    g_autofree char *fresh = g_strconcat(path, ".new", NULL);
    const int fd = open(fresh, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);
    if (fd < 0)
        return fail_errno(status, "cannot write", path);
    if (write_to(arg, fd, status) == NN_OK && durable && fsync(fd) != 0)
        nn_status_fail(status, NN_ERROR, "%s", g_strerror(errno));
    if (close(fd) != 0)
        nn_status_fail(status, NN_ERROR, "%s", g_strerror(errno));
    if (nn_status_code(status) == NN_OK && rename(fresh, path) != 0)
        nn_status_fail(status, NN_ERROR, "%s", g_strerror(errno));
    if (nn_status_code(status) == NN_OK)
        return durable ? sync_folder(folder, status) : NN_OK;
    (void)unlink(fresh);
    nn_status_where(status, "cannot write %s (what was there is kept)", path);
    return nn_status_code(status);
}

static int32_t write_all(int fd, const char *text, NnStatus *status) {
    for (size_t left = strlen(text); left;) {
        const ssize_t done = write(fd, text, left);
        if (done < 0 && errno != EINTR)
            return nn_status_fail(status, NN_ERROR, "%s", g_strerror(errno));
        text += MAX(done, 0);
        left -= (size_t)MAX(done, 0);
    }
    return NN_OK;
}

static int32_t write_text(void *arg, int fd, NnStatus *status) { return write_all(fd, arg, status); }

int32_t nn_run_write(NnTraining *t, const char *name, const char *text, NnStatus *status) {
    return nn_file_replace(t->folder, name, false, write_text, (void *)(uintptr_t)text, status);
}

static int32_t append(NnTraining *t, const char *name, const char *text, NnStatus *status) {
    g_autofree char *path = g_build_filename(t->folder, name, NULL);
    const int fd = open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0666);
    if (fd < 0)
        return fail_errno(status, "cannot write", path);
    if (write_all(fd, text, status) != NN_OK)
        nn_status_where(status, "cannot write %s", path);
    if (close(fd) != 0)
        fail_errno(status, "cannot write", path);
    return nn_status_code(status);
}

/* ---- the folder ---- */

static char *temporary_folder(NnStatus *status) {
    char *path = g_build_filename(g_get_tmp_dir(), "nnrun-dry-XXXXXX", NULL);
    if (g_mkdtemp(path))
        return path;
    fail_errno(status, "cannot make", path);
    g_free(path);
    return NULL;
}

static char *fresh_folder(const NnTraining *t, NnStatus *status) {
    const char *name = nn_setting_string(t->config.root, "name");
    g_autofree char *above = g_build_filename(nn_setting_string(t->config.root, "folder"),
                                              nn_setting_string(t->config.root, "task"), NULL);
    if (g_mkdir_with_parents(above, 0777) != 0) {
        fail_errno(status, "cannot make", above);
        return NULL;
    }
    for (int i = 1; i < MOST_RUNS; i++) {
        g_autofree char *numbered =
            i == 1 ? g_strdup(name ? name : "run") : g_strdup_printf("%s%d", name ? name : "run", i);
        char *path = g_build_filename(above, numbered, NULL);
        if (mkdir(path, 0777) == 0)
            return path;
        if (errno != EEXIST) {
            fail_errno(status, "cannot make", path);
            g_free(path);
            return NULL;
        }
        g_free(path);
    }
    nn_status_fail(status, NN_ERROR, "%s holds too many runs called %s", above, name ? name : "run");
    return NULL;
}

static bool is_one_part(const char *name) {
    return name == NULL || (*name && *name != '.' && strchr(name, '/') == NULL);
}

int32_t nn_run_create(NnTraining *t, NnStatus *status) {
    const char *const parts[] = {"name", "task"};
    for (size_t i = 0; i < G_N_ELEMENTS(parts); i++)
        if (!is_one_part(nn_setting_string(t->config.root, parts[i])))
            return nn_config_api()->fail(
                nn_setting(t->config.root, parts[i]), status,
                "it names a folder, so it must not be empty, begin with a dot or hold a slash");
    if (t->folder == NULL)
        t->folder = t->flags & NN_TRAINING_DRY ? temporary_folder(status) : fresh_folder(t, status);
    if (t->folder == NULL)
        return nn_status_code(status);
    g_autofree char *weights = g_build_filename(t->folder, "weights", NULL);
    if (g_mkdir_with_parents(weights, 0777) != 0)
        return fail_errno(status, "cannot make", weights);
    g_autofree char *config = nn_train_config_text(&t->config);
    return nn_run_write(t, "config.yaml", config, status);
}

void nn_run_remove(const char *folder) {
    g_autoptr(GDir) dir = g_dir_open(folder, 0, NULL);
    const char *name;
    while (dir && (name = g_dir_read_name(dir))) {
        g_autofree char *path = g_build_filename(folder, name, NULL);
        if (g_file_test(path, G_FILE_TEST_IS_DIR) && !g_file_test(path, G_FILE_TEST_IS_SYMLINK))
            nn_run_remove(path);
        else
            (void)unlink(path);
    }
    (void)rmdir(folder);
}

/* ---- logs ---- */

static void put_json(GString *out, const char *name, double value) {
    char text[G_ASCII_DTOSTR_BUF_SIZE];
    g_string_append_printf(out, ", \"%s\": ", name);
    g_string_append(out, isfinite(value) ? g_ascii_formatd(text, sizeof text, "%.9g", value) : "null");
}

static void put_report(GString *out, NnTraining *t) {
    put_json(out, "time", nn_training_seconds(t));
    for (guint i = 0; i < t->names->len; i++)
        if (!isnan(g_array_index(t->values, double, i)))
            put_json(out, t->names->pdata[i], g_array_index(t->values, double, i));
    put_json(out, "lr", t->rate);
    g_string_append(out, "}\n");
}

int32_t nn_run_log_step(NnTraining *t, NnStatus *status) {
    g_autoptr(GString) line = g_string_new(NULL);
    g_string_append_printf(line, "{\"step\": %" G_GUINT64_FORMAT ", \"epoch\": %" G_GUINT64_FORMAT, t->step,
                           t->epoch + 1);
    put_report(line, t);
    return append(t, "metrics.jsonl", line->str, status);
}

static bool is_val(const char *name) { return g_str_has_prefix(name, "val_"); }

/* epoch,time,train/loss,val/loss,metrics/...,lr: other metrics come from the evaluation where there is one.
 */
static void put_columns(const NnTraining *t, GString *head, GString *row) {
    bool evaluated = false;
    char text[G_ASCII_DTOSTR_BUF_SIZE];
    for (guint i = 0; i < t->names->len; i++)
        evaluated = evaluated || is_val(t->names->pdata[i]);
    for (guint i = 0; i < t->names->len; i++) {
        const char *name = t->names->pdata[i], *bare = is_val(name) ? name + 4 : name;
        const double value = g_array_index(t->values, double, i);
        const bool metric = is_val(name) == evaluated && strstr(bare, "loss") == NULL;
        g_string_append_printf(head, ",%s/%s", metric ? "metrics" : is_val(name) ? "val" : "train", bare);
        g_string_append_printf(row, ",%s",
                               isnan(value) ? "" : g_ascii_formatd(text, sizeof text, "%.9g", value));
    }
    g_string_append(head, ",lr\n");
    g_string_append_printf(row, ",%s\n", g_ascii_formatd(text, sizeof text, "%.9g", t->rate));
}

int32_t nn_run_log_epoch(NnTraining *t, NnStatus *status) {
    char text[G_ASCII_DTOSTR_BUF_SIZE];
    g_autoptr(GString) line = g_string_new(NULL), head = g_string_new("epoch,time"), row = g_string_new(NULL);
    g_autofree char *csv = g_build_filename(t->folder, "results.csv", NULL);
    g_string_append_printf(line, "{\"epoch\": %" G_GUINT64_FORMAT ", \"step\": %" G_GUINT64_FORMAT,
                           t->epoch + 1, t->step);
    put_report(line, t);
    g_string_append_printf(row, "%" G_GUINT64_FORMAT ",%s", t->epoch + 1,
                           g_ascii_formatd(text, sizeof text, "%.3f", nn_training_seconds(t)));
    put_columns(t, head, row);
    if (!g_file_test(csv, G_FILE_TEST_EXISTS))
        append(t, "results.csv", head->str, status);
    append(t, "results.csv", row->str, status);
    return append(t, "metrics.jsonl", line->str, status);
}

typedef bool (*KeepLine)(const NnTraining *, const char *line);

static bool keep_row(const NnTraining *t, const char *line) {
    return !g_ascii_isdigit(*line) || g_ascii_strtoull(line, NULL, 10) <= t->epoch;
}

static bool keep_json(const NnTraining *t, const char *line) {
    const bool epoch = g_str_has_prefix(line, "{\"epoch\": ");
    const char *number = strchr(line, ' ');
    return number && g_str_has_suffix(line, "}") &&
           g_ascii_strtoull(number, NULL, 10) <= (epoch ? t->epoch : t->step);
}

static int32_t rewind_file(NnTraining *t, const char *name, KeepLine keep, NnStatus *status) {
    g_autofree char *path = g_build_filename(t->folder, name, NULL), *text = NULL;
    if (!g_file_get_contents(path, &text, NULL, NULL))
        return NN_OK;
    g_auto(GStrv) lines = g_strsplit(text, "\n", -1);
    g_autoptr(GString) kept = g_string_new(NULL);
    for (char **line = lines; *line; line++)
        if (**line && keep(t, *line))
            g_string_append_printf(kept, "%s\n", *line);
    return g_str_equal(kept->str, text) ? NN_OK : nn_run_write(t, name, kept->str, status);
}

int32_t nn_run_rewind(NnTraining *t, NnStatus *status) {
    if (rewind_file(t, "results.csv", keep_row, status) != NN_OK)
        return nn_status_code(status);
    return rewind_file(t, "metrics.jsonl", keep_json, status);
}
