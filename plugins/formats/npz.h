/* SPDX-License-Identifier: Apache-2.0 */
/* What reading and writing of npz share: the records of a zip archive, little-endian (PKWARE's
 * APPNOTE 6.3.9). */
#ifndef NN_FORMATS_NPZ_H
#define NN_FORMATS_NPZ_H

#include "npy.h"

#include <zlib.h>

#define LOCAL 0x04034b50u
#define CENTRAL 0x02014b50u
#define END 0x06054b50u
#define END64 0x06064b50u
#define LOCATOR64 0x07064b50u
#define LOCAL_SIZE 30u
#define CENTRAL_SIZE 46u
#define END_SIZE 22u
#define END64_SIZE 56u
#define LOCATOR64_SIZE 20u
#define STORED 0u
#define DEFLATED 8u
#define UTF8_FLAG 0x800u

#define TEXT_PREFIX "__metadata__/"
#define MAX_TEXT (UINT32_C(1) << 24)

/* NnFormat.write */
int32_t npz_write(const NnHost *, uint64_t n, const NnArray *arrays, uint64_t n_pairs, const NnPair *pairs,
                  const NnSink *, NnStatus *);

#endif
