#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# The device `opencl` and the CPU, step by step: see test-agreement.c. A script, so that the program is not run under
# sanitizers, which know nothing of what an OpenCL platform does with its threads.
if ! "$NNRUN" devices 2>/dev/null | grep -q '^opencl:0'; then
    echo "skip agreement no OpenCL device here"
    exit 0
fi
exec "$BUILDDIR/tests/plugins/ops-opencl/test-agreement" "${STEPS:-100}"
