#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# ONNX's own tests (Debian: libonnx-testdata), each model written again in an operator set and read back: what passes as it
# came has to pass then too, or be refused because the set cannot say it.
set -u
data=${NN_ONNX_TESTS:-/usr/share/libonnx-testdata/data}
if [ ! -x "$BUILDDIR/tests/onnx/suite" ] || [ ! -d "$data/node" ]; then
    echo "skip rewriting: the format onnx was not built, or $data is not there (Debian: libonnx-testdata)"
    exit 0
fi
for suite in node pytorch-operator; do
    "$BUILDDIR/tests/onnx/suite" reference "$data/$suite" > plain
    for opset in 13 17 28; do
        REWRITE_OPSET=$opset "$BUILDDIR/tests/onnx/suite" reference "$data/$suite" > again
        awk -v what="$suite in set $opset" '
            FNR == NR { if (/^ok /) good[$2] = 1; next }
            /^ok / { n++; next }
            /^not ok / { name = $3; getline
                if (!(name in good)) next
                if (/no other nodes say the same/) refused++
                else { bad++; print "not ok " what ": " name ": " $0 } }
            END { if (!bad && n > refused * 20) print "ok " what " (" n ", " refused + 0 " refused)"
                  else if (!bad) print "not ok " what ": " n + 0 " pass, " refused + 0 " are refused" }' plain again
    done
done
