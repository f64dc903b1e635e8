/* SPDX-License-Identifier: Apache-2.0 */
/* A model from anywhere: it is refused with a sentence, or it is a graph that can be sealed. */
#include "../onnx/build.h"
#include "../onnx/model.h"
#include "driver.h"

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
    for (size_t i = 0; i < NN_COUNT(models); i++) {
        free(bytes[i]);
        build_free(&models[i]);
    }
    nn_context_free(context);
    nn_status_free(status);
    return code;
}
#endif
