#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# OpenCL that breaks: each way ends in a sentence that names the device or the node, never in a crash or a hang, and a warm step
# neither allocates nor compiles nor blocks. broken-loader.c stands in for the loader and breaks one thing at a time.
# What is left of a training then is test-recovery.sh's.
set -u
config=$SRCDIR/examples/glyphs-lenet5.yaml
if ! "$NNRUN" devices 2>/dev/null | grep -q '^opencl:0'; then
    echo "skip failures no OpenCL device here"
    exit 0
fi
if ! cc -shared -fPIC -o broken.so "$SRCDIR/tests/plugins/ops-opencl/broken-loader.c" -Wl,--no-as-needed \
    -l:libOpenCL.so.1 -ldl -lpthread 2> cc.log; then
    echo "skip failures the loader of this test does not build: $(head -n 1 cc.log)"
    exit 0
fi

train() {
    NN_OPENCL_LIBRARY="$PWD/broken.so" timeout 300 "$NNRUN" train "$config" device=opencl seed=1 train.batch=16 train.evaluate=none \
        train.max_steps=3 "$@"
}

# NAME BREAK PATTERN [KEY=VALUE ...]
fails() {
    name=$1 broken=$2 pattern=$3
    shift 3
    export BREAK="$broken"
    train "$@" > out 2> err
    status=$?
    unset BREAK
    if [ $status -eq 0 ]; then
        echo "not ok $name: it succeeded"
    elif [ $status -gt 100 ]; then
        echo "not ok $name: exit code $status"
    elif ! grep -q "$pattern" err; then
        echo "not ok $name: $(tail -n 1 err)"
    else
        echo "ok $name"
    fi
}

fails "a platform without devices" no-devices 'no OpenCL platform has a device: Portable Computing Language says CL_DEVICE_NOT_FOUND'
fails "no context, with the driver's own sentence" no-context \
    'gives no context: CL_DEVICE_NOT_AVAILABLE (-2), "the driver wants another kernel"'
fails "no queue" no-queue 'gives no queue: CL_OUT_OF_RESOURCES'
XDG_CACHE_HOME=$PWD/cache fails "a program that cannot be built" no-build 'node .* cannot build the program .*CL_BUILD_PROGRAM_FAILURE'
fails "out of memory, with the variable and the budget" no-memory \
    'the largest of node .*: device .* bytes do not fit: .* bytes are in use, and it says CL_MEM_OBJECT_ALLOCATION_FAILURE' \
    train.batch=1000
fails "a small device" small 'the largest of node .*: device .* bytes do not fit: [0-9]* of its 8388608 bytes are in use' train.batch=512
export BREAK_AT=100
fails "an error at completion names the node, with the driver's own sentence" completion \
    'node .*: device .* says CL_OUT_OF_RESOURCES (-5), "the driver met a wild pointer" about a kernel'
fails "a device that is lost" lost 'says CL_DEVICE_NOT_AVAILABLE'
fails "a kernel that is refused" no-kernel 'node .*: device .* refuses a kernel: CL_OUT_OF_RESOURCES'
fails "a copy that is refused" no-copy 'refuses a copy .*: CL_OUT_OF_HOST_MEMORY'
fails "a device that hangs is given up" hang 'node .*: device .* has completed nothing for 0.5 seconds, it is at a kernel' \
    device.timeout=0.5
if BREAK=slow train name=slow device.timeout=1.5 > out 2>&1; then
    echo "ok a device that is slow is waited for"
else
    echo "not ok slow: $(tail -n 1 out)"
fi
unset BREAK_AT

# What only makes copies faster is told and done without.
if BREAK=no-pages train name=pages > out 2>&1 && grep -q 'no page-locked memory.*: CL_MEM_OBJECT_ALLOCATION_FAILURE' out; then
    echo "ok no page-locked memory stops nothing"
else
    echo "not ok no page-locked memory: $(tail -n 1 out)"
fi

# With auto the CPU goes on, whatever OpenCL does.
if BREAK=no-devices train device=auto name=auto > out 2>&1; then
    echo "ok auto goes on"
else
    echo "not ok auto: $(tail -n 1 out)"
fi

# The second half of forty steps allocates and compiles nothing and blocks on nothing; it waits after its kernels only, where the
# training reads the losses.
BREAK_TRACE=$PWD/trace train train.max_steps=40 name=trace > out 2> err || echo "not ok trace: $(tail -n 1 err)"
total=$(tail -n 1 trace | cut -d' ' -f1)
awk -v half=$((total / 2)) '$1 > half' trace > warm
bad=$(grep -v 'clWaitForEvents\|clSetEventCallback' warm | cut -d' ' -f2- | sort | uniq -c)
waits=$(cut -d' ' -f1 warm | sort -u | wc -l)
if [ "$total" -gt 1000 ] && [ -z "$bad" ] && [ "$waits" -eq 20 ]; then
    echo "ok a warm step allocates, compiles and blocks on nothing, and waits in one place ($total kernels)"
else
    echo "not ok a warm step:" $bad "among $total kernels, waits in $waits places of 20 steps"
fi

# A device that is no processor gets other kernels of the matrix products.
if BREAK=gpu NN_OPENCL_LIBRARY="$PWD/broken.so" "$NNRUN" plugin test ops-opencl --tier ci --timeout 120 --only Gemm \
    --only MatMul --only Conv --only nn/ConvGradInput --only nn/ConvGradWeight > out 2>&1; then
    echo "ok products in local memory: $(sed -n '$ s/^# //p' out)"
else
    echo "not ok products in local memory: $(grep '^not ok' out | head -n 1)"
fi

# And of whatever goes by rows: groups, one lane an item.
if BREAK=gpu NN_OPENCL_LIBRARY="$PWD/broken.so" "$NNRUN" plugin test ops-opencl --tier ci --timeout 120 --only MaxPool \
    --only nn/MaxPoolGrad --only nn/AveragePoolGrad --only Softmax --only nn/SoftmaxCrossEntropyLossGrad --only ReduceSum \
    --only nn/SumTo --only nn/AllFinite --only Transpose --only Gather --only ArgMax > out 2>&1; then
    echo "ok rows by groups: $(sed -n '$ s/^# //p' out)"
else
    echo "not ok rows by groups: $(grep '^not ok' out | head -n 1)"
fi
