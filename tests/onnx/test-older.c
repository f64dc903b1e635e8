/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Operators as older opsets wrote them, functions of the model and subgraphs that read from outside, each as
 * a model that is imported and run. A case is a line: operator and opset; attributes; inputs (those with = in
 * front are initial values); outputs. Expected numbers are from the operators' documentation of that opset.
 */
#include "build.h"
#include "model.h"

#include <math.h>
#include <stdlib.h>

#define MOST 8

static const char *const cases[] = {
    "Abs 1; consumed_inputs:I=0; f32[2]{-1,2}; f32[2]{1,2}",
    "Add 6; ; f32[2,2]{1,2,3,4} f32[2,2]{1,1,1,1}; f32[2,2]{2,3,4,5}",
    "Add 6; broadcast:i=1 axis:i=0; f32[2,2]{1,2,3,4} f32[2]{10,20}; f32[2,2]{11,12,23,24}",
    "Add 6; broadcast:i=1; f32[2,2]{1,2,3,4} f32[2]{10,20}; f32[2,2]{11,22,13,24}",
    "Sub 1; broadcast:i=1 axis:i=1 consumed_inputs:I=0,0; f32[1,2,2]{1,2,3,4} f32[2]{1,2}; "
    "f32[1,2,2]{0,1,1,2}",
    "Pow 1; broadcast:i=1; f32[3]{1,2,3} f32[]{2}; f32[3]{1,4,9}",
    "Greater 1; broadcast:i=1 axis:i=0; f32[2,2]{1,2,3,4} f32[2]{1,3}; bool[2,2]{0,1,0,1}",
    "PRelu 6; ; f32[1,2,2]{-1,1,-1,1} f32[2]{.5,.25}; f32[1,2,2]{-.5,1,-.25,1}",
    "Clip 6; min:f=-1 max:f=2; f32[4]{-3,0,1,5}; f32[4]{-1,0,1,2}",
    "Clip 6; max:f=2; f64[4]{-3,0,1,5}; f64[4]{-3,0,1,2}",
    "Cast 1; to:s=INT32; f32[2]{1.5,-2}; i32[2]{1,-2}",
    "Gemm 1; broadcast:i=1 transB:i=1; f32[1,2]{1,2} f32[2,2]{1,0,0,1} f32[2]{10,20}; f32[1,2]{11,22}",
    "Selu 1; ; f32[2]{1,0}; f32[2]{1.0507,0}",
    "Softmax 12; ; f32[1,2,2]{0,0,0,0}; f32[1,2,2]{.25,.25,.25,.25}",
    "Softmax 11; axis:i=2; f32[1,2,2]{0,0,0,0}; f32[1,2,2]{.5,.5,.5,.5}",
    "LogSoftmax 1; axis:i=0; f32[2,2]{0,0,0,0}; f32[2,2]{-1.3862944,-1.3862944,-1.3862944,-1.3862944}",
    "Hardmax 11; ; f32[1,2,2]{1,2,4,3}; f32[1,2,2]{0,0,1,0}",
    "Concat 1; ; f32[1,1]{1} f32[1,2]{2,3}; f32[1,3]{1,2,3}",
    "Reshape 1; shape:I=-1; f32[2,2]{1,2,3,4}; f32[4]{1,2,3,4}",
    "Squeeze 11; axes:I=0; f32[1,2]{1,2}; f32[2]{1,2}",
    "Squeeze 1; ; f32[1,2,1]{1,2}; f32[2]{1,2}",
    "Unsqueeze 1; axes:I=0,2; f32[2]{1,2}; f32[1,2,1]{1,2}",
    "ReduceSum 11; axes:I=1 keepdims:i=0; f32[2,2]{1,2,3,4}; f32[2]{3,7}",
    "ReduceMax 17; axes:I=0; i8[2,2]{1,2,3,4}; i8[1,2]{3,4}",
    "ReduceMean 1; ; f32[2,2]{1,2,3,4}; f32[1,1]{2.5}",
    "Slice 1; starts:I=1 ends:I=1000 axes:I=1; f32[2,3]{1,2,3,4,5,6}; f32[2,2]{2,3,5,6}",
    "Slice 9; starts:I=0,-1 ends:I=1,9; f32[2,3]{1,2,3,4,5,6}; f32[1,1]{3}",
    "Pad 1; paddings:I=0,1,0,0 value:f=9; f32[1,2]{1,2}; f32[1,3]{9,1,2}",
    "Pad 2; pads:I=1,1 mode:s=reflect; f32[3]{1,2,3}; f32[5]{2,1,2,3,2}",
    "Split 1; axis:i=1; f32[1,4]{1,2,3,4}; f32[1,2]{1,2} f32[1,2]{3,4}",
    "Split 2; split:I=1,3; f32[4]{1,2,3,4}; f32[1]{1} f32[3]{2,3,4}",
    "Split 13; ; f32[4]{1,2,3,4} =i64[2]{3,1}; f32[3]{1,2,3} f32[1]{4}",
    "Tile 1; ; f32[1,2]{1,2} =i64[]{2} =i64[]{1}; f32[1,4]{1,2,1,2}",
    "TopK 1; k:i=2; f32[4]{1,4,2,3}; f32[2]{4,3} i64[2]{1,3}",
    "TopK 10; axis:i=0; f32[4]{1,4,2,3} =i64[1]{1}; f32[1]{4} i64[1]{1}",
    "Scatter 9; axis:i=0; f32[3]{1,2,3} i64[1]{1} f32[1]{9}; f32[3]{1,9,3}",
    "Upsample 1; height_scale:f=1 width_scale:f=2; f32[1,1,1,2]{1,2}; f32[1,1,1,4]{1,1,2,2}",
    "Upsample 7; scales:F=1,1,2,1 mode:s=nearest; f32[1,1,1,2]{1,2}; f32[1,1,2,2]{1,2,1,2}",
    "Upsample 9; mode:s=linear; f32[1,1,1,2]{1,3} =f32[4]{1,1,1,2}; f32[1,1,1,4]{1,2,3,3}",
    "Resize 10; ; f32[4]{1,2,3,4} =f32[1]{.5}; f32[2]{1,3}",
    "BatchNormalization 1; is_test:i=1 epsilon:f=0 consumed_inputs:I=0,0,0,1,1; f32[1,2,1]{3,5} =f32[2]{1,2} "
    "=f32[2]{0,1} =f32[2]{1,1} =f32[2]{4,1}; f32[1,2,1]{1,9}",
    "BatchNormalization 8; spatial:i=0 epsilon:f=0; f32[2,2]{3,5,1,1} =f32[2]{1,2} =f32[2]{0,1} =f32[2]{1,1} "
    "=f32[2]{4,1}; f32[2,2]{1,9,0,1}",
    "BatchNormalization 6; epsilon:f=0; f32[2,1]{1,3} =f32[1]{1} =f32[1]{0} =f32[1]{7} =f32[1]{9}; "
    "f32[2,1]{-1,1}",
    "Dropout 1; is_test:i=1 ratio:f=.9; f32[2]{1,2}; f32[2]{1,2}",
    "Dropout 7; ratio:f=.9; f32[2]{1,2}; f32[2]{1,2} f32[2]{1,1}",
    "Dropout 10; ; f32[2]{1,2}; f32[2]{1,2} bool[2]{1,1}",
    "GroupNormalization 18; num_groups:i=2 epsilon:f=0; f32[1,4,1]{1,3,2,6} f32[2]{1,10} f32[2]{0,5}; "
    "f32[1,4,1]{-1,1,-5,15}",
    "LpPool 1; kernel_shape:I=2 p:f=1; f32[1,1,3]{1,-2,3}; f32[1,1,2]{3,5}",
    "GlobalLpPool 1; p:f=2; f32[1,1,2]{3,4}; f32[1,1,1]{5}",
    "GRU 1; hidden_size:i=1 output_sequence:i=1; f32[1,1,1]{0} f32[1,3,1]{1,1,1} f32[1,3,1]{1,1,1}; "
    "f32[1,1,1,1]{0} f32[1,1,1]{0}",
    "GridSample 16; mode:s=bilinear align_corners:i=1; f32[1,1,1,2]{1,3} f32[1,1,1,2]{0,0}; f32[1,1,1,1]{2}",
    "DFT 17; ; f32[1,2,1]{1,2}; f32[1,2,2]{3,0,-1,0}",
    "RoiAlign 10; output_height:i=1 output_width:i=1 sampling_ratio:i=1; f32[1,1,2,2]{1,2,3,4} "
    "f32[1,4]{0,0,1,1} "
    "i64[1]{0}; f32[1,1,1,1]{2.5}",
    "OptionalHasElement 18; ; f32[2]{1,2}; bool[]{1}",
    "ConstantFill 7; input_as_shape:i=1 value:f=2 dtype:i=6; =i64[1]{2}; i32[2]{2,2}",
    "ConstantFill 1; shape:I=1 extra_shape:I=2; ; f32[1,2]{0,0}",
    "Constant 12; value_ints:I=3,4; ; i64[2]{3,4}",
    "Constant 1; value:t=f16[2]{1,2}; ; f16[2]{1,2}",
};

/* ---- running ---- */

static unsigned failed;
static NnContext *context;
static NnSession *session;
static NnStatus *status;

static void say(const char *name, bool good) {
    printf("%s %s\n", good ? "ok" : "not ok", name);
    if (!good)
        printf("# %s\n", nn_status_message(status));
    failed += !good;
    nn_status_clear(status);
}

static bool alike(const NnTensor *a, const NnTensor *b, uint32_t k) {
    bool good = tensor_same_shape(a, b);
    for (int64_t i = 0; good && i < tensor_count(b); i++)
        good = fabs(tensor_get(a, i) - tensor_get(b, i)) <= 1e-5 * (1 + fabs(tensor_get(b, i)));
    if (!good)
        nn_status_fail(status, NN_ERROR, "output %u: type %s rank %d, first element %g; expected %s, %d, %g",
                       k, nn_type_name(a->type), a->rank, tensor_count(a) ? tensor_get(a, 0) : 0,
                       nn_type_name(b->type), b->rank, tensor_count(b) ? tensor_get(b, 0) : 0);
    return good;
}

/* Imports, runs and compares; the builder is freed. */
static bool run(Build *b, uint32_t n_in, Tensor *const *in, uint32_t n_out, Tensor *const *out) {
    size_t n;
    uint8_t *bytes = build_pack(b, &n);
    NnFunction *f = model_parse(context, bytes, n, ".", true, status);
    NnCallable *c = f ? nn_callable_new(session, f, status) : NULL;
    const NnTensor *ins[MOST];
    for (uint32_t i = 0; i < n_in; i++)
        ins[i] = &in[i]->t;
    bool good = c && nn_callable_call(c, ins, status) == NN_OK && nn_callable_wait(c, status) == NN_OK;
    for (uint32_t k = 0; good && k < n_out; k++) {
        const NnTensor *found;
        good = nn_callable_output(c, k, &found, status) == NN_OK && alike(found, &out[k]->t, k);
    }
    nn_callable_free(c);
    if (f)
        nn_function_free(f);
    free(bytes);
    build_free(b);
    for (uint32_t i = 0; i < n_in; i++)
        tensor_free(in[i]);
    for (uint32_t i = 0; i < n_out; i++)
        tensor_free(out[i]);
    return good;
}

/* The part of a case up to the next ';', without spaces around it. */
static char *part(char **rest) {
    char *start = *rest + strspn(*rest, " "), *end = start + strcspn(start, ";");
    *rest = *end ? end + 1 : end;
    *end = '\0';
    while (end > start && end[-1] == ' ')
        *--end = '\0';
    return start;
}

static void run_case(const char *line) {
    char text[1024], op[64], name[] = "a", inputs[64] = "", outputs[64] = "", *rest = text;
    int opset = 0;
    (void)snprintf(text, sizeof text, "%s", line);
    if (sscanf(part(&rest), "%63s %d", op, &opset) != 2)
        abort();
    Build b = build_new(opset);
    Onnx__GraphProto *g = b.model->graph;
    char *attributes = part(&rest), *ins = part(&rest), *outs = part(&rest), *save;
    Tensor *in[MOST], *out[MOST];
    uint32_t n_in = 0, n_out = 0;
    for (char *t = strtok_r(ins, " ", &save); t; t = strtok_r(NULL, " ", &save), name[0]++) {
        (void)snprintf(inputs + strlen(inputs), 8, "%s%s", *inputs ? "," : "", name);
        if (*t == '=') {
            (void)build_initial(&b, g, name, t + 1);
        } else {
            build_input(&b, g, name, t);
            in[n_in++] = build_tensor(t, NULL);
        }
    }
    for (char *t = strtok_r(outs, " ", &save); t; t = strtok_r(NULL, " ", &save), name[0]++) {
        (void)snprintf(outputs + strlen(outputs), 8, "%s%s", *outputs ? "," : "", name);
        build_output(&b, g, name);
        out[n_out++] = build_tensor(t, NULL);
    }
    (void)build_node(&b, g, op, inputs, outputs, attributes);
    say(line, run(&b, n_in, in, n_out, out));
}

/* ---- functions and subgraphs ---- */

/* scaled(x, y?) = f x + y, where f is an attribute and y may be absent; called twice, once from another. */
static void test_functions(void) {
    Build b = build_new(17);
    Onnx__GraphProto *g = b.model->graph;
    Onnx__FunctionProto *f = build_function(&b, "scaled", "x", "z", "factor");
    (void)build_function_node(&b, f, "Constant", "", "c", "value_float:r=factor");
    (void)build_function_node(&b, f, "Mul", "x,c", "z", NULL);
    f = build_function(&b, "twice", "x,absent", "z", "");
    (void)build_function_node(&b, f, "test/scaled", "x", "s", "factor:f=2");
    (void)build_function_node(&b, f, "Clip", "s,absent", "z", NULL);
    build_input(&b, g, "x", "f32[2]");
    (void)build_node(&b, g, "test/twice", "x", "t", NULL);
    (void)build_node(&b, g, "test/scaled", "t", "y", "factor:f=3");
    build_output(&b, g, "y");
    Tensor *in[] = {build_tensor("f32[2]{1,2}", NULL)}, *out[] = {build_tensor("f32[2]{6,12}", NULL)};
    say("functions of the model", run(&b, 1, in, 1, out));
}

/* sum of i * w for i < 3 in a Loop whose body has an If; w and the limit are read from outside of both. */
static void test_captures(void) {
    Build b = build_new(17);
    Onnx__GraphProto *g = b.model->graph, *body = build_graph(&b), *yes = build_graph(&b),
                     *no = build_graph(&b);
    build_input(&b, g, "start", "f32[2]");
    build_input(&b, g, "w", "f32[2]");
    (void)build_initial(&b, g, "trips", "i64[]{3}");
    (void)build_initial(&b, g, "limit", "i64[]{1}");
    (void)build_node(&b, yes, "Add", "sum,w", "more", NULL);
    build_output(&b, yes, "more");
    (void)build_node(&b, no, "Identity", "sum", "same", NULL);
    build_output(&b, no, "same");
    build_input(&b, body, "i", NULL);
    build_input(&b, body, "go", NULL);
    build_input(&b, body, "sum", NULL);
    (void)build_node(&b, body, "GreaterOrEqual", "i,limit", "late", NULL);
    Onnx__NodeProto *choice = build_node(&b, body, "If", "late", "next", NULL);
    build_body(&b, choice, "then_branch", yes);
    build_body(&b, choice, "else_branch", no);
    build_output(&b, body, "go");
    build_output(&b, body, "next");
    build_output(&b, body, "i");
    Onnx__NodeProto *loop = build_node(&b, g, "Loop", "trips,,start", "end,all", NULL);
    build_body(&b, loop, "body", body);
    build_output(&b, g, "end");
    build_output(&b, g, "all");
    Tensor *in[] = {build_tensor("f32[2]{1,2}", NULL), build_tensor("f32[2]{10,20}", NULL)};
    Tensor *out[] = {build_tensor("f32[2]{21,42}", NULL), build_tensor("i64[3]{0,1,2}", NULL)};
    say("subgraphs that read from outside", run(&b, 2, in, 2, out));
}

/* Where the condition is known, the other branch need not fit. */
static void test_known_branch(void) {
    Build b = build_new(17);
    Onnx__GraphProto *g = b.model->graph, *yes = build_graph(&b), *no = build_graph(&b);
    build_input(&b, g, "x", "f32[1,2]");
    (void)build_initial(&b, g, "known", "bool[]{0}");
    (void)build_initial(&b, g, "axis", "i64[1]{1}");
    (void)build_node(&b, yes, "Squeeze", "x,axis", "a", NULL);
    build_output(&b, yes, "a");
    (void)build_node(&b, no, "Neg", "x", "a", NULL);
    build_output(&b, no, "a");
    Onnx__NodeProto *choice = build_node(&b, g, "If", "known", "y", NULL);
    build_body(&b, choice, "then_branch", yes);
    build_body(&b, choice, "else_branch", no);
    build_output(&b, g, "y");
    Tensor *in[] = {build_tensor("f32[1,2]{1,2}", NULL)}, *out[] = {build_tensor("f32[1,2]{-1,-2}", NULL)};
    say("a branch that is known", run(&b, 1, in, 1, out));
}

/* A batch of two, each with its own sum, as before opset 9. */
static void test_scan_8(void) {
    Build b = build_new(8);
    Onnx__GraphProto *g = b.model->graph, *body = build_graph(&b);
    build_input(&b, g, "start", "f32[2,1]");
    build_input(&b, g, "xs", "f32[2,3,1]");
    build_input(&b, body, "sum", "f32[1]");
    build_input(&b, body, "x", "f32[1]");
    (void)build_node(&b, body, "Add", "sum,x", "next", NULL);
    (void)build_node(&b, body, "Identity", "next", "out", NULL);
    build_output(&b, body, "next");
    build_output(&b, body, "out");
    Onnx__NodeProto *scan = build_node(&b, g, "Scan", ",start,xs", "end,all", "num_scan_inputs:i=1");
    build_body(&b, scan, "body", body);
    build_output(&b, g, "end");
    build_output(&b, g, "all");
    Tensor *in[] = {build_tensor("f32[2,1]{0,100}", NULL), build_tensor("f32[2,3,1]{1,2,3,4,5,6}", NULL)};
    Tensor *out[] = {build_tensor("f32[2,1]{6,115}", NULL),
                     build_tensor("f32[2,3,1]{1,3,6,104,109,115}", NULL)};
    say("Scan over a batch, as in opset 8", run(&b, 2, in, 2, out));
}

int main(void) {
    const char *devices[] = {"reference", NULL};
    const NnSessionOptions options = {.struct_size = sizeof options, .devices = devices, .seed = 1};
    status = nn_status_new();
    context = nn_context_new(NULL, status);
    session = context ? nn_session_new(context, NULL, &options, status) : NULL;
    if (session) {
        for (size_t i = 0; i < NN_COUNT(cases); i++)
            run_case(cases[i]);
        test_functions();
        test_captures();
        test_known_branch();
        test_scan_8();
    } else {
        say("a session", false);
    }
    nn_session_free(session);
    nn_context_free(context);
    nn_status_free(status);
    return failed != 0;
}
