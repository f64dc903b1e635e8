#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Every sample case of every operator, exported in several operator sets, against ONNX's checker and onnxruntime, where
# Python has them.
set -u
if [ ! -e "$BUILDDIR/plugins/formats/onnx.la" ]; then
    echo "skip export-ops the format onnx is not built"
    exit 0
fi
for python in ${PYTHON:-python3 /usr/bin/python3} none; do
    "$python" -c 'import onnx' 2> err && break
done
if [ "$python" = none ]; then
    echo "skip export-ops the Python package onnx is not installed"
    exit 0
fi
newest=$("$python" -c 'import onnx; print(min(onnx.defs.onnx_opset_version(), 25))')
for opset in 13 17 21 $newest; do
    [ "$opset" -le "$newest" ] || continue
    mkdir -p $opset
    "$BUILDDIR/tests/ops/dump-forward" $opset $opset > cases.json || exit 1
    "$python" "$SRCDIR/tests/ops/test-export.py" $opset < cases.json
done | awk '!seen[$0]++'
