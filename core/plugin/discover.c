/* SPDX-License-Identifier: Apache-2.0 */
/* A package that cannot be used stays in the list with the reason, so that whoever misses something of it is
 * told. */
#include "plugin/discover.h"

#include "plugin/verify.h"
#include "status.h"

#include <errno.h>
#include <fcntl.h>
#include <fnmatch.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define MOST_PACKAGES 4096u

/* Opens a manifest and reads its text, if it is one that may be believed. */
static char *read_manifest(const char *folder, gsize *length, NnStatus *status) {
    struct stat s;
    char *text = NULL;
    const int at = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    const int fd = at < 0 ? -1 : openat(at, NN_MANIFEST_NAME, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    if (fd < 0 || fstat(fd, &s) != 0) {
        nn_status_fail(status, NN_INVALID, "its manifest cannot be opened: %s", g_strerror(errno));
    } else if (!S_ISREG(s.st_mode) || s.st_size > (off_t)NN_MANIFEST_MAX_BYTES) {
        nn_status_fail(status, NN_INVALID, "its manifest is not a file of at most %u bytes",
                       NN_MANIFEST_MAX_BYTES);
    } else if (nn_verify_owner(at, "its folder", status) == NN_OK &&
               nn_verify_owner(fd, "its manifest", status) == NN_OK) {
        text = g_malloc((gsize)s.st_size + 1);
        const ssize_t n = pread(fd, text, (gsize)s.st_size, 0);
        *length = n < 0 ? 0 : (gsize)n;
        text[*length] = '\0';
    }
    if (fd >= 0)
        close(fd);
    if (at >= 0)
        close(at);
    return text;
}

static bool matches(const char *const *patterns, const char *package, const char *file) {
    g_autofree char *base = file ? g_path_get_basename(file) : NULL;
    bool found = false;
    for (; patterns && *patterns && !found; patterns++)
        found = fnmatch(*patterns, package, 0) == 0 || (base && fnmatch(*patterns, base, 0) == 0);
    return found;
}

/* The person's own choice, and versions that nobody here speaks. */
static void filter(const NnOptions *options, NnPackage *p) {
    for (guint i = 0; i < p->objects->len; i++) {
        NnObject *o = g_ptr_array_index(p->objects, i);
        if (matches(options->deny, p->info.name, o->info.file))
            nn_object_refuse(o, "the deny list names it");
        else if (options->allow && !matches(options->allow, p->info.name, o->info.file))
            nn_object_refuse(o, "the allow list does not name it");
        else if (o->info.abi_min > NN_ABI_MAX || o->info.abi_max < NN_ABI_MIN) {
            g_autofree char *why =
                g_strdup_printf("it speaks ABI %u to %u, and this program speaks ABI %u to %u",
                                o->info.abi_min, o->info.abi_max, NN_ABI_MIN, NN_ABI_MAX);
            nn_object_refuse(o, why);
        }
    }
}

static int by_name(gconstpointer a, gconstpointer b) { return strcmp(*(char *const *)a, *(char *const *)b); }

static GPtrArray *names_in(const char *folder) {
    GPtrArray *names = g_ptr_array_new_with_free_func(g_free);
    GDir *dir = g_dir_open(folder, 0, NULL);
    for (const char *name = NULL; dir && (name = g_dir_read_name(dir)) && names->len < MOST_PACKAGES;)
        if (*name != '.')
            g_ptr_array_add(names, g_strdup(name));
    if (dir)
        g_dir_close(dir);
    g_ptr_array_sort(names, by_name);
    return names;
}

/* An object beside a manifest that does not state it is not opened either. */
static void report_unstated(NnSearch *search, const NnPackage *p) {
    g_autoptr(GPtrArray) names = names_in(p->info.folder);
    for (guint i = 0; i < names->len; i++) {
        const char *name = g_ptr_array_index(names, i);
        bool stated = !g_str_has_suffix(name, ".so");
        for (guint j = 0; j < p->objects->len && !stated; j++) {
            const NnObject *o = g_ptr_array_index(p->objects, j);
            stated = strcmp(o->info.file + strlen(p->info.folder) + 1, name) == 0;
        }
        if (stated)
            continue;
        g_ptr_array_add(search->unopened, g_build_filename(p->info.folder, name, NULL));
        nn_context_log(search->context, 2, "%s/%s is not in the manifest beside it and is not opened",
                       p->info.folder, name);
    }
}

static void add_package(NnSearch *search, const char *folder, uint32_t level) {
    g_autoptr(NnStatus) status = nn_status_new();
    gsize length = 0;
    g_autofree char *text = read_manifest(folder, &length, status);
    g_autofree char *name = g_build_filename(folder, NN_MANIFEST_NAME, NULL);
    NnPackage *p = nn_package_new(folder);
    p->level = level;
    if (text)
        nn_manifest_parse(p, name, text, length, status);
    if (p->info.name == NULL)
        p->info.name = g_path_get_basename(folder);
    if (nn_status_failed(status))
        nn_package_refuse(p, nn_status_message(status));
    else
        report_unstated(search, p);
    filter(search->options, p);
    g_ptr_array_add(search->packages, p);
}

static bool has(const char *folder, const char *name) {
    g_autofree char *path = g_build_filename(folder, name, NULL);
    return access(path, F_OK) == 0;
}

/* An object that no manifest speaks of is never opened, and said to be there. */
static void report_unmanifested(NnSearch *search, const char *folder, const GPtrArray *names) {
    for (guint i = 0; i < names->len; i++) {
        const char *name = g_ptr_array_index(names, i);
        if (g_str_has_suffix(name, ".so")) {
            g_ptr_array_add(search->unopened, g_build_filename(folder, name, NULL));
            nn_context_log(
                search->context, 2,
                "%s/%s has no manifest and is not opened; 'nnrun plugin manifest --refresh %s' writes one",
                folder, name, folder);
            return;
        }
    }
}

/* A manifest states what its folder may offer; an object beside it that it does not state is not opened
 * either. */
static void add_place(NnSearch *search, const char *place, uint32_t level) {
    if (has(place, NN_MANIFEST_NAME)) {
        add_package(search, place, level);
        return;
    }
    g_autoptr(GPtrArray) names = names_in(place);
    report_unmanifested(search, place, names);
    for (guint i = 0; i < names->len; i++) {
        g_autofree char *folder = g_build_filename(place, g_ptr_array_index(names, i), NULL);
        if (has(folder, NN_MANIFEST_NAME)) {
            add_package(search, folder, level);
        } else if (g_file_test(folder, G_FILE_TEST_IS_DIR)) {
            g_autoptr(GPtrArray) inner = names_in(folder);
            report_unmanifested(search, folder, inner);
        }
    }
}

/* Every path is made real first: what is searched must not depend on links that change later. */
static bool search_place(NnSearch *search, const char *path, uint32_t *level) {
    char real[PATH_MAX];
    if (*path == '\0' || realpath(path, real) == NULL || !g_file_test(real, G_FILE_TEST_IS_DIR))
        return false;
    for (guint i = 0; i < search->places->len; i++)
        if (strcmp(g_ptr_array_index(search->places, i), real) == 0)
            return true;
    g_ptr_array_add(search->places, g_strdup(real));
    add_place(search, real, (*level)++);
    return true;
}

static void search_variable(NnSearch *search, uint32_t *level) {
    const char *value = secure_getenv("NN_PLUGIN_PATH");
    g_auto(GStrv) paths = value ? g_strsplit(value, ":", -1) : NULL;
    for (char **path = paths; path && *path; path++) {
        if (**path == '\0')
            continue;
        if (**path != '/')
            nn_context_log(search->context, 2,
                           "NN_PLUGIN_PATH: '%s' is not taken, because it is not an absolute path", *path);
        else if (!search_place(search, *path, level))
            nn_context_log(search->context, 2, "NN_PLUGIN_PATH: there is no folder '%s'", *path);
    }
}

static void search_user(NnSearch *search, uint32_t *level) {
    const char *data = secure_getenv("XDG_DATA_HOME"), *home = secure_getenv("HOME");
    g_autofree char *path = NULL;
    if (data && *data == '/')
        path = g_build_filename(data, "nnrun", "plugins", NULL);
    else if (home && *home == '/')
        path = g_build_filename(home, ".local", "share", "nnrun", "plugins", NULL);
    if (path)
        search_place(search, path, level);
}

/* One package of a name: an earlier place hides a later one, and two in one place are both refused. */
static void settle_names(NnSearch *search) {
    g_autoptr(GHashTable) first = g_hash_table_new(g_str_hash, g_str_equal);
    for (guint i = 0; i < search->packages->len; i++) {
        NnPackage *p = g_ptr_array_index(search->packages, i);
        NnPackage *other = g_hash_table_lookup(first, p->info.name);
        if (other == NULL) {
            g_hash_table_insert(first, (gpointer)p->info.name, p);
            continue;
        }
        g_autofree char *why =
            p->level > other->level
                ? g_strdup_printf("the package of the same name in %s comes first", other->info.folder)
                : g_strdup_printf("two packages are called %s: %s and %s", p->info.name, other->info.folder,
                                  p->info.folder);
        if (p->level == other->level)
            nn_package_refuse(other, why);
        nn_package_refuse(p, why);
    }
}

int32_t nn_discover(NnSearch *search, NnStatus *status) {
    const NnOptions *options = search->options;
    uint32_t level = 0;
    for (const char *const *path = options->plugin_paths; path && *path; path++)
        if (options->safe)
            nn_context_log(search->context, 2, "safe mode: the plug-in folder '%s' is not searched", *path);
        else if (!search_place(search, *path, &level))
            return nn_status_fail(status, NN_INVALID, "there is no plug-in folder '%s'", *path);
    if (!options->safe) {
        search_variable(search, &level);
        search_user(search, &level);
    }
    search_place(search, NN_PLUGIN_DIR, &level);
    settle_names(search);
    for (guint i = 0; i < search->packages->len; i++) {
        const NnPackage *p = g_ptr_array_index(search->packages, i);
        if (p->refused)
            nn_context_log(search->context, 2, "plug-in %s (%s) is not used: %s", p->info.name,
                           p->info.folder, p->refused);
    }
    return NN_OK;
}
