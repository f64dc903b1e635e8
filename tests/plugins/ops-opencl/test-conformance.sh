#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# The whole package before the conformance kit. Programs are compiled as the kit meets them, which on a busy machine takes more
# than the kit usually allows a call.
set -u
if ! "$NNRUN" devices 2>/dev/null | grep -q '^opencl:0'; then
    echo "skip conformance no OpenCL device here"
elif "$NNRUN" plugin test --tier ci --timeout 120 ops-opencl > report.tap 2> report.err; then
    echo "ok ops-opencl: $(sed -n '$ s/^# //p' report.tap)"
else
    echo "not ok ops-opencl: $(sed -n '$ s/^# //p' report.tap)"
    grep -A6 '^not ok' report.tap
    tail -n 3 report.err
fi
