#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# A family that brings a step of its own: its functions train, each with the optimizer of its group, and a resumed training ends
# in the same bits.
set -u
. "$SRCDIR/tests/train/small.sh"

module=$BUILDDIR/tests/train/.libs/two-players.so
[ -e "$module" ] || { echo "skip step the family was not built"; exit 0; }
mkdir package
cp "$module" package/
"$NNRUN" -q plugin manifest --name two-players -o package/manifest.yaml package
NN_PLUGIN_PATH=$NN_PLUGIN_PATH:$PWD
export NN_PLUGIN_PATH

cat >game.yaml <<'END'
model: {family: two-players}
data: {loader: glyphs, train: 130, test: 40}
train:
  epochs: 4
  batch: 20
  optimizer: {name: sgd, rate: 0.1}
  groups:
    b: {name: adam, rate: 0.02}
END

expect trains 0 '' "$NNRUN" train game.yaml
check columns grep -q '^epoch,time,train/first.loss,train/second.loss' runs/train/game/results.csv
check steps test "$(sed -n 's/^step: //p' runs/train/game/record.yaml)" -eq 16
check updates-of-the-first grep -q 'updates: 32' runs/train/game/record.yaml
check updates-of-the-second grep -q 'updates: 16' runs/train/game/record.yaml
check slots-of-the-second grep -qa 'slot.b.square' runs/train/game/weights/last.safetensors
"$NNRUN" -q train game.yaml name=half train.max_steps=6 >folder
"$NNRUN" -q resume runs/train/half train.max_steps=0 >folder
check resumes-to-the-same-bits test "$(weights runs/train/half)" = "$(weights runs/train/game)"
expect accumulate-is-refused 2 'a step of its own' "$NNRUN" train game.yaml train.accumulate=2
