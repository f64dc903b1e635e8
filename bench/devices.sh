#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# The device opencl beside the CPU on the same cores: single operators and whole steps. SECS is how long each is measured.
set -u
SECS=${SECS:-0.5}
if ! "$NNRUN" devices | grep -q '^opencl:0'; then
    echo "no OpenCL device here"
    exit 0
fi
"$NNRUN" devices | grep -E '^(opencl|cpu):0'
"$BUILDDIR/bench/devices" opencl cpu "$SECS" || exit 1
for workload in mlp lenet5; do
    for device in opencl cpu; do
        "$BUILDDIR/bench/networks" "$workload" "$SECS" "$device" | sed -n "s/^$workload.step/$device $workload.step/p"
    done
done
