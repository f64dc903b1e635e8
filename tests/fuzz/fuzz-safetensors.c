/* SPDX-License-Identifier: Apache-2.0 */
/* A safetensors file from anywhere: it is refused with an offset, or all of its data is there to be read. */
#include "../../plugins/formats/safetensors.c"

#include "format.h"

static const Seed seeds[] = {
    SEED("\x02\0\0\0\0\0\0\0{}"),
    SEED("\x38\0\0\0\0\0\0\0{\"a\":{\"dtype\":\"U8\",\"shape\":[2],\"data_offsets\":[0,2]}}   ab"),
    SEED("\x64\0\0\0\0\0\0\0{\"__metadata__\":{\"k\":\"v\\u00e9\"},\"w\":{\"dtype\":\"F32\",\"shape\":[1,1],"
         "\"data_offsets\":[0,4]}}"
         "             abcd"),
    SEED("\x6b\0\0\0\0\0\0\0{\"a\":{\"dtype\":\"U8\",\"shape\":[2],\"data_offsets\":[0,2]},"
         "\"b\":{\"dtype\":\"BF16\",\"shape\":[],\"data_offsets\":[2,4]}} abcd"),
};

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n) {
    fuzz_format(&safetensors, bytes, n);
    return 0;
}

FUZZ_MAIN("fuzz-safetensors", seeds)
