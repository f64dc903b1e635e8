/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Near misses for misspelt names. A search is started with the name that was found, is offered every name
 * that would have been right, and ends with the nearest, or nothing where none is near enough to be meant.
 */
#ifndef NN_SUGGEST_H
#define NN_SUGGEST_H

#include "nn/nn.h"

#include <stddef.h>

typedef struct NnSuggest {
    const char *name;
    const char *best; /* borrowed from the caller's names; NULL: none is near */
    unsigned distance;
} NnSuggest;

void nn_suggest_start(NnSuggest *, const char *name);
void nn_suggest_offer(NnSuggest *, const char *candidate);

/* Optimal string alignment: insertions, deletions, substitutions and swaps of neighbours (Damerau 1964);
 * ASCII case does not count. More than `limit` is answered as limit + 1. */
unsigned nn_suggest_distance(const char *a, const char *b, unsigned limit);

#endif
