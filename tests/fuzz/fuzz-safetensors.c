/* SPDX-License-Identifier: Apache-2.0 */
/* A safetensors file from anywhere: it is refused with an offset, or all of its data is there to be read. */
#include "../../plugins/formats/safetensors.c"

#include "../plugins/host.h"
#include "driver.h"

static const Seed seeds[] = {
    SEED("\x02\0\0\0\0\0\0\0{}"),
    SEED("\x38\0\0\0\0\0\0\0{\"a\":{\"dtype\":\"U8\",\"shape\":[2],\"data_offsets\":[0,2]}}   ab"),
    SEED("\x64\0\0\0\0\0\0\0{\"__metadata__\":{\"k\":\"v\\u00e9\"},\"w\":{\"dtype\":\"F32\",\"shape\":[1,1],"
         "\"data_offsets\":[0,4]}}"
         "             abcd"),
    SEED("\x6b\0\0\0\0\0\0\0{\"a\":{\"dtype\":\"U8\",\"shape\":[2],\"data_offsets\":[0,2]},"
         "\"b\":{\"dtype\":\"BF16\",\"shape\":[],\"data_offsets\":[2,4]}} abcd"),
};

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

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n) {
    const NnHost host = test_host();
    const NnSource source = {.struct_size = sizeof source, .array = see_array, .pair = see_pair};
    NnStatus *status = nn_status_new();

    if (safetensors.read(&host, bytes, n, &source, status) != NN_OK &&
        strncmp(nn_status_message(status), "offset ", 7) != 0)
        abort();
    nn_status_free(status);
    return 0;
}

FUZZ_MAIN("fuzz-safetensors", seeds)
