/* SPDX-License-Identifier: Apache-2.0 */
/* The drawn digits: the same everywhere and for ever, balanced, with ink where ink is expected. */
#include "../../../plugins/datasets/glyphs.c"

#include "../host.h"

#include <criterion/criterion.h>

static NnData *open_with(const char *text) {
    const NnHost host = test_host();
    NnStatus *status = nn_status_new();
    NnConfig *config = nn_config_parse(text, strlen(text), "t.yaml", status);
    const NnConfig *checked = NULL;
    NnData *data = NULL;
    cr_assert_eq(nn_config_api()->check(config, settings, NN_TABLE(settings), "glyphs", &checked, status),
                 NN_OK);
    cr_assert_eq(glyphs.open(&host, checked, &data, status), NN_OK);
    nn_config_free(config);
    nn_status_free(status);
    return data;
}

Test(glyphs, describes_itself) {
    NnData *data = open_with("{train: 100, seed: 7}");
    const NnDataInfo *info = glyphs.describe(data);
    cr_assert_eq(info->n_fields, 2);
    cr_assert_eq(info->fields[0].rank, 3);
    cr_assert_eq(info->fields[1].classes, 10);
    cr_assert_eq(info->splits[0].count, 100);
    cr_assert_eq(info->splits[1].count, 2000);
    cr_assert_str_eq(info->digest, "glyphs/1 seed 7");
    glyphs.close(data);
}

Test(glyphs, are_balanced_and_have_ink) {
    for (uint32_t split = 0; split < 2; split++)
        for (uint64_t block = 0; block < 50; block++) {
            uint32_t seen = 0;
            for (uint64_t i = 0; i < 10; i++) {
                uint8_t pixels[PIXELS];
                uint32_t ink = 0, corner = 0;
                const uint32_t label = glyph(3, split, block * 10 + i, pixels);
                cr_assert_eq(label, label_of(3, split, block * 10 + i));
                seen |= 1u << label;
                for (int p = 0; p < PIXELS; p++)
                    ink += pixels[p] > 128;
                for (int p = 0; p < 3; p++)
                    corner += pixels[p] > 0;
                cr_assert(ink > 5 && ink < 400, "%u", ink);
                cr_assert_eq(corner, 0);
            }
            cr_assert_eq(seen, 0x3ff);
        }
}

Test(glyphs, are_the_same_for_ever) {
    uint8_t pixels[PIXELS];
    uint64_t hash = UINT64_C(14695981039346656037); /* FNV-1a */
    for (uint64_t i = 0; i < 100; i++) {
        const uint32_t label = glyph(0, 0, i, pixels);
        hash = (hash ^ label) * UINT64_C(1099511628211);
        for (int p = 0; p < PIXELS; p++)
            hash = (hash ^ pixels[p]) * UINT64_C(1099511628211);
    }
    cr_assert_eq(hash, UINT64_C(0xacb5fa6fe28505ac), "the drawing has changed: 0x%llx",
                 (unsigned long long)hash);
}

Test(glyphs, read_by_index_in_any_order) {
    NnData *data = open_with("{}");
    const uint64_t indices[4] = {9, 3, 9, 1999};
    static uint8_t x[4 * PIXELS], alone[PIXELS];
    int64_t y[4], only[4];
    cr_assert_eq(glyphs.read(data, 1, 4, indices, (void *[]){x, y}, NULL), NN_OK);
    cr_assert_eq(glyphs.read(data, 1, 4, indices, (void *[]){NULL, only}, NULL), NN_OK);
    cr_assert_eq(memcmp(y, only, sizeof y), 0);
    cr_assert_eq(memcmp(x, x + 2 * PIXELS, PIXELS), 0);
    cr_assert_eq(glyphs.read(data, 1, 1, indices + 1, (void *[]){alone, NULL}, NULL), NN_OK);
    cr_assert_eq(memcmp(x + PIXELS, alone, PIXELS), 0);
    cr_assert_eq(glyphs.read(data, 0, 1, indices + 1, (void *[]){alone, NULL}, NULL), NN_OK);
    cr_assert_neq(memcmp(x + PIXELS, alone, PIXELS), 0);
    glyphs.close(data);
}
