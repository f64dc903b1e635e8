#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Every family learns on the device `reference`: trained on a little data, the measure of the last epoch is better than
# that of the first. What needs big data sets is skipped where they are absent.
set -u

# NAME MEASURE CONFIG [KEY=VALUE ...]: falls from the first epoch to the last?
falls() {
    name=$1 measure=$2 config=$3
    shift 3
    if ! "$NNRUN" train "$config" name="$name" device=reference "$@" > out 2> err; then
        echo "not ok $name: $(tail -n 1 err)"
        return
    fi
    awk -F, -v name="$name" -v measure="$measure" '
        NR == 1 { for (i = 1; i <= NF; i++) if ($i == measure) at = i; next }
        NR == 2 { first = $at }
        { last = $at }
        END {
            good = at && NR > 2 && last + 0 < first - 0.01 * (first < 0 ? -first : first)
            printf "%s %s%s\n", good ? "ok" : "not ok", name, good ? "" : ": " measure " went from " first " to " last
        }' "runs/train/$name/results.csv"
}

small="data.train=300 data.test=50 train.epochs=3 train.batch=20"
examples=$SRCDIR/examples
falls linear train/loss "$examples/glyphs-linear.yaml" $small
falls mlp train/loss "$examples/glyphs-mlp.yaml" $small model.hidden=[32]
falls lenet5 train/loss "$examples/glyphs-lenet5.yaml" $small
falls net train/loss "$examples/glyphs-net.yaml" $small
falls net-lstm train/loss "$examples/glyphs-lstm.yaml" $small
falls net-transformer train/loss "$examples/glyphs-transformer.yaml" $small

awk 'BEGIN { for (i = 0; i < 400; i++) printf "the quick brown fox jumps over the lazy dog\n" }' > text
for cell in elman gru lstm; do
    cat > $cell.yaml <<EOF
model: {family: rnn, cell: $cell, units: 24, layers: 2, dropout: 0.1}
data: {loader: text, path: text, length: 12}
train: {epochs: 3, batch: 8, optimizer: {name: adam, rate: 1e-2}, clip_norm: 1}
EOF
    falls $cell train/loss $cell.yaml
done
"$NNRUN" sample runs/train/lstm -n 80 --seed 1 > one 2> err && "$NNRUN" sample runs/train/lstm -n 80 --seed 1 > two 2>> err
if [ "$(wc -c < one)" -ge 80 ] && cmp -s one two; then
    echo "ok sample repeats for a seed"
else
    echo "not ok sample: $(tail -n 1 err)"
fi

for kind in false true; do
    cat > rbm-$kind.yaml <<EOF
model: {family: boltzmann, hidden: 16, steps: 2, persistent: $kind, chains: 2, sample_steps: 20}
data: {loader: glyphs, train: 400, test: 50}
train: {epochs: 3, batch: 20, optimizer: {name: sgd, rate: 0.05}}
EOF
    falls rbm-$kind metrics/reconstruction_error rbm-$kind.yaml
done
"$NNRUN" sample runs/train/rbm-false --output pictures > out 2> err
if [ "$(wc -c < pictures/sample-0001.pgm)" -eq 797 ]; then
    echo "ok rbm draws pictures"
else
    echo "not ok rbm draws pictures: $(tail -n 1 err)"
fi

if [ -r "$TEST_DATA/uci/iris.data" ]; then
    falls iris train/loss "$examples/iris.yaml" data.path="$TEST_DATA/uci/iris.data" train.epochs=10
else
    echo "skip iris no $TEST_DATA/uci/iris.data"
fi
