#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# The contract tests on the device `opencl`, as they run on `reference` and on the toy device, with both kinds of queues; and how
# much of the catalogue the device has kernels for.
set -u
if ! "$NNRUN" devices 2>/dev/null | grep -q '^opencl:0'; then
    echo "skip contract no OpenCL device here"
    exit 0
fi
for queue in in-order out-of-order; do
    for part in basic state shapes errors control learning; do
        NN_TEST_DEVICES=opencl NN_TEST_SETTINGS="{opencl: {queue: $queue}}" "$BUILDDIR/tests/contract/$part" > out ||
            echo "not ok $part: exit code $?"
        sed "s/ on opencl$/ on opencl, $queue/" out
    done
done
kernels=$("$NNRUN" plugin info ops-opencl | grep -c 'nn.kernel/1\|^ *kernel ')
operators=$("$NNRUN" ops 2>/dev/null | tail -n +2 | wc -l)
echo "# $kernels kernels for $operators operators of the catalogue; the others run on the CPU, or as what they stand for"
