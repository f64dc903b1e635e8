#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Streams of the device `opencl` (test-streams.c) in every way that they are made: queues in order and out of order, memory that is
# the host's and memory that is not, with time-outs and without. Then a training, which must give the same bits in each.
set -u
if ! "$NNRUN" devices 2>/dev/null | grep -q '^opencl:0'; then
    echo "skip streams no OpenCL device here"
    exit 0
fi
if cc -shared -fPIC -o broken.so "$SRCDIR/tests/plugins/ops-opencl/broken-loader.c" -Wl,--no-as-needed -l:libOpenCL.so.1 \
    -ldl -lpthread 2> cc.log; then
    memories="direct discrete"
else
    echo "skip discrete the loader of this test does not build: $(head -n 1 cc.log)"
    memories=direct
fi

for memory in $memories; do
    export BREAK=$memory
    [ "$memory" = direct ] || export NN_OPENCL_LIBRARY="$PWD/broken.so"
    for queue in in-order out-of-order; do
        for timeout in 0 100; do
            "$BUILDDIR/tests/plugins/ops-opencl/test-streams" "{queue: $queue, timeout: $timeout}" > out 2>&1 ||
                echo "not ok exit code $?"
            sed "/ok /s/$/ ($memory, $queue, timeout $timeout)/" out
        done
        for net in lenet5 lstm transformer; do
            name=$net-$memory-$queue
            "$NNRUN" train "$SRCDIR/examples/glyphs-$net.yaml" device=opencl device.queue=$queue seed=1 name="$name" \
                train.batch=16 train.max_steps=5 train.evaluate=none > out 2> err || echo "not ok $name: $(tail -n 1 err)"
            sed -n '/^tensors_sha256/p' "runs/train/$name/record.yaml" >> $net.sums
        done
    done
done
for net in lenet5 lstm transformer; do
    if [ "$(sort -u $net.sums | wc -l)" -eq 1 ]; then
        echo "ok $(wc -l < $net.sums) trainings of $net give the same bits"
    else
        echo "not ok the trainings of $net differ"
    fi
done
