/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Settings tables at work: what a person wrote is checked against what a plug-in declared (nn/settings.h),
 * defaults are filled in, and the same table is printed as help and as JSON. Tables come from plug-ins of
 * other versions, so they are walked by their stride, and a field beyond it reads as zero.
 */
#ifndef NN_CONFIG_SETTINGS_H
#define NN_CONFIG_SETTINGS_H

#include "config/config.h"

/*
 * The settings of `map` (NULL: none are given) with the defaults filled in, in the order of the table; paths
 * are made absolute, integers written as 1e3 become integers. NULL when the status is set: an unknown key
 * with its near miss, a wrong kind, a value out of range or choices, a required one that is missing. `what`
 * names the owner ("optimizer adam"). `warnings` (of char, NULL: not wanted) is given a sentence per
 * deprecated setting in use.
 */
NnConfig *nn_settings_check(const NnConfig *map, const NnSetting *table, uint32_t count, uint32_t stride,
                            const char *what, GPtrArray *warnings, NnStatus *);

/* The i-th setting of a table of that stride, and its bounds in words (NULL: none; g_free it). */
NnSetting nn_settings_at(const NnSetting *table, uint32_t stride, uint32_t i);
char *nn_settings_range(const NnSetting *);
/* Is there a setting of that name? */
bool nn_settings_has(const NnSetting *table, uint32_t count, uint32_t stride, const char *name);
/* "int", "enum" */
const char *nn_settings_kind_name(int32_t kind);

#endif
