#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# The layers MultiHeadAttention and LSTM of the family net against PyTorch's modules with the same weights, which come from
# an exported model; where Python has both packages.
set -u
if [ ! -e "$BUILDDIR/plugins/formats/onnx.la" ]; then
    echo "skip sequence the format onnx is not built"
    exit 0
fi
for python in ${PYTHON:-python3 /usr/bin/python3} none; do
    "$python" -c 'import onnx, torch' 2> err && break
done
if [ "$python" = none ]; then
    echo "skip sequence the Python packages onnx and torch are not installed"
    exit 0
fi
"$python" "$SRCDIR/tests/nnrun/test-export.py" pictures pictures || exit 1

# layer NAME LINE: what nnrun makes of the pictures' rows with this layer
names=
layer() {
    cat > $1.yaml <<EOF2
model:
  family: net
  layers:
    - Reshape: {inputs: [x, [0, 28, 28]]}
    - $2
    - Slice: {inputs: [previous, [19], [21], [1]]}
    - Flatten
    - Dense: {name: output, units: 10}
data: {loader: idx, path: pictures}
train: {epochs: 3, batch: 10, optimizer: {name: adam, rate: 1e-2}}
EOF2
    if "$NNRUN" -q train $1.yaml > out 2> err && "$NNRUN" -q export runs/train/$1 > out 2> err &&
        "$NNRUN" predict runs/train/$1 --output logits --split test --count 20 --format json > $1.json 2> err; then
        names="$names $1"
    else
        echo "not ok $1: $(tail -n 1 err)"
    fi
}

layer attention 'MultiHeadAttention: {name: layer, heads: 4}'
layer causal 'MultiHeadAttention: {name: layer, heads: 7, causal: true}'
layer plain 'MultiHeadAttention: {name: layer, bias: false}'
layer lstm 'LSTM: {name: layer, units: 9}'
layer both-ways 'LSTM: {name: layer, units: 5, direction: bidirectional}'
"$python" "$SRCDIR/tests/models/test-sequence.py" $names
