#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Settings of a device in a configuration: given alone, in a list and by overrides, checked with place and near miss, kept in the
# run, and obeyed by every command that opens one.
set -u
config=$SRCDIR/examples/glyphs-linear.yaml
if ! "$NNRUN" devices 2>/dev/null | grep -q '^opencl:0'; then
    echo "skip settings no OpenCL device here"
    exit 0
fi
sed 's/^train:/device:\n  - cpu\n  - name: opencl\n    memroy: 5\ntrain:/' "$config" > typo.yaml

# NAME PATTERN COMMAND...: it fails with a sentence in which the pattern is, and with the exit code of a wrong request.
refuses() {
    name=$1 pattern=$2
    shift 2
    "$@" > out 2> err
    status=$?
    if [ $status -ne "${EXPECTED:-2}" ]; then
        echo "not ok $name: exit code $status: $(tail -n 1 err)"
    elif ! grep -q "$pattern" err; then
        echo "not ok $name: $(tail -n 1 err)"
    else
        echo "ok $name"
    fi
}
refuses "a misspelt one" 'typo.yaml:[0-9]*:5: device opencl has no setting "memroy"; did you mean "memory"?' \
    "$NNRUN" train typo.yaml
refuses "out of range" 'memory must be 0 to .* bytes, found -5' "$NNRUN" train "$config" 'device={name: opencl, memory: -5}'
refuses "of another type" 'memory must be an integer, found the string "much"' "$NNRUN" train "$config" device=opencl device.memory=much
refuses "of a device that has none" 'device cpu has no setting "memory"' "$NNRUN" train "$config" device=cpu device.memory=5
refuses "of no device" 'device auto, which may be any, has no setting "memory"' "$NNRUN" train "$config" 'device={name: auto, memory: 5}'
refuses "without a name" 'a device with settings needs its name' "$NNRUN" train "$config" 'device={memory: 5}'
refuses "of a kind that nobody has" "no plug-in provides device 'openc'; did you mean 'opencl'?" \
    "$NNRUN" train "$config" 'device={name: "openc:0", memory: 5}'
refuses "twice" 'device names the same one twice' "$NNRUN" train "$config" 'device=[opencl, {name: opencl, memory: 5}]'

# SENTENCE COMMAND...: it succeeds.
works() {
    name=$1
    shift
    if "$@" > out 2> err; then
        echo "ok $name"
    else
        echo "not ok $name: $(tail -n 1 err)"
    fi
}
# What a run was trained with stands in its record, with what was not given at its default.
works "a device with settings" "$NNRUN" train "$config" name=small train.max_steps=5 'device={name: "opencl:0", memory: 100000000}'
if grep -A 2 '^  device:' runs/train/small/record.yaml | tr -d '\n' | grep -q 'name: "opencl:0" *memory: 100000000'; then
    echo "ok the record has them"
else
    echo "not ok the record: $(grep -A 2 '^  device:' runs/train/small/record.yaml)"
fi
works "in a list" "$NNRUN" train "$config" name=list train.max_steps=5 'device=[{name: opencl, memory: 100000000}, cpu]'
works "trained again from its own configuration" "$NNRUN" train runs/train/list/config.yaml name=again train.max_steps=5
refuse_memory() { EXPECTED=1 refuses "$1" "bytes do not fit: [0-9]* of its $2 bytes are in use" "$NNRUN" "$3" "$4" "$5"; }
refuse_memory "obeyed by train" 20000 train "$config" 'device={name: opencl, memory: 20000}'
refuse_memory "obeyed by resume" 30000 resume runs/train/small device.memory=30000
refuse_memory "obeyed by eval" 70000 eval runs/train/small device.memory=70000
refuse_memory "obeyed by predict" 70000 predict runs/train/small device.memory=70000
works "another device instead" "$NNRUN" eval runs/train/small device=cpu
works "resumed with the run's own" "$NNRUN" resume runs/train/small train.max_steps=8

# They are told apart by the device's name: the first one is small, the second is not.
refuse_memory "of one of two" 20000 train "$config" 'device=[{name: opencl, memory: 20000}, {name: "opencl:0", memory: 100000000}]'
