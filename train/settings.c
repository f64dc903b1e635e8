/* SPDX-License-Identifier: Apache-2.0 */
/* The settings tables of a training, and how a configuration is checked against them and the plug-ins' own.
 */
#include "settings.h"

#include <string.h>

#define WHOLE(key, value, least, of, text)                                                                   \
    {                                                                                                        \
        .name = (key), .kind = NN_SET_INT, .flags = NN_SET_RANGE, .preset = (value), .min = (least),         \
        .max = 1e15, .unit = (of), .doc = (text)                                                             \
    }
#define REAL(key, value, least, most, text)                                                                  \
    {                                                                                                        \
        .name = (key), .kind = NN_SET_FLOAT, .flags = NN_SET_RANGE, .preset = (value), .min = (least),       \
        .max = (most), .doc = (text)                                                                         \
    }
#define FLAG(key, value, text)                                                                               \
    { .name = (key), .kind = NN_SET_BOOL, .preset = (value), .doc = (text) }
#define TEXT(key, value, text)                                                                               \
    { .name = (key), .kind = NN_SET_STRING, .preset = (value), .doc = (text) }
#define PART(key, needed, text)                                                                              \
    { .name = (key), .kind = NN_SET_MAP, .flags = (needed), .preset = (needed) ? NULL : "{}", .doc = (text) }

static const NnSetting whole[] = {
    TEXT("name", NULL, "What the run is called; its folder is named so. Default: the file's name."),
    TEXT("task", "train", "The kind of run: the folder above."),
    TEXT("folder", "runs", "Where run folders are made: FOLDER/TASK/NAME, seen from the current folder."),
    {.name = "seed",
     .kind = NN_SET_INT,
     .flags = NN_SET_RANGE,
     .preset = "0",
     .min = 0,
     .max = 9007199254740991.0,
     .doc = "Everything drawn at random follows from it: first weights, order of samples, dropout."},
    {.name = "device",
     .kind = NN_SET_ANY,
     .preset = "auto",
     .doc = "A device or a list in order of preference: cpu, opencl:1, auto. One with settings is a map: "
            "{name: opencl, memory: 2000000000} (nnrun devices, nnrun help opencl)."},
    WHOLE("threads", "0", 0, "threads", "Threads that kernels may use; 0: OMP_NUM_THREADS, else all cores."),
    PART("model", NN_SET_REQUIRED, "The network: `family`, and the family's settings (nnrun models)."),
    {.name = "data",
     .kind = NN_SET_MAP,
     .doc = "The data: `loader`, and the loader's settings (nnrun datasets). A network that is only asked "
            "may have "
            "none."},
    PART("train", 0, "How it is trained (nnrun help train)."),
};

static const NnSetting train[] = {
    WHOLE("epochs", "10", 0, "epochs", "How often all samples are seen."),
    WHOLE("max_steps", "0", 0, "steps", "Training ends after so many updates at the latest; 0: no such end."),
    WHOLE("batch", "64", 1, "samples", "How many samples one gradient is taken over."),
    WHOLE("accumulate", "1", 1, "batches", "How many batches' gradients are averaged for one update."),
    PART("optimizer", 0,
         "The update rule: `name` (default sgd), `rate`, and its own settings (nnrun optimizers)."),
    PART("schedule", 0, "The course of the learning rate: `name` (default constant) and its own settings."),
    PART("groups", 0, "Optimizers of parameter groups that the model names, as in `optimizer`."),
    {.name = "weight_decay",
     .kind = NN_SET_FLOAT,
     .flags = NN_SET_RANGE,
     .min = 0,
     .max = 1e6,
     .doc =
         "Added to the gradient times the weight, or decoupled where the optimizer says so. Default: 0, and "
         "0.01 where it is decoupled."},
    REAL("clip_norm", "0", 0, 1e300, "The largest norm of all gradients together; 0: not clipped."),
    REAL("clip_value", "0", 0, 1e300, "The largest element of a gradient; 0: not clipped."),
    FLAG("shuffle", "true", "Samples are seen in a new order in each epoch."),
    FLAG("drop_last", "false", "Leave out the last batch of an epoch when it is short."),
    REAL("holdout", "0", 0, 0.9,
         "The part of the training split that is kept from training, for validation."),
    TEXT("evaluate", NULL,
         "The split that is evaluated after each epoch, or none. Default: validation, else test."),
    WHOLE("eval_batch", "0", 0, "samples", "Batch size of evaluation; 0: as in training."),
    WHOLE("evaluate_every", "1", 1, "epochs", "Epochs from evaluation to evaluation."),
    WHOLE("log_every_steps", "0", 0, "steps", "Steps from line to line in metrics.jsonl; 0: epochs only."),
    WHOLE("save_every_steps", "0", 0, "steps", "Steps from save to save; 0: epochs only."),
    WHOLE("save_every_epochs", "1", 0, "epochs", "Epochs from save to save; 0: at the end only."),
    TEXT("watch", NULL,
         "The metric that `best`, plateaus and early stopping look at. Default: val_loss, else loss."),
    {.name = "watch_mode",
     .kind = NN_SET_ENUM,
     .preset = "auto",
     .choices = "auto|min|max",
     .doc = "Whether smaller or larger is better; auto: larger where the name ends in accuracy."},
    WHOLE("patience", "0", 0, "epochs",
          "Training stops after so many epochs without a better metric; 0: never."),
    REAL("min_delta", "0", 0, 1e300, "By how much a metric has to be better to count as better."),
    {.name = "weights",
     .kind = NN_SET_PATH,
     .doc = "A file with weights to begin with, by the names of the model's variables. Default: as the model "
            "says."},
    TEXT("format", "safetensors",
         "The format of checkpoints: safetensors, npz, or another that a plug-in brings."),
};

const NnSetting *nn_train_settings(const char *section, uint32_t *count) {
    if (*section == '\0') {
        *count = G_N_ELEMENTS(whole);
        return whole;
    }
    *count = g_str_equal(section, "train") ? G_N_ELEMENTS(train) : 0;
    return *count ? train : NULL;
}

static bool has(const NnSetting *table, uint32_t count, const char *name) {
    for (uint32_t i = 0; i < count; i++)
        if (g_str_equal(table[i].name, name))
            return true;
    return false;
}

bool nn_train_known(const char *dotted, void *data) {
    (void)data;
    g_auto(GStrv) parts = g_strsplit(dotted, ".", 3);
    const guint n = g_strv_length(parts);
    if (n == 0 || !has(whole, G_N_ELEMENTS(whole), parts[0]))
        return false;
    if (n == 1 || g_str_equal(parts[0], "model") || g_str_equal(parts[0], "data") ||
        g_str_equal(parts[0], "device"))
        return true;
    return g_str_equal(parts[0], "train") && has(train, G_N_ELEMENTS(train), parts[1]);
}

/* ---- nodes as text ---- */

static void write_text(GString *out, int indent, const char *key, const char *text) {
    const gsize n = strlen(text);
    const char *end = memchr(text, '\n', n);
    g_string_append_printf(out, "%*s%s:", indent, "", key);
    if (end == NULL || end == text + n - 1) {
        g_string_append_printf(out, " %s%s", text, end ? "" : "\n");
        return;
    }
    g_string_append_c(out, '\n');
    g_auto(GStrv) lines = g_strsplit(text, "\n", -1);
    for (char **line = lines; *line; line++)
        if (**line)
            g_string_append_printf(out, "%*s%s\n", indent + 2, "", *line);
}

static void write_node(GString *out, int indent, const char *key, const NnConfig *node) {
    char *text = nn_config_text(node);
    const NnConfigKind kind = nn_config_api()->kind(node);
    /* A block of one line still begins on a line of its own. */
    const bool block = (kind == NN_CONFIG_MAP || kind == NN_CONFIG_LIST) &&
                       nn_config_api()->count(node) > 0 && *text != '[' && *text != '{';
    if (block) {
        g_autofree char *body = g_strconcat(text, "\n", NULL);
        write_text(out, indent, key, body);
    } else {
        write_text(out, indent, key, text);
    }
    free(text);
}

/* ---- checking ---- */

static const NnConfig *empty_map(NnTrainConfig *c, const char *what, NnStatus *status) {
    NnConfig *map = nn_config_parse("{}", 2, what, status);
    if (map)
        g_ptr_array_add(c->owned, map);
    return map;
}

static void append_table(GArray *to, const NnSetting *table, uint32_t count, uint32_t stride) {
    for (uint32_t i = 0; i < count; i++) {
        NnSetting s = {0};
        memcpy(&s, (const char *)table + (gsize)i * stride, MIN(stride, sizeof s));
        g_array_append_val(to, s);
    }
}

/* The plug-in that `key` of the map chooses, and the map checked against its table behind `extra`. */
static const void *choose(const NnConfig *map, NnContext *context, const char *kind, const char *key,
                          const char *preset, NnStatus *status) {
    const NnConfigApi *api = nn_config_api();
    const NnConfig *node = api->get(map, key);
    const char *name = node ? api->string(node) : preset;
    if (name == NULL) {
        g_autofree char *text = g_strdup_printf("%s must be a name, as a string", key);
        api->fail(node ? node : map, status, text);
        return NULL;
    }
    const void *table = nn_registry_table(context, kind, name, status);
    if (table == NULL && node)
        nn_status_where(status, "%s", api->place(node));
    return table;
}

static const NnConfig *check_with(const NnConfig *map, const NnSetting *first, uint32_t n_first,
                                  const NnSetting *own, uint32_t n_own, uint32_t stride, const char *what,
                                  NnStatus *status) {
    g_autoptr(GArray) table = g_array_new(FALSE, FALSE, sizeof(NnSetting));
    const NnConfig *checked = NULL;
    append_table(table, first, n_first, sizeof *first);
    append_table(table, own, n_own, stride);
    nn_config_api()->check(map, (const NnSetting *)(const void *)table->data, table->len, sizeof(NnSetting),
                           what, &checked, status);
    return checked;
}

static int32_t read_model(NnTrainConfig *c, NnContext *context, NnStatus *status) {
    static const NnSetting family = {.name = "family",
                                     .kind = NN_SET_STRING,
                                     .flags = NN_SET_REQUIRED,
                                     .doc = "Which family of networks."};
    const NnConfig *map = nn_setting(c->root, "model");
    c->family = choose(map, context, NN_MODEL_KIND, "family", NULL, status);
    if (c->family == NULL)
        return nn_status_code(status);
    g_autofree char *what = g_strconcat("model family ", c->family->name, NULL);
    c->model = check_with(map, &family, 1, c->family->settings, c->family->n_settings,
                          c->family->setting_stride, what, status);
    return nn_status_code(status);
}

static int32_t read_data(NnTrainConfig *c, NnContext *context, NnStatus *status) {
    static const NnSetting loader = {
        .name = "loader", .kind = NN_SET_STRING, .flags = NN_SET_REQUIRED, .doc = "Who reads the data."};
    const NnConfig *map = nn_setting(c->root, "data");
    if (nn_config_api()->kind(map) == NN_CONFIG_NULL)
        return NN_OK;
    c->loader = choose(map, context, NN_DATASET_KIND, "loader", NULL, status);
    if (c->loader == NULL)
        return nn_status_code(status);
    g_autofree char *what = g_strconcat("loader ", c->loader->name, NULL);
    c->data = check_with(map, &loader, 1, c->loader->settings, c->loader->n_settings,
                         c->loader->setting_stride, what, status);
    return nn_status_code(status);
}

static int32_t read_optimizer(NnChosen *chosen, NnContext *context, const NnConfig *map, NnStatus *status) {
    const NnOptimizer *o = choose(map, context, NN_OPTIMIZER_KIND, "name", "sgd", status);
    if (o == NULL)
        return nn_status_code(status);
    char rate[G_ASCII_DTOSTR_BUF_SIZE];
    const NnSetting own[] = {
        {.name = "name", .kind = NN_SET_STRING, .preset = o->name, .doc = "Which update rule."},
        {.name = "rate",
         .kind = NN_SET_FLOAT,
         .flags = NN_SET_RANGE,
         .preset = g_ascii_dtostr(rate, sizeof rate, o->rate),
         .min = 0,
         .max = 1e300,
         .doc = "The learning rate."},
    };
    g_autofree char *what = g_strconcat("optimizer ", o->name, NULL);
    chosen->table = o;
    chosen->config = check_with(map, own, 2, o->settings, o->n_settings, o->setting_stride, what, status);
    return nn_status_code(status);
}

static int32_t read_schedule(NnChosen *chosen, NnContext *context, const NnConfig *map, NnStatus *status) {
    const NnSchedule *s = choose(map, context, NN_SCHEDULE_KIND, "name", "constant", status);
    if (s == NULL)
        return nn_status_code(status);
    const NnSetting own = {
        .name = "name", .kind = NN_SET_STRING, .preset = s->name, .doc = "Which schedule."};
    g_autofree char *what = g_strconcat("schedule ", s->name, NULL);
    chosen->table = s;
    chosen->config = check_with(map, &own, 1, s->settings, s->n_settings, s->setting_stride, what, status);
    return nn_status_code(status);
}

static void free_chosen(void *data) {
    NnChosen *chosen = data;
    g_free(chosen->group);
    g_free(chosen);
}

static int32_t read_groups(NnTrainConfig *c, NnContext *context, NnStatus *status) {
    const NnConfigApi *api = nn_config_api();
    const NnConfig *groups = nn_setting(c->train, "groups");
    for (uint64_t i = 0; i < api->count(groups) && nn_status_code(status) == NN_OK; i++) {
        NnChosen *chosen = g_new0(NnChosen, 1);
        chosen->group = g_strdup(api->key(groups, i));
        g_ptr_array_add(c->groups, chosen);
        if (api->kind(api->at(groups, i)) != NN_CONFIG_MAP)
            return api->fail(api->at(groups, i), status,
                             "a group's optimizer must be a map: {name: adam, rate: 1e-3}");
        read_optimizer(chosen, context, api->at(groups, i), status);
    }
    return nn_status_code(status);
}

/* {name: opencl:pocl, memory: 2000000000}: the settings are those of the kind, the word before the colon. */
static const NnConfig *check_device(const NnConfig *map, NnContext *context, NnStatus *status) {
    static const NnSetting own = {
        .name = "name", .kind = NN_SET_STRING, .flags = NN_SET_REQUIRED, .doc = "Which device."};
    const NnConfigApi *api = nn_config_api();
    const NnConfig *node = api->get(map, "name");
    const char *name = api->string(node);
    if (name == NULL) {
        api->fail(node ? node : map, status,
                  "a device with settings needs its name, as a string: {name: opencl, memory: 2000000000}");
        return NULL;
    }
    if (g_str_equal(name, "auto"))
        return check_with(map, &own, 1, NULL, 0, 0, "device auto, which may be any,", status);
    g_autofree char *kind_name = g_strndup(name, strcspn(name, ":"));
    const NnDeviceKind *kind = nn_registry_table(context, NN_DEVICE_KIND, kind_name, status);
    if (kind == NULL) {
        nn_status_where(status, "%s", api->place(node));
        return NULL;
    }
    g_autofree char *what = g_strconcat("device ", kind_name, NULL);
    return check_with(map, &own, 1, kind->settings, kind->n_settings, kind->setting_stride, what, status);
}

static int32_t read_device(NnTrainConfig *c, NnContext *context, const NnConfig *node, NnStatus *status) {
    const NnConfigApi *api = nn_config_api();
    const bool map = api->kind(node) == NN_CONFIG_MAP;
    const NnConfig *checked = map ? check_device(node, context, status) : node;
    if (checked == NULL)
        return nn_status_code(status);
    const char *name = map ? nn_setting_string(checked, "name") : api->string(node);
    if (name == NULL)
        return api->fail(node, status,
                         "device must be a name, a map of a name and settings, or a list of these: "
                         "[cpu, {name: opencl, memory: 2000000000}]");
    for (guint i = 0; i < c->devices->len; i++)
        if (g_str_equal(c->devices->pdata[i], name))
            return api->fail(node, status, "device names the same one twice");
    g_ptr_array_add(c->devices, g_strdup(name));
    g_ptr_array_add(c->device_nodes, (void *)(uintptr_t)checked);
    return NN_OK;
}

/* What the session takes: a map of maps, by the devices' names. */
static int32_t join_device_settings(NnTrainConfig *c, NnStatus *status) {
    const NnConfigApi *api = nn_config_api();
    g_autoptr(GString) text = g_string_new(NULL);
    for (guint i = 0; i < c->device_nodes->len; i++) {
        const NnConfig *map = c->device_nodes->pdata[i];
        if (api->kind(map) != NN_CONFIG_MAP || api->count(map) < 2)
            continue;
        char *name = nn_config_text(api->get(map, "name")); /* quoted where it has to be, and a line */
        g_string_append_printf(text, "? %s:\n", name);
        free(name);
        for (uint64_t k = 0; k < api->count(map); k++)
            if (!g_str_equal(api->key(map, k), "name"))
                write_node(text, 2, api->key(map, k), api->at(map, k));
    }
    if (text->len == 0)
        return NN_OK;
    NnConfig *joined = nn_config_parse(text->str, text->len, "the devices' settings", status);
    if (joined == NULL)
        return nn_status_code(status);
    g_ptr_array_add(c->owned, joined);
    c->device_config = joined;
    return NN_OK;
}

static int32_t read_devices(NnTrainConfig *c, NnContext *context, NnStatus *status) {
    const NnConfigApi *api = nn_config_api();
    const NnConfig *node = nn_setting(c->root, "device");
    const bool list = api->kind(node) == NN_CONFIG_LIST;
    const uint64_t n = list ? api->count(node) : 1;
    for (uint64_t i = 0; i < n; i++)
        if (read_device(c, context, list ? api->at(node, i) : node, status) != NN_OK)
            return nn_status_code(status);
    if (n == 0)
        return api->fail(node, status, "device names none; `auto` takes the best one");
    g_ptr_array_add(c->devices, NULL);
    return join_device_settings(c, status);
}

static int32_t read_format(NnTrainConfig *c, NnContext *context, NnStatus *status) {
    const NnFormat *f = choose(c->train, context, NN_FORMAT_KIND, "format", NULL, status);
    if (f == NULL)
        return nn_status_code(status);
    c->format = f;
    if (NN_HAS(f, read) && NN_HAS(f, write) && (f->flags & (NN_FORMAT_SINGLE | NN_FORMAT_BARE)) == 0)
        return NN_OK;
    g_autofree char *text = g_strdup_printf(
        "the format %s cannot hold a checkpoint: several arrays by name, and a record", f->name);
    return nn_config_api()->fail(nn_setting(c->train, "format"), status, text);
}

static int32_t read_train(NnTrainConfig *c, NnContext *context, NnStatus *status) {
    const NnConfig *map = nn_setting(c->root, "train");
    if (nn_config_api()->check(map, train, G_N_ELEMENTS(train), sizeof train[0], "section train", &c->train,
                               status) != NN_OK)
        return nn_status_code(status);
    const NnConfig *optimizer = nn_setting(c->train, "optimizer"),
                   *schedule = nn_setting(c->train, "schedule");
    if (read_format(c, context, status) == NN_OK &&
        read_optimizer(&c->optimizer, context, optimizer, status) == NN_OK &&
        read_schedule(&c->schedule, context, schedule, status) == NN_OK)
        read_groups(c, context, status);
    return nn_status_code(status);
}

int32_t nn_train_config_read(NnTrainConfig *c, NnContext *context, const NnConfig *config, NnStatus *status) {
    *c = (NnTrainConfig){.groups = g_ptr_array_new_with_free_func(free_chosen),
                         .devices = g_ptr_array_new_with_free_func(g_free),
                         .device_nodes = g_ptr_array_new(),
                         .owned = g_ptr_array_new_with_free_func((GDestroyNotify)nn_config_free)};
    if (config == NULL)
        config = empty_map(c, "the configuration", status);
    if (nn_config_api()->check(config, whole, G_N_ELEMENTS(whole), sizeof whole[0], "the configuration",
                               &c->root, status) == NN_OK &&
        read_train(c, context, status) == NN_OK && read_devices(c, context, status) == NN_OK &&
        read_data(c, context, status) == NN_OK)
        read_model(c, context, status);
    return nn_status_code(status);
}

void nn_train_config_clear(NnTrainConfig *c) {
    if (c->owned == NULL)
        return;
    g_ptr_array_unref(c->groups);
    g_ptr_array_unref(c->devices);
    g_ptr_array_unref(c->device_nodes);
    g_ptr_array_unref(c->owned);
    *c = (NnTrainConfig){0};
}

/* ---- the whole as text ---- */

static void write_train(GString *out, const NnTrainConfig *c) {
    const NnConfigApi *api = nn_config_api();
    g_string_append(out, "train:\n");
    for (uint64_t i = 0; i < api->count(c->train); i++) {
        const char *key = api->key(c->train, i);
        if (g_str_equal(key, "optimizer")) {
            write_node(out, 2, key, c->optimizer.config);
        } else if (g_str_equal(key, "schedule")) {
            write_node(out, 2, key, c->schedule.config);
        } else if (g_str_equal(key, "groups") && c->groups->len) {
            g_string_append(out, "  groups:\n");
            for (guint g = 0; g < c->groups->len; g++) {
                const NnChosen *chosen = c->groups->pdata[g];
                write_node(out, 4, chosen->group, chosen->config);
            }
        } else {
            write_node(out, 2, key, api->at(c->train, i));
        }
    }
}

static void write_devices(GString *out, const NnTrainConfig *c, const NnConfig *device) {
    const NnConfigApi *api = nn_config_api();
    if (api->kind(device) == NN_CONFIG_MAP || c->device_config == NULL) {
        write_node(out, 0, "device", api->kind(device) == NN_CONFIG_MAP ? c->device_nodes->pdata[0] : device);
        return;
    }
    g_string_append(out, "device:\n");
    for (guint i = 0; i < c->device_nodes->len; i++) {
        char *text = nn_config_text(c->device_nodes->pdata[i]);
        g_auto(GStrv) lines = g_strsplit(g_strchomp(text), "\n", -1);
        for (char **line = lines; *line; line++)
            g_string_append_printf(out, "  %c %s\n", line == lines ? '-' : ' ', *line);
        free(text);
    }
}

char *nn_train_config_text(const NnTrainConfig *c) {
    const NnConfigApi *api = nn_config_api();
    GString *out = g_string_new(NULL);
    for (uint64_t i = 0; i < api->count(c->root); i++) {
        const char *key = api->key(c->root, i);
        if (g_str_equal(key, "model"))
            write_node(out, 0, key, c->model);
        else if (g_str_equal(key, "data"))
            write_node(out, 0, key, c->data);
        else if (g_str_equal(key, "train"))
            write_train(out, c);
        else if (g_str_equal(key, "device"))
            write_devices(out, c, api->at(c->root, i));
        else
            write_node(out, 0, key, api->at(c->root, i));
    }
    return g_string_free(out, FALSE);
}
