/* SPDX-License-Identifier: Apache-2.0 */
/* YAML from anywhere: it parses or is refused with a place; what parses is written and read back as the same
 * tree. */
#include "config/config.h"
#include "driver.h"

static const Seed seeds[] = {
    SEED("task: train\nmodel: {name: cnn, layers: [1, 2.5, .inf, ~, 0x1F, 'a', \"b\\u00e9\"]}\n"),
    SEED("a: &a [x, y]\nb: *a\nc: {d: *a}\n"),
    SEED("- |\n  text\n  more\n- >-\n  folded\n  text\n- !!str 5\n- ? k\n  : v\n"),
    SEED("%YAML 1.2\n---\nkey: value # comment\n...\n"),
    SEED("layers:\n  - Conv: {kernel_shape: [5, 5], group: 1}\n  - Relu\n  - - a\n    - b\n"),
    SEED("++a.b.0={c: [1,2]}"),
    SEED("{\"json\": [1e-3, -0, true, null, {\"x\": \"\\n\"}]}"),
};

/* The rest of the input is an override of a small configuration. */
static void override(const uint8_t *bytes, size_t n) {
    static const char base[] = "lr: 0.1\noptimizer: {name: adam}\nlayers: [{Conv: {group: 1}}, Relu]\n";
    g_autoptr(NnConfig) root = nn_config_parse(base, sizeof base - 1, "base", NULL);
    g_autofree char *text = g_strndup((const char *)bytes, n);
    const char *const list[] = {text};
    uint32_t runs;

    nn_config_override(root, text, NULL);
    free(nn_config_expand(list, 1, &runs, NULL));
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n) {
    NnStatus *status = nn_status_new();
    g_autoptr(NnConfig) root = nn_config_parse((const char *)bytes, n, "fuzz", status);

    if (root) {
        g_autofree char *text = nn_config_text(root);
        g_autoptr(NnConfig) again = nn_config_parse(text, strlen(text), "again", status);
        if (again == NULL || !nn_config_equal(root, again)) {
            fprintf(stderr, "not the same again: %s\n%s\n", nn_status_message(status), text);
            abort();
        }
    } else if (nn_status_code(status) == NN_OK || *nn_status_message(status) == '\0') {
        abort();
    }
    override(bytes, n);
    nn_status_free(status);
    return 0;
}

FUZZ_MAIN("fuzz-config", seeds)
