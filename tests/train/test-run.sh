#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# A training from the command line: what it leaves behind, what it refuses, and that the same seed gives the same bits.
set -u
. "$SRCDIR/tests/train/small.sh"

"$NNRUN" -q train small.yaml >folder || echo "not ok train"
check folder-is-printed test "$(cat folder)" = runs/train/small
for file in config.yaml results.csv metrics.jsonl record.yaml weights/last.safetensors weights/best.safetensors; do
    check "has-$file" test -s runs/train/small/$file
done
check columns test "$(head -1 runs/train/small/results.csv)" = "epoch,time,train/loss,train/accuracy,val/loss,metrics/accuracy,lr"
check rows test "$(wc -l <runs/train/small/results.csv)" -eq 4
check no-temporary-files test -z "$(find runs -name '*.new')"

"$NNRUN" -q train small.yaml >folder
check numbered test "$(cat folder)" = runs/train/small2
check same-seed-same-bits test "$(weights runs/train/small)" = "$(weights runs/train/small2)"
"$NNRUN" -q train small.yaml seed=1 name=other >folder
check other-seed-other-bits test "$(weights runs/train/small)" != "$(weights runs/train/other)"
"$NNRUN" -q train runs/train/small/config.yaml name=again >folder
check resolved-config-trains-the-same test "$(weights runs/train/small)" = "$(weights runs/train/again)"

"$NNRUN" train small.yaml --cfg >resolved.yaml && "$NNRUN" train resolved.yaml --cfg >twice.yaml
check cfg-is-stable cmp -s resolved.yaml twice.yaml
"$NNRUN" -q train small.yaml name=dry --dry-run >folder
check dry-run-leaves-nothing test ! -e runs/train/dry
"$NNRUN" -q train small.yaml train.epochs=1 --multirun seed=5,6 >folder
check multirun test "$(wc -l <folder)" -eq 2
"$NNRUN" -q train small.yaml name=stop train.patience=1 train.min_delta=100 train.epochs=9 >folder 2>/dev/null
check early-stopping test "$(wc -l <runs/train/stop/results.csv)" -eq 3
"$NNRUN" -q train small.yaml name=all train.accumulate=2 train.clip_norm=1 train.clip_value=0.5 \
    train.weight_decay=1e-3 train.holdout=0.2 train.drop_last=true train.schedule.name=plateau \
    >folder
check all-settings test -s runs/train/all/weights/last.safetensors
for name in sgd momentum nesterov adagrad adadelta rmsprop adam adamw; do
    "$NNRUN" -q train small.yaml "name=$name" train.epochs=1 "train.optimizer={name: $name}" >folder
    check "optimizer-$name" test -s runs/train/$name/weights/last.safetensors
done
for name in constant step exponential cosine warmup plateau; do
    "$NNRUN" -q train small.yaml "name=$name" train.epochs=2 "train.schedule={name: $name}" >folder
    check "schedule-$name" test -s runs/train/$name/weights/last.safetensors
done

"$NNRUN" eval runs/train/small >eval.out
check eval grep -q '^accuracy ' eval.out
check eval-agrees test "$(sed -n 's/^loss //p' eval.out | cut -c1-6)" = "$(tail -1 runs/train/small/results.csv | cut -d, -f5 | cut -c1-6)"
check predict test "$("$NNRUN" predict runs/train/small -n 7 | wc -l)" -eq 7
check predict-csv test "$("$NNRUN" predict runs/train/small -n 1 --format csv | tr ',' '\n' | wc -l)" -eq 12

sed s/mlp/nlp/ small.yaml >family.yaml
n=$(find . | wc -l)
expect unknown-key 2 'did you mean "optimizer"' "$NNRUN" train small.yaml train.optimzer.name=adam
expect unknown-optimizer 2 "did you mean 'adam'" "$NNRUN" train small.yaml train.optimizer.name=adma
expect unknown-family 2 'family.yaml:1:17' "$NNRUN" train family.yaml
expect wrong-kind 2 'hidden must be' "$NNRUN" train small.yaml model.hidden=x
expect out-of-range 2 'batch' "$NNRUN" train small.yaml train.batch=0
expect unknown-metric 2 'there is no metric "foo"' "$NNRUN" train small.yaml train.watch=foo
expect absent-device 2 'foo' "$NNRUN" train small.yaml device=foo
expect missing-file 2 'nosuch.yaml' "$NNRUN" train nosuch.yaml
expect no-step 2 'no step in an epoch' "$NNRUN" train small.yaml train.batch=1000 train.drop_last=true
expect unknown-split 2 'there is no split "foo"; the data of loader glyphs has' "$NNRUN" eval runs/train/small --split foo
expect bad-name 2 'slash' "$NNRUN" train small.yaml name=a/b
rm -f expect.out expect.err
check refusals-leave-nothing test "$n" -eq "$(find . | wc -l)"
