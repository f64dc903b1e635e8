/* SPDX-License-Identifier: Apache-2.0 */
/* Defect: refuses-its-claim. Its manifest states a kernel for Relu, and its match asks for a domain that is
 * called "ai.onnx" where the host says "": no node is ever taken. */
#include "shelf.h"

static int32_t match(const NnHost *nn, NnDevice *device, const NnNode *node, NnStatus *reason) {
    if (strcmp(node->domain, "ai.onnx") != 0 || strcmp(node->op, "Relu") != 0)
        return nn_fail(nn, reason, NN_UNSUPPORTED, "%s is not offered here", node->op);
    return shelf_match(nn, device, node, reason);
}

SHELF_KERNEL(relu, "Relu", .match = match, .run = shelf_relu);
SHELF_PLUGIN(refuses_its_claim, "Relu, for whom it may concern.", "Relu", relu)
