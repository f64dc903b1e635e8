/* SPDX-License-Identifier: Apache-2.0 */
/*
 * nnrun sample: draws from a trained network. Its function "sample" is called again and again; an output
 * named like an input is fed back. Classes are printed by their labels (text appears as it is drawn), images
 * are written as PGM files.
 */
#include "training.h"

#include "nn/plugin.h"

#include <errno.h>
#include <glib/gstdio.h>
#include <stdio.h>
#include <stdlib.h>

typedef struct Sampler {
    Program *program;
    NnTraining *training;
    const NnFunction *function;
    NnCallable *callable;
    uint32_t n_inputs, n_outputs;
    NnTensor *tensors;
    const NnTensor **inputs;
    void **memory;     /* per input */
    int64_t *feedback; /* per output: the input that it goes to, -1: none */
    float temperature;
    const char *folder;
    uint64_t images;
} Sampler;

static const NnField *field_named(const Sampler *s, const char *name) {
    const NnDataInfo *data = nn_training_data(s->training);
    for (uint32_t i = 0; name && i < data->n_fields; i++)
        if (g_str_equal(nn_data_field(data, i)->name, name))
            return nn_data_field(data, i);
    return NULL;
}

/* ---- inputs ---- */

static bool make_input(Sampler *s, uint32_t i) {
    const NnValueInfo *info = nn_context_host(s->program->context)->graph->function_input(s->function, i);
    const char *name = nn_function_input_name(s->function, i);
    const int32_t rank = MAX(info->rank, 0);
    NnTensor *t = &s->tensors[i];
    t->type = info->type;
    t->rank = rank;
    t->dims = g_new0(int64_t, 2 * (size_t)rank + 1);
    t->strides = t->dims + rank;
    for (int32_t d = 0; d < rank; d++)
        t->dims[d] = info->dims[d] < 0 ? 1 : info->dims[d]; /* a batch of one */
    for (int32_t d = rank, stride = 1; d-- > 0; stride *= (int32_t)t->dims[d])
        t->strides[d] = stride;
    if (posix_memalign(&s->memory[i], 64, nn_type_size(t->type) * (uint64_t)nn_elements(t) + 64) != 0)
        return nn_status_fail(s->program->status, NN_OUT_OF_MEMORY, "there is no memory for input %s",
                              name) == NN_OK;
    memset(s->memory[i], 0, nn_type_size(t->type) * (uint64_t)nn_elements(t) + 64);
    t->buffer = s->memory[i];
    s->inputs[i] = t;
    if (g_strcmp0(name, "temperature") == 0 && t->type == NN_F32 && rank == 0) {
        *(float *)s->memory[i] = s->temperature;
        return true;
    }
    for (uint32_t o = 0; o < s->n_outputs; o++)
        if (g_strcmp0(nn_function_output_name(s->function, o), name) == 0) {
            s->feedback[o] = i;
            return true;
        }
    return nn_status_fail(s->program->status, NN_UNSUPPORTED,
                          "function %s needs an input \"%s\", which sampling cannot give",
                          nn_function_name(s->function), name ? name : "") == NN_OK;
}

static bool make_inputs(Sampler *s) {
    s->tensors = g_new0(NnTensor, s->n_inputs + 1);
    s->inputs = g_new0(const NnTensor *, s->n_inputs + 1);
    s->memory = g_new0(void *, s->n_inputs + 1);
    s->feedback = g_new(int64_t, s->n_outputs + 1);
    for (uint32_t o = 0; o < s->n_outputs; o++)
        s->feedback[o] = -1;
    for (uint32_t i = 0; i < s->n_inputs; i++)
        if (!make_input(s, i))
            return false;
    return true;
}

static void free_inputs(Sampler *s) {
    nn_callable_free(s->callable);
    for (uint32_t i = 0; s->memory && i < s->n_inputs; i++) {
        free(s->memory[i]);
        g_free(s->tensors[i].dims);
    }
    g_free(s->tensors);
    g_free(s->inputs);
    g_free(s->memory);
    g_free(s->feedback);
}

static void feed_back(Sampler *s, uint32_t output, const NnTensor *t) {
    if (s->feedback[output] < 0)
        return;
    const NnTensor *to = s->inputs[s->feedback[output]];
    const uint64_t bytes = nn_type_size(to->type) * (uint64_t)nn_elements(to);
    if (t->type == to->type && nn_elements(t) == nn_elements(to))
        memcpy(nn_data(to), nn_data(t), bytes);
}

/* ---- what is drawn ---- */

static int64_t whole_element(const NnTensor *t, int64_t i) {
    return t->type == NN_I64   ? ((const int64_t *)nn_data(t))[i]
           : t->type == NN_I32 ? ((const int32_t *)nn_data(t))[i]
                               : ((const uint8_t *)nn_data(t))[i];
}

static void print_symbols(const NnTensor *t, const NnField *field) {
    for (int64_t i = 0; i < nn_elements(t); i++) {
        const int64_t symbol = whole_element(t, i);
        if (field->labels && symbol >= 0 && (uint64_t)symbol < field->classes)
            fputs(field->labels[symbol], stdout);
        else
            printf("%" G_GINT64_FORMAT " ", symbol);
    }
    fflush(stdout);
}

static bool write_image(Sampler *s, const float *pixels, int64_t height, int64_t width) {
    g_autofree char *name = g_strdup_printf("sample-%04" G_GUINT64_FORMAT ".pgm", s->images++);
    g_autofree char *path = g_build_filename(s->folder, name, NULL);
    g_autoptr(GString) bytes = g_string_new(NULL);
    g_string_printf(bytes, "P5\n%" G_GINT64_FORMAT " %" G_GINT64_FORMAT "\n255\n", width, height);
    for (int64_t i = 0; i < height * width; i++)
        g_string_append_c(bytes, (char)(uint8_t)(255 * CLAMP(pixels[i], 0, 1) + 0.5f));
    g_autoptr(GError) error = NULL;
    if (!g_file_set_contents(path, bytes->str, (gssize)bytes->len, &error))
        return nn_status_fail(s->program->status, NN_ERROR, "%s", error->message) == NN_OK;
    puts(path);
    return true;
}

/* [N, 1, H, W], [N, H, W]: the last two are an image. */
static bool write_images(Sampler *s, const NnTensor *t) {
    const int64_t height = t->dims[t->rank - 2], width = t->dims[t->rank - 1];
    const int64_t n = height * width > 0 ? nn_elements(t) / (height * width) : 0;
    if (g_mkdir_with_parents(s->folder, 0777) != 0)
        return nn_status_fail(s->program->status, NN_ERROR, "cannot make %s: %s", s->folder,
                              g_strerror(errno)) == NN_OK;
    for (int64_t i = 0; i < n; i++)
        if (!write_image(s, (const float *)nn_data(t) + i * height * width, height, width))
            return false;
    return true;
}

static bool show(Sampler *s, uint32_t output, const NnTensor *t) {
    const NnField *field = field_named(s, nn_function_output_name(s->function, output));
    const bool whole = t->type == NN_I64 || t->type == NN_I32 || t->type == NN_U8;
    if (whole && field && field->classes) {
        print_symbols(t, field);
    } else if (t->type == NN_F32 && t->rank >= 3) {
        return write_images(s, t);
    } else if (t->type == NN_F32) {
        for (int64_t i = 0; i < nn_elements(t); i++)
            printf("%s%.6g", i ? " " : "", (double)((const float *)nn_data(t))[i]);
        putchar('\n');
    }
    return true;
}

/* ---- the command ---- */

static bool reset(Sampler *s) {
    const NnFunction *f = nn_network_function(nn_training_network(s->training), "reset.sample");
    if (f == NULL)
        return true;
    NnCallable *callable = nn_callable_new(nn_training_session(s->training), f, s->program->status);
    if (callable && nn_callable_call(callable, NULL, s->program->status) == NN_OK)
        nn_callable_wait(callable, s->program->status);
    nn_callable_free(callable);
    return nn_status_code(s->program->status) == NN_OK;
}

static void draw(Sampler *s, uint64_t count, uint64_t seed) {
    NnSession *session = nn_training_session(s->training);
    NnStatus *status = s->program->status;
    nn_session_set_step(session, seed << 32);
    if (!reset(s))
        return;
    for (uint64_t i = 0; i < count; i++) {
        nn_session_set_step(session, (seed << 32) + i + 1);
        if (nn_callable_call(s->callable, s->inputs, status) != NN_OK)
            return;
        for (uint32_t o = 0; o < s->n_outputs; o++) {
            const NnTensor *t;
            if (nn_callable_output(s->callable, o, &t, status) != NN_OK || !show(s, o, t))
                return;
            feed_back(s, o, t);
        }
    }
}

static bool read_temperature(Program *p, float *value) {
    const char *text = nnrun_flag(p, "temperature");
    char *end = NULL;
    *value = text ? (float)g_ascii_strtod(text, &end) : 1;
    if (text && (*end || !(*value > 0)))
        nn_status_fail(p->status, NN_INVALID, "--temperature has to be a number above 0, found '%s'", text);
    return nn_status_code(p->status) == NN_OK;
}

static void run_with(Program *p, Trained *trained) {
    const NnGraphApi *api = nn_context_host(p->context)->graph;
    const char *folder = nnrun_flag(p, "output");
    Sampler s = {.program = p, .training = trained->training, .folder = folder ? folder : "samples"};
    uint64_t count, seed;
    s.function = nn_network_function(nn_training_network(s.training), "sample");
    if (s.function == NULL) {
        nn_status_fail(p->status, NN_UNSUPPORTED, "the model has no function \"sample\"");
        return;
    }
    s.n_inputs = api->function_inputs(s.function);
    s.n_outputs = api->function_outputs(s.function);
    /* A function that feeds itself draws a text, symbol by symbol; another draws a whole sample a call. */
    const uint64_t usual = s.n_inputs ? 500 : 1;
    if (!read_temperature(p, &s.temperature) || !nnrun_flag_number(p, "count", usual, &count) ||
        !nnrun_flag_number(p, "seed", 0, &seed))
        return;
    if (make_inputs(&s))
        s.callable = nn_callable_new(nn_training_session(s.training), s.function, p->status);
    if (s.callable)
        draw(&s, count, seed);
    if (s.callable && s.images == 0)
        putchar('\n');
    free_inputs(&s);
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
    {"count", 'n', "N", "How often to draw: characters of a text (500), or calls (1)."},
    {"temperature", 0, "T", "Below 1 more probable, above 1 more varied; otherwise 1."},
    {"seed", 0, "N", "Which draws; otherwise 0."},
    {"output", 0, "DIR", "Where images go; otherwise samples/."},
    WEIGHTS_FLAG,
};

const Command nnrun_sample = {.name = "sample",
                              .usage = "RUN|CONFIG [KEY=VALUE ...]",
                              .summary = "Draw new texts or images from a trained network",
                              .help = "Examples:\n"
                                      "  nnrun sample runs/train/shakespeare-lstm -n 1000 --temperature 0.8\n"
                                      "  nnrun sample runs/train/mnist-rbm --output pictures\n",
                              .min_words = 1,
                              .max_words = ANY_WORDS,
                              .n_flags = G_N_ELEMENTS(flags),
                              .flags = flags,
                              .run = run};
