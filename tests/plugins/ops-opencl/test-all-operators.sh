#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Every kernel of the device `opencl` against the reference.
set -u
if ! "$NNRUN" devices 2>/dev/null | grep -q '^opencl:0'; then
    echo "skip operators no OpenCL device here"
    exit 0
fi
exec "$NNRUN" plugin test ops-opencl --tier ci
