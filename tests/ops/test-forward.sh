#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# What the reference kernels compute against ONNX's own reference implementation, where Python has it.
set -u
if ! command -v python3 > /dev/null; then
    echo "skip test-forward python3 is not installed"
    exit 0
fi
"$BUILDDIR/tests/ops/dump-forward" > cases.json || exit 1
${PYTHON:-python3} "$SRCDIR/tests/ops/test-forward.py" < cases.json
