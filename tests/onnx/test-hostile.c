/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Models that are wrong, cut short, endless or made to take all memory. Each is refused with a sentence that
 * says what is the matter; none takes more than four times its bytes and 64 MiB, or a noticeable time.
 */
#include "build.h"
#include "model.h"

#include <stdlib.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define SLACK (UINT64_C(8) << 20) /* what measuring by pages and the allocator's own lists add */

/* Sanitizers keep books of their own. */
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define OTHER_MEMORY true
#else
#define OTHER_MEMORY false
#endif

static unsigned failed;
static NnContext *context;
static NnStatus *status;

static void say(const char *name, bool good, const char *why) {
    printf("%s %s\n", good ? "ok" : "not ok", name);
    if (!good)
        printf("# %s\n", why);
    failed += !good;
}

static bool reads(const uint8_t *bytes, size_t n) {
    nn_status_clear(status);
    NnFunction *f = model_parse(context, bytes, n, ".", true, status);
    if (f)
        nn_function_free(f);
    return f != NULL;
}

static void expect(const char *name, const uint8_t *bytes, size_t n, const char *sentence) {
    char why[1400];
    const bool read = reads(bytes, n);
    const char *said = nn_status_message(status);
    (void)snprintf(why, sizeof why, "expected \"...%s...\", found \"%s\"", sentence,
                   read ? "no refusal" : said);
    say(name, !read && strstr(said, sentence) != NULL, why);
}

/* ---- a model, and what can be wrong with it ---- */

typedef struct Model {
    Build b;
    Onnx__GraphProto *g;
    Onnx__NodeProto *add, *relu;
    Onnx__TensorProto *w;
} Model;

/* y = Relu(x + w) */
static Model small(void) {
    Model m = {.b = build_new(17)};
    m.g = m.b.model->graph;
    build_input(&m.b, m.g, "x", "f32[2]");
    m.w = build_initial(&m.b, m.g, "w", "f32[2]{1,2}");
    m.add = build_node(&m.b, m.g, "Add", "x,w", "s", NULL);
    m.relu = build_node(&m.b, m.g, "Relu", "s", "y", NULL);
    build_output(&m.b, m.g, "y");
    return m;
}

static void use_other_lists(Onnx__TensorProto *t) { t->has_raw_data = 0; }
static int64_t huge[2] = {INT64_C(1) << 40, INT64_C(1) << 40}, negative[1] = {-1}, many[17] = {1};

static void no_graph(Model *m) { m->b.model->graph = NULL; }
static void no_opset(Model *m) { m->b.model->n_opset_import = 0; }
static void late_opset(Model *m) { m->b.model->opset_import[0]->version = 1000; }
static void cycle(Model *m) { m->add->input[1] = m->relu->output[0]; }
static void own_output(Model *m) { m->add->input[1] = m->add->output[0]; }
static void unknown_name(Model *m) { m->relu->input[0] = (char *)(uintptr_t) "nobody"; }
static void unknown_output(Model *m) { m->g->output[0]->name = (char *)(uintptr_t) "nobody"; }
static void made_twice(Model *m) { m->relu->output[0] = m->add->output[0]; }
static void makes_input(Model *m) { m->relu->output[0] = m->g->input[0]->name; }
static void initial_twice(Model *m) { (void)build_initial(&m->b, m->g, "w", "f32[2]"); }
static void input_twice(Model *m) { build_input(&m->b, m->g, "x", "f32[2]"); }
static void input_without_type(Model *m) { m->g->input[0]->type = NULL; }
static void unknown_operator(Model *m) { m->relu->op_type = (char *)(uintptr_t) "Rellu"; }
static void unknown_operators(Model *m) {
    unknown_operator(m);
    build_domain(&m->b, "acme");
    (void)build_node(&m->b, m->g, "Upsample", "y", "u", NULL); /* an older form, which is known */
    build_node(&m->b, m->g, "Fold", "u", "f", NULL)->domain = (char *)(uintptr_t) "acme";
    (void)build_node(&m->b, m->g, "Rellu", "f", "z", NULL);
}
static void no_operator(Model *m) { m->relu->op_type = NULL; }
static void other_domain(Model *m) { m->relu->domain = (char *)(uintptr_t) "com.acme"; }
static void unknown_attribute(Model *m) { (void)build_attribute(&m->b, m->relu, "alpha:f=1"); }
static void attribute_twice(Model *m) {
    (void)build_attribute(&m->b, m->relu, "alpha:f=1");
    (void)build_attribute(&m->b, m->relu, "alpha:f=1");
}
static void loose_reference(Model *m) {
    m->relu->op_type = (char *)(uintptr_t) "Flatten";
    (void)build_attribute(&m->b, m->relu, "axis:r=axis");
    m->relu->input[0] = (char *)(uintptr_t) "nobody";
}
static void too_many_inputs(Model *m) { m->relu->n_input = 0; }
static void beyond_64_bits(Model *m) {
    m->w->dims = huge;
    m->w->n_dims = 2;
}
static void negative_dimension(Model *m) { m->w->dims = negative; }
static void many_dimensions(Model *m) {
    m->w->dims = many;
    m->w->n_dims = 17;
}
static void data_too_short(Model *m) { m->w->raw_data.len = 7; }
static void no_data(Model *m) { use_other_lists(m->w); }
static void wide_element(Model *m) {
    static int32_t list[2] = {1, 300};
    use_other_lists(m->w);
    m->w->data_type = NN_U8;
    m->w->int32_data = list;
    m->w->n_int32_data = 2;
}
static void of_texts(Model *m) { m->w->data_type = NN_STRING; }
static void of_complex(Model *m) { m->w->data_type = NN_COMPLEX64; }
static void of_unknown(Model *m) { m->w->data_type = 77; }
static void other_types(Model *m) { m->w->data_type = NN_I32; }
static void outside(Model *m, const char *location) {
    Onnx__StringStringEntryProto *e = build_take(&m->b, sizeof *e);
    *e = (Onnx__StringStringEntryProto)ONNX__STRING_STRING_ENTRY_PROTO__INIT;
    e->key = (char *)(uintptr_t) "location";
    e->value = (char *)(uintptr_t)location;
    m->w->external_data = build_take(&m->b, sizeof(void *));
    m->w->external_data[0] = e;
    m->w->n_external_data = 1;
    m->w->has_data_location = 1;
    m->w->data_location = ONNX__TENSOR_PROTO__DATA_LOCATION__EXTERNAL;
}
static void outside_by_root(Model *m) { outside(m, "/etc/passwd"); }
static void outside_by_parent(Model *m) { outside(m, "weights/../../etc/passwd"); }
static void outside_absent(Model *m) { outside(m, "no-such-file.bin"); }
static void bad_text(Model *m) { m->relu->name = (char *)(uintptr_t) "a\xff"; }
static void terminal_text(Model *m) { m->relu->name = (char *)(uintptr_t) "\x1b[2J"; }
static void empty_if(Model *m) {
    m->relu->op_type = (char *)(uintptr_t) "If";
    (void)build_attribute(&m->b, m->relu, "other:i=1");
}
static void loop_of_other_inputs(Model *m) {
    Onnx__GraphProto *body = build_graph(&m->b);
    build_input(&m->b, body, "i", NULL);
    build_output(&m->b, body, "i");
    m->relu->op_type = (char *)(uintptr_t) "Loop";
    build_body(&m->b, m->relu, "body", body);
}
static void scan_of_too_many(Model *m) {
    m->relu->op_type = (char *)(uintptr_t) "Scan";
    (void)build_attribute(&m->b, m->relu, "num_scan_inputs:i=9000000000");
    build_body(&m->b, m->relu, "body", build_graph(&m->b));
}
static void stray_graph(Model *m) { build_body(&m->b, m->relu, "body", build_graph(&m->b)); }
static void calls_itself(Model *m) {
    Onnx__FunctionProto *f = build_function(&m->b, "again", "x", "y", "");
    (void)build_function_node(&m->b, f, "test/again", "x", "y", NULL);
    (void)build_node(&m->b, m->g, "test/again", "y", "z", NULL);
}
/* 2^31 nodes from 31 functions. */
static void doubles(Model *m) {
    for (int i = 0; i < 31; i++) {
        char name[8], next[16];
        (void)snprintf(name, sizeof name, "f%d", i);
        (void)snprintf(next, sizeof next, i < 30 ? "test/f%d" : "Relu", i + 1);
        Onnx__FunctionProto *f = build_function(&m->b, name, "x", "z", "");
        (void)build_function_node(&m->b, f, next, "x", "y", NULL);
        (void)build_function_node(&m->b, f, next, "y", "z", NULL);
    }
    (void)build_node(&m->b, m->g, "test/f0", "y", "z", NULL);
}
static void nested(Model *m) {
    Onnx__GraphProto *inner = build_graph(&m->b);
    for (int i = 0; i < 40; i++) {
        Onnx__GraphProto *outer = build_graph(&m->b);
        Onnx__NodeProto *n = build_node(&m->b, outer, "If", "c", "z", NULL);
        build_body(&m->b, n, "then_branch", inner);
        inner = outer;
    }
    Onnx__NodeProto *n = build_node(&m->b, m->g, "If", "c", "z", NULL);
    build_body(&m->b, n, "then_branch", inner);
}

static const struct {
    const char *name;
    void (*spoil)(Model *);
    const char *sentence;
} wrongs[] = {
    {"no graph", no_graph, "it has no graph"},
    {"no opset", no_opset, "does not say of which opset"},
    {"an opset of the future", late_opset, "opset 1000 of ONNX, 1 to 28"},
    {"a cycle", cycle, "reads \"y\", which nothing before it makes"},
    {"a node that reads itself", own_output, "reads \"s\", which nothing before it makes"},
    {"a name that nobody makes", unknown_name, "reads \"nobody\""},
    {"an output that nobody makes", unknown_output, "the list of outputs reads \"nobody\""},
    {"a value made twice", made_twice, "\"s\" is made twice"},
    {"a node that makes an input", makes_input, "\"x\" is made twice"},
    {"an initial value twice", initial_twice, "the initial value \"w\" is there twice"},
    {"an input twice", input_twice, "\"x\" is made twice"},
    {"an input without a type", input_without_type, "input \"x\" is no type"},
    {"an unknown operator", unknown_operator, "did you mean 'Relu'"},
    {"several unknown operators", unknown_operators,
     "it needs operators that no plug-in provides (Rellu, acme/Fold): node "},
    {"a node without operator", no_operator, "names no operator"},
    {"a domain that is not imported", other_domain, "which opset of the domain \"com.acme\""},
    {"an unknown attribute", unknown_attribute, "has no attribute alpha"},
    {"an attribute twice", attribute_twice, "attribute alpha is there twice"},
    {"a reference outside of functions", loose_reference, "reads \"nobody\""},
    {"a node without inputs", too_many_inputs, "is missing"},
    {"a shape beyond 64 bits", beyond_64_bits, "beyond 64 bits"},
    {"a negative dimension", negative_dimension, "has the dimension -1"},
    {"17 dimensions", many_dimensions, "17 dimensions"},
    {"data that is too short", data_too_short, "wants 8 bytes, its data has 7"},
    {"no data", no_data, "wants 2 elements, its data has 0"},
    {"an element that its type cannot hold", wide_element, "element 1 is 300"},
    {"texts", of_texts, "type string, which are not supported"},
    {"complex numbers", of_complex, "type c64, which are not supported"},
    {"an unknown type", of_unknown, "unknown type 77"},
    {"operands of two types", other_types, "(Add)"},
    {"data at an absolute path", outside_by_root, "no file beside the model"},
    {"data outside of the folder", outside_by_parent, "no file beside the model"},
    {"data in a file that is not there", outside_absent, "cannot be read"},
    {"a name that is no text", bad_text, "not UTF-8"},
    {"a name that moves the cursor", terminal_text, "control characters"},
    {"an If without branches", empty_if, "it has no then_branch"},
    {"a Loop of other inputs", loop_of_other_inputs, "has 1 inputs, expected 2"},
    {"a Scan of more than there are", scan_of_too_many, "num_scan_inputs is 9000000000"},
    {"a graph where none belongs", stray_graph, "attribute body is a graph"},
    {"a function that calls itself", calls_itself, "more than 32 deep"},
    {"functions that double", doubles, "than its size allows"},
    {"nesting", nested, "nested more than 64 deep"},
};

static void test_wrongs(void) {
    for (size_t i = 0; i < NN_COUNT(wrongs); i++) {
        Model m = small();
        size_t n;
        wrongs[i].spoil(&m);
        uint8_t *bytes = build_pack(&m.b, &n);
        expect(wrongs[i].name, bytes, n, wrongs[i].sentence);
        free(bytes);
        build_free(&m.b);
    }
}

/* Cut at every length, and with every byte changed: no crash, and what is read is a model all the same. */
static void test_damaged(void) {
    Model m = small();
    size_t n;
    uint8_t *bytes = build_pack(&m.b, &n);
    unsigned read = 0;
    say("the model itself", reads(bytes, n), nn_status_message(status));
    for (size_t cut = 0; cut < n; cut++) {
        uint8_t *exact = memcpy(malloc(cut + 1), bytes, cut); /* its end is the block's, for ASan */
        read += reads(exact, cut);
        free(exact);
    }
    say("cut short at every byte", read == 0, "a part of the model was taken for a whole");
    for (size_t at = 0; at < n; at++)
        for (unsigned bit = 0; bit < 8; bit++) {
            bytes[at] ^= (uint8_t)(1u << bit);
            (void)reads(bytes, n);
            bytes[at] ^= (uint8_t)(1u << bit);
        }
    say("every bit turned", true, "");
    free(bytes);
    build_free(&m.b);
}

/* ---- what reading costs ---- */

typedef struct Bomb {
    const char *name;
    const uint8_t *unit; /* repeated as the content of the graph, or in front of everything */
    size_t n_unit;
    bool in_graph;
} Bomb;

static uint64_t peak(void) {
    struct rusage usage;
    (void)getrusage(RUSAGE_SELF, &usage);
    return (uint64_t)usage.ru_maxrss * 1024;
}

/* In a process of its own, as a peak never falls. */
static void test_bomb(const Bomb *bomb, size_t size) {
    const size_t count = size / bomb->n_unit, n = count * bomb->n_unit + 16;
    uint8_t *bytes = malloc(n);
    size_t at = 0;
    const uint64_t length = count * bomb->n_unit;
    static const uint8_t head[] = {0x08, 0x08, 0x42, 0x02, 0x10, 0x11}; /* IR version 8, opset 17 */
    memcpy(bytes, head, sizeof head);
    at = sizeof head;
    if (bomb->in_graph) {
        bytes[at++] = 7 << 3 | 2;
        for (uint64_t rest = length; at < 16; rest >>= 7)
            if ((bytes[at++] = (uint8_t)(rest & 0x7f) | (rest > 0x7f ? 0x80 : 0)) < 0x80)
                break;
    }
    for (size_t i = 0; i < count; i++, at += bomb->n_unit)
        memcpy(bytes + at, bomb->unit, bomb->n_unit);
    (void)fflush(stdout);
    const pid_t child = fork();
    if (child == 0) {
        struct timespec from, to;
        const uint64_t before = peak();
        (void)clock_gettime(CLOCK_MONOTONIC, &from);
        const bool read = reads(bytes, at);
        (void)clock_gettime(CLOCK_MONOTONIC, &to);
        const uint64_t took = peak() - before, allowed = 4 * (uint64_t)at + (UINT64_C(64) << 20) + SLACK;
        const double seconds = (double)(to.tv_sec - from.tv_sec) + (double)(to.tv_nsec - from.tv_nsec) * 1e-9;
        char why[1400];
        (void)snprintf(why, sizeof why, "%zu bytes took %llu MiB and %.1f s: %s", at,
                       (unsigned long long)(took >> 20), seconds, read ? "read" : nn_status_message(status));
        say(bomb->name, !read && (took <= allowed || OTHER_MEMORY) && seconds < 20, why);
        (void)fflush(stdout);
        _exit(failed != 0);
    }
    int how = 0;
    (void)waitpid(child, &how, 0);
    if (!WIFEXITED(how))
        say(bomb->name, false, "it crashed");
    else
        failed += WEXITSTATUS(how) != 0;
    free(bytes);
}

#define UNIT(...) (const uint8_t[]){__VA_ARGS__}, sizeof((const uint8_t[]){__VA_ARGS__})

static void test_bombs(void) {
    const Bomb bombs[] = {
        {"empty nodes", UNIT(0x0a, 0x00), true},
        {"empty initial values", UNIT(0x2a, 0x00), true},
        {"empty outputs", UNIT(0x62, 0x00), true},
        {"nodes of many inputs", UNIT(0x0a, 0x08, 0x0a, 0x00, 0x0a, 0x00, 0x0a, 0x00, 0x0a, 0x00), true},
        {"nodes without end",
         UNIT(0x0a, 0x0d, 0x22, 0x08, 'I', 'd', 'e', 'n', 't', 'i', 't', 'y', 0x12, 0x01, 'a'), true},
        {"metadata", UNIT(0x72, 0x00), false},
        {"functions", UNIT(0xca, 0x01, 0x00), false},
        {"unknown fields", UNIT(0xf8, 0x07, 0x00), false},
        {"numbers of one byte", UNIT(0x2a, 0x04, 0x3a, 0x02, 0x00, 0x00), true},
    };
    for (size_t i = 0; i < NN_COUNT(bombs); i++)
        test_bomb(&bombs[i], 12000000);
}

/* As many loops in loops as may be nested, each with a carried value that grows: inference may not double
 * with each of them. */
static void test_loops_in_loops(void) {
    Build b = build_new(17);
    Onnx__GraphProto *body = build_graph(&b), *g = b.model->graph;
    build_input(&b, g, "x", "f32[1,1,1,1]");
    (void)build_initial(&b, g, "trips", "i64[]{2}");
    for (int depth = 0; depth < 18; depth++) {
        Onnx__GraphProto *around = depth < 17 ? build_graph(&b) : g;
        char in[16], sum[16], out[16], pair[40];
        (void)snprintf(in, sizeof in, "v%d", depth);
        (void)snprintf(sum, sizeof sum, "z%d", depth);
        (void)snprintf(out, sizeof out, "w%d", depth);
        build_input(&b, body, "i", NULL);
        build_input(&b, body, "go", NULL);
        build_input(&b, body, in, NULL);
        (void)snprintf(pair, sizeof pair, "%s,%s", in, in);
        (void)build_node(&b, body, "Concat", pair, sum, "axis:i=1");
        build_output(&b, body, "go");
        build_output(&b, body, sum);
        build_body(&b, build_node(&b, around, "Loop", "trips,,x", out, NULL), "body", body);
        body = around;
    }
    build_output(&b, g, "w17");
    size_t n;
    uint8_t *bytes = build_pack(&b, &n);
    const clock_t from = clock();
    const bool read = reads(bytes, n);
    const double seconds = (double)(clock() - from) / CLOCKS_PER_SEC;
    char why[1400];
    (void)snprintf(why, sizeof why, "it took %.1f s: %s", seconds, nn_status_message(status));
    say("loops in loops", read && seconds < 10, why);
    free(bytes);
    build_free(&b);
}

int main(void) {
    status = nn_status_new();
    context = nn_context_new(NULL, status);
    if (context == NULL) {
        say("a context", false, nn_status_message(status));
        return 1;
    }
    test_wrongs();
    test_damaged();
    test_loops_in_loops();
    test_bombs();
    nn_context_free(context);
    nn_status_free(status);
    return failed != 0;
}
