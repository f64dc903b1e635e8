#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# kill -9 at any instant after the first save, then nnrun resume: always the weights of the run that was never killed.
# KILLS=N kills N runs before their end.
set -u
. "$SRCDIR/tests/train/small.sh"

first=runs/train/cut/weights/last.safetensors
begin=$(date +%s%N)
"$NNRUN" -q train small.yaml name=whole >folder
length=$((($(date +%s%N) - begin) / 1000000))
want=$(weights runs/train/whole)

i=0 bad=0 killed=0 kills=${KILLS:-12}
while [ $killed -lt "$kills" ] && [ $i -lt $((20 * kills)) ]; do
    i=$((i + 1))
    rm -rf runs/train/cut
    "$NNRUN" -q train small.yaml name=cut >folder 2>/dev/null &
    pid=$!
    while [ ! -e $first ] && kill -0 $pid 2>/dev/null; do
        sleep 0.001
    done
    sleep "$(awk -v n="$i" -v ms="$length" 'BEGIN { srand(n); printf "%.3f", rand() * ms / 1000 }')"
    kill -9 $pid 2>/dev/null
    wait $pid 2>/dev/null
    [ $? -eq 137 ] || continue
    killed=$((killed + 1))
    if ! "$NNRUN" -q resume runs/train/cut >folder 2>resume.err; then
        echo "not ok resume-$i: $(cat resume.err)"
    elif [ "$(weights runs/train/cut)" != "$want" ]; then
        echo "not ok bits-$i"
    elif [ "$(wc -l <runs/train/cut/metrics.jsonl)" -ne "$(wc -l <runs/train/whole/metrics.jsonl)" ]; then
        echo "not ok lines-$i: metrics.jsonl has others than the whole run's"
    else
        continue
    fi
    bad=$((bad + 1))
done 2>/dev/null
if [ $killed -lt "$kills" ]; then
    echo "not ok kills: only $killed of $i runs were killed before their end"
elif [ $bad -eq 0 ]; then
    echo "ok killed-and-resumed $killed times"
fi

"$NNRUN" -q train small.yaml name=half '++train.schedule.steps=21' train.epochs=1 >folder
"$NNRUN" -q resume runs/train/half train.epochs=3 >folder
"$NNRUN" -q train small.yaml name=full '++train.schedule.steps=21' >folder
check more-epochs-equal-one-run test "$(weights runs/train/half)" = "$(weights runs/train/full)"
"$NNRUN" -q train small.yaml name=sums train.accumulate=2 train.max_steps=5 '++train.schedule.steps=9' >folder
"$NNRUN" -q resume runs/train/sums train.max_steps=0 >folder
"$NNRUN" -q train small.yaml name=sums2 train.accumulate=2 '++train.schedule.steps=9' >folder
check within-an-epoch test "$(weights runs/train/sums)" = "$(weights runs/train/sums2)"
"$NNRUN" -q resume runs/train/full train.epochs=4 train.optimizer.rate=1e-4 >folder
check other-rate test "$(wc -l <runs/train/full/results.csv)" -eq 5

# State that is carried over in the middle of an epoch: the chains of a persistent RBM, the rows of an LSTM.
seq 1 3000 >numbers.txt
cat >chains.yaml <<'END'
model: {family: boltzmann, hidden: 8, persistent: true}
data: {loader: glyphs, train: 200, test: 20}
train: {epochs: 2, batch: 20, optimizer: {name: sgd, rate: 0.05}}
END
cat >rows.yaml <<'END'
model: {family: rnn, cell: lstm, units: 8, dropout: 0.1}
data: {loader: text, path: numbers.txt, length: 16}
train: {epochs: 2, batch: 8, optimizer: {name: adam, rate: 4e-3}, clip_norm: 1}
END
for name in chains rows; do
    "$NNRUN" -q train $name.yaml >folder
    "$NNRUN" -q train $name.yaml name=$name-cut train.max_steps=7 >folder
    "$NNRUN" -q resume runs/train/$name-cut train.max_steps=0 >folder
    check carried-$name test "$(weights runs/train/$name)" = "$(weights runs/train/$name-cut)"
done

# wait_for FILE: until it is there
wait_for() {
    for _ in $(seq 100); do
        [ -e "$1" ] && return
        sleep 0.05
    done
}

for signal in INT TERM; do
    "$NNRUN" -q train small.yaml name=$signal train.epochs=2000 train.save_every_steps=0 >folder 2>/dev/null &
    pid=$!
    wait_for runs/train/$signal/results.csv
    kill -$signal $pid
    wait $pid
    code=$?
    [ $signal = INT ] && want_code=130 || want_code=143
    check $signal-ends-with-$want_code test $code -eq $want_code
    steps=$(sed -n 's/^step: //p' runs/train/$signal/record.yaml)
    check $signal-saves test "$steps" -gt 0
done
"$NNRUN" -q train small.yaml name=usr train.epochs=2000 train.save_every_steps=0 train.save_every_epochs=0 train.patience=0 >folder 2>/dev/null &
pid=$!
wait_for runs/train/usr/results.csv
kill -USR1 $pid
sleep 0.5
check usr1-saves test "$(sed -n 's/^step: //p' runs/train/usr/record.yaml)" -gt 0
check usr1-goes-on kill -0 $pid
kill -KILL $pid 2>/dev/null
wait $pid 2>/dev/null
exit 0
