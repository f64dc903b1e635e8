/* SPDX-License-Identifier: Apache-2.0 */
/* Data on stdout, as columns for people or as JSON for programs, from the same rows. */
#ifndef NNRUN_PRINT_H
#define NNRUN_PRINT_H

#include "command.h"

/* Rows are collected, then printed as a whole, so that columns fit what is in them. */
typedef struct Table Table;

/* Titles are the JSON keys in lower case; n of them. */
Table *table_new(const char *const *titles, uint32_t n);
/* As many texts as there are titles; NULL prints as nothing, in JSON as null. */
void table_row(Table *, const char *const *texts);
#define ROW(...) ((const char *const[]){__VA_ARGS__})
/* Prints and frees. */
void table_print(Table *, bool json);

/* A JSON string with its quotes, null for NULL. */
void print_json_string(const char *);

/* The entries of a kind that nothing is against, as a table of names, packages and summaries. */
int print_kind(Program *, const char *kind);

#endif
