/* SPDX-License-Identifier: Apache-2.0 */
/*
 * nnrun plugin test: finds the package, lists what is to be judged, and has it judged. PLUGIN is the name of
 * a package, its folder, or one object. Objects without a manifest are judged in a copy that gets one.
 */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include "test.h"

#include "kit.h"
#include "object.h"

#include <errno.h>
#include <glib/gstdio.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

typedef struct Target {
    Program *p;
    KitOptions options;
    Report *report;
    char *folder; /* of the package; NULL: it goes by its name */
    char *object; /* the only one that is judged; NULL: all */
    char *made;   /* a folder to be removed, or NULL */
    NnContext *context;
    GHashTable *broken; /* objects that could not be loaded */
} Target;

/* ---- the folder ---- */

static bool has_manifest(const char *folder) {
    char *path = g_build_filename(folder, "manifest.yaml", NULL);
    const bool has = access(path, F_OK) == 0;
    g_free(path);
    return has;
}

/* Names of the objects in FOLDER and FOLDER/.libs, as paths. */
static GPtrArray *objects_in(const char *folder) {
    GPtrArray *found = g_ptr_array_new_with_free_func(g_free);
    for (uint32_t i = 0; i < 2; i++) {
        char *inner = i ? g_build_filename(folder, ".libs", NULL) : g_strdup(folder);
        GDir *dir = g_dir_open(inner, 0, NULL);
        for (const char *name; dir && (name = g_dir_read_name(dir));)
            if (g_str_has_suffix(name, ".so"))
                g_ptr_array_add(found, g_build_filename(inner, name, NULL));
        if (dir)
            g_dir_close(dir);
        g_free(inner);
    }
    return found;
}

static Findings *findings_new(void) {
    Findings *f = mmap(NULL, sizeof *f, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    return f == MAP_FAILED ? NULL : f;
}

static bool failed(const Findings *f) {
    for (uint32_t i = 0; i < CHECK_COUNT; i++)
        if (f->verdicts[i].failed)
            return true;
    return false;
}

/* True: it can be loaded. */
static bool judge_file(Target *t, const char *file) {
    const Subject subject = {.kind = "object", .name = file, .file = file};
    char *name = g_path_get_basename(file);
    Findings *f = findings_new();
    bool good = f != NULL;
    if (f) {
        kit_run_child(&t->options, t->context, &subject, judge_object, f);
        kit_report_subject(t->report, "object", name, f);
        good = !failed(f);
        munmap(f, sizeof *f);
    }
    g_free(name);
    return good;
}

static bool copy_file(const char *from, const char *to, NnStatus *status) {
    char *bytes = NULL;
    gsize n = 0;
    GError *error = NULL;
    const bool good =
        g_file_get_contents(from, &bytes, &n, &error) && g_file_set_contents(to, bytes, (gssize)n, &error);
    if (!good)
        (void)nn_status_fail(status, NN_ERROR, "%s", error->message);
    g_clear_error(&error);
    g_free(bytes);
    return good;
}

/* A package of the loadable ones among the objects, with a manifest, in a folder of our own. */
static bool make_package(Target *t, GPtrArray *objects, const char *name) {
    GError *error = NULL;
    char *outer = g_dir_make_tmp("nnrun-kit-XXXXXX", &error);
    uint32_t n = 0;
    if (outer == NULL) {
        (void)nn_status_fail(t->p->status, NN_ERROR, "%s", error->message);
        g_clear_error(&error);
        return false;
    }
    t->made = outer;
    char *folder = g_build_filename(outer, name, NULL),
         *manifest = g_build_filename(folder, "manifest.yaml", NULL);
    bool good = g_mkdir(folder, 0755) == 0;
    for (guint i = 0; good && i < objects->len; i++) {
        const char *from = g_ptr_array_index(objects, i);
        char *base = g_path_get_basename(from), *to = g_build_filename(folder, base, NULL);
        if (judge_file(t, from)) {
            good = copy_file(from, to, t->p->status) && g_chmod(to, 0755) == 0;
            n++;
        }
        g_free(base);
        g_free(to);
    }
    char *text = good && n ? nn_package_manifest(folder, name, t->p->status) : NULL;
    good = good && (n == 0 || (text && g_file_set_contents(manifest, text, -1, NULL)));
    free(text);
    g_free(manifest);
    t->folder = folder;
    return good && n > 0;
}

static void remove_made(Target *t) {
    if (t->made == NULL)
        return;
    GDir *dir = g_dir_open(t->folder, 0, NULL);
    for (const char *name; dir && (name = g_dir_read_name(dir));) {
        char *path = g_build_filename(t->folder, name, NULL);
        (void)g_unlink(path);
        g_free(path);
    }
    if (dir)
        g_dir_close(dir);
    (void)g_rmdir(t->folder);
    (void)g_rmdir(t->made);
}

/* Sets folder and object; false: there is nothing to go on with. */
static bool resolve(Target *t, const char *target) {
    char *real =
        strchr(target, '/') || g_file_test(target, G_FILE_TEST_EXISTS) ? realpath(target, NULL) : NULL;
    bool good = true;
    if (real == NULL && strchr(target, '/')) {
        (void)nn_status_fail(t->p->status, NN_NOT_FOUND, "%s: %s", target, g_strerror(errno));
        return false;
    }
    if (real && g_file_test(real, G_FILE_TEST_IS_DIR)) {
        if (has_manifest(real)) {
            t->folder = g_strdup(real);
        } else {
            GPtrArray *objects = objects_in(real);
            char *name = g_path_get_basename(real);
            if (objects->len == 0)
                (void)nn_status_fail(t->p->status, NN_NOT_FOUND, "%s holds neither a manifest nor an object",
                                     real);
            good = objects->len && make_package(t, objects, name);
            g_free(name);
            g_ptr_array_unref(objects);
        }
    } else if (real && !g_str_has_suffix(real, ".so")) {
        (void)nn_status_fail(t->p->status, NN_INVALID, "%s is neither a folder nor an object (.so)", real);
        good = false;
    } else if (real) {
        char *folder = g_path_get_dirname(real), *outer = g_path_get_dirname(folder);
        if (has_manifest(folder) || (g_str_has_suffix(folder, "/.libs") && has_manifest(outer))) {
            t->folder = g_strdup(has_manifest(folder) ? folder : outer);
            t->object = g_strdup(real);
        } else {
            GPtrArray *one = g_ptr_array_new();
            char *name = g_path_get_basename(real);
            g_ptr_array_add(one, real);
            *strrchr(name, '.') = '\0';
            good = make_package(t, one, name);
            g_free(name);
            g_ptr_array_unref(one);
        }
        g_free(folder);
        g_free(outer);
    }
    free(real);
    return good;
}

/* ---- what is judged ---- */

static const NnPackageInfo *find_package(Target *t, const char *target) {
    for (uint32_t i = 0; i < nn_package_count(t->context); i++) {
        const NnPackageInfo *info = nn_package_info(t->context, i);
        if (t->folder ? strcmp(info->folder, t->folder) == 0 : strcmp(info->name, target) == 0)
            return info;
    }
    (void)nn_status_fail(t->p->status, NN_NOT_FOUND,
                         "there is no plug-in '%s', by name or as a path; 'nnrun plugin list' names all",
                         target);
    return NULL;
}

static bool chosen(const Target *t, const NnEntry *e) {
    bool any = t->options.only == NULL;
    for (guint i = 0; t->options.only && i < t->options.only->len; i++) {
        const char *name = g_ptr_array_index(t->options.only, i);
        any = any || strcmp(name, e->name) == 0 || (e->op && strcmp(name, e->op) == 0);
    }
    return any;
}

static void judge_entry(Target *t, const NnEntry *e) {
    const Subject subject = {.kind = e->kind,
                             .name = e->name,
                             .file = e->file,
                             .device = e->device,
                             .op = e->op,
                             .since = e->since,
                             .priority = e->priority};
    const Judge judge = kit_judge_for(e->kind);
    Findings *f = judge ? findings_new() : NULL;
    if (f == NULL)
        return;
    char *title = e->op && e->device ? g_strdup_printf("%s on %s (%s)", e->op, e->device, e->name)
                                     : g_strdup_printf("%s %s", e->kind, e->name);
    kit_run_child(&t->options, t->context, &subject, judge, f);
    kit_classify(f);
    kit_report_subject(t->report, e->kind, title, f);
    g_free(title);
    munmap(f, sizeof *f);
}

/* None of the names of --only is there. */
static void say_nearest(Target *t, const NnPackageInfo *package) {
    const char *name = g_ptr_array_index(t->options.only, 0);
    GPtrArray *names = g_ptr_array_new();
    for (uint32_t i = 0; i < nn_registry_count(t->context); i++) {
        const NnEntry *e = nn_registry_entry(t->context, i);
        if (strcmp(e->package, package->name) == 0)
            g_ptr_array_add(names, (gpointer)(uintptr_t)e->name);
    }
    const char *near = nn_suggest_nearest(name, (const char *const *)names->pdata, names->len);
    (void)nn_status_fail(t->p->status, NN_NOT_FOUND, "plug-in %s exports no '%s'%s%s%s", package->name, name,
                         near ? "; did you mean '" : "", near ? near : "", near ? "'?" : "");
    g_ptr_array_unref(names);
}

static void judge_package(Target *t, const NnPackageInfo *package) {
    char *within = g_strconcat(package->folder, "/", NULL);
    const char *last = NULL;
    bool loads = false;
    for (uint32_t i = 0; i < nn_registry_count(t->context); i++) {
        const NnEntry *e = nn_registry_entry(t->context, i);
        if (strcmp(e->package, package->name) != 0 || !g_str_has_prefix(e->file, within) || !chosen(t, e) ||
            (t->object && strcmp(t->object, e->file) != 0))
            continue;
        if (last == NULL || strcmp(last, e->file) != 0)
            loads = t->made || judge_file(t, e->file);
        last = e->file;
        if (loads)
            judge_entry(t, e);
    }
    if (last == NULL && t->options.only)
        say_nearest(t, package);
    g_free(within);
}

/* Is something to be judged by the reference, and there is none? */
static bool lacks_reference(Target *t, const NnPackageInfo *package) {
    static const char *const judged_by_it[] = {NN_OPERATOR_KIND, NN_KERNEL_KIND, NN_CLAIM_KIND, NULL};
    bool needed = false, there = false;
    for (uint32_t i = 0; i < nn_registry_count(t->context); i++) {
        const NnEntry *e = nn_registry_entry(t->context, i);
        needed = needed || (strcmp(e->package, package->name) == 0 && g_strv_contains(judged_by_it, e->kind));
        there = there || (strcmp(e->kind, NN_DEVICE_KIND) == 0 && strcmp(e->name, "reference") == 0 &&
                          e->problem == NULL);
    }
    return needed && !there;
}

/* ---- the command ---- */

static bool read_tier(Program *p, Tier *tier) {
    static const char *const names[] = {"smoke", "ci", "all"};
    const char *given = nnrun_flag(p, "tier");
    *tier = TIER_CI;
    for (uint32_t i = 0; given && i < G_N_ELEMENTS(names); i++)
        if (strcmp(given, names[i]) == 0) {
            *tier = (Tier)i;
            return true;
        }
    if (given)
        (void)nn_status_fail(p->status, NN_INVALID, "--tier is smoke, ci or all, found '%s'", given);
    return given == NULL;
}

/* The package's folder comes first. */
static NnContext *context_with(Program *p, const char *folder) {
    if (folder) {
        GPtrArray *paths = g_ptr_array_new();
        const GPtrArray *given = nnrun_flag_all(p, "plugin-path");
        g_ptr_array_add(paths, (gpointer)(uintptr_t)folder);
        for (guint i = 0; given && i < given->len; i++)
            g_ptr_array_add(paths, g_ptr_array_index(given, i));
        g_hash_table_insert(p->given, g_strdup("plugin-path"), paths);
    }
    return nnrun_context(p);
}

int nnrun_plugin_test(Program *p) {
    const char *target = p->words[1];
    uint64_t timeout;
    Target t = {.p = p,
                .options = {.target = target, .only = nnrun_flag_all(p, "only"), .verbose = p->verbose}};
    if (!read_tier(p, &t.options.tier) || !nnrun_flag_number(p, "timeout", 20, &timeout))
        return nnrun_end(p);
    t.options.timeout = (uint32_t)CLAMP(timeout, 1, 86400);
    t.report = kit_report_new(&t.options, p->json);
    if (resolve(&t, target))
        t.context = context_with(p, t.folder);
    const NnPackageInfo *package = t.context ? find_package(&t, target) : NULL;
    if (package && package->problem)
        (void)nn_status_fail(p->status, NN_INVALID, "lies-in-manifest: %s", package->problem);
    else if (package && lacks_reference(&t, package))
        (void)nn_status_fail(p->status, NN_NOT_FOUND,
                             "operators and kernels are judged by the package ops, which is not found; "
                             "--plugin-path says where it is");
    else if (package)
        judge_package(&t, package);
    const bool good = kit_report_end(t.report, nn_status_code(p->status) == NN_OK);
    remove_made(&t);
    g_free(t.folder);
    g_free(t.object);
    g_free(t.made);
    const int code = nnrun_end(p);
    return code ? code : good ? 0 : 1;
}
