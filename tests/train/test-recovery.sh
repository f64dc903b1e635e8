#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# A training that fails saves what it has trained, where the weights are those of whole steps, says from which step it can be
# resumed, and ends in the bits of one that never failed.
set -u
. "$SRCDIR/tests/train/small.sh"

module=$BUILDDIR/tests/train/.libs/brittle-data.so
[ -e "$module" ] || { echo "skip recovery the loader was not built"; exit 0; }
mkdir package
cp "$module" package/
"$NNRUN" -q plugin manifest --name brittle-data -o package/manifest.yaml package
NN_PLUGIN_PATH=$NN_PLUGIN_PATH:$PWD
export NN_PLUGIN_PATH

cat > brittle.yaml <<'END'
model: {family: mlp, hidden: [8], dropout: 0.2}
data: {loader: brittle}
train:
  epochs: 4
  watch: accuracy
  watch_mode: min
  batch: 20
  shuffle: false
  optimizer: {name: adam, rate: 5e-3}
  schedule: {name: plateau, patience: 0, gamma: 0.5}
  save_every_epochs: 0
END

# NAME BROKEN STEP [KEY=VALUE ...]: it breaks, is saved at that step, and is resumed to the bits of a whole one.
breaks() {
    name=$1 broken=$2 step=$3
    shift 3
    "$NNRUN" -q train brittle.yaml name="whole-$name" "$@" > folder
    NN_BRITTLE=$broken expect "$name: fails" 1 "sample $(echo "$broken" | cut -d: -f2) cannot be read" "$NNRUN" train brittle.yaml name="$name" "$@"
    check "$name: says from where" grep -q "the run is in runs/train/$name; 'nnrun resume' goes on from step $step\$" expect.err
    check "$name: is saved there" grep -q "^step: $step\$" "runs/train/$name/record.yaml"
    "$NNRUN" -q resume "runs/train/$name" > folder
    check "$name: ends in the same bits" test -n "$(weights "runs/train/$name")" -a "$(weights "runs/train/$name")" = "$(weights "runs/train/whole-$name")"
    check "$name: logs the same epochs" test "$(cut -d, -f1 "runs/train/$name/results.csv")" = \
        "$(cut -d, -f1 "runs/train/whole-$name/results.csv")"
}
breaks in-a-step train:70 3
breaks in-the-first-step train:0 0
breaks in-the-first-of-an-epoch train:0:3 10
breaks in-an-evaluation test:30 5
# The first half of an update cannot be taken back: what is left is what was saved last.
breaks in-half-of-an-update train:70 0 train.accumulate=2
breaks between-two-updates train:50 1 train.accumulate=2
