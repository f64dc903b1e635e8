#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Networks trained here and exported pass ONNX's own checker, give in another program what they give here, and come back
# as they went: LeNet-5, an LSTM and a Transformer, at the oldest operator set, at the usual one and at a newer one.
set -u
if [ ! -e "$BUILDDIR/plugins/formats/onnx.la" ]; then
    echo "skip export the format onnx is not built"
    exit 0
fi
# Debian's packages are those of its own Python.
for python in ${PYTHON:-python3 /usr/bin/python3} none; do
    "$python" -c 'import numpy' 2> err && break
done
if [ "$python" = none ]; then
    echo "skip export the Python package numpy is not installed"
    exit 0
fi
other() { "$python" "$SRCDIR/tests/nnrun/test-export.py" "$@"; }

# Pictures that all can read: as the files of MNIST.
other pictures pictures || exit 1

for network in lenet5 lstm transformer; do
    if ! "$NNRUN" -q train "$SRCDIR/examples/glyphs-$network.yaml" name=$network data.train=2000 data.test=100 \
        train.epochs=2 train.batch=50 > out 2> err; then
        echo "not ok $network: $(tail -n 1 err)"
        continue
    fi
    "$NNRUN" predict runs/train/$network --output logits --split test --count 20 --format json \
        'data={loader: idx, path: pictures}' > $network.json 2> err ||
        { echo "not ok $network predicts: $(tail -n 1 err)"; continue; }
    for opset in 13 17 21; do
        if "$NNRUN" export runs/train/$network --opset $opset -o $network-$opset.onnx > out 2> err; then
            other compare $network-$opset $network-$opset.onnx $network.json pictures
        else
            echo "not ok $network-$opset: $(tail -n 1 err)"
        fi
    done
    pictures='data={loader: idx, path: pictures}'
    if "$NNRUN" -q import $network-13.onnx back-$network "$pictures" > out 2> err &&
        "$NNRUN" eval back-$network > back 2> err && "$NNRUN" eval runs/train/$network "$pictures" > went 2> err; then
        paste went back | awk -v name="$network comes back" '
            { d = $2 - $4; if (d < 0) d = -d; if ($1 != $3 || d > worst) worst = d }
            END { good = NR == 2 && worst <= 1e-4
                  printf "%s %s%s\n", good ? "ok" : "not ok", name, good ? "" : ": " NR " numbers, differing by " worst }'
    else
        echo "not ok $network comes back: $(tail -n 1 err)"
    fi
done
