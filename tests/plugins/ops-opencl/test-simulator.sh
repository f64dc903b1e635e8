#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# The kernels under Oclgrind (Price, McIntosh-Smith 2015), an OpenCL that simulates a device item by item: what is read or written
# outside of a buffer, races between items and between groups, barriers that not all items reach, and calls with wrong
# arguments. Twice, as a processor and as a device that is none, which has other kernels. Oclgrind 21.10 knows fewer instructions
# than the optimizer makes, so that it is off; and its search for uninitialised values finds some in a program of ten lines that
# has none, so that it is not asked for (the kit has a check of its own). OPS="Add Conv" names other operators.
set -u
runtime=${OCLGRIND:-/usr/lib/oclgrind/liboclgrind-rt.so}
if ! "$NNRUN" devices 2>/dev/null | grep -q '^opencl'; then
    echo "skip simulator the device opencl is not built"
    exit 0
elif [ ! -e "$runtime" ]; then
    echo "skip simulator Oclgrind is not installed"
    exit 0
fi
# The run time calls itself libOpenCL.so.
ln -s "$runtime" libOpenCL.so
with="$SRCDIR/tests/plugins/ops-opencl/simulator.c -Wl,--no-as-needed -L. -lOpenCL -Wl,-rpath,$PWD -ldl"
# shellcheck disable=SC2086
if ! cc -shared -fPIC -o simulator.so $with 2> cc.log || ! cc -DCONTROL -o control $with 2> cc.log; then
    echo "skip simulator the loader of this test does not build: $(head -n 1 cc.log)"
    exit 0
fi
export NN_OPENCL_LIBRARY="$PWD/simulator.so" XDG_CACHE_HOME="$PWD" SIMULATOR_LOG="$PWD/log"
export OCLGRIND_CHECK_API=1 OCLGRIND_DATA_RACES=1 OCLGRIND_BUILD_OPTIONS=-cl-opt-disable
if ! "$NNRUN" devices | grep -q '^opencl:0.*Oclgrind'; then
    echo "not ok the simulator is no device: $("$NNRUN" devices | grep '^opencl')"
    exit 1
fi

# What it found, without the lanes that a vector reads along and leaves out (lanes.cl), which another item may write meanwhile.
found() {
    find . -name 'log.*' -size +0 -exec cat {} + | awk '
        function flush() { if (block ~ /^[A-Z]/ && block !~ /IOTA < \(M\)n \? LOADV/) printf "%s", block; block = "" }
        /^[A-Z]/ { flush() }
        { block = block $0 "\n" }
        END { flush() }'
    rm -f log.*
}

./control
found > control.found
if grep -q 'Invalid write of size 4' control.found && grep -q 'data race' control.found; then
    echo "ok the simulator finds a write behind a buffer and a race"
else
    echo "not ok the simulator finds nothing in a kernel that is wrong: $(head -n 3 control.found)"
fi

# NAME OPERATOR...
judge() {
    name=$1
    shift
    # shellcheck disable=SC2046,SC2086
    "$NNRUN" plugin test ops-opencl --tier smoke --timeout 300 $(printf -- '--only %s ' ${OPS:-"$@"}) > "$name.tap" 2> "$name.err"
    if grep -q '^not ok' "$name.tap" || ! grep -q '^ok' "$name.tap"; then
        echo "not ok $name: $(sed -n '$ s/^# //p' "$name.tap")"
        grep -A5 '^not ok' "$name.tap" | head -n 24
    else
        echo "ok $name: $(sed -n '$ s/^# //p' "$name.tap")"
    fi
    found > "$name.found"
    if [ -s "$name.found" ]; then
        echo "not ok $name: $(grep -c 'Kernel:' "$name.found") findings of the simulator"
        head -n 40 "$name.found"
    else
        echo "ok $name: the simulator found nothing"
    fi
}
# One of each kind of kernel text, and with local memory and barriers where there are some.
judge processor Add Conv Softmax MaxPool nn/MaxPoolGrad Gather LayerNormalization TopK
export SIMULATOR_GPU=1
judge "no processor" MatMul Softmax ReduceSum LayerNormalization SoftmaxCrossEntropyLoss
