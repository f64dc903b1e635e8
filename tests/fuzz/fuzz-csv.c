/* SPDX-License-Identifier: Apache-2.0 */
/* A table from anywhere, with a header and without: refused with a place, or all there to be read. */
#include "../../plugins/datasets/csv.c"

#include "folder.h"

static const Seed seeds[] = {
    SEED("a,b,c\n1,2,x\n3,4,y\n5,6,x\n"),
    SEED("1;2;3\n4;5;6\n"),
    SEED("\xef\xbb\xbf\"a\",\"b \"\"q\"\"\"\r\n1e3,-.5\r\n\r\n,7\r\n"),
    SEED("  1 2\t3 \n 4 5 6\n"),
};

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n) {
    static const char *const texts[] = {
        "{path: fuzzed, test: 0.3}",
        "{path: fuzzed, header: false, separator: ' ', skip_missing: true, kind: class}",
        "{path: fuzzed, test_path: fuzzed, header: false, separator: ;, target: '1', kind: number}",
    };

    write_into_folder("fuzzed", bytes, n);
    for (int i = 0; i < 3; i++)
        open_and_read(&csv, texts[i], 16 * n + 64);
    return 0;
}

FUZZ_MAIN_ROUNDS("fuzz-csv", seeds, 1000)
