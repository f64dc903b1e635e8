/* SPDX-License-Identifier: Apache-2.0 */
/* Near misses for misspelt names: three rows of the alignment matrix, on the stack, so that it is safe in
 * error paths. */
#include "suggest.h"

#include <glib.h>
#include <stdbool.h>
#include <string.h>

#define LONGEST 96 /* longer names are compared by nobody's eye either */

unsigned nn_suggest_distance(const char *a, const char *b, unsigned limit) {
    const size_t n = strlen(a), m = strlen(b);
    unsigned rows[3][LONGEST + 1];
    unsigned *before = rows[0], *above = rows[1], *row = rows[2];

    if (n > LONGEST || m > LONGEST || (n > m ? n - m : m - n) > limit)
        return limit + 1;
    for (size_t j = 0; j <= m; j++)
        above[j] = (unsigned)j;
    for (size_t i = 1; i <= n; i++) {
        const char ai = g_ascii_tolower(a[i - 1]);
        unsigned *spare = before;
        row[0] = (unsigned)i;
        for (size_t j = 1; j <= m; j++) {
            const char bj = g_ascii_tolower(b[j - 1]);
            unsigned best = above[j - 1] + (ai != bj);
            best = MIN(best, above[j] + 1);
            best = MIN(best, row[j - 1] + 1);
            if (i > 1 && j > 1 && ai == g_ascii_tolower(b[j - 2]) && bj == g_ascii_tolower(a[i - 2]))
                best = MIN(best, before[j - 2] + 1);
            row[j] = best;
        }
        before = above;
        above = row;
        row = spare;
    }
    return above[m] > limit ? limit + 1 : above[m];
}

void nn_suggest_start(NnSuggest *search, const char *name) {
    search->name = name;
    search->best = NULL;
    /* One slip in three letters is a typing error; more is another word. */
    search->distance = (unsigned)MIN(MAX(strlen(name) / 3, 1), 8) + 1;
}

void nn_suggest_offer(NnSuggest *search, const char *candidate) {
    const unsigned distance = nn_suggest_distance(search->name, candidate, search->distance - 1);
    const bool all_replaced = distance >= strlen(candidate) && distance > 0;

    if (distance < search->distance && !all_replaced) {
        search->distance = distance > 0 ? distance : 1;
        search->best = candidate;
    }
}

const char *nn_suggest_nearest(const char *name, const char *const *candidates, size_t n) {
    NnSuggest search;

    nn_suggest_start(&search, name);
    for (size_t i = 0; i < n; i++)
        nn_suggest_offer(&search, candidates[i]);
    return search.best;
}
