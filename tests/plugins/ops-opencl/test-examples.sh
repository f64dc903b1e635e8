#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Every node of a training step of the examples that need no file runs on the device `opencl`: forward, gradients, updates.
set -u
if ! "$NNRUN" devices 2>/dev/null | grep -q '^opencl:0'; then
    echo "skip examples no OpenCL device here"
    exit 0
fi
for config in "$SRCDIR"/examples/glyphs-*.yaml; do
    name=$(basename "$config" .yaml)
    if ! "$NNRUN" train "$config" --explain device=opencl train.max_steps=1 > "$name" 2> err; then
        echo "not ok $name: $(tail -n 1 err)"
    elif awk '$2 == "cpu" || $2 == "reference" { found = 1; print "# " $0 } END { exit found }' "$name" > elsewhere; then
        echo "ok $name: $(grep -c '^ *[0-9]* opencl ' "$name") steps"
    else
        echo "not ok $name: $(head -n 1 elsewhere)"
    fi
done
