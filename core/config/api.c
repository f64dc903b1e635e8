/* SPDX-License-Identifier: Apache-2.0 */
/* The table through which plug-ins, and programs on nn.h, read a configuration. */
#include "config/settings.h"

#include "config/tree.h"
#include "status.h"

static int32_t api_kind(const NnConfig *node) { return nn_config_kind(node); }

static uint64_t api_count(const NnConfig *node) { return nn_config_size(node); }

static const char *api_key(const NnConfig *node, uint64_t i) { return nn_config_key(node, i); }

static const NnConfig *api_at(const NnConfig *node, uint64_t i) { return nn_config_at(node, i); }

static bool api_boolean(const NnConfig *node) {
    return nn_config_kind(node) == NN_CONFIG_BOOL && node->boolean;
}

static int64_t api_integer(const NnConfig *node) {
    int64_t value = 0;
    /* An absent value is no error, and asking for one takes no memory: a step may. */
    return node && nn_config_as_int(node, &value, NULL) == NN_OK ? value : 0;
}

static double api_number(const NnConfig *node) {
    double value = 0;
    return node && nn_config_as_float(node, &value, NULL) == NN_OK ? value : 0;
}

static const char *api_string(const NnConfig *node) {
    return nn_config_kind(node) == NN_CONFIG_STRING ? node->string : NULL;
}

static int32_t api_fail(const NnConfig *node, NnStatus *status, const char *message) {
    return nn_config_fail(node, status, "%s", message);
}

static int32_t api_check(const NnConfig *map, const NnSetting *table, uint32_t count, uint32_t stride,
                         const char *what, const NnConfig **checked, NnStatus *status) {
    g_autoptr(GPtrArray) warnings = g_ptr_array_new_with_free_func(g_free);

    *checked = NULL;
    if (map == NULL) /* what is checked lives as long as what it was made from */
        return nn_status_fail(status, NN_INVALID,
                              "the settings of %s are absent; an empty map asks for the defaults", what);
    NnConfig *tree = nn_settings_check(map, table, count, stride, what, warnings, status);

    if (tree == NULL)
        return NN_INVALID;
    /* Nothing failed, and yet there is something to say: the host finds it beside the empty sentence. */
    if (warnings->len)
        nn_status_set_detail(status, "warning", warnings->pdata[0]);
    *checked = tree;
    nn_config_keep(map, tree);
    return NN_OK;
}

static const NnConfigApi api = {
    .struct_size = sizeof(NnConfigApi),
    .kind = api_kind,
    .count = api_count,
    .key = api_key,
    .at = api_at,
    .get = nn_config_get,
    .boolean = api_boolean,
    .integer = api_integer,
    .number = api_number,
    .string = api_string,
    .place = nn_config_place,
    .fail = api_fail,
    .path = nn_config_path,
    .check = api_check,
};

const NnConfigApi *nn_config_api(void) { return &api; }
