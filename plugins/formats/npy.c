/* SPDX-License-Identifier: Apache-2.0 */
/* A single array without a name, as numpy.save writes it. Read, it has the name that numpy.savez gives such:
 * arr_0. */
#include "npy.h"

static int32_t read_file(const NnHost *nn, const void *bytes, uint64_t n, const NnSource *source,
                         NnStatus *status) {
    const NpyPlace place = {.nn = nn, .status = status};
    const uint8_t *from = bytes;
    Npy a;

    if (!npy_head(&place, from, n, n, &a) || !npy_check(&place, &a, from + a.head, a.bytes, a.head))
        return nn->code(status);
    return npy_deliver(&place, &a, "arr_0", from + a.head, source);
}

static int32_t write_file(const NnHost *nn, uint64_t n, const NnArray *arrays, uint64_t n_pairs,
                          const NnPair *pairs, const NnSink *sink, NnStatus *status) {
    char head[NPY_HEAD_ROOM];

    (void)pairs;
    if (n != 1 || n_pairs)
        return nn_fail(
            nn, status, NN_UNSUPPORTED,
            "npy holds one array and nothing else, but there are %llu, and %llu texts; npz holds several",
            (unsigned long long)n, (unsigned long long)n_pairs);
    const uint32_t length = npy_write_head(nn, arrays, head, status);
    if (length == 0)
        return nn->code(status);
    const int32_t code = sink->write(sink->self, head, length, status);
    return code == NN_OK && arrays->bytes ? sink->write(sink->self, arrays->data, arrays->bytes, status)
                                          : code;
}

static const NnFormat npy = {.struct_size = sizeof npy,
                             .flags = NN_FORMAT_SINGLE | NN_FORMAT_BARE,
                             .name = "npy",
                             .extension = "npy",
                             .doc = "One array without a name, as NumPy's save writes it.",
                             .write = write_file,
                             .read = read_file};

static const NnExport exports[] = {{NN_FORMAT_KIND, "npy", &npy}};
NN_PLUGIN(npy, "An array as npy", exports)
