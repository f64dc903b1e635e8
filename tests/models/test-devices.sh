#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# The same training on the device `cpu` and, with its plug-in left out, on `reference`: twenty steps whose losses differ by
# no more than 1e-4.
set -u

# NAME MEASURE CONFIG [KEY=VALUE ...]
agree() {
    name=$1 measure=$2 config=$3
    shift 3
    for device in cpu reference; do
        [ $device = reference ] && deny="--deny ops-cpu" || deny=
        if ! "$NNRUN" train "$config" name="$name-$device" device=$device seed=1 train.max_steps=20 train.log_every_steps=1 \
            train.evaluate=none $deny "$@" > out 2> err; then
            echo "not ok $name on $device: $(tail -n 1 err)"
            return
        fi
        sed -n 's/^{"step": \([0-9]*\),.*"'"$measure"'": \([-0-9.e]*\).*/\1 \2/p' \
            "runs/train/$name-$device/metrics.jsonl" > "$name-$device"
    done
    paste "$name-cpu" "$name-reference" | awk -v name="$name" '
        { d = $2 - $4; if (d < 0) d = -d; if ($1 != $3 || d > worst) worst = d }
        END {
            good = NR == 20 && worst <= 1e-4
            printf "%s %s%s\n", good ? "ok" : "not ok", name, good ? "" : ": " NR " steps, losses differ by " worst
        }'
}

if ! "$NNRUN" devices 2>/dev/null | grep -q '^cpu'; then
    echo "skip devices the device cpu is not built"
    exit 0
fi
examples=$SRCDIR/examples
agree mlp loss "$examples/glyphs-mlp.yaml" train.batch=32
agree lenet5 loss "$examples/glyphs-lenet5.yaml" train.batch=16
agree net loss "$examples/glyphs-net.yaml" train.batch=16
agree net-lstm loss "$examples/glyphs-lstm.yaml" train.batch=16
# Keys have a bias whose gradient is zero but for rounding: Adam would make whole steps of it, other ones on each device.
agree net-transformer loss "$examples/glyphs-transformer.yaml" train.batch=16 'train.optimizer={name: sgd, rate: 0.05}'

awk 'BEGIN { for (i = 0; i < 400; i++) printf "the quick brown fox jumps over the lazy dog\n" }' > text
for cell in elman gru lstm; do
    cat > $cell.yaml <<EOF
model: {family: rnn, cell: $cell, units: 24, layers: 2, dropout: 0.1}
data: {loader: text, path: text, length: 12}
train: {epochs: 3, batch: 8, optimizer: {name: adam, rate: 1e-3}, clip_norm: 1}
EOF
    agree $cell loss $cell.yaml
done
cat > rbm.yaml <<EOF
model: {family: boltzmann, hidden: 16, steps: 2}
data: {loader: glyphs}
train: {epochs: 1, batch: 20, optimizer: {name: sgd, rate: 0.05}}
EOF
agree rbm reconstruction_error rbm.yaml
