/* SPDX-License-Identifier: Apache-2.0 */
/* Defect: lies-in-manifest. The object has a kernel for Relu; the manifest that is shipped with it, mended by
 * hand (tests/broken/package), states one for LeakyRelu too. */
#include "shelf.h"

SHELF_KERNEL(relu, "Relu", .match = shelf_match, .run = shelf_relu);
SHELF_PLUGIN(lies_in_manifest, "Relu.", "Relu", relu)
