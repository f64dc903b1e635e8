/* SPDX-License-Identifier: Apache-2.0 */
/* Arrays as text, from anywhere. */
#include "../../plugins/formats/csv.c"

#include "format.h"

static const Seed seeds[] = {
    SEED("1,2,3\n4,5,6\n"),
    SEED("# f32 [2,3] weight\n1,-2.5e-3,nan\n0.1,inf,-inf\n# u8 [] x\n255\n# i64 [0,2] y\n"),
    SEED("# bf16 [2,1,2] a\r\n1,2\r\n3,4\r\n# bool [2] b\n0,1\n"),
};

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n) {
    fuzz_format(&csv, bytes, n);
    return 0;
}

FUZZ_MAIN("fuzz-arrays-csv", seeds)
