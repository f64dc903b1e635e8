#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Results and gradients of the reference against PyTorch's, where a Python has it: $PYTHON, python3, or Debian's own beside it.
set -u
for python in ${PYTHON:-python3 /usr/bin/python3}; do
    if "$python" -c 'import torch' 2> /dev/null; then
        "$BUILDDIR/tests/ops/dump-gradients" > cases.json || exit 1
        exec "$python" "$SRCDIR/tests/ops/test-torch.py" < cases.json
    fi
done
echo "skip test-torch PyTorch is not installed (Debian: python3-torch)"
