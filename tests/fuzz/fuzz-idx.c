/* SPDX-License-Identifier: Apache-2.0 */
/* Four idx files, one of them from anywhere, plain or gzip: refused with its name and an offset, or all there
 * to be read. */
#include "../../plugins/datasets/idx.c"

#include "folder.h"

static const Seed seeds[] = {
    SEED("\0\0\x08\3\0\0\0\2\0\0\0\2\0\0\0\3abcdefghijkl"),
    SEED("\0\0\x08\1\0\0\0\2\1\2"),
    SEED("\0\0\x08\4\0\0\0\2\0\0\0\1\0\0\0\1\0\0\0\3abcdef"),
    SEED("\x1f\x8b\x08\0\0\0\0\0\0\x03\x63\x60\xe0\x60\x64\x60\x60\x60\x62\x64\x02\0\x3c\x4f\xb1\x18\x0a\0\0"
         "\0"),
};

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n) {
    static const char *const texts[] = {
        "{path: ., train_images: fuzzed, train_labels: labels, test_images: images, test_labels: labels}",
        "{path: ., train_images: images, train_labels: fuzzed, test_images: images, test_labels: labels}",
    };

    write_into_folder("images", seeds[0].bytes, seeds[0].n);
    write_into_folder("labels", seeds[1].bytes, seeds[1].n);
    write_into_folder("fuzzed", bytes, n);
    for (int i = 0; i < 2; i++)
        open_and_read(&idx, texts[i], 6);
    return 0;
}

FUZZ_MAIN_ROUNDS("fuzz-idx", seeds, 1000)
