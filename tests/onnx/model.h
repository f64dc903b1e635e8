/* SPDX-License-Identifier: Apache-2.0 */
/* An ONNX model as a function, through the host API: initial values are constants; inputs have the shapes
 * that the model declares, or (`declared` false) any. */
#ifndef NN_TESTS_ONNX_MODEL_H
#define NN_TESTS_ONNX_MODEL_H

#include "nn/nn.h"

uint8_t *model_file(const char *path, size_t *n); /* NULL when it cannot be read; free() it */
NnFunction *model_parse(NnContext *, const void *bytes, size_t n, const char *folder, bool declared,
                        NnStatus *);
NnFunction *model_read(NnContext *, const char *path, bool declared, NnStatus *);
/* The function written in an operator set ("13") and read again; the one that is given is freed. `kept`:
 * where the file stays, or NULL. */
NnFunction *model_rewrite(NnContext *, NnSession *, NnFunction *, const char *opset, const char *kept,
                          NnStatus *);

#endif
