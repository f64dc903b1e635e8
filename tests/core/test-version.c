/* SPDX-License-Identifier: Apache-2.0 */
/* The library names the version it was built as. */
#include "nn/nn.h"

#include <criterion/criterion.h>

Test(version, is_the_packages) { cr_assert_str_eq(nn_version(), PACKAGE_VERSION); }
