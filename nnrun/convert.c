/* SPDX-License-Identifier: Apache-2.0 */
/* nnrun convert: weights and other arrays from one format to another, as the two files' endings say. */
#include "command.h"

#include "nn-train/train.h"
#include "nn/plugin.h"

#include <stdio.h>

static bool wanted(const GPtrArray *names, const char *name) {
    bool found = names == NULL;
    for (guint i = 0; names && i < names->len && !found; i++)
        found = g_pattern_match_simple(g_ptr_array_index(names, i), name);
    return found;
}

static void print_array(const Program *p, const NnArray *a) {
    if (p->json)
        printf("{\"type\": \"%s\", \"shape\": [", nn_type_name(a->type));
    else
        printf("%s[", nn_type_name(a->type));
    for (int32_t i = 0; i < a->rank; i++)
        printf("%s%" G_GINT64_FORMAT, i ? "," : "", a->dims[i]);
    if (!p->json) {
        printf("] %s\n", a->name);
        return;
    }
    g_autofree char *name = g_strescape(a->name, NULL);
    printf("], \"name\": \"%s\"}\n", name);
}

static int run(Program *p) {
    NnContext *context = nnrun_context(p);
    const NnPair *pairs = NULL;
    NnArrays *all = context ? nn_arrays_read(context, p->words[0], p->status) : NULL;
    if (all) {
        g_autoptr(GArray) taken = g_array_new(FALSE, FALSE, sizeof(NnArray));
        const uint64_t n_pairs = nn_arrays_pairs(all, &pairs);
        for (uint64_t i = 0; i < nn_arrays_count(all); i++) {
            const NnArray *a = nn_arrays_get(all, i);
            if (wanted(nnrun_flag_all(p, "only"), a->name))
                g_array_append_val(taken, *a);
        }
        if (taken->len == 0 && nn_arrays_count(all))
            nn_status_fail(p->status, NN_INVALID, "%s has no array of that name", p->words[0]);
        else if (p->n_words > 1)
            nn_arrays_write(context, p->words[1], taken->len, (const NnArray *)(const void *)taken->data,
                            n_pairs, pairs, p->status);
        for (guint i = 0; p->n_words == 1 && i < taken->len; i++)
            print_array(p, &g_array_index(taken, NnArray, i));
    }
    nn_arrays_free(all);
    return nnrun_end(p);
}

static const Flag flags[] = {
    {"only", 0, "PATTERN", "Only arrays whose names match; may be given again."},
};

const Command nnrun_convert = {
    .name = "convert",
    .usage = "FROM [TO]",
    .summary = "Convert weights and other arrays between formats, or list them",
    .help = "Examples:\n"
            "  nnrun convert runs/train/net/weights/last.safetensors            what is in it\n"
            "  nnrun convert runs/train/net/weights/last.safetensors net.npz    for NumPy\n"
            "  nnrun convert net.npz first.csv --only conv1.weight              for a spreadsheet\n"
            "\nThe formats are those that the names end in: safetensors, npz, npy (one array), csv.\n",
    .min_words = 1,
    .max_words = 2,
    .n_flags = G_N_ELEMENTS(flags),
    .flags = flags,
    .run = run};
