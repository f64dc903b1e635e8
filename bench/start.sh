#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# From exec to the first finished training step of the MLP on embedded data, with the full plug-in folder: median of RUNS.
# It is the time of the whole process that makes one step and saves nothing but its record, so an upper bound.
set -u
RUNS=${RUNS:-20}
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work" || exit 1
train() { "$NNRUN" -q train "$SRCDIR/examples/glyphs-mlp.yaml" train.max_steps=1 train.evaluate=none ++train.save_every_epochs=0 >/dev/null 2>&1; }
train || "$NNRUN" train "$SRCDIR/examples/glyphs-mlp.yaml" train.max_steps=1 || exit 1
for _ in $(seq "$RUNS"); do
    begin=$EPOCHREALTIME
    train
    end=$EPOCHREALTIME
    echo $((${end/./} - ${begin/./}))
done | sort -n | awk '{v[NR] = $1} END {printf "exec to the end of one step: median %.1f ms, least %.1f, most %.1f, of %d\n", v[int((NR + 1) / 2)] / 1000, v[1] / 1000, v[NR] / 1000, NR}'
