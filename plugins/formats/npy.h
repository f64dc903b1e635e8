/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One array as NumPy stores it (NEP 1, versions 1.0 to 3.0): a magic, a header that is the literal of a
 * Python dictionary, the elements. Reading is strict: the header holds descr, fortran_order and shape, each
 * once, and nothing else; the elements are just as many as the shape says. Big-endian and column-major arrays
 * are handed on in a copy that is little-endian and row-major; types that are no plain numbers are refused.
 * The same serves for a file of its own and for the members of an npz.
 */
#ifndef NN_FORMATS_NPY_H
#define NN_FORMATS_NPY_H

#include "nn/plugin.h"

#define NPY_MAX_HEAD 65536u /* bytes before the elements; NumPy itself reads 10,000 characters */
#define NPY_HEAD_ROOM 1024u /* of a head that is written here */

/* Where an array stands, for messages. */
typedef struct NpyPlace {
    const NnHost *nn;
    NnStatus *status;
    uint64_t at;        /* offset in the file */
    const char *member; /* of an archive; NULL: the file is the array */
    bool packed;        /* offsets inside of it are not offsets in the file */
} NpyPlace;

typedef struct Npy {
    int32_t type, rank;
    int64_t dims[NN_MAX_RANK];
    uint32_t head; /* offset of the elements */
    uint64_t bytes;
    bool columns, swapped; /* column-major; big-endian */
} Npy;

/* "offset N: sentence", with the member where there is one; returns false. */
bool npy_bad(const NpyPlace *, uint64_t at, const char *format, ...) NN_PRINTF(3, 4);
/* Reads the head of an array of `total` bytes; n of them are there to be read, NPY_MAX_HEAD or all. */
bool npy_head(const NpyPlace *, const uint8_t *bytes, uint64_t n, uint64_t total, Npy *);
/* Are these n bytes, from offset `from` of the array on, elements as they may be? A bool is 0 or 1. */
bool npy_check(const NpyPlace *, const Npy *, const uint8_t *bytes, uint64_t n, uint64_t from);
/* Hands the array on, in a copy where its elements stand in another order. */
int32_t npy_deliver(const NpyPlace *, const Npy *, const char *name, const uint8_t *elements,
                    const NnSource *);
/* Writes the head, a multiple of 64 bytes, and gives its length; 0 with the status set. */
uint32_t npy_write_head(const NnHost *, const NnArray *, char head[NPY_HEAD_ROOM], NnStatus *);

#endif
