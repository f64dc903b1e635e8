/* SPDX-License-Identifier: Apache-2.0 */
/* nnrun predict: what a trained network says of single samples: classes with probabilities, or the values
 * themselves. */
#include "arrays.h"

#include "nn/plugin.h"

#include <stdio.h>
#include <stdlib.h>

#define TOP 3
#define MOST_VALUES 32 /* of a row, as text */

typedef enum Style { STYLE_TEXT, STYLE_CSV, STYLE_JSON } Style;

/* A function's inputs and where they are read to. */
typedef struct Ask {
    NnTraining *training;
    const NnDataInfo *data;
    const NnFunction *function;
    NnCallable *callable;
    uint32_t split, n_inputs;
    void **buffers; /* per field */
    NnTensor *tensors;
    const NnTensor **inputs;
    int64_t (*dims)[NN_MAX_RANK];
    int64_t (*strides)[NN_MAX_RANK];
    uint32_t *fields; /* per input */
    uint32_t output;  /* what is shown */
    bool only;        /* of all outputs, that one is kept */
    Style style;
} Ask;

static uint64_t sample_bytes(const NnField *f) {
    return nn_type_size(f->type) * (uint64_t)nn_product(f->dims, 0, f->rank);
}

static const NnField *target(const Ask *a, uint32_t *index) {
    for (uint32_t i = 0; i < a->data->n_fields; i++)
        if (g_str_equal(nn_data_field(a->data, i)->name, "y")) {
            *index = i;
            return nn_data_field(a->data, i);
        }
    return NULL;
}

static bool bind(Ask *a, Program *p, uint64_t batch) {
    a->buffers = g_new0(void *, a->data->n_fields);
    a->tensors = g_new0(NnTensor, a->n_inputs + 1);
    a->inputs = g_new0(const NnTensor *, a->n_inputs + 1);
    a->dims = g_malloc0_n(a->n_inputs + 1, sizeof *a->dims);
    a->strides = g_malloc0_n(a->n_inputs + 1, sizeof *a->strides);
    a->fields = g_new0(uint32_t, a->n_inputs + 1);
    for (uint32_t f = 0; f < a->data->n_fields; f++)
        if (posix_memalign(&a->buffers[f], 64, sample_bytes(nn_data_field(a->data, f)) * batch + 64) != 0)
            return nn_status_fail(p->status, NN_OUT_OF_MEMORY, "there is no memory for the samples") == NN_OK;
    for (uint32_t i = 0; i < a->n_inputs; i++) {
        const char *name = nn_function_input_name(a->function, i);
        uint32_t f = 0;
        while (f < a->data->n_fields && g_strcmp0(nn_data_field(a->data, f)->name, name) != 0)
            f++;
        if (f == a->data->n_fields)
            return nn_status_fail(p->status, NN_INVALID,
                                  "function %s needs an input \"%s\", which the data has not",
                                  nn_function_name(a->function), name ? name : "") == NN_OK;
        const NnField *field = nn_data_field(a->data, f);
        a->fields[i] = f;
        for (int32_t d = 0; d < field->rank; d++)
            a->dims[i][d + 1] = field->dims[d];
        a->strides[i][field->rank] = 1;
        for (int32_t d = field->rank; d > 0; d--)
            a->strides[i][d - 1] = a->strides[i][d] * a->dims[i][d];
        a->tensors[i] = (NnTensor){.buffer = a->buffers[f],
                                   .type = field->type,
                                   .rank = field->rank + 1,
                                   .dims = a->dims[i],
                                   .strides = a->strides[i]};
        a->inputs[i] = &a->tensors[i];
    }
    return true;
}

static void unbind(Ask *a) {
    nn_callable_free(a->callable);
    for (uint32_t f = 0; a->buffers && f < a->data->n_fields; f++)
        free(a->buffers[f]);
    g_free(a->buffers);
    g_free(a->tensors);
    g_free(a->inputs);
    g_free(a->dims);
    g_free(a->strides);
    g_free(a->fields);
}

/* ---- output ---- */

static double element(const NnTensor *t, int64_t i) { return arrays_number(t->type, nn_data(t), i); }

static int64_t field_integer(const NnField *f, const void *buffer, uint64_t row) {
    const NnTensor t = {.buffer = (NnBuffer)(uintptr_t)buffer, .type = f->type};
    return (int64_t)element(&t, (int64_t)row * nn_product(f->dims, 0, f->rank));
}

static void put_class(const NnField *y, int64_t i) {
    if (y && y->labels && i >= 0 && (uint64_t)i < y->classes)
        fputs(y->labels[i], stdout);
    else
        printf("%" G_GINT64_FORMAT, i);
}

static bool is_classes(const Ask *a, const NnTensor *t, const NnField *y) {
    return t->rank == 2 && y && y->classes && y->rank == 0 && (uint64_t)t->dims[1] == y->classes && a->data;
}

static void print_classes(const NnTensor *t, int64_t row, const NnField *y) {
    bool taken[1 << 16] = {false};
    const int64_t n = MIN(t->dims[1], (int64_t)G_N_ELEMENTS(taken));
    for (int k = 0; k < TOP && k < n; k++) {
        int64_t best = 0;
        while (taken[best])
            best++;
        for (int64_t i = best + 1; i < n; i++)
            if (!taken[i] && element(t, row * t->dims[1] + i) > element(t, row * t->dims[1] + best))
                best = i;
        taken[best] = true;
        printf("%s", k ? "  " : "");
        put_class(y, best);
        printf(" %.4f", element(t, row * t->dims[1] + best));
    }
}

/* Text is for a glance: it ends after `most` values. */
static void print_values(const NnTensor *t, int64_t row, const char *separator, int64_t most) {
    const int64_t n = t->rank ? nn_product(t->dims, 1, t->rank) : 1;
    for (int64_t i = 0; i < MIN(n, most); i++)
        printf("%s%.6g", i ? separator : "", element(t, row * n + i));
    if (n > most)
        printf(" ... (%" G_GINT64_FORMAT " values)", n);
}

static void print_row(const Ask *a, Style style, uint64_t index, uint64_t row, const NnTensor *t) {
    uint32_t yi = 0;
    const NnField *y = target(a, &yi);
    const bool known = y && y->classes && y->rank == 0;
    if (style == STYLE_JSON)
        printf("{\"sample\": %" G_GUINT64_FORMAT ", \"prediction\": [", index);
    else
        printf("%" G_GUINT64_FORMAT "%s", index, style == STYLE_CSV ? "," : ": ");
    if (style == STYLE_TEXT && is_classes(a, t, y))
        print_classes(t, (int64_t)row, y);
    else
        print_values(t, (int64_t)row,
                     style == STYLE_CSV    ? ","
                     : style == STYLE_JSON ? ", "
                                           : " ",
                     style == STYLE_TEXT ? MOST_VALUES : INT64_MAX);
    if (style == STYLE_JSON)
        putchar(']');
    if (known && a->buffers && style == STYLE_TEXT) {
        fputs("  (is ", stdout);
        put_class(y, field_integer(y, a->buffers[yi], row));
        putchar(')');
    } else if (known && a->buffers) {
        printf(style == STYLE_JSON ? ", \"target\": %" G_GINT64_FORMAT : ",%" G_GINT64_FORMAT,
               field_integer(y, a->buffers[yi], row));
    }
    puts(style == STYLE_JSON ? "}" : "");
}

/* ---- the command ---- */

static bool find_split(Ask *a, Program *p, const char *name) {
    if (name == NULL && a->data->n_splits == 0) {
        nn_status_fail(p->status, NN_INVALID,
                       "there is no section `data`, so --from has to say what goes into the network");
        return false;
    }
    name = name ? name : nn_data_split(a->data, a->data->n_splits - 1)->name;
    for (uint32_t i = 0; i < a->data->n_splits; i++)
        if (g_str_equal(nn_data_split(a->data, i)->name, name)) {
            a->split = i;
            return true;
        }
    nn_status_fail(p->status, NN_INVALID, "the data has no split \"%s\"", name);
    return false;
}

/* The output that --output names, else the prediction, else the first; UINT32_MAX with the status set. */
static uint32_t find_output(const Ask *a, Program *p) {
    const char *wanted = nnrun_flag(p, "output");
    const uint32_t n = nn_context_host(p->context)->graph->function_outputs(a->function);
    g_autoptr(GString) names = g_string_new(NULL);
    for (uint32_t i = 0; i < n; i++) {
        const char *name = nn_function_output_name(a->function, i);
        if (g_strcmp0(name, wanted ? wanted : "prediction") == 0)
            return i;
        g_string_append_printf(names, "%s%s", i ? ", " : "", name);
    }
    if (wanted == NULL && n > 0)
        return 0;
    nn_status_fail(p->status, NN_INVALID, "function %s has no output \"%s\"; it has %s",
                   nn_function_name(a->function), wanted ? wanted : "prediction", n ? names->str : "none");
    return UINT32_MAX;
}

/* What came out of a call: shown row by row, or kept for --to. */
static bool take(Ask *a, Program *p, uint64_t first, uint64_t n, Collected *kept) {
    const NnTensor *result;
    if (kept)
        return collected_add(kept, p, a->function, a->callable, a->only ? &a->output : NULL);
    if (nn_callable_output(a->callable, a->output, &result, p->status) != NN_OK)
        return false;
    const uint64_t rows = result->rank ? (uint64_t)result->dims[0] : 1;
    for (uint64_t i = 0; i < (n ? MIN(n, rows) : rows); i++)
        print_row(a, a->style, first + i, i, result);
    return true;
}

static void predict_samples(Ask *a, Program *p, uint64_t first, uint64_t count, Collected *kept) {
    const uint64_t batch = nn_training_batch(a->training), all = nn_data_split(a->data, a->split)->count;
    const uint64_t end = first < all ? first + MIN(count, all - first) : first;
    g_autofree uint64_t *indices = g_new0(uint64_t, batch);
    for (uint64_t at = first; at < end && nn_status_code(p->status) == NN_OK; at += batch) {
        const uint64_t n = MIN(batch, end - at);
        for (uint64_t i = 0; i < n; i++)
            indices[i] = at + i;
        for (uint32_t i = 0; i < a->n_inputs; i++)
            a->dims[i][0] = (int64_t)n;
        if (nn_training_read(a->training, a->split, n, indices, a->buffers, p->status) != NN_OK ||
            nn_callable_call(a->callable, a->inputs, p->status) != NN_OK || !take(a, p, at, n, kept))
            return;
    }
}

/* All of the arrays in one call, or (--batch) so many rows at once. */
static void predict_arrays(Ask *a, Program *p, Inputs *in, uint64_t batch, Collected *kept) {
    const uint64_t rows = inputs_rows(in);
    if (batch && rows == 0) {
        nn_status_fail(p->status, NN_INVALID, "--batch needs inputs with rows, and as many in each");
        return;
    }
    for (uint64_t at = 0; at < MAX(rows, 1); at += batch) {
        const uint64_t n = batch ? MIN(batch, rows - at) : 0;
        if (batch)
            inputs_select(in, at, n);
        if (nn_callable_call(a->callable, in->pointers, p->status) != NN_OK || !take(a, p, at, n, kept) ||
            batch == 0)
            return;
    }
}

static bool read_style(Program *p, Style *style) {
    const char *name = nnrun_flag(p, "format");
    static const char *const names[] = {"text", "csv", "json"};
    *style = p->json ? STYLE_JSON : STYLE_TEXT;
    for (uint32_t i = 0; name && i < G_N_ELEMENTS(names); i++)
        if (g_str_equal(name, names[i])) {
            *style = (Style)i;
            return true;
        }
    if (name)
        nn_status_fail(p->status, NN_INVALID, "--format has to be text, csv or json, found '%s'", name);
    return name == NULL;
}

static bool choose_function(Ask *a, Program *p) {
    const char *name = nnrun_flag(p, "function"), *to = nnrun_flag(p, "to");
    a->function = nn_network_function(nn_training_network(a->training), name ? name : "predict");
    if (a->function == NULL) {
        nn_status_fail(p->status, NN_UNSUPPORTED, "the model has no function \"%s\"",
                       name ? name : "predict");
        return false;
    }
    a->n_inputs = nn_context_host(p->context)->graph->function_inputs(a->function);
    a->output = find_output(a, p);
    const NnFormat *format = to ? nn_arrays_format(p->context, to, NN_WRITE_ARRAYS, p->status) : NULL;
    a->only = nnrun_flag(p, "output") || (format && format->flags & NN_FORMAT_SINGLE);
    return nn_status_code(p->status) == NN_OK;
}

static void run_arrays(Ask *a, Program *p, uint64_t batch, Collected *kept) {
    Inputs in;
    if (inputs_read(&in, p, a->function, nnrun_flag_all(p, "from")))
        a->callable = nn_callable_new(nn_training_session(a->training), a->function, p->status);
    if (a->callable)
        predict_arrays(a, p, &in, batch, kept);
    inputs_clear(&in);
}

static void run_samples(Ask *a, Program *p, uint64_t first, uint64_t count, Collected *kept) {
    if (find_split(a, p, nnrun_flag(p, "split")) && bind(a, p, nn_training_batch(a->training)))
        a->callable = nn_callable_new(nn_training_session(a->training), a->function, p->status);
    if (a->callable)
        predict_samples(a, p, first, count, kept);
}

static void run_with(Program *p, Trained *trained) {
    Ask a = {.training = trained->training, .data = nn_training_data(trained->training)};
    const char *to = nnrun_flag(p, "to");
    uint64_t first, count, batch;
    Collected kept;
    if (!read_style(p, &a.style) || !nnrun_flag_number(p, "first", 0, &first) ||
        !nnrun_flag_number(p, "count", to ? UINT64_MAX : 10, &count) ||
        !nnrun_flag_number(p, "batch", 0, &batch) || !choose_function(&a, p))
        return;
    collected_init(&kept);
    if (nnrun_flag_all(p, "from"))
        run_arrays(&a, p, batch, to ? &kept : NULL);
    else
        run_samples(&a, p, first, count, to ? &kept : NULL);
    if (to && nn_status_code(p->status) == NN_OK)
        collected_write(&kept, p, to);
    collected_clear(&kept);
    unbind(&a);
}

static int run(Program *p) {
    Trained trained;
    if (training_open(p, &trained))
        run_with(p, &trained);
    training_close(&trained);
    return nnrun_end(p);
}

static const Flag flags[] = {
    TRAINING_FLAGS,
    {"split", 0, "NAME", "Which split; otherwise the last one."},
    {"first", 0, "N", "The first sample, from 0."},
    {"count", 'n', "N", "How many samples; otherwise 10."},
    {"format", 0, "NAME", "text, csv or json (a line each)."},
    WEIGHTS_FLAG,
    {"function", 0, "NAME", "Which function of the model; otherwise predict."},
    {"output", 0, "NAME", "Which output of the function; otherwise prediction."},
    {"from", 0, "[INPUT=]FILE", "Arrays for the function's inputs, instead of the data; may be given again."},
    {"batch", 0, "N", "With --from: so many rows at once; otherwise all."},
    {"to", 0, "FILE", "Write what comes out as arrays, of all samples, in the format of the file's ending."},
};

const Command nnrun_predict = {.name = "predict",
                               .usage = "RUN|CONFIG [KEY=VALUE ...]",
                               .summary = "Show what a trained network says of samples",
                               .help = "Examples:\n"
                                       "  nnrun predict runs/train/mnist-mlp\n"
                                       "  nnrun predict runs/train/mnist-mlp --first 100 -n 5 --format csv\n"
                                       "  nnrun predict runs/train/mnist-mlp --to predictions.npz\n"
                                       "  nnrun predict model/ --from x.npy --to y.npy\n"
                                       "\nText shows the most probable classes, csv and json all values.\n",
                               .min_words = 1,
                               .max_words = ANY_WORDS,
                               .n_flags = G_N_ELEMENTS(flags),
                               .flags = flags,
                               .run = run};
