/* SPDX-License-Identifier: Apache-2.0 */
/* ONNX (Open Neural Network Exchange): graphs of this system as models for others. */
#include "write.h"

static const NnFormat onnx = {.struct_size = sizeof onnx,
                              .name = "onnx",
                              .extension = "onnx",
                              .doc = "Models of the Open Neural Network Exchange.",
                              .write_graph = onnx_write_graph};

static const NnExport exports[] = {{NN_FORMAT_KIND, "onnx", &onnx}};
NN_PLUGIN(onnx, "Models as ONNX", exports)
