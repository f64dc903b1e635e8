#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Checkpoints that are of another model, cut short or damaged are refused in one sentence; a disk that is full and a loss that
# is not a number end a training and keep its last checkpoint.
set -u
. "$SRCDIR/tests/train/small.sh"

"$NNRUN" -q train small.yaml train.epochs=1 >folder
last=runs/train/small/weights/last.safetensors
size=$(wc -c <$last)

expect other-shape 2 'dense1.weight is f32[' "$NNRUN" eval $last 'model.hidden=[9]'
expect other-model 2 'variable' "$NNRUN" eval $last 'model.hidden=[]'
expect other-optimizer 2 'another optimizer' "$NNRUN" resume $last train.optimizer.name=adadelta '~train.optimizer.beta1' '~train.optimizer.beta2'
expect other-data 2 'other data' "$NNRUN" resume $last data.seed=7
head -c $((size - 1)) $last >cut.safetensors
expect truncated 2 'cut.safetensors' "$NNRUN" eval cut.safetensors
head -c 5 $last >tiny.safetensors
expect five-bytes 2 'tiny.safetensors' "$NNRUN" eval tiny.safetensors
: >empty.safetensors
expect empty 2 'empty.safetensors' "$NNRUN" eval empty.safetensors
cp $last damaged.safetensors
printf 'XXXX' | dd of=damaged.safetensors bs=1 seek=$((size - 40)) conv=notrunc 2>/dev/null
expect bad-digest 2 'SHA-256' "$NNRUN" eval damaged.safetensors
cp $last weights.foo
expect unknown-format 2 'no format of arrays is known' "$NNRUN" eval weights.foo
expect no-run 2 'no run folder' "$NNRUN" resume nowhere
mkdir nothing
expect empty-folder 2 'is it a run folder' "$NNRUN" resume nothing

# A file may not grow beyond what the first save took away: from then on the disk is full.
"$NNRUN" -q train small.yaml name=full train.epochs=1 train.max_steps=3 >folder
before=$(cksum <runs/train/full/weights/last.safetensors)
(
    ulimit -f 1
    expect full-disk 1 'is kept' "$NNRUN" resume runs/train/full train.max_steps=0
)
check full-disk-keeps-the-old test "$(cksum <runs/train/full/weights/last.safetensors)" = "$before"
check full-disk-leaves-nothing test -z "$(find runs -name '*.new')"
"$NNRUN" -q resume runs/train/full train.max_steps=0 >folder
check full-disk-goes-on-later test $? -eq 0

expect nan-loss 1 'output (Gemm)' "$NNRUN" train small.yaml name=nan train.optimizer.name=sgd \
    '~train.optimizer.rate' '+train.optimizer.rate=1e30'
check nan-keeps-a-checkpoint test -s runs/train/nan/weights/last.safetensors
"$NNRUN" -q train small.yaml name=nan2 train.optimizer.name=sgd train.optimizer.rate=1e30 >folder 2>/dev/null
check nan-says-the-step grep -q . runs/train/nan/record.yaml
