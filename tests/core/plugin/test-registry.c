/* SPDX-License-Identifier: Apache-2.0 */
/* Who provides a name: versions, places, conflicts, refusals. Nothing is loaded; the packages are made up. */
#include "plugin/registry.h"
#include "status.h"

#include <criterion/criterion.h>

static GPtrArray *packages;

static NnObject *package(const char *name, uint32_t level) {
    NnPackage *p = nn_package_new("/p");
    p->info.name = g_strdup(name);
    p->level = level;
    NnObject *o = nn_object_new(p);
    o->info.file = g_strdup_printf("/p/%s.so", name);
    g_ptr_array_add(p->objects, o);
    g_ptr_array_add(packages, p);
    return o;
}

static void offer(NnObject *o, const char *kind, const char *name, int32_t since) {
    NnOffer *f = g_new0(NnOffer, 1);
    f->kind = g_strdup(kind);
    f->name = g_strdup(name);
    f->op = g_strdup(name);
    f->since = since;
    g_ptr_array_add(o->offers, f);
}

static void setup(void) { packages = g_ptr_array_new_with_free_func((GDestroyNotify)nn_package_free); }

static NnRegistry *registry(void) {
    const NnSearch found = {.packages = packages,
                            .places = g_ptr_array_new_with_free_func(g_free),
                            .unopened = g_ptr_array_new_with_free_func(g_free)};
    return nn_registry_new(&found, nn_verify_digest);
}

static const char *found(NnRegistry *r, const char *name, int32_t version, NnStatus *status) {
    const NnRegistered *e = nn_registry_find(r, NN_OPERATOR_KIND, name, version, status);
    return e ? e->entry.package : NULL;
}

Test(registry, takes_the_version_that_was_asked_for, .init = setup) {
    NnStatus *status = nn_status_new();
    offer(package("old", 0), NN_OPERATOR_KIND, "Foo", 7);
    offer(package("new", 0), NN_OPERATOR_KIND, "Foo", 13);
    NnRegistry *r = registry();
    cr_assert_str_eq(found(r, "Foo", 0, status), "new");
    cr_assert_str_eq(found(r, "Foo", 7, status), "old");
    cr_assert_str_eq(found(r, "Foo", 12, status), "old");
    cr_assert_str_eq(found(r, "Foo", 13, status), "new");
    cr_assert_null(found(r, "Foo", 6, status));
    cr_assert_str_eq(nn_status_message(status),
                     "operator Foo is wanted in version 6, and the oldest that is provided is 7");
    nn_registry_free(r);
    nn_status_free(status);
}

Test(registry, lets_the_earlier_place_win, .init = setup) {
    offer(package("mine", 0), NN_OPERATOR_KIND, "Foo", 1);
    offer(package("theirs", 1), NN_OPERATOR_KIND, "Foo", 1);
    NnRegistry *r = registry();
    cr_assert_str_eq(found(r, "Foo", 0, NULL), "mine");
    const NnRegistered *second = g_ptr_array_index(nn_registry_entries(r), 1);
    cr_assert_str_eq(second->entry.problem, "/p/mine.so of plug-in mine comes first");
    nn_registry_free(r);
}

Test(registry, refuses_two_in_one_place, .init = setup) {
    NnStatus *status = nn_status_new();
    offer(package("one", 0), NN_OPERATOR_KIND, "Foo", 1);
    offer(package("two", 0), NN_OPERATOR_KIND, "Foo", 1);
    offer(package("third", 1), NN_OPERATOR_KIND, "Foo", 1);
    NnRegistry *r = registry();
    cr_assert_null(found(r, "Foo", 0, status));
    cr_assert_str_eq(nn_status_message(status), "operator Foo is provided twice, by plug-in one (/p/one.so) "
                                                "and by plug-in two (/p/two.so); deny one of them");
    nn_registry_free(r);
    nn_status_free(status);
}

Test(registry, lets_many_kernels_have_one_name, .init = setup) {
    offer(package("one", 0), NN_KERNEL_KIND, "Foo", 1);
    offer(package("two", 0), NN_KERNEL_KIND, "Foo", 1);
    NnRegistry *r = registry();
    for (guint i = 0; i < 2; i++)
        cr_assert_null(((const NnRegistered *)g_ptr_array_index(nn_registry_entries(r), i))->entry.problem);
    nn_registry_free(r);
}

Test(registry, passes_over_what_was_denied, .init = setup) {
    NnStatus *status = nn_status_new();
    NnObject *denied = package("denied", 0);
    offer(denied, NN_OPERATOR_KIND, "Foo", 1);
    offer(denied, NN_OPERATOR_KIND, "Bar", 1);
    offer(package("other", 0), NN_OPERATOR_KIND, "Foo", 1);
    nn_object_refuse(denied, "the deny list names it");
    NnRegistry *r = registry();
    cr_assert_str_eq(found(r, "Foo", 0, status), "other");
    cr_assert_null(found(r, "Bar", 0, status));
    cr_assert_str_eq(nn_status_message(status),
                     "operator Bar is provided by plug-in denied (/p/denied.so), which was not "
                     "loaded: the deny list names it");
    nn_status_clear(status);
    cr_assert_null(found(r, "Fooo", 0, status));
    cr_assert_str_eq(nn_status_message(status), "no plug-in provides operator 'Fooo'; did you mean 'Foo'?");
    nn_registry_free(r);
    nn_status_free(status);
}
