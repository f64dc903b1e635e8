/* SPDX-License-Identifier: Apache-2.0 */
/*
 * ONNX models from a few lines of C, for tests: nodes, tensors and attributes as texts. Everything belongs to
 * the builder and is freed with it; what a test wants otherwise it changes in the messages before packing.
 *
 * Tensors: "f32[2,3]{1,2,3,4,5,6}", missing elements are 0; types as nnrun writes them.
 * Attributes: "axis:i=1 perm:I=1,0 alpha:f=.5 scales:F=1,2 mode:s=linear value:t=f32[]{3} k:r=other", r a
 * reference to an attribute of the function that the node stands in.
 */
#ifndef NN_TESTS_ONNX_BUILD_H
#define NN_TESTS_ONNX_BUILD_H

#include "../../nnrun/kit/tensor.h"

#include "formats/onnx/onnx.pb-c.h"

typedef struct Build {
    Onnx__ModelProto *model;
    struct Memory *memory;
} Build;

Build build_new(int64_t opset);
void build_free(Build *);
void *build_take(Build *, size_t bytes);       /* zeroed */
uint8_t *build_pack(const Build *, size_t *n); /* free() it */

void build_domain(Build *, const char *domain); /* opset 1 of it is imported */
Onnx__GraphProto *build_graph(Build *);         /* an empty one, for subgraphs */
/* Names are parted by commas; an empty one stands for what is absent. */
Onnx__NodeProto *build_node(Build *, Onnx__GraphProto *, const char *op, const char *inputs,
                            const char *outputs, const char *attributes);
Onnx__AttributeProto *build_attribute(Build *, Onnx__NodeProto *, const char *text);
void build_body(Build *, Onnx__NodeProto *, const char *name, Onnx__GraphProto *);
/* An input of that tensor's type and shape; `tensor` NULL: without a type. */
void build_input(Build *, Onnx__GraphProto *, const char *name, const char *tensor);
void build_output(Build *, Onnx__GraphProto *, const char *name);
Onnx__TensorProto *build_initial(Build *, Onnx__GraphProto *, const char *name, const char *tensor);
Onnx__FunctionProto *build_function(Build *, const char *name, const char *inputs, const char *outputs,
                                    const char *attributes);
Onnx__NodeProto *build_function_node(Build *, Onnx__FunctionProto *, const char *op, const char *inputs,
                                     const char *outputs, const char *attributes);

Tensor *build_tensor(const char *text, const char **end); /* tensor_free() it; NULL: it is none */

#endif
