#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# A device that runs out of memory, or is lost: the sentence names the tensor and the budget, or the node; what was trained is
# saved where it can be, the last checkpoint stays where it cannot, and nnrun resume ends in the bits of a run that never failed.
set -u
. "$SRCDIR/tests/train/small.sh"
if ! "$NNRUN" devices 2>/dev/null | grep -q '^opencl:0'; then
    echo "skip recovery no OpenCL device here"
    exit 0
fi
cat > net.yaml <<'END'
device: {name: opencl}
model: {family: mlp, hidden: [64], dropout: 0.2}
data: {loader: glyphs, train: 400, test: 400}
train: {epochs: 2, batch: 20, optimizer: {name: momentum, rate: 1e-2}}
END
fit='bytes do not fit: [0-9]* of its'

# NAME TEXT COMMAND...: it fails with a sentence in which the pattern is.
fails() {
    case=$1 pattern=$2
    shift 2
    "$@" > out 2> err
    status=$?
    if [ $status -ne 1 ]; then
        echo "not ok $case: exit code $status: $(tail -n 1 err)"
    elif ! grep -q "$pattern" err; then
        echo "not ok $case: $(tail -n 1 err)"
    else
        echo "ok $case"
    fi
}
# NAME STEP [KEY=VALUE ...]: the run of that name says that it goes on from that step, and does, to the same bits.
goes_on() {
    name=$1 step=$2
    shift 2
    check "$name: says from where" grep -q "the run is in runs/train/$name; 'nnrun resume' goes on from step $step\$" err
    check "$name: is saved there" grep -q "^step: $step\$" "runs/train/$name/record.yaml"
    "$NNRUN" -q resume "runs/train/$name" "$@" > out 2> err || echo "not ok $name: $(tail -n 1 err)"
    check "$name: ends in the same bits" test -n "$(weights "runs/train/$name")" -a "$(weights "runs/train/$name")" = "$(weights runs/train/whole)"
}
"$NNRUN" -q train net.yaml name=whole > out

fails "no memory for the variables" "dense1.weight: device .* 200704 $fit 100000 bytes are in use" \
    "$NNRUN" train net.yaml name=start device.memory=100000
check "no memory for the variables: nothing is left" test ! -e runs/train/start
fails "no memory for the first step" "training step 1: values of a program, the largest of node .*: device .* $fit 600000 bytes are in use" \
    "$NNRUN" train net.yaml name=first device.memory=600000
goes_on first 0 device.memory=0
# In a folder that has no checkpoint yet, the step that could not be made is taken back, batch and all.
"$NNRUN" -q train net.yaml name=begun train.max_steps=7 > out
fails "no memory for a step further on" "training step 8: values of a program, .* $fit 600000 bytes are in use" \
    "$NNRUN" resume runs/train/begun/weights/last.safetensors name=further train.max_steps=0 device.memory=600000
goes_on further 7 device.memory=0
fails "no memory for an evaluation" \
    "evaluation on split test: values of a program, the largest of node .*: device .* $fit 1500000 bytes are in use" \
    "$NNRUN" train net.yaml name=evaluation device.memory=1500000 train.eval_batch=400
goes_on evaluation 20 device.memory=0 train.eval_batch=0

# An evaluation that takes more memory than training, and training after it, fit where each alone does.
"$NNRUN" -q train net.yaml name=both device.memory=2100000 train.eval_batch=400 > out 2> err
check "training and evaluation take turns in the memory" test "$(weights runs/train/both)" = "$(weights runs/train/whole)"

# Behind the 300th kernel the device is gone, with all that it held: what was saved last stays.
if ! cc -shared -fPIC -o broken.so "$SRCDIR/tests/plugins/ops-opencl/broken-loader.c" -Wl,--no-as-needed \
    -l:libOpenCL.so.1 -ldl 2> cc.log; then
    echo "skip lost the loader of this test does not build: $(head -n 1 cc.log)"
    exit 0
fi
broken() {
    what=$1
    shift
    BREAK=$what BREAK_AT=300 NN_OPENCL_LIBRARY="$PWD/broken.so" "$NNRUN" train net.yaml "$@"
}
for what in lost:CL_DEVICE_NOT_AVAILABLE completion:CL_OUT_OF_RESOURCES; do
    name=${what%:*}
    fails "$name in a step" "training step [0-9]*: .*device .* says ${what#*:}" broken "$name" name="$name" train.save_every_steps=5
    goes_on "$name" "$(sed -n 's/.*goes on from step //p' err)" train.save_every_steps=0
done
