/* SPDX-License-Identifier: Apache-2.0 */
/* An npy file from anywhere. */
#include "../../plugins/formats/npy-array.c"
#include "../../plugins/formats/npy.c"

#include "format.h"

#define TEXT(descr, order, shape) "{'descr': '" descr "', 'fortran_order': " order ", 'shape': " shape ", }\n"

static const Seed seeds[] = {
    SEED("\x93NUMPY\1\0\x39\0" TEXT("|u1", "False", "(2,)") "ab"),
    SEED("\x93NUMPY\2\0\x3b\0\0\0" TEXT(">f4", "True", "(2,1)") "abcdefgh"),
    SEED("\x93NUMPY\1\0\x3c\0" TEXT("|b1", "True", "(2, 2)") "\0\1\1\0"),
    SEED("\x93NUMPY\3\0\x39\0\0\0" TEXT("<c16", "False", "()") "abcdefghijklmnop"),
};

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n) {
    fuzz_format(&npy, bytes, n);
    return 0;
}

FUZZ_MAIN("fuzz-npy", seeds)
