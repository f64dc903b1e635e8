/* SPDX-License-Identifier: Apache-2.0 */
/* idx files: plain and gzip read alike, and every way of being wrong has its sentence and offset. */
#include "../../../plugins/datasets/idx.c"

#include "open.h"

#define MAGIC(rank) "\0\0\x08" rank
#define IMAGES                                                                                               \
    MAGIC("\3")                                                                                              \
    "\0\0\0\2\0\0\0\2\0\0\0\3"                                                                               \
    "abcdefghijkl" /* 2 of 2 by 3 */
#define LABELS                                                                                               \
    MAGIC("\1")                                                                                              \
    "\0\0\0\2"                                                                                               \
    "\1\2"
#define BYTES(literal) literal, sizeof(literal) - 1

static const char all[] = "{path: ., train_images: a, train_labels: b, test_images: c, test_labels: d}";

static void write_four(void) {
    write_bytes("a", BYTES(IMAGES));
    write_bytes("b", BYTES(LABELS));
    write_gzip("c.gz", BYTES(IMAGES));
    write_gzip("d.gz", BYTES(LABELS));
}

TestSuite(idx, .init = enter_folder, .fini = leave_folder);

Test(idx, reads_plain_and_gzip) {
    Opened o;
    uint8_t x[18];
    int64_t y[3];
    const uint64_t indices[] = {1, 0, 1};
    write_four();
    open_data(&o, &idx, all);
    cr_assert_str_eq(nn_status_message(o.status), "");
    const NnDataInfo *info = idx.describe(o.data);
    cr_assert_eq(info->fields[0].rank, 3);
    cr_assert_eq(info->fields[0].dims[0], 1);
    cr_assert_eq(info->fields[0].dims[2], 3);
    cr_assert_eq(info->fields[1].classes, 3);
    cr_assert_eq(info->splits[1].count, 2);
    for (uint32_t split = 0; split < 2; split++) {
        cr_assert_eq(idx.read(o.data, split, 3, indices, (void *[]){x, y}, o.status), NN_OK);
        cr_assert_eq(memcmp(x, "ghijklabcdefghijkl", 18), 0);
        cr_assert(y[0] == 2 && y[1] == 1 && y[2] == 2);
    }
    cr_assert_eq(idx.read(o.data, 0, 3, indices, (void *[]){NULL, NULL}, o.status), NN_OK);
    close_data(&o);
}

Test(idx, takes_names) {
    Opened o;
    write_four();
    open_data(
        &o, &idx,
        "{path: ., train_images: a, train_labels: b, test_images: c, test_labels: d, names: [p, q, r]}");
    cr_assert_str_eq(nn_status_message(o.status), "");
    cr_assert_str_eq(idx.describe(o.data)->fields[1].labels[2], "r");
    close_data(&o);
    refused(&idx, "{path: ., train_images: a, train_labels: b, test_images: c, test_labels: d, names: [p]}",
            "t.yaml:1:84: 1 names for 3 classes");
    refused(&idx, "{path: ., train_images: a, train_labels: b, test_images: c, test_labels: d, classes: 2}",
            "{}/b: offset 9: label 2, 0 to 1 are expected");
}

static void with(const char *name, const void *bytes, size_t n, const char *sentence) {
    write_four();
    write_bytes(name, bytes, n);
    refused(&idx, all, sentence);
}

Test(idx, refuses) {
    refused(&idx, all, "t.yaml:1:8: there is no file {}/a, nor the same with .gz");
    with("a", BYTES("\0\0"), "{}/a: offset 2: cut short: an idx file begins with 4 bytes");
    with("a", BYTES(""), "{}/a: offset 0: cut short: an idx file begins with 4 bytes");
    with("a", BYTES("PNG.data"),
         "{}/a: offset 0: not an idx file of bytes: the magic number is 0x504e472e, 0x0000080N is expected");
    with("a", BYTES("\0\0\x0d\3"),
         "{}/a: offset 0: not an idx file of bytes: the magic number is 0x00000d03, 0x0000080N is expected");
    with("a", BYTES(LABELS), "{}/a: offset 3: 1 dimensions, 2 to 4 are expected");
    with("b", BYTES(IMAGES), "{}/b: offset 3: 3 dimensions, 1 to 1 are expected");
    with("a", BYTES(MAGIC("\3") "\0\0\0\2\0"), "{}/a: offset 9: cut short in the header");
    with("a", BYTES(MAGIC("\3") "\0\0\0\0\0\0\0\2\0\0\0\3"), "{}/a: offset 4: dimension 0 is 0");
    with("a", BYTES(MAGIC("\3") "\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff"),
         "{}/a: offset 8: more than 68719476736 bytes of data");
    with("a",
         BYTES(MAGIC("\3") "\xff\xff\xff\0\0\0\0\2\0\0\0\3"
                           "abc"),
         "{}/a: offset 19: cut short: the header promises 25769802240 bytes, 3 follow");
    with("a", IMAGES, sizeof IMAGES - 2,
         "{}/a: offset 27: cut short: the header promises 12 bytes, 11 follow");
    with("a", BYTES(IMAGES "m"), "{}/a: offset 28: more bytes than the 12 that the header promises");
}

Test(idx, refuses_another_count) {
    char sentence[256];
    Opened o;
    write_four();
    write_bytes("b", BYTES(MAGIC("\1") "\0\0\0\1"
                                       "\1"));
    open_data(&o, &idx, all);
    (void)snprintf(sentence, sizeof sentence, "%s/b: offset 4: 1 labels for the 2 images of %s/a",
                   test_folder, test_folder);
    cr_assert_str_eq(nn_status_message(o.status), sentence);
    close_data(&o);
}

Test(idx, refuses_broken_gzip) {
    static uint8_t big[4096];
    uint8_t packed[4096];
    write_four();
    cr_assert_eq(unlink("c.gz"), 0);
    for (size_t i = 0; i < sizeof big; i++)
        big[i] = (uint8_t)(i * 2654435761u >> 13);
    memcpy(big, MAGIC("\3") "\0\0\x0f\xf0\0\0\0\1\0\0\0\1", 16);
    write_gzip("c", big, sizeof big);
    FILE *file = fopen("c", "rb");
    const size_t n = fread(packed, 1, sizeof packed, file);
    cr_assert_eq(fclose(file), 0);
    for (size_t cut = 1; cut < n; cut += 97) {
        Opened o;
        write_bytes("c", packed, cut);
        open_data(&o, &idx, all);
        cr_assert_null(o.data);
        cr_assert_not_null(strstr(nn_status_message(o.status), "/c: offset "), "%s",
                           nn_status_message(o.status));
        close_data(&o);
    }
    for (size_t at = 10; at < n; at += 131) {
        Opened o;
        packed[at] ^= 0x55;
        write_bytes("c", packed, n);
        open_data(&o, &idx, all);
        cr_assert_null(o.data);
        cr_assert_not_null(strstr(nn_status_message(o.status), "/c: offset "), "%s",
                           nn_status_message(o.status));
        packed[at] ^= 0x55;
        close_data(&o);
    }
}

Test(idx, reads_mnist_where_it_is) {
    char text[512];
    const char *data = getenv("TEST_DATA");
    Opened o;
    (void)snprintf(text, sizeof text, "{path: '%s/mnist'}", data ? data : ".");
    open_data(&o, &idx, text);
    if (nn_status_code(o.status) != NN_OK) {
        close_data(&o);
        cr_skip_test("the MNIST files are not here");
    }
    const NnDataInfo *info = idx.describe(o.data);
    cr_assert_eq(info->splits[0].count, 60000);
    cr_assert_eq(info->splits[1].count, 10000);
    cr_assert_eq(info->fields[1].classes, 10);
    int64_t y[5];
    cr_assert_eq(idx.read(o.data, 0, 5, (uint64_t[]){0, 1, 2, 3, 4}, (void *[]){NULL, y}, o.status), NN_OK);
    cr_assert(y[0] == 5 && y[1] == 0 && y[2] == 4 && y[3] == 1 && y[4] == 9);
    close_data(&o);
}
