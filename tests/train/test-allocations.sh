#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# A warm step takes no memory: a training of 80 steps asks as often for it as one of 40, malloc family and mmap, all threads.
set -u
. "$SRCDIR/tests/train/small.sh"

counter=$BUILDDIR/tests/train/.libs/allocations.so
if nm -D "$NNRUN" 2>/dev/null | grep -q '__asan\|__tsan' || [ ! -e "$counter" ]; then
    echo "skip allocations the sanitizers have an allocator of their own, or the counter was not built"
    exit 0
fi

mkdir -p runs/train
# count DEVICE STEPS
count() {
    NN_ALLOCATIONS=$PWD/count LD_PRELOAD=$counter "$NNRUN" -q train small.yaml "name=$1-$2" "device=$1" data.train=2000 \
        train.epochs=1 train.max_steps="$2" train.save_every_steps=0 train.log_every_steps=0 ++train.evaluate=none \
        train.clip_norm=1 >folder && cat count
}

for device in cpu reference; do
    short=$(count $device 40) long=$(count $device 80)
    check "no-allocation-per-step-on-$device ($short, $long)" test "$short" -eq "$long"
done
