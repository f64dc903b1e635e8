/* SPDX-License-Identifier: Apache-2.0 */
/* The first failure wins: a later one while cleaning up must not hide what went wrong. A NULL status swallows
 * it all. */
#include "status.h"

#include <glib.h>
#include <stdarg.h>

struct NnStatus {
    int32_t code;
    GString *message;
    GHashTable *details;
};

NnStatus *nn_status_new(void) {
    NnStatus *s = g_new0(NnStatus, 1);
    s->message = g_string_new(NULL);
    return s;
}

void nn_status_free(NnStatus *s) {
    if (s == NULL)
        return;
    g_string_free(s->message, TRUE);
    g_clear_pointer(&s->details, g_hash_table_unref);
    g_free(s);
}

void nn_status_clear(NnStatus *s) {
    s->code = NN_OK;
    g_string_truncate(s->message, 0);
    g_clear_pointer(&s->details, g_hash_table_unref);
}

int32_t nn_status_code(const NnStatus *s) { return s ? s->code : NN_OK; }

const char *nn_status_message(const NnStatus *s) { return s ? s->message->str : ""; }

const char *nn_status_detail(const NnStatus *s, const char *key) {
    return s && s->details ? g_hash_table_lookup(s->details, key) : NULL;
}

int32_t nn_status_fail(NnStatus *s, int32_t code, const char *format, ...) {
    if (s == NULL || s->code != NN_OK)
        return s ? s->code : code;
    s->code = code == NN_OK ? NN_ERROR : code;
    va_list args;
    va_start(args, format);
    g_string_vprintf(s->message, format, args);
    va_end(args);
    return s->code;
}

void nn_status_where(NnStatus *s, const char *format, ...) {
    if (s == NULL || s->code == NN_OK)
        return;
    va_list args;
    va_start(args, format);
    g_autofree char *where = g_strdup_vprintf(format, args);
    va_end(args);
    g_string_prepend(s->message, ": ");
    g_string_prepend(s->message, where);
}

void nn_status_set_detail(NnStatus *s, const char *key, const char *value) {
    if (s == NULL)
        return;
    if (s->details == NULL)
        s->details = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);
    g_hash_table_insert(s->details, g_strdup(key), g_strdup(value));
}

static void copy_detail(gpointer key, gpointer value, gpointer to) { nn_status_set_detail(to, key, value); }

void nn_status_copy(NnStatus *to, const NnStatus *from) {
    if (to == NULL || from == NULL || to->code != NN_OK || from->code == NN_OK)
        return;
    to->code = from->code;
    g_string_assign(to->message, from->message->str);
    if (from->details)
        g_hash_table_foreach(from->details, copy_detail, to);
}
