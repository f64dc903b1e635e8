/* SPDX-License-Identifier: Apache-2.0 */
/* Defect: wrong-abi. It speaks the next version of the calling rules and no other, and its manifest, which
 * was kept from an earlier release, says that it speaks this one. */
#include "shelf.h"

SHELF_KERNEL(relu, "Relu", .match = shelf_match, .run = shelf_relu);

static const NnExport exports[] = {{NN_KERNEL_KIND, "Relu", &relu}};

NN_PLUGIN_ENTRY(wrong_abi);
NN_PLUGIN_ENTRY(wrong_abi) {
    static const NnPlugin plugin = {.head = {.magic = NN_MAGIC,
                                             .head_size = sizeof(NnPluginHead),
                                             .abi_min = NN_ABI_MAX + 1,
                                             .abi_max = NN_ABI_MAX + 1,
                                             .pointer_bytes = (uint8_t)sizeof(void *),
                                             .byte_order = NN_BYTE_ORDER,
                                             .layout_digest = NN_LAYOUT_DIGEST},
                                    .struct_size = sizeof plugin,
                                    .name = "wrong_abi",
                                    .version = NN_PLUGIN_VERSION,
                                    .licence = NN_PLUGIN_LICENCE,
                                    .summary = "Relu.",
                                    .export_count = NN_COUNT(exports),
                                    .export_stride = NN_STRIDE(exports),
                                    .exports = exports};
    return &plugin;
}
