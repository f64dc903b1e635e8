/* SPDX-License-Identifier: Apache-2.0 */
/* Manifests from anywhere: refused with a place, or read, and then written and read again as the same. */
#include "driver.h"
#include "plugin/package.h"

static const Seed seeds[] = {
    SEED("manifest: 1\nname: ops\nversion: \"0.1.0\"\nobjects:\n- file: a.so\n  sha256: "
         "\"0123456789012345678901234567890123456789012345678901234567890123\"\n  abi: [1, 1]\n  licence: "
         "MIT\n"
         "  needs: [libc.so.6, libm.so.6]\n  exports:\n  - kind: nn.operator/1\n    name: Add\n    op: Add\n"
         "    since: 14\n    role: accumulate\n    summary: \"C = A + B\"\n  - kind: nn.kernel/1\n    name: "
         "add\n"
         "    op: \"*\"\n    until: 3\n    device: cpu\n    priority: -3\n"),
    SEED("manifest: 1\nname: x\nobjects: []\n"),
    SEED("manifest: 1\nname: x\nobjects:\n- &a {file: a.so, sha256: "
         "\"0123456789012345678901234567890123456789012345678901234567890123\", abi: [1, 2], exports: []}\n- "
         "*a\n"),
};

static char *text_of(const NnPackage *p) {
    GString *s = g_string_new(NULL);
    for (guint i = 0; i < p->objects->len; i++)
        nn_manifest_print_object(s, g_ptr_array_index(p->objects, i));
    char *text = nn_manifest_text(p, s->str);
    g_string_free(s, TRUE);
    return text;
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n) {
    NnStatus *status = nn_status_new();
    NnPackage *p = nn_package_new("/package"), *back = nn_package_new("/package");
    if (nn_manifest_parse(p, "fuzz", (const char *)bytes, n, status) == NN_OK) {
        char *text = text_of(p);
        char *again =
            nn_manifest_parse(back, "again", text, strlen(text), status) == NN_OK ? text_of(back) : NULL;
        if (again == NULL || strcmp(text, again) != 0) {
            fprintf(stderr, "not the same again: %s\n%s\n", nn_status_message(status), text);
            abort();
        }
        g_free(again);
        g_free(text);
    } else if (*nn_status_message(status) == '\0') {
        abort();
    }
    nn_package_free(back);
    nn_package_free(p);
    nn_status_free(status);
    return 0;
}

FUZZ_MAIN("fuzz-manifest", seeds)
