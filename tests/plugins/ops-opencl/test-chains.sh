#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# What the device `opencl` puts together into one kernel, against the reference: see test-chains.c.
if ! "$NNRUN" devices 2>/dev/null | grep -q '^opencl:0'; then
    echo "skip chains no OpenCL device here"
    exit 0
fi
exec "$BUILDDIR/tests/plugins/ops-opencl/test-chains"
