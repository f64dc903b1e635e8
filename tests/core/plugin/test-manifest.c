/* SPDX-License-Identifier: Apache-2.0 */
/* What is written is read back as it was, whatever the texts in it. */
#include "plugin/package.h"
#include "status.h"

#include <criterion/criterion.h>
#include <string.h>

static const char digest[] = "0123456789012345678901234567890123456789012345678901234567890123";

static char *sample(NnPackage *p) {
    NnObject *o = nn_object_new(p);
    NnOffer *offer = g_new0(NnOffer, 1);
    GString *s = g_string_new(NULL);
    o->info.file = g_strdup("/some/where/.libs/a b.so");
    o->info.sha256 = g_strdup(digest);
    o->info.version = g_strdup("1.0");
    o->info.abi_min = 1;
    o->info.abi_max = 3;
    g_ptr_array_add(o->needs, g_strdup("libc.so.6"));
    g_ptr_array_add(o->needs, g_strdup("lib x.so"));
    g_ptr_array_add(o->needs, NULL);
    o->info.needs = (const char *const *)o->needs->pdata;
    o->info.n_needs = 2;
    offer->kind = g_strdup("nn.kernel/1");
    offer->name = g_strdup("yes");
    offer->op = g_strdup("*");
    offer->device = g_strdup("cpu");
    offer->summary = g_strdup("a \"quoted\" \\ text: with # and \n a tab\t and \xc3\xa9");
    offer->since = 1;
    offer->until = 7;
    offer->priority = -5;
    g_ptr_array_add(o->offers, offer);
    g_ptr_array_add(p->objects, o);
    nn_manifest_print_object(s, o);
    char *text = nn_manifest_text(p, s->str);
    g_string_free(s, TRUE);
    return text;
}

Test(manifest, is_read_as_written) {
    NnStatus *status = nn_status_new();
    NnPackage *p = nn_package_new("/some/where"), *back = nn_package_new("/some/where");
    p->info.name = g_strdup("true");
    p->info.version = g_strdup("1.0");
    char *text = sample(p);
    cr_assert_eq(nn_manifest_parse(back, "m", text, strlen(text), status), NN_OK, "%s",
                 nn_status_message(status));
    cr_assert_str_eq(back->info.name, "true");
    cr_assert_eq(back->info.n_objects, 1u);
    const NnObject *a = g_ptr_array_index(p->objects, 0), *b = g_ptr_array_index(back->objects, 0);
    cr_assert_str_eq(b->info.file, a->info.file);
    cr_assert_eq(b->info.abi_max, 3u);
    cr_assert_eq(b->info.n_needs, 2u);
    cr_assert_str_eq(b->info.needs[1], "lib x.so");
    const NnOffer *x = g_ptr_array_index(a->offers, 0), *y = g_ptr_array_index(b->offers, 0);
    char *difference = nn_offer_difference(x, y);
    cr_assert_null(difference, "%s", difference);
    cr_assert_str_eq(x->summary, y->summary);
    GString *again = g_string_new(NULL);
    nn_manifest_print_object(again, b);
    char *second = nn_manifest_text(back, again->str);
    cr_assert_str_eq(text, second);
    g_free(second);
    g_string_free(again, TRUE);
    g_free(text);
    nn_package_free(p);
    nn_package_free(back);
    nn_status_free(status);
}

Test(manifest, knows_its_places) {
    static const struct {
        const char *text, *message;
    } cases[] = {
        {"manifest: one\nname: x\nobjects: []\n",
         "m:1:11: manifest must be an integer, found the string \"one\""},
        {"manifest: 1\nname: [x]\nobjects: []\n", "m:2:7: name must be a string, found a list of 1 item"},
        {"manifest: 1\nname: x\nobjects: {}\n", "m:3:10: 'objects' has to be a list"},
        {"manifest: 1\nname: x\nobjects:\n- file: /x.so\n",
         "m:4:9: 'file' has to be inside the package, found '/x.so'"},
        {"manifest: 1\nname: x\nobjects:\n- file: x.so\n  sha256: abc\n  abi: [1, 1]\n  exports: []\n",
         "m:5:11: 'sha256' has to have 64 hexadecimal digits, found 3"},
        {"manifest: 1\nname: x\nobjects:\n- file: a/../../x.so\n",
         "m:4:9: 'file' has to be inside the package, found 'a/../../x.so'"},
        {"manifest: 1\nname: x\nobjects:\n- 5\n", "m:4:3: an object has to be a map"},
        {"manifest: 1\nname: \"x\\0y\"\nobjects: []\n",
         "m:2:7: a string may not contain the character U+0000"},
    };
    for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
        NnStatus *status = nn_status_new();
        NnPackage *p = nn_package_new("/p");
        nn_manifest_parse(p, "m", cases[i].text, strlen(cases[i].text), status);
        cr_expect_str_eq(nn_status_message(status), cases[i].message);
        nn_package_free(p);
        nn_status_free(status);
    }
}

Test(manifest, ignores_what_later_versions_say) {
    static const char text[] = "manifest: 1\nname: x\nsignature: {key: [1, 2]}\nobjects: []\n";
    NnStatus *status = nn_status_new();
    NnPackage *p = nn_package_new("/p");
    cr_assert_eq(nn_manifest_parse(p, "m", text, strlen(text), status), NN_OK);
    nn_package_free(p);
    nn_status_free(status);
}
