/* SPDX-License-Identifier: Apache-2.0 */
/* Hydra's override grammar, and the product of comma lists. */
#include "config/config.h"

#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>

static const char *const text =
    "lr: 0.1\noptimizer: {name: adam, beta: 1}\nlayers:\n  - Conv: {group: 1}\n  - Relu\n"
    "empty:\n";

static NnConfig *base(void) { return nn_config_parse(text, strlen(text), "t.yaml", NULL); }

static void gives(const char *assignment, const char *expected) {
    g_autoptr(NnConfig) root = base();
    g_autoptr(NnConfig) wanted = nn_config_parse(expected, strlen(expected), "expected", NULL);
    NnStatus *status = nn_status_new();
    nn_config_override(root, assignment, status);
    cr_assert_str_eq(nn_status_message(status), "");
    g_autofree char *found = nn_config_text(root);
    cr_assert(nn_config_equal(root, wanted), "%s gives\n%s", assignment, found);
    nn_status_free(status);
}

static void refused(const char *assignment, const char *sentence) {
    g_autoptr(NnConfig) root = base();
    NnStatus *status = nn_status_new();
    cr_assert_neq(nn_config_override(root, assignment, status), NN_OK);
    cr_assert_str_eq(nn_status_message(status), sentence);
    nn_status_free(status);
}

#define REST "\noptimizer: {name: adam, beta: 1}\nlayers:\n  - Conv: {group: 1}\n  - Relu\nempty:\n"

Test(override, sets_what_is_there) {
    gives("lr=1e-3", "lr: 0.001" REST);
    gives("lr=hello world", "lr: hello world" REST);
    gives("lr=", "lr: ''" REST);
    gives("lr=null", "lr: null" REST);
    gives("lr=[1,2]", "lr: [1, 2]" REST);
    gives("lr={a: 1}", "lr: {a: 1}" REST);
    gives("lr=\"a,b\"", "lr: \"a,b\"" REST);
    gives("++lr=2", "lr: 2" REST);
    gives("lr=a=b", "lr: a=b" REST);
}

Test(override, walks_paths) {
    gives("layers.0.Conv.group=2",
          "lr: 0.1\noptimizer: {name: adam, beta: 1}\nlayers:\n  - Conv: {group: 2}\n  - Relu\nempty:\n");
    gives("layers.1=Elu",
          "lr: 0.1\noptimizer: {name: adam, beta: 1}\nlayers:\n  - Conv: {group: 1}\n  - Elu\nempty:\n");
    gives("+layers.2=Elu", "lr: 0.1\noptimizer: {name: adam, beta: 1}\nlayers:\n  - Conv: {group: 1}\n  - "
                           "Relu\n  - Elu\nempty:\n");
    gives("~layers.0", "lr: 0.1\noptimizer: {name: adam, beta: 1}\nlayers: [Relu]\nempty:\n");
    gives("~optimizer.beta",
          "lr: 0.1\noptimizer: {name: adam}\nlayers:\n  - Conv: {group: 1}\n  - Relu\nempty:\n");
}

Test(override, adds_and_removes) {
    gives("+a.b.c=1", "lr: 0.1" REST "a: {b: {c: 1}}\n");
    gives("+empty.x=1", "lr: 0.1\noptimizer: {name: adam, beta: 1}\nlayers:\n  - Conv: {group: 1}\n  - "
                        "Relu\nempty: {x: 1}\n");
    gives("~lr", REST);
    gives("~lr=0.1", REST);
    gives("++new=1", "lr: 0.1" REST "new: 1\n");
    gives("+a\\.b=1", "lr: 0.1" REST "\"a.b\": 1\n");
}

Test(override, refuses) {
    refused("lrr=1", "command line, `lrr=1`: the configuration has no key lrr; did you mean \"lr\"?");
    refused("optimzer.name=sgd", "command line, `optimzer.name=sgd`: the configuration has no key optimzer; "
                                 "did you mean \"optimizer\"?");
    refused("optimizer.momentum=1",
            "command line, `optimizer.momentum=1`: optimizer has no key momentum; +key=value adds a new one");
    refused("+lr=1", "command line, `+lr=1`: lr is there already (t.yaml:1:5); without the + it is changed");
    refused("~x", "command line, `~x`: the configuration has no key x");
    refused("~lr=3", "command line, `~lr=3`: lr has another value, so it stays");
    refused("lr.x=1", "command line, `lr.x=1`: lr has nothing below it, it is 0.1");
    refused("layers.7=1",
            "command line, `layers.7=1`: layers has no item 7, it is a list of 2, counted from 0");
    refused("+layers.3=1",
            "command line, `+layers.3=1`: layers has no item 3, it is a list of 2, counted from 0");
    refused("lr", "command line, `lr`: expected key=value, found no equals sign");
    refused("=1", "command line, `=1`: expected a key such as optimizer.lr, found \"\"");
    refused("a..b=1", "command line, `a..b=1`: expected a key such as optimizer.lr, found \"a..b\"");
    refused("lr=1,2", "command line, `lr=1,2`: 2 values where one is expected; a list is written [a,b], "
                      "several runs need --multirun");
    refused(
        "lr=[1",
        "command line, `lr=[1`: not YAML: did not find expected ',' or ']', while parsing a flow sequence");
}

static bool knows_epochs(const char *dotted, void *data) {
    (void)data;
    return strcmp(dotted, "epochs") == 0 || strcmp(dotted, "train.clip") == 0;
}

Test(override, settings_with_defaults_may_be_named) {
    g_autoptr(NnConfig) root = base();
    cr_assert_eq(nn_config_override_known(root, "epochs=5", knows_epochs, NULL, NULL), NN_OK);
    cr_assert_eq(nn_config_override_known(root, "train.clip=5", knows_epochs, NULL, NULL), NN_OK);
    cr_assert_not_null(nn_config_find(root, "train.clip"));
    cr_assert_neq(nn_config_override_known(root, "epoch=5", knows_epochs, NULL, NULL), NN_OK);
}

Test(override, empty_configuration) {
    g_autoptr(NnConfig) root = nn_config_parse("", 0, "t.yaml", NULL);
    cr_assert_eq(nn_config_override(root, "+a=1", NULL), NN_OK);
    cr_assert_eq(nn_config_size(root), 1);
}

Test(override, expands_comma_lists) {
    const char *const given[] = {"lr=1,2", "~x", "act=Relu,\"a,b\",[1,2]", "seed=3"};
    const char *const expected[6][4] = {
        {"lr=1", "~x", "act=Relu", "seed=3"},    {"lr=1", "~x", "act=\"a,b\"", "seed=3"},
        {"lr=1", "~x", "act=[1,2]", "seed=3"},   {"lr=2", "~x", "act=Relu", "seed=3"},
        {"lr=2", "~x", "act=\"a,b\"", "seed=3"}, {"lr=2", "~x", "act=[1,2]", "seed=3"},
    };
    uint32_t runs = 0;
    char **all = nn_config_expand(given, 4, &runs, NULL);
    cr_assert_eq(runs, 6);
    for (size_t run = 0; run < 6; run++)
        for (size_t i = 0; i < 4; i++)
            cr_assert_str_eq(all[run * 4 + i], expected[run][i]);
    free(all);
    all = nn_config_expand(given, 0, &runs, NULL);
    cr_assert_eq(runs, 1);
    free(all);
}

Test(override, bounds_the_number_of_runs) {
    const char *const ten = "a=0,1,2,3,4,5,6,7,8,9";
    const char *const given[] = {ten, ten, ten, ten, ten, ten};
    NnStatus *status = nn_status_new();
    uint32_t runs;
    cr_assert_null(nn_config_expand(given, 6, &runs, status));
    cr_assert(g_str_has_suffix(nn_status_message(status), "more than 10000 runs"));
    nn_status_free(status);
}
