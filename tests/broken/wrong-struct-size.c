/* SPDX-License-Identifier: Apache-2.0 */
/* Defect: wrong-struct-size. The table of its kernel says the size of a pointer to it instead of its own: the
 * host reads none of its functions. */
#include "shelf.h"

static const NnKernel relu = {.struct_size = sizeof(&relu),
                              .since_min = 1,
                              .priority = 50,
                              .domain = "",
                              .op = "Relu",
                              .device = "cpu",
                              .match = shelf_match,
                              .run = shelf_relu};
SHELF_PLUGIN(wrong_struct_size, "Relu.", "Relu", relu)
