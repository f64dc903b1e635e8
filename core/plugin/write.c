/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Manifests from built objects, so that they cannot drift. Each object is asked in a child process of its
 * own: one that crashes, hangs or exits becomes a sentence. The bytes depend on the objects only, not on the
 * folder's order or the time.
 */
#include "plugin/load.h"

#include "plugin/elf.h"
#include "status.h"

#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#define SECONDS 30u

/* ---- in the child: the first byte of the answer is '+' before a text of YAML, '-' before a sentence ---- */

static void describe(NnObject *o, NnStatus *status) {
    NnPlugin copy;
    void *handle = dlopen(o->info.file, RTLD_NOW | RTLD_LOCAL);
    if (handle == NULL) {
        nn_status_fail(status, NN_INVALID, "the dynamic linker refuses it: %s", dlerror());
        return;
    }
    const NnPlugin *p = nn_load_entry(handle, &copy, status);
    if (p == NULL || nn_load_offers(p, o->offers, status) != NN_OK)
        return;
    o->info.version = g_strdup(p->version);
    o->info.licence = g_strdup(p->licence);
    o->info.summary = g_strdup(p->summary);
    o->info.threads = g_strdup(p->threads);
    o->info.abi_min = p->head.abi_min;
    o->info.abi_max = p->head.abi_max;
}

static void answer(NnObject *o, int out) {
    g_autoptr(NnStatus) status = nn_status_new();
    g_autoptr(GString) text = g_string_new("+");
    describe(o, status);
    if (nn_status_failed(status))
        g_string_printf(text, "-%s", nn_status_message(status));
    else
        nn_manifest_print_object(text, o);
    for (gsize done = 0; done < text->len;) {
        const ssize_t n = write(out, text->str + done, text->len - done);
        if (n <= 0)
            break;
        done += (gsize)n;
    }
}

/* ---- in the parent ---- */

static char *read_all(int fd) {
    GString *s = g_string_new(NULL);
    char buffer[4096];
    ssize_t n;
    while ((n = read(fd, buffer, sizeof buffer)) > 0 || (n < 0 && errno == EINTR))
        if (n > 0 && s->len <= NN_MANIFEST_MAX_BYTES)
            g_string_append_len(s, buffer, n);
    return g_string_free(s, FALSE);
}

static void report_end(int how, NnStatus *status) {
    if (WIFSIGNALED(how) && WTERMSIG(how) == SIGALRM)
        nn_status_fail(status, NN_INVALID, "it did not say within %u seconds what it offers", SECONDS);
    else if (WIFSIGNALED(how))
        nn_status_fail(status, NN_INVALID, "it crashed (%s) when it was asked what it offers",
                       strsignal(WTERMSIG(how)));
    else
        nn_status_fail(status, NN_INVALID,
                       "it ended the process (exit code %d) when it was asked what it offers",
                       WEXITSTATUS(how));
}

static void ask(NnObject *o, GString *manifest, NnStatus *status) {
    int ends[2], how = 0;
    if (pipe(ends) != 0) {
        nn_status_fail(status, NN_ERROR, "no pipe to ask it through: %s", g_strerror(errno));
        return;
    }
    const pid_t child = fork();
    if (child == 0) {
        close(ends[0]);
        alarm(SECONDS);
        answer(o, ends[1]);
        _exit(0);
    }
    close(ends[1]);
    g_autofree char *text = child > 0 ? read_all(ends[0]) : NULL;
    close(ends[0]);
    if (child < 0)
        nn_status_fail(status, NN_ERROR, "no process to ask it in: %s", g_strerror(errno));
    else if (waitpid(child, &how, 0) != child || !WIFEXITED(how) || WEXITSTATUS(how) != 0 || *text == '\0')
        report_end(how, status);
    else if (*text == '-')
        nn_status_fail(status, NN_INVALID, "%s", text + 1);
    else
        g_string_append(manifest, text + 1);
}

static void add_object(NnPackage *package, const char *file, GString *manifest, NnStatus *status) {
    NnObject *o = nn_object_new(package);
    o->info.file = g_strdup(file);
    const int fd = open(file, O_RDONLY | O_CLOEXEC);
    if (fd < 0) {
        nn_status_fail(status, NN_INVALID, "it cannot be opened: %s", g_strerror(errno));
    } else if (nn_elf_check(fd, o->needs, status) == NN_OK &&
               (o->info.sha256 = nn_verify_hash(fd, status)) != NULL) {
        o->info.n_needs = o->needs->len;
        g_ptr_array_add(o->needs, NULL);
        o->info.needs = (const char *const *)o->needs->pdata;
        ask(o, manifest, status);
    }
    if (fd >= 0)
        close(fd);
    nn_status_where(status, "%s", file);
    nn_object_free(o);
}

static gint by_base(gconstpointer a, gconstpointer b) {
    const char *x = strrchr(*(char *const *)a, '/'), *y = strrchr(*(char *const *)b, '/');
    return strcmp(x ? x : "", y ? y : "");
}

static void list_objects(const char *folder, GPtrArray *files) {
    GDir *dir = g_dir_open(folder, 0, NULL);
    for (const char *name = NULL; dir && (name = g_dir_read_name(dir));)
        if (g_str_has_suffix(name, ".so"))
            g_ptr_array_add(files, g_build_filename(folder, name, NULL));
    if (dir)
        g_dir_close(dir);
}

/* The name that the folder's manifest has now, to be kept by a refresh. */
static char *present_name(const char *folder) {
    g_autoptr(NnStatus) status = nn_status_new();
    g_autoptr(NnPackage) old = nn_package_new(folder);
    g_autofree char *path = g_build_filename(folder, NN_MANIFEST_NAME, NULL), *text = NULL;
    gsize length = 0;
    if (g_file_get_contents(path, &text, &length, NULL))
        nn_manifest_parse(old, path, text, length, status);
    return old->info.name ? g_strdup(old->info.name) : g_path_get_basename(folder);
}

/* Reads back what was written: it has to parse, no operator, device, ... may be in it twice, and the version
 * is the objects' latest. */
static void check_back(NnPackage *package, const GString *objects, NnStatus *status) {
    g_autofree char *text = nn_manifest_text(package, objects->str);
    g_autoptr(NnPackage) back = nn_package_new(package->info.folder);
    g_autoptr(GHashTable) seen = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
    nn_manifest_parse(back, "the manifest that was just written", text, strlen(text), status);
    for (guint i = 0; i < back->objects->len; i++) {
        NnObject *o = g_ptr_array_index(back->objects, i);
        if (o->info.version &&
            (package->info.version == NULL || strverscmp(o->info.version, package->info.version) > 0)) {
            g_free((char *)package->info.version);
            package->info.version = g_strdup(o->info.version);
        }
        for (guint j = 0; j < o->offers->len; j++) {
            const NnOffer *offer = g_ptr_array_index(o->offers, j);
            if (!nn_offer_is_unique(offer))
                continue;
            char *identity = g_strdup_printf("%s %s %d", nn_kind_label(offer->kind), nn_offer_identity(offer),
                                             offer->since);
            const NnObject *other = g_hash_table_lookup(seen, identity);
            if (other)
                nn_status_fail(status, NN_INVALID, "%s %s is provided twice, by %s and by %s",
                               nn_kind_label(offer->kind), nn_offer_identity(offer), other->info.file,
                               o->info.file);
            g_hash_table_insert(seen, identity, o);
        }
    }
}

char *nn_package_manifest(const char *folder, const char *name, NnStatus *given) {
    char real[PATH_MAX];
    if (realpath(folder, real) == NULL || !g_file_test(real, G_FILE_TEST_IS_DIR)) {
        nn_status_fail(given, NN_INVALID, "there is no folder '%s'", folder);
        return NULL;
    }
    g_autoptr(NnStatus) status = nn_status_new();
    g_autoptr(NnPackage) package = nn_package_new(real);
    package->info.name = name ? g_strdup(name) : present_name(real);
    g_autoptr(GPtrArray) files = g_ptr_array_new_with_free_func(g_free);
    g_autofree char *libtool = g_build_filename(real, ".libs", NULL);
    list_objects(real, files);
    list_objects(libtool, files);
    g_ptr_array_sort(files, by_base);
    g_autoptr(GString) objects = g_string_new(NULL);
    for (guint i = 0; i < files->len && !nn_status_failed(status); i++)
        add_object(package, g_ptr_array_index(files, i), objects, status);
    if (!nn_status_failed(status))
        check_back(package, objects, status);
    nn_status_copy(given, status);
    g_autofree char *text = nn_status_failed(status) ? NULL : nn_manifest_text(package, objects->str);
    return text ? strdup(text) : NULL;
}
