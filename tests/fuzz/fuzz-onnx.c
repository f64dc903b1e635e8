/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A model from anywhere: it is refused with a sentence, or it is a graph that can be sealed. Damaged bytes
 * seldom get past the names, so there are also well-formed models of arbitrary operators, inputs and
 * attributes.
 */
#include "../onnx/build.h"
#include "../onnx/model.h"
#include "driver.h"
#include "nn/operator.h"

static NnContext *context;
static NnStatus *status;

static bool read_one(const uint8_t *bytes, size_t n) {
    const NnOptions quiet = {.struct_size = sizeof quiet};
    if (status == NULL)
        status = nn_status_new();
    if (context == NULL)
        context = nn_context_new(&quiet, status);
    NnFunction *f = context ? model_parse(context, bytes, n, NULL, true, status) : NULL;
    if (f == NULL && *nn_status_message(status) == '\0')
        abort(); /* refused without a sentence */
    if (f)
        nn_function_free(f);
    nn_status_clear(status);
    return f != NULL;
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n) {
    (void)read_one(bytes, n);
    return 0;
}

#ifndef NN_FUZZER
/* Plain nodes, with attributes of all kinds. */
static Build chain(void) {
    Build b = build_new(17);
    Onnx__GraphProto *g = b.model->graph;
    build_input(&b, g, "x", "f32[1,2,4,4]");
    (void)build_initial(&b, g, "w", "f32[2,2,3,3]{1,2,3}");
    (void)build_initial(&b, g, "shape", "i64[2]{1,-1}");
    (void)build_node(&b, g, "Conv", "x,w", "c", "pads:I=1,1,1,1 auto_pad:s=NOTSET group:i=1");
    (void)build_node(&b, g, "LeakyRelu", "c", "r", "alpha:f=.1");
    (void)build_node(&b, g, "Reshape", "r,shape", "f", NULL);
    (void)build_node(&b, g, "Constant", "", "k", "value:t=f32[32,3]{1,2,3}");
    (void)build_node(&b, g, "MatMul", "f,k", "y", NULL);
    build_output(&b, g, "y");
    return b;
}

/* Older forms, which rules rewrite. */
static Build older(void) {
    Build b = build_new(6);
    Onnx__GraphProto *g = b.model->graph;
    build_input(&b, g, "x", "f32[2,3]");
    (void)build_node(&b, g, "Slice", "x", "s", "starts:I=0,1 ends:I=2,3");
    (void)build_node(&b, g, "Pad", "s", "p", "pads:I=1,0,0,1 value:f=2");
    (void)build_node(&b, g, "Softmax", "p", "q", "axis:i=1");
    (void)build_node(&b, g, "Upsample", "q", "u", "scales:F=2,1");
    (void)build_node(&b, g, "Dropout", "u", "d,m", "is_test:i=1 ratio:f=.5");
    (void)build_node(&b, g, "Split", "d", "y,z", "axis:i=0 split:I=2,4");
    build_output(&b, g, "y");
    build_output(&b, g, "m");
    return b;
}

/* Functions, and graphs in graphs. */
static Build inner(void) {
    Build b = build_new(17);
    Onnx__GraphProto *g = b.model->graph, *body = build_graph(&b), *yes = build_graph(&b),
                     *no = build_graph(&b);
    Onnx__FunctionProto *f = build_function(&b, "f", "a", "b", "k");
    (void)build_function_node(&b, f, "Constant", "", "c", "value_float:r=k");
    (void)build_function_node(&b, f, "Add", "a,c", "b", NULL);
    build_input(&b, g, "x", "f32[2]");
    (void)build_initial(&b, g, "n", "i64[]{3}");
    (void)build_node(&b, yes, "test/f", "v", "t", "k:f=1");
    build_output(&b, yes, "t");
    (void)build_node(&b, no, "Neg", "x", "e", NULL);
    build_output(&b, no, "e");
    build_input(&b, body, "i", NULL);
    build_input(&b, body, "go", NULL);
    build_input(&b, body, "v", NULL);
    Onnx__NodeProto *choice = build_node(&b, body, "If", "go", "next", NULL);
    build_body(&b, choice, "then_branch", yes);
    build_body(&b, choice, "else_branch", no);
    build_output(&b, body, "go");
    build_output(&b, body, "next");
    build_body(&b, build_node(&b, g, "Loop", "n,,x", "y", NULL), "body", body);
    build_output(&b, g, "y");
    return b;
}

/* ---- well-formed nonsense ---- */

static const char *const tensors[] = {"f32[]{1}",      "f32[2,3]{1,2,3}", "f32[1,2,4,4]",       "f32[3,2]",
                                      "f32[0,3]",      "i64[2]{1,-1}",    "i64[4]{0,1,2,3}",    "i64[]{2}",
                                      "i64[1]{-1}",    "i64[0]",          "i64[1]{1000000000}", "i32[2,3]",
                                      "bool[2,3]{1}",  "bool[]{1}",       "f16[2,3]",           "u8[2,3]",
                                      "f64[2,3]{1,2}", "f32[4]{1,1,2,2}", "i8[1,2,4,4]"};

/* An attribute of that setting, as a text that the builder reads; now and then of another kind. */
static void nonsense_attribute(char *out, size_t size, const NnSetting *s) {
    static const char *const numbers[] = {
        "0",          "1",    "2",  "-1", "3", "7", "-9223372036854775808", "9223372036854775807",
        "2147483648", "1e30", "nan"};
    static const char *const lists[] = {"1",
                                        "1,1",
                                        "2,2",
                                        "0,0,0,0",
                                        "1,1,1,1",
                                        "-1",
                                        "0,1,2,3",
                                        "3,3",
                                        "-5,99",
                                        "2,1",
                                        "9223372036854775807,2"};
    static const char kinds[] = "iIfFst";
    const char *text = numbers[below(NN_COUNT(numbers))];
    char kind = s->kind == NN_SET_INT || s->kind == NN_SET_BOOL ? 'i'
                : s->kind == NN_SET_FLOAT                       ? 'f'
                : s->kind == NN_SET_INTS                        ? 'I'
                : s->kind == NN_SET_FLOATS                      ? 'F'
                : s->kind == NN_SET_TENSOR                      ? 't'
                                                                : 's';
    if (below(30) == 0)
        kind = kinds[below(sizeof kinds - 1)];
    if (kind == 'i' && (s->flags & NN_SET_RANGE || s->kind == NN_SET_BOOL) && below(10)) {
        const double least = s->kind == NN_SET_BOOL ? 0 : s->min, most = s->kind == NN_SET_BOOL ? 1 : s->max;
        const double wide = most - least < 3 || below(8) == 0 ? most - least : 3;
        (void)snprintf(out, size, "%s:i=%.0f", s->name, least + (double)below((uint64_t)wide + 1));
        return;
    }
    if (kind == 'I' || kind == 'F')
        text = lists[below(NN_COUNT(lists))];
    else if (kind == 't')
        text = tensors[below(NN_COUNT(tensors))];
    else if (kind == 's' && s->choices)
        text = s->choices;
    /* Of choices one, which is seldom the last. */
    for (uint64_t skip = kind == 's' && s->choices ? below(4) : 0; skip > 0 && strchr(text, '|'); skip--)
        text = strchr(text, '|') + 1;
    (void)snprintf(out, size, "%s:%c=%.*s", s->name, kind, (int)strcspn(text, "|"), text);
}

/* Mostly of a type that the parameter takes: one of the inputs and initial values, or what a node before
 * made. */
static unsigned any_value(const NnOperator *def, uint64_t i, unsigned values) {
    const uint64_t at = i < def->n_inputs ? i : def->n_inputs - 1;
    const NnParam *p = (const void *)((const char *)def->inputs + at * def->param_stride);
    for (unsigned tries = 0; tries < 40 && below(20); tries++) {
        const unsigned k = (unsigned)below(values);
        Tensor *x = k < NN_COUNT(tensors) ? build_tensor(tensors[k], NULL) : NULL;
        const bool fits = x == NULL || p->types == 0 || (p->types & NN_MASK(x->t.type));
        tensor_free(x);
        if (fits)
            return k;
    }
    return (unsigned)below(values);
}

static void nonsense_node(Build *b, Onnx__GraphProto *g, const NnOperator *def, unsigned *values) {
    char inputs[256] = "", outputs[256] = "", attribute[200];
    const uint64_t n_in = def->n_inputs ? 1 + below(def->n_inputs + 1) : 0,
                   n_out = 1 + below(def->n_outputs + 1);
    const unsigned made = *values;
    for (uint64_t i = 0; i < n_in && i < 12; i++) {
        const size_t at = strlen(inputs);
        if (i > 0 && below(8) == 0)
            (void)snprintf(inputs + at, sizeof inputs - at, ",");
        else
            (void)snprintf(inputs + at, sizeof inputs - at, "%sv%u", i ? "," : "", any_value(def, i, made));
    }
    for (uint64_t i = 0; i < n_out && i < 8; i++) {
        const size_t at = strlen(outputs);
        (void)snprintf(outputs + at, sizeof outputs - at, "%sv%u", i ? "," : "", (*values)++);
    }
    const bool plain = def->domain == NULL || *def->domain == '\0';
    char op[200];
    (void)snprintf(op, sizeof op, "%s%s%s", plain ? "" : def->domain, plain ? "" : "/", def->name);
    Onnx__NodeProto *n = build_node(b, g, op, inputs, outputs, NULL);
    for (uint32_t i = 0; i < def->n_attrs; i++) {
        const NnSetting *s = (const void *)((const char *)def->attrs + (size_t)i * def->attr_stride);
        if (s->kind == NN_SET_FUNCTION || (below(3) && !(s->flags & NN_SET_REQUIRED)))
            continue;
        nonsense_attribute(attribute, sizeof attribute, s);
        (void)build_attribute(b, n, attribute);
    }
}

static const NnOperator *any_operator(void) {
    const NnEntry *e = NULL;
    do
        e = nn_registry_entry(context, (uint32_t)below(nn_registry_count(context)));
    while (strcmp(e->kind, NN_OPERATOR_KIND) != 0);
    return nn_registry_table(context, e->kind, e->name, NULL);
}

static void read_nonsense(void) {
    static const int64_t opsets[] = {28, 18, 13, 11, 7, 1};
    Build b = build_new(opsets[below(NN_COUNT(opsets))]);
    Onnx__GraphProto *g = b.model->graph;
    unsigned values = 0;
    char name[16];
    for (size_t i = 0; i < NN_COUNT(tensors); i++) {
        (void)snprintf(name, sizeof name, "v%u", values++);
        if (below(2))
            (void)build_initial(&b, g, name, tensors[i]);
        else
            build_input(&b, g, name, tensors[i]);
    }
    for (uint64_t nodes = 1 + below(4); nodes > 0; nodes--) {
        const NnOperator *def = any_operator();
        if (def)
            nonsense_node(&b, g, def, &values);
    }
    (void)snprintf(name, sizeof name, "v%u", values - 1);
    build_output(&b, g, name);
    build_domain(&b, "nn");
    build_domain(&b, "ai.onnx.preview.training");
    size_t n;
    uint8_t *bytes = build_pack(&b, &n);
    LLVMFuzzerTestOneInput(bytes, n);
    free(bytes);
    build_free(&b);
}

int main(int argc, char **argv) {
    Build models[] = {chain(), older(), inner()};
    Seed seeds[NN_COUNT(models)];
    uint8_t *bytes[NN_COUNT(models)];
    for (size_t i = 0; i < NN_COUNT(models); i++) {
        bytes[i] = build_pack(&models[i], &seeds[i].n);
        seeds[i].bytes = (const char *)bytes[i];
        if (!read_one(bytes[i], seeds[i].n)) {
            printf("not ok seed %zu is no model\n", i);
            return 1;
        }
    }
    const int code = drive_rounds(argc, argv, "fuzz-onnx", seeds, NN_COUNT(seeds), 20000);
    const time_t end = time(NULL) + (time_t)fuzz_seconds();
    for (int i = 0; argc == 1 && (i < 5000 || time(NULL) < end); i++)
        read_nonsense();
    printf("ok fuzz-onnx, well-formed nonsense\n");
    for (size_t i = 0; i < NN_COUNT(models); i++) {
        free(bytes[i]);
        build_free(&models[i]);
    }
    nn_context_free(context);
    nn_status_free(status);
    return code;
}
#endif
