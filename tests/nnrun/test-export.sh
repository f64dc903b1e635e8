#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Networks trained here and exported pass ONNX's own checker and give in another program what they give here: LeNet-5, an
# LSTM and a Transformer, at the usual operator set, at the oldest one and at the newest that the other program reads.
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
done
