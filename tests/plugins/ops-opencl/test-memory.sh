#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# STEPS (10,000) training steps on the device opencl hold memory flat: the process's, looked at after a quarter of the time
# and at the end, and the device's, by the calls that make buffers.
set -u
steps=${STEPS:-10000}
if ! "$NNRUN" devices 2>/dev/null | grep -q '^opencl:0'; then
    echo "skip memory no OpenCL device here"
    exit 0
fi
if cc -shared -fPIC -o broken.so "$SRCDIR/tests/plugins/ops-opencl/broken-loader.c" -Wl,--no-as-needed -l:libOpenCL.so.1 \
    -ldl 2> cc.log; then
    export NN_OPENCL_LIBRARY="$PWD/broken.so" BREAK_TRACE="$PWD/trace"
fi
"$NNRUN" train "$SRCDIR/examples/glyphs-linear.yaml" name=long device=opencl train.batch=20 train.epochs=1000 \
    train.max_steps="$steps" train.log_every_steps=$((steps / 50)) train.evaluate=none > out 2> err &
pid=$!
while kill -0 $pid 2>/dev/null; do
    sed -n 's/^VmRSS:[^0-9]*\([0-9]*\) kB/\1/p' "/proc/$pid/status" 2>/dev/null
    sleep 0.05
done > sizes
n=$(grep -c . sizes)
first=$(sed -n "$((n / 4 + 1))p" sizes) last=$(tail -n 1 sizes)
if ! wait $pid; then
    echo "not ok the training failed: $(tail -n 1 err)"
elif [ "$n" -lt 12 ]; then
    echo "skip memory of the host the steps were over too soon to look"
elif [ "$last" -le $((first + first / 50 + 1024)) ]; then
    echo "ok $steps steps: $first kB after a quarter of the time, $last kB at the end"
else
    echo "not ok memory grows: $first kB after a quarter of $steps steps, $last kB at the end"
fi
[ -s trace ] || exit 0
total=$(tail -n 1 trace | cut -d' ' -f1)
late=$(awk -v t=$((total / 10)) '$1 > t && /clCreateBuffer/ { n++ } END { print n + 0 }' trace)
if [ "$late" -eq 0 ]; then
    echo "ok no buffer is made after a tenth of $total kernels"
else
    echo "not ok $late buffers are made after a tenth of $total kernels"
fi
