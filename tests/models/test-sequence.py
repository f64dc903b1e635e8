# SPDX-License-Identifier: Apache-2.0
# PyTorch's part of test-sequence.sh: the network of each exported NAME.onnx once more, from PyTorch's own modules.
import json
import sys

import numpy
import onnx
import torch
from onnx import numpy_helper

with open("pictures/t10k-images-idx3-ubyte", "rb") as file:
    rows = numpy.frombuffer(file.read()[16:], numpy.uint8).reshape(-1, 28, 28)
x = torch.tensor(rows.astype(numpy.float32) / 255)
heads = {"attention": 4, "causal": 7, "plain": 1}


def attention(name, weights):
    """The first weights are those of queries, keys and values side by side."""
    bias = "layer.input.bias" in weights
    module = torch.nn.MultiheadAttention(28, heads[name], bias=bias, batch_first=True)
    module.in_proj_weight.copy_(weights["layer.input.weight"].T)
    module.out_proj.weight.copy_(weights["layer.output.weight"].T)
    if bias:
        module.in_proj_bias.copy_(weights["layer.input.bias"])
        module.out_proj.bias.copy_(weights["layer.output.bias"])
    ahead = torch.triu(torch.ones(28, 28, dtype=torch.bool), 1) if name == "causal" else None
    return module(x, x, x, attn_mask=ahead)[0]


def lstm(weights):
    """Gates here are in the order i, o, f, c; PyTorch has i, f, c, o."""
    directions, gates, _ = weights["layer.weight"].shape
    module = torch.nn.LSTM(28, gates // 4, bidirectional=directions == 2, batch_first=True)

    def ordered(w):
        i, o, f, c = torch.chunk(w, 4)
        return torch.cat([i, f, c, o])

    for d in range(directions):
        end = "_reverse" if d else ""
        getattr(module, "weight_ih_l0" + end).copy_(ordered(weights["layer.weight"][d]))
        getattr(module, "weight_hh_l0" + end).copy_(ordered(weights["layer.recurrent"][d]))
        of_input, of_state = torch.chunk(weights["layer.bias"][d], 2)
        getattr(module, "bias_ih_l0" + end).copy_(ordered(of_input))
        getattr(module, "bias_hh_l0" + end).copy_(ordered(of_state))
    return module(x)[0]


for name in sys.argv[1:]:
    initial = onnx.load(f"{name}.onnx").graph.initializer
    weights = {t.name: torch.tensor(numpy_helper.to_array(t)) for t in initial}
    with torch.no_grad():
        y = (attention(name, weights) if name in heads else lstm(weights))[:, 19:21].flatten(1)
        expected = (y @ weights["output.weight"] + weights["output.bias"]).numpy()
    with open(f"{name}.json") as file:
        found = numpy.array([json.loads(line)["prediction"] for line in file])
    worst = numpy.max(abs(found - expected)) if found.shape == expected.shape else numpy.inf
    print(f"ok {name}" if worst <= 1e-5 and found.std() > 0.05 else f"not ok {name}: logits differ by {worst:g}")
