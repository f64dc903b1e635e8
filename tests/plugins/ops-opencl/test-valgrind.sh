#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Short trainings on the device `opencl` under valgrind, which finds nothing in our code: one that ends well, one that goes on
# from its checkpoint, one that runs out of device memory, one whose device is lost. PoCL's compiler under memcheck takes many
# minutes, so that the programs are built before, under a valgrind that checks nothing: it shows the same processor to PoCL, and
# what is built for that one is what memcheck's runs find in the caches.
set -u
. "$SRCDIR/tests/train/small.sh"
if ! command -v valgrind > version 2>&1; then
    echo "skip valgrind it is not installed"
    exit 0
elif ! "$NNRUN" devices 2>/dev/null | grep -q '^opencl:0'; then
    echo "skip valgrind no OpenCL device here"
    exit 0
elif nm -D "$NNRUN" | grep -q ' __[at]san_init'; then
    echo "skip valgrind the program has a sanitizer inside"
    exit 0
fi
export XDG_CACHE_HOME="$PWD/cache" POCL_CACHE_DIR="$PWD/pocl"
mkdir cache pocl
cat > net.yaml <<'END'
device: opencl
model: {family: mlp, hidden: [8], dropout: 0.5}
data: {loader: glyphs, train: 40, test: 20}
train: {epochs: 2, batch: 10, eval_batch: 10, optimizer: {name: adam}}
END

begin=$(date +%s)
built() {
    timeout "${BUILD_LIMIT:-400}" valgrind -q --tool=none "$NNRUN" -q "$@" > out 2> err
}
if ! built train net.yaml name=built || ! built predict runs/train/built -n 2; then
    echo "skip valgrind the platform did not build the programs in $(($(date +%s) - begin)) s: $(tail -n 1 err)"
    exit 0
fi

# NAME CODE COMMAND...: it ends with the code, and valgrind has nothing to say.
watched() {
    name=$1 code=$2
    shift 2
    valgrind -q --leak-check=full --show-leak-kinds=definite,indirect --errors-for-leak-kinds=definite,indirect \
        --suppressions="$SRCDIR/tests/plugins/ops-opencl/valgrind.supp" --gen-suppressions=all --log-file=log "$NNRUN" "$@" \
        > out 2> err
    status=$?
    if [ $status -ne "$code" ]; then
        echo "not ok $name: exit code $status: $(tail -n 1 err)"
    elif [ -s log ]; then
        echo "not ok $name:"
        head -n 60 log
    else
        echo "ok $name"
    fi
}
# Valgrind's processor computes as any other: what comes out is compared too.
watched "a training" 0 -q train net.yaml name=whole
check "a training computes the same" test "$(weights runs/train/whole)" = "$(weights runs/train/built)"
watched "a part of a training" 0 -q train net.yaml name=part train.max_steps=3
watched "the rest of it" 0 -q resume runs/train/part train.max_steps=0
check "both computed the same" test "$(weights runs/train/part)" = "$(weights runs/train/built)"
watched "predictions" 0 predict runs/train/whole -n 2
watched "a device without memory for the variables" 1 train net.yaml name=none device.memory=9000
watched "a device without memory for a step" 1 train net.yaml name=step device.memory=100000
if cc -shared -fPIC -o broken.so "$SRCDIR/tests/plugins/ops-opencl/broken-loader.c" -Wl,--no-as-needed \
    -l:libOpenCL.so.1 -ldl 2> cc.log; then
    export NN_OPENCL_LIBRARY="$PWD/broken.so" BREAK_AT=40
    BREAK=lost watched "a device that is lost" 1 train net.yaml name=lost
    BREAK=completion watched "a kernel that ends in an error" 1 train net.yaml name=completion
    BREAK=no-devices watched "no device" 2 train net.yaml name=absent
else
    echo "skip breaking the loader of this test does not build: $(head -n 1 cc.log)"
fi
