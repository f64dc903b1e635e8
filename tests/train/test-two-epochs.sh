#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Two epochs, an evaluation, a prediction and a resumed epoch: short enough to run under every sanitizer and valgrind.
set -u
. "$SRCDIR/tests/train/small.sh"

expect train 0 'epoch 2/2' "$NNRUN" train small.yaml train.epochs=2 train.save_every_steps=5 data.train=60 data.test=20
expect eval 0 '' "$NNRUN" eval runs/train/small
expect predict 0 '' "$NNRUN" predict runs/train/small -n 3
expect resume 0 'epoch 3/3' "$NNRUN" resume runs/train/small train.epochs=3
