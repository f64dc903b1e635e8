/* SPDX-License-Identifier: Apache-2.0 */
/* ONNX (Open Neural Network Exchange): models of other systems as graphs of this one, and the other way
 * round. */
#include "onnx.h"
#include "write.h"

static const NnFormat onnx = {.struct_size = sizeof onnx,
                              .name = "onnx",
                              .extension = "onnx",
                              .doc = "Models of the Open Neural Network Exchange, opset 1 to 28, as graphs.",
                              .read_graph = onnx_read_graph,
                              .write_graph = onnx_write_graph};

static const NnExport exports[] = {{NN_FORMAT_KIND, "onnx", &onnx}};
NN_PLUGIN(onnx, "Models as ONNX", exports)
