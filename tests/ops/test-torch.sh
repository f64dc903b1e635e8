#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Results and gradients of the reference against PyTorch's, where Python has it.
set -u
if ! command -v python3 > /dev/null; then
    echo "skip test-torch python3 is not installed"
    exit 0
fi
"$BUILDDIR/tests/ops/dump-gradients" > cases.json || exit 1
${PYTHON:-python3} "$SRCDIR/tests/ops/test-torch.py" < cases.json
