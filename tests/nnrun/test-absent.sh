#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Nothing is built in: without the object of Conv a network that needs it says so, with the layer and its line; without
# the package ops-cpu the same training runs on the device `reference`, and its losses are the same to 1e-4.
set -u
export XDG_DATA_HOME="$PWD/none"
all=$NN_PLUGIN_PATH
[ -f "$all/ops/manifest.yaml" ] && [ -f "$all/ops-cpu/manifest.yaml" ] || { echo "skip absent there are no packages in $all"; exit 0; }

# packages FOLDER WITHOUT: all packages but one, by links
packages() {
    mkdir "$1"
    for p in "$all"/*/; do
        p=$(basename "$p")
        [ "$p" = "$2" ] || [ ! -f "$all/$p/manifest.yaml" ] || ln -s "$all/$p" "$1/$p"
    done
}

# ---- without Conv ----

packages convless ops
mkdir convless/ops convless/ops/.libs
cp "$all/ops/manifest.yaml" convless/ops/
cp "$all"/ops/.libs/*.so convless/ops/.libs/
rm convless/ops/.libs/conv.so
cat >net.yaml <<END
model:
  family: net
  layers:
    - Relu
    - Conv: {name: stem, filters: 4, kernel: 3}
    - Flatten
    - Dense: {name: output, units: 10}
data: {loader: glyphs, train: 160, test: 20}
END
sed 's|^  loader: glyphs|  loader: glyphs\n  train: 160\n  test: 20|' "$SRCDIR/examples/glyphs-lenet5.yaml" >lenet5.yaml

# refuse NAME FILE TEXT...: exit code 2, no run folder, and one line on stderr that holds every TEXT
refuse() {
    name=$1 file=$2
    shift 2
    NN_PLUGIN_PATH=$PWD/convless "$NNRUN" train "$file" >out 2>err
    code=$?
    wrong=
    [ $code -eq 2 ] && [ ! -e runs ] && [ "$(wc -l <err)" -eq 1 ] || wrong="exit code $code"
    for text; do
        grep -qF -- "$text" err || wrong="$wrong; no \"$text\""
    done
    [ -z "$wrong" ] && echo "ok $name" || echo "not ok $name: ${wrong#; }: $(cat err)"
}
line=$(grep -n 'family:' lenet5.yaml | cut -d: -f1)
refuse "a net without Conv's object" net.yaml 'net.yaml:5:7: layer stem: operator Conv is provided by plug-in ops (' \
    'conv.so), which was not loaded: it cannot be opened: No such file'
refuse "LeNet-5 without Conv's object" lenet5.yaml "lenet5.yaml:$line:" 'layer conv1: operator Conv is provided by plug-in ops (' \
    'conv.so), which was not loaded'
"$NNRUN" -q plugin manifest --refresh convless/ops
refuse "a net without Conv in the manifest" net.yaml "net.yaml:5:7: layer stem: no plug-in provides operator 'Conv'"
refuse "LeNet-5 without Conv in the manifest" lenet5.yaml "lenet5.yaml:$line:" "layer conv1: no plug-in provides operator 'Conv'"
sed -i '/Conv/d' net.yaml
if NN_PLUGIN_PATH=$PWD/convless "$NNRUN" -q train net.yaml train.max_steps=2 >out 2>&1; then
    echo "ok a net that has no Conv trains without it"
else
    echo "not ok a net that has no Conv trains without it: $(cat out)"
fi

# ---- without ops-cpu ----

packages cpuless ops-cpu
# losses PACKAGES FILE NAME DEVICE: twenty steps, and the loss of each; the log has the mean over the epoch up to a step
losses() {
    NN_PLUGIN_PATH=$1 "$NNRUN" -q train "$2" "name=$3" "device=$4" train.epochs=1 train.max_steps=20 train.batch=8 \
        train.log_every_steps=1 data.train=160 data.test=20 >folder 2>err || { cat err; return 1; }
    sed -n 's/^{"step": \([0-9]*\),.* "loss": \([-0-9.e]*\).*/\1 \2/p' "$(cat folder)/metrics.jsonl" |
        awk '{ printf "%d %.9g\n", $1, $1 * $2 - before; before = $1 * $2 }'
}
for example in glyphs-mlp glyphs-lenet5; do
    losses "$all" "$SRCDIR/examples/$example.yaml" fast cpu >fast.txt
    losses "$PWD/cpuless" "$SRCDIR/examples/$example.yaml" slow reference >slow.txt
    paste -d ' ' fast.txt slow.txt | awk -v name="$example without ops-cpu" '
        NF == 4 && $1 == $3 { d = $2 > $4 ? $2 - $4 : $4 - $2; if (d > worst) worst = d; n++ }
        END {
            if (n != 20) print "not ok " name ": " n + 0 " steps can be compared: " $0
            else if (worst > 1e-4) print "not ok " name ": losses differ by up to " worst
            else print "ok " name ": over " n " steps losses differ by up to " worst + 0
        }'
done
NN_PLUGIN_PATH=$PWD/cpuless "$NNRUN" devices >out 2>err
grep -q '^cpu' out && echo "not ok the device cpu is gone: $(cat out)" || echo "ok the device cpu is gone"
