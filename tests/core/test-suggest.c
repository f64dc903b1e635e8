/* SPDX-License-Identifier: Apache-2.0 */
/* Near misses: what a hurried hand writes is found, another word is not. */
#include "suggest.h"

#include <criterion/criterion.h>

static const char *const names[] = {"epochs", "batch", "optimizer", "lr", "seed"};

static const char *nearest(const char *name) { return nn_suggest_nearest(name, names, 5); }

Test(suggest, finds_slips) {
    cr_assert_str_eq(nearest("epoch"), "epochs");
    cr_assert_str_eq(nearest("epcohs"), "epochs");
    cr_assert_str_eq(nearest("Optimiser"), "optimizer");
    cr_assert_str_eq(nearest("LR"), "lr");
    cr_assert_str_eq(nearest("sede"), "seed");
}

Test(suggest, leaves_other_words_alone) {
    cr_assert_null(nearest("x"));
    cr_assert_null(nearest("momentum"));
    cr_assert_null(nearest(""));
    cr_assert_null(nn_suggest_nearest("lr", names, 0));
}

Test(suggest, measures_distance) {
    cr_assert_eq(nn_suggest_distance("abc", "abc", 5), 0);
    cr_assert_eq(nn_suggest_distance("abc", "acb", 5), 1);
    cr_assert_eq(nn_suggest_distance("kitten", "sitting", 5), 3);
    cr_assert_eq(nn_suggest_distance("", "abc", 5), 3);
    cr_assert_eq(nn_suggest_distance("abcdef", "ghijkl", 2), 3);
}
