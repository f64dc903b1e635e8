#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# A network that PyTorch has trained a little on MNIST goes on here: imported from ONNX it errs on just the digits that it
# errs on there, and trained further (all weights, as the configuration of nnrun import says) on less than 1.2 % of them.
# What doc/results/mnist-imported.md says comes from here. Takes a minute or two.
set -u
[ -d "$TEST_DATA/mnist" ] || { echo "skip fine-tuning $TEST_DATA/mnist is not there"; exit 0; }
python=
for p in "${PYTHON:-}" python3 /usr/bin/python3; do
    [ -n "$p" ] && "$p" -c 'import torch, onnx, numpy' 2>/dev/null && python=$p && break
done
[ -n "$python" ] || { echo "skip fine-tuning there is no Python with torch and onnx"; exit 0; }
"$python" - "$TEST_DATA/mnist" >there 2>err <<'END' || { echo "not ok a network of PyTorch: $(cat err)"; exit 1; }
import gzip, sys
import numpy as np
import torch
from torch import nn

torch.manual_seed(1)
torch.set_num_threads(1)


def read(name, skip, shape):
    with gzip.open(f"{sys.argv[1]}/{name}.gz") as f:
        return torch.from_numpy(np.frombuffer(f.read(), "u1", offset=skip).reshape(shape).copy())


x, y = read("train-images-idx3-ubyte", 16, (-1, 1, 28, 28)), read("train-labels-idx1-ubyte", 8, (-1,)).long()
u, v = read("t10k-images-idx3-ubyte", 16, (-1, 1, 28, 28)), read("t10k-labels-idx1-ubyte", 8, (-1,)).long()


def prepare(pixels):
    return (pixels.float() / 255 - 0.1307) / 0.3081


net = nn.Sequential(
    nn.Conv2d(1, 16, 5, padding=2), nn.BatchNorm2d(16), nn.ReLU(), nn.MaxPool2d(2),
    nn.Conv2d(16, 32, 5, padding=2), nn.BatchNorm2d(32), nn.ReLU(), nn.MaxPool2d(2),
    nn.Flatten(), nn.Dropout(0.25), nn.Linear(32 * 49, 96), nn.ReLU(), nn.Linear(96, 10))
optimizer = torch.optim.SGD(net.parameters(), lr=0.02)
for i in range(0, 9600, 64):
    optimizer.zero_grad()
    nn.functional.cross_entropy(net(prepare(x[i:i + 64])), y[i:i + 64]).backward()
    optimizer.step()
net.eval()
with torch.no_grad():
    right = sum(int((net(prepare(u[i:i + 500])).argmax(1) == v[i:i + 500]).sum()) for i in range(0, 10000, 500))
print(right / 10000)
torch.onnx.export(net, torch.zeros(1, 1, 28, 28), "digits.onnx", input_names=["image"], output_names=["digit"],
                  dynamic_axes={"image": {0: "batch"}, "digit": {0: "batch"}})
END
accuracy() { sed 's/.*"accuracy": \([0-9.]*\).*/\1/'; }
"$NNRUN" -q import digits.onnx digits "data={loader: idx, path: $TEST_DATA/mnist}" \
    'model.inputs={image: {field: x, mean: [0.1307], std: [0.3081]}}' >out || { echo "not ok it imports"; exit 1; }
before=$("$NNRUN" eval digits --json | accuracy) there=$(tail -n 1 there)
echo "# PyTorch $there, imported $before" >&2
awk -v a="$there" -v b="$before" 'BEGIN { d = a - b; exit !(d < 2e-4 && d > -2e-4) }' &&
    echo "ok it errs as it did in PyTorch" || echo "not ok it errs as it did in PyTorch: $there there, $before here"
"$NNRUN" -q train digits/config.yaml train.epochs=2 train.batch=64 train.optimizer.rate=1e-3 \
    train.schedule='{name: cosine}' >run || { echo "not ok it trains"; exit 1; }
after=$("$NNRUN" eval "$(cat run)" --json | accuracy)
echo "# fine-tuned $after" >&2
awk -v a="$after" 'BEGIN { exit !(a > 0.988) }' && echo "ok fine-tuned it errs on less than 1.2 %" ||
    echo "not ok fine-tuned it errs on less than 1.2 %: its accuracy is $after"
