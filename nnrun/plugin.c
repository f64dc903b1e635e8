/* SPDX-License-Identifier: Apache-2.0 */
/* nnrun plugin: which packages there are and what they hold, from their manifests alone; and writing
 * manifests. */
#include "kit/test.h"
#include "print.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* ---- list ---- */

static int list(Program *p) {
    static const char *const titles[] = {"NAME", "VERSION", "OBJECTS", "FOLDER", "PROBLEM"};
    NnContext *c = nnrun_context(p);
    if (c == NULL)
        return nnrun_end(p);
    Table *t = table_new(titles, G_N_ELEMENTS(titles));
    for (uint32_t i = 0; i < nn_package_count(c); i++) {
        const NnPackageInfo *package = nn_package_info(c, i);
        char *objects = g_strdup_printf("%u", package->n_objects);
        const char *problem = package->problem;
        for (uint32_t j = 0; j < package->n_objects && problem == NULL; j++)
            problem = nn_package_object(c, i, j)->problem;
        table_row(t, ROW(package->name, package->version, objects, package->folder, problem));
        g_free(objects);
    }
    table_print(t, p->json);
    return 0;
}

/* ---- info ---- */

static const NnPackageInfo *find_package(Program *p, NnContext *c, const char *name, uint32_t *index) {
    GPtrArray *names = g_ptr_array_new();
    for (*index = 0; *index < nn_package_count(c); ++*index) {
        const NnPackageInfo *package = nn_package_info(c, *index);
        if (strcmp(package->name, name) == 0) {
            g_ptr_array_unref(names);
            return package;
        }
        g_ptr_array_add(names, (gpointer)package->name);
    }
    const char *near = nn_suggest_nearest(name, (const char *const *)names->pdata, names->len);
    nn_status_fail(p->status, NN_NOT_FOUND, "there is no plug-in '%s'%s%s%s", name,
                   near ? "; did you mean '" : "", near ? near : "",
                   near ? "'?" : "; 'nnrun plugin list' names all");
    g_ptr_array_unref(names);
    return NULL;
}

static void print_field(const char *name, const char *value) {
    if (value)
        printf("  %-9s %s\n", name, value);
}

static void print_object(NnContext *c, const NnObjectInfo *o) {
    char *needs = o->n_needs ? g_strjoinv(", ", (char **)(gpointer)o->needs) : NULL;
    printf("\n%s\n", o->file);
    print_field("problem", o->problem);
    print_field("summary", o->summary);
    print_field("version", o->version);
    printf("  %-9s %u to %u\n", "abi", o->abi_min, o->abi_max);
    print_field("licence", o->licence);
    print_field("threads", o->threads);
    print_field("needs", needs);
    print_field("sha256", o->sha256);
    for (uint32_t i = 0; i < nn_registry_count(c); i++) {
        const NnEntry *e = nn_registry_entry(c, i);
        if (strcmp(e->file, o->file) != 0)
            continue;
        printf("  %-9s %s", e->kind, e->name);
        if (e->op)
            printf(" (%s on %s, priority %d)", e->op, e->device, e->priority);
        else if (e->since)
            printf(" since %d", e->since);
        printf("%s%s\n", e->problem && o->problem == NULL ? ": " : "",
               e->problem && o->problem == NULL ? e->problem : "");
    }
    g_free(needs);
}

static int info(Program *p) {
    static const char *const titles[] = {"FILE", "VERSION", "LICENCE", "SHA256", "SUMMARY", "PROBLEM"};
    uint32_t index;
    NnContext *c = nnrun_context(p);
    const NnPackageInfo *package = c ? find_package(p, c, p->words[1], &index) : NULL;
    if (package == NULL)
        return nnrun_end(p);
    if (p->json) {
        Table *t = table_new(titles, G_N_ELEMENTS(titles));
        for (uint32_t i = 0; i < package->n_objects; i++) {
            const NnObjectInfo *o = nn_package_object(c, index, i);
            table_row(t, ROW(o->file, o->version, o->licence, o->sha256, o->summary, o->problem));
        }
        table_print(t, true);
        return 0;
    }
    printf("%s %s in %s\n", package->name, package->version ? package->version : "", package->folder);
    print_field("problem", package->problem);
    for (uint32_t i = 0; i < package->n_objects; i++)
        print_object(c, nn_package_object(c, index, i));
    return 0;
}

/* ---- manifest ---- */

/* Whole or not at all: written beside, then renamed. */
static int32_t replace_file(const char *path, const char *text, NnStatus *status) {
    char *beside = g_strconcat(path, ".new", NULL);
    const int fd = open(beside, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
    FILE *f = fd < 0 ? NULL : fdopen(fd, "w");
    bool fine = f != NULL && fputs(text, f) >= 0 && fflush(f) == 0;
    const int why = errno;
    if (f)
        fine = fclose(f) == 0 && fine;
    fine = fine && rename(beside, path) == 0;
    if (!fine) {
        nn_status_fail(status, NN_ERROR, "%s cannot be written: %s", path,
                       g_strerror(f && errno ? errno : why));
        (void)unlink(beside);
    }
    g_free(beside);
    return nn_status_code(status);
}

static void refresh(Program *p, const char *folder) {
    char *text = nn_package_manifest(folder, NULL, p->status);
    char *path = g_build_filename(folder, "manifest.yaml", NULL);
    if (text && replace_file(path, text, p->status) == NN_OK)
        nnrun_say(p, "wrote %s", path);
    g_free(path);
    free(text);
}

/* A folder of packages is refreshed package by package. */
static void refresh_all(Program *p, const char *folder) {
    GDir *dir = g_dir_open(folder, 0, NULL);
    uint32_t packages = 0;
    for (const char *name = NULL;
         dir && (name = g_dir_read_name(dir)) && nn_status_code(p->status) == NN_OK;) {
        char *inner = g_build_filename(folder, name, NULL),
             *manifest = g_build_filename(inner, "manifest.yaml", NULL);
        if (access(manifest, F_OK) == 0) {
            refresh(p, inner);
            packages++;
        }
        g_free(manifest);
        g_free(inner);
    }
    if (dir)
        g_dir_close(dir);
    if (packages == 0 && nn_status_code(p->status) == NN_OK)
        refresh(p, folder);
}

static int manifest(Program *p) {
    const char *output = nnrun_flag(p, "output"), *folder = p->words[1];
    if (nnrun_flag(p, "refresh")) {
        if (output || nnrun_flag(p, "name"))
            nn_status_fail(p->status, NN_INVALID,
                           "--refresh keeps the name and the place, so it goes without --name and --output");
        else
            refresh_all(p, folder);
        return nnrun_end(p);
    }
    char *text = nn_package_manifest(folder, nnrun_flag(p, "name"), p->status);
    if (text && output)
        replace_file(output, text, p->status);
    else if (text)
        fputs(text, stdout);
    free(text);
    return nnrun_end(p);
}

/* ---- */

static int run(Program *p) {
    static const struct {
        const char *name;
        uint32_t words;
        int (*run)(Program *);
    } actions[] = {
        {"list", 1, list}, {"info", 2, info}, {"manifest", 2, manifest}, {"test", 2, nnrun_plugin_test}};
    const char *names[G_N_ELEMENTS(actions)];
    for (size_t i = 0; i < G_N_ELEMENTS(actions); i++) {
        names[i] = actions[i].name;
        if (strcmp(p->words[0], actions[i].name) != 0)
            continue;
        if (p->n_words == actions[i].words)
            return actions[i].run(p);
        nn_status_fail(p->status, NN_INVALID, "'plugin %s' takes %s", names[i],
                       actions[i].words == 1 ? "no name" : "one name or folder");
        return nnrun_end(p);
    }
    const char *near = nn_suggest_nearest(p->words[0], names, G_N_ELEMENTS(names));
    nn_status_fail(p->status, NN_INVALID, "there is no 'plugin %s'; did you mean '%s'?", p->words[0],
                   near ? near : "list");
    return nnrun_end(p);
}

static const Flag flags[] = {
    {"name", 0, "NAME", "manifest: the package's name; otherwise the one it has, else the folder's."},
    {"output", 'o', "FILE", "manifest: write to FILE instead of stdout."},
    {"refresh", 0, NULL, "manifest: write the manifests of a package, or of a folder of packages, anew."},
    {"tier", 0, "TIER", "test: how many cases, smoke, ci (the default) or all."},
    {"only", 0, "NAME", "test: only this export, or what does this operator; may be repeated."},
    {"timeout", 0, "SECONDS", "test: what takes longer hangs; 20 otherwise."},
};

const Command nnrun_plugin = {
    .name = "plugin",
    .usage = "list | info NAME | manifest DIR | test PLUGIN",
    .summary = "Show plug-ins, write their manifests, and test whether they conform",
    .help = "Examples:\n"
            "  nnrun plugin list                    all packages, and what is wrong with any\n"
            "  nnrun plugin info ops-cpu            what one of them holds\n"
            "  nnrun plugin manifest --refresh .    state what the objects in this folder offer\n"
            "  nnrun plugin test ops-cpu            judge a package, a folder or an object (doc/kit.md)\n",
    .min_words = 1,
    .max_words = 2,
    .n_flags = G_N_ELEMENTS(flags),
    .flags = flags,
    .run = run};
