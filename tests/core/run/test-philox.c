/* SPDX-License-Identifier: Apache-2.0 */
/* Philox 4x32-10 gives the known answers of Random123 (kat_vectors, philox4x32 10). */
#include "run/philox.h"

#include <criterion/criterion.h>
#include <string.h>

static const struct {
    uint32_t counter[4], key[2], out[4];
} known[] = {
    {{0, 0, 0, 0}, {0, 0}, {0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8}},
    {{0xffffffff, 0xffffffff, 0xffffffff, 0xffffffff},
     {0xffffffff, 0xffffffff},
     {0x408f276d, 0x41c83b0e, 0xa20bc7c6, 0x6d5451fd}},
    {{0x243f6a88, 0x85a308d3, 0x13198a2e, 0x03707344},
     {0xa4093822, 0x299f31d0},
     {0xd16cfe09, 0x94fdcceb, 0x5001e420, 0x24126ea1}},
};

Test(philox, known_answers) {
    for (size_t i = 0; i < sizeof known / sizeof *known; i++) {
        uint32_t out[4];
        nn_philox(known[i].counter, known[i].key, out);
        cr_assert_eq(memcmp(out, known[i].out, sizeof out), 0, "vector %zu", i);
    }
}
