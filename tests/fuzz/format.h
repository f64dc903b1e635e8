/* SPDX-License-Identifier: Apache-2.0 */
/* Bytes from anywhere for a format of arrays: refused with an offset, or all that is told of can be read. */
#ifndef NN_TESTS_FUZZ_FORMAT_H
#define NN_TESTS_FUZZ_FORMAT_H

#include "../plugins/host.h"
#include "driver.h"

static uint64_t sum;

static int32_t see_array(void *self, const NnArray *a, NnStatus *status) {
    const uint8_t *data = a->data;

    (void)self;
    (void)status;
    sum += strlen(a->name);
    for (int32_t i = 0; i < a->rank; i++)
        sum += (uint64_t)a->dims[i];
    for (uint64_t i = 0; i < a->bytes; i++)
        sum += data[i];
    return NN_OK;
}

static int32_t see_pair(void *self, const NnPair *pair, NnStatus *status) {
    (void)self;
    (void)status;
    sum += strlen(pair->key) + strlen(pair->value);
    return NN_OK;
}

static void fuzz_format(const NnFormat *format, const uint8_t *bytes, size_t n) {
    const NnHost host = test_host();
    const NnSource source = {.struct_size = sizeof source, .array = see_array, .pair = see_pair};
    NnStatus *status = nn_status_new();

    if (format->read(&host, bytes, n, &source, status) != NN_OK &&
        strncmp(nn_status_message(status), "offset ", 7) != 0)
        abort();
    nn_status_free(status);
}

#endif
