# SPDX-License-Identifier: Apache-2.0
# Reads the lines of dump-gradients and compares results and gradients, in f64, with those of PyTorch: an operator is written
# in PyTorch's own functions where it has them; what they do not cover is in torch_formulas.py, as formulas that PyTorch
# differentiates. Cases that a table entry does not cover raise Skip. Prints a line per operator for the test runner.
import json
import sys

try:
    import torch
    import torch.nn.functional as F
except ImportError as error:
    print(f"skip test-torch the Python package {error.name} is not installed")
    sys.exit(0)

sys.dont_write_bytecode = True
import torch_formulas as formulas  # noqa: E402

TOLERANCE = 1e-5
TYPES = {1: torch.float32, 2: torch.uint8, 3: torch.int8, 5: torch.int16, 6: torch.int32, 7: torch.int64, 9: torch.bool,
         10: torch.float16, 11: torch.float64, 16: torch.bfloat16}  # fmt: skip


Skip = formulas.Skip


def need(condition):
    if not condition:
        raise Skip


def tensor(t):
    if t is None:
        return None
    need(t["type"] in TYPES)
    return torch.tensor(t["data"], dtype=TYPES[t["type"]]).reshape(t["dims"])


def ints(x, i):
    return None if len(x) <= i or x[i] is None else [int(v) for v in x[i].flatten()]


def spatial(x):
    return list(range(2, x.dim()))


# ---- families ----


def unary(f):
    return lambda x, a: f(x[0])


def binary(f):
    return lambda x, a: f(x[0], x[1])


def reduction(f):
    def apply(x, a):
        axes, keep = ints(x, 1), bool(a.get("keepdims", 1))
        if not axes and a.get("noop_with_empty_axes", 0):
            return f(x[0].unsqueeze(-1), [-1], False)
        return f(x[0], axes or list(range(x[0].dim())), keep) if x[0].dim() else f(x[0].reshape(1), [0], False)

    return apply


def prod(v, axes, keep):
    for d in sorted((d % v.dim() for d in axes), reverse=True):
        v = v.prod(d, keepdim=keep)
    return v


def pads_of(x, w, a, n):
    """Padding in front and behind, by dimension."""
    mode, stride, dilation = a.get("auto_pad", "NOTSET"), a.get("strides", [1] * n), a.get("dilations", [1] * n)
    pads = a.get("pads", [0] * 2 * n)
    if mode.startswith("SAME"):
        total = []
        for i in range(n):
            size = x.shape[i + 2]
            total.append(max(0, (-(-size // stride[i]) - 1) * stride[i] + (w[i] - 1) * dilation[i] + 1 - size))
        small, large = [t // 2 for t in total], [t - t // 2 for t in total]
        pads = large + small if mode == "SAME_LOWER" else small + large
    return pads


def padded(x, pads, n, value=0.0):
    flat = []
    for i in reversed(range(n)):
        flat += [pads[i], pads[n + i]]
    return F.pad(x, flat, value=value)


def conv(x, a):
    n, w = x[0].dim() - 2, x[1]
    b = x[2] if len(x) > 2 else None
    f = (F.conv1d, F.conv2d, F.conv3d)[n - 1]
    v = padded(x[0], pads_of(x[0], w.shape[2:], a, n), n)
    need(v.numel() and w.numel())
    return f(v, w, b, a.get("strides", 1), 0, a.get("dilations", 1), a.get("group", 1))


def conv_transpose(x, a):
    n, w = x[0].dim() - 2, x[1]
    need("output_shape" not in a and "auto_pad" not in a and x[0].numel() and w.numel())
    f = (F.conv_transpose1d, F.conv_transpose2d, F.conv_transpose3d)[n - 1]
    y = f(x[0], w, None, a.get("strides", 1), 0, 0, a.get("group", 1), a.get("dilations", 1))
    pads, more = a.get("pads", [0] * 2 * n), a.get("output_padding", [0] * n)
    y = padded(y, [-p for p in pads[:n]] + [more[i] - pads[n + i] for i in range(n)], n)
    return y if len(x) < 3 else y + x[2].reshape([1, -1] + [1] * n)


def pool(kind):
    def apply(x, a):
        n, kernel = x[0].dim() - 2, a["kernel_shape"]
        need(not a.get("ceil_mode", 0) and x[0].numel() and a.get("storage_order", 0) == 0)
        pads, stride = pads_of(x[0], kernel, a, n), a.get("strides", [1] * n)
        if kind == "max":
            f = (F.max_pool1d, F.max_pool2d, F.max_pool3d)[n - 1]
            return f(padded(x[0], pads, n, -float("inf")), kernel, stride, 0, a.get("dilations", 1))
        need("dilations" not in a)
        f = (F.avg_pool1d, F.avg_pool2d, F.avg_pool3d)[n - 1]
        if kind == "lp":
            p = a.get("p", 2)
            size = torch.tensor(kernel).prod()
            return (f(padded(x[0].abs() ** p, pads, n), kernel, stride) * size) ** (1 / p)
        y = f(padded(x[0], pads, n), kernel, stride)
        if not a.get("count_include_pad", 0):
            y = y / f(padded(torch.ones_like(x[0]), pads, n), kernel, stride)
        return y

    return apply


def normalise(v, dims, epsilon):
    return (v - v.mean(dims, True)) / torch.sqrt(v.var(dims, unbiased=False, keepdim=True) + epsilon)


def by_channel(v, like):
    return v.reshape([1, -1] + [1] * (like.dim() - 2))


def batch_norm(x, a):
    v, epsilon = x[0], a.get("epsilon", 1e-5)
    if a.get("training_mode", 0):
        y = normalise(v, [0] + spatial(v), epsilon)
    else:
        y = (v - by_channel(x[3], v)) / torch.sqrt(by_channel(x[4], v) + epsilon)
    return (y * by_channel(x[1], v) + by_channel(x[2], v),)


def layer_norm(x, a):
    dims = list(range(a.get("axis", -1) % x[0].dim(), x[0].dim()))
    y = normalise(x[0], dims, a.get("epsilon", 1e-5)) * x[1]
    return (y if len(x) < 3 or x[2] is None else y + x[2],)


def rms_norm(x, a):
    need(x[0].dtype == x[1].dtype)
    dims = list(range(a.get("axis", -1) % x[0].dim(), x[0].dim()))
    return x[0] * torch.rsqrt((x[0] ** 2).mean(dims, True) + a.get("epsilon", 1e-5)) * x[1]


def lp_norm(x, a):
    return F.normalize(x[0], a.get("p", 2), a.get("axis", -1), eps=0)


def cut(x, a):
    v, starts, ends = x[0], ints(x, 1), ints(x, 2)
    axes, steps = ints(x, 3) or range(len(starts)), ints(x, 4) or [1] * len(starts)
    for d, start, end, step in zip(axes, starts, ends, steps):
        d %= v.dim()
        v = torch.index_select(v, d, torch.tensor(list(range(v.shape[d]))[slice(start, end, step)], dtype=torch.int64))
    return v


def pad(x, a):
    mode, v, pads = a.get("mode", "constant"), x[0], ints(x, 1)
    axes = ints(x, 3) or list(range(v.dim()))
    need(v.numel())
    if mode == "constant":
        flat = [0] * 2 * v.dim()
        for k, d in enumerate(axes):
            at = 2 * (v.dim() - 1 - d % v.dim())
            flat[at], flat[at + 1] = pads[k], pads[len(axes) + k]
        return F.pad(v, flat, value=0.0 if len(x) < 3 or x[2] is None else float(x[2]))
    for k, d in enumerate(axes):
        n = v.shape[d]
        places = range(-pads[k], n + pads[len(axes) + k])
        period = max(1, 2 * (n - 1))
        find = {
            "edge": lambda i: min(max(i, 0), n - 1),
            "wrap": lambda i: i % n,
            "reflect": lambda i: (n - 1) - abs((n - 1) - i % period),
        }[mode]
        v = torch.index_select(v, d, torch.tensor([find(i) for i in places]))
    return v


def gather(x, a):
    axis, at = a.get("axis", 0) % x[0].dim(), x[1].long()
    at = torch.where(at < 0, at + x[0].shape[axis], at)
    picked = torch.index_select(x[0], axis, at.flatten())
    return picked.reshape(list(x[0].shape[:axis]) + list(at.shape) + list(x[0].shape[axis + 1 :]))


def gather_elements(x, a):
    axis, at = a.get("axis", 0) % x[0].dim(), x[1].long()
    return torch.gather(x[0], axis, torch.where(at < 0, at + x[0].shape[axis], at))


def gather_nd(x, a):
    need(a.get("batch_dims", 0) == 0 and x[0].numel())
    return x[0][tuple(x[1].long().unbind(-1))]


def scatter_elements(x, a):
    axis, at, how = a.get("axis", 0) % x[0].dim(), x[1].long(), a.get("reduction", "none")
    at = torch.where(at < 0, at + x[0].shape[axis], at)
    need(how in ("none", "add"))
    return x[0].scatter(axis, at, x[2]) if how == "none" else x[0].scatter_add(axis, at, x[2])


def scatter_nd(x, a):
    need(a.get("reduction", "none") in ("none", "add") and x[2].numel())
    return x[0].index_put(tuple(x[1].long().unbind(-1)), x[2], a.get("reduction", "none") == "add")


def reshape(x, a):
    need(not a.get("allowzero", 0))
    return x[0].reshape([x[0].shape[i] if d == 0 else d for i, d in enumerate(ints(x, 1))])


def split(x, a):
    axis, sizes = a.get("axis", 0), ints(x, 1)
    need(sizes)
    return tuple(torch.split(x[0], sizes, axis))


def cumulative(f):
    def apply(x, a):
        v, d = x[0], int(x[1])
        neutral = 0.0 if f is torch.cumsum else 1.0
        v = v.flip(d) if a.get("reverse", 0) else v
        if a.get("exclusive", 0):
            v = torch.cat([torch.full_like(v.narrow(d, 0, min(1, v.shape[d])), neutral), v.narrow(d, 0, max(0, v.shape[d] - 1))], d)
        y = f(v, d)
        return y.flip(d) if a.get("reverse", 0) else y

    return apply


def dft(x, a):
    v, n, axis = x[0], ints(x, 1), ints(x, 2)
    need(v.numel())
    n, axis = n[0] if n else None, (axis[0] if axis else -2) % v.dim()
    inverse, half = a.get("inverse", 0), a.get("onesided", 0)
    v = torch.complex(v[..., 0], v[..., 1]) if v.shape[-1] == 2 else v[..., 0]
    if inverse and half:
        return torch.fft.irfft(v, n, axis).unsqueeze(-1)
    return torch.view_as_real((torch.fft.ifft if inverse else torch.fft.rfft if half else torch.fft.fft)(v, n, axis))


def stft(x, a):
    v, step = x[0], int(x[1])
    window = x[2] if len(x) > 2 else None
    length = int(x[3]) if len(x) > 3 and x[3] is not None else v.shape[1] if window is None else window.numel()
    need(v.numel() and v.shape[-1] == 1)
    window = torch.ones(length, dtype=v.dtype) if window is None else window
    y = torch.stft(v[..., 0], length, step, length, window, center=False, onesided=bool(a.get("onesided", 1)), return_complex=True)
    return torch.view_as_real(y).transpose(1, 2)


def cross_entropy(f):
    def apply(x, a):
        need(x[0].numel())
        weight = x[2] if len(x) > 2 else None
        return (f(x[0], x[1].long(), weight, ignore_index=a.get("ignore_index", -100), reduction=a.get("reduction", "mean")),)

    return apply


def recurrent(net, order):
    """PyTorch's layer of one direction; order: where its gates stand among ONNX's."""

    def gates(w):
        return torch.cat([w.chunk(len(order))[i] for i in order])

    def apply(x, a):
        given = x + [None] * (8 - len(x))
        need(a.get("direction", "forward") == "forward" and not a.get("layout", 0) and "clip" not in a and given[4] is None)
        layer = torch.rnn_relu if net is torch.rnn_tanh and a.get("activations") == ["Relu"] else net
        need(layer is not net or ("activations" not in a and "input_forget" not in a))
        need(given[7] is None and (net is not torch.gru or a.get("linear_before_reset", 0)))
        hidden, batch = a["hidden_size"], x[0].shape[1]
        b = x[3][0] if given[3] is not None else torch.zeros(2 * len(order) * hidden, dtype=torch.float64)
        weights = [gates(w) for w in (x[1][0], x[2][0], *b.chunk(2))]
        zero = torch.zeros(1, batch, hidden, dtype=torch.float64)
        first = zero if given[5] is None else x[5]
        if net is torch.lstm:
            first = (first, zero if given[6] is None else x[6])
        y, *last = layer(x[0], first, weights, True, 1, 0.0, False, False, False)
        return (y.unsqueeze(1), *last)

    return apply


def attention(x, a):
    q, k, v = x[:3]
    given = x + [None] * (7 - len(x))
    need(q.dim() == 4 and q.numel() and not any(key in a for key in ("is_causal", "left_window_size", "right_window_size")))
    need(given[4] is None and given[6] is None and q.shape[1] == k.shape[1])
    scores = q @ k.transpose(2, 3) * a.get("scale", q.shape[-1] ** -0.5)
    if a.get("softcap", 0):
        scores = a["softcap"] * torch.tanh(scores / a["softcap"])
    if given[3] is not None:
        need(given[3].dtype != torch.bool and given[3].shape[-1] == k.shape[2])
        scores = scores + given[3]
    return (torch.softmax(scores, -1) @ v,)


def grid_sample(x, a):
    mode = {"linear": "bilinear", "cubic": "bicubic"}.get(a.get("mode", "linear"), a.get("mode", "linear"))
    need(x[0].dim() in (4, 5) and x[0].numel() and (x[0].dim() == 4 or mode != "bicubic"))
    return F.grid_sample(x[0], x[1], mode, a.get("padding_mode", "zeros"), bool(a.get("align_corners", 0)))


def resize(x, a):
    how, where = a.get("mode", "nearest"), a.get("coordinate_transformation_mode", "half_pixel")
    need(x[0].dim() == 4 and len(x) > 3 and x[3] is not None and ints(x, 3)[:2] == list(x[0].shape[:2]) and x[0].numel())
    need(how == "linear" and where in ("half_pixel", "align_corners") and not {"axes", "antialias", "exclude_outside"} & a.keys())
    need("keep_aspect_ratio_policy" not in a)
    return F.interpolate(x[0], ints(x, 3)[2:], mode="bilinear", align_corners=where == "align_corners")


def depth_to_space(x, a):
    n, c, h, w = x[0].shape
    k = a["blocksize"]
    if a.get("mode", "DCR") == "CRD":
        return F.pixel_shuffle(x[0], k)
    return x[0].reshape(n, k, k, c // k**2, h, w).permute(0, 3, 4, 1, 5, 2).reshape(n, c // k**2, h * k, w * k)


def extreme(f):
    def apply(x, a):
        y = x[0]
        for other in x[1:]:
            y = f(y, other)
        return y

    return apply


def selu(x, a):
    alpha, gamma = a.get("alpha", 1.67326319217681884765625), a.get("gamma", 1.05070102214813232421875)
    return gamma * torch.where(x[0] > 0, x[0], alpha * (torch.exp(x[0]) - 1))


def shrink(x, a):
    bias, most = a.get("bias", 0.0), a.get("lambd", 0.5)
    return torch.where(x[0] < -most, x[0] + bias, torch.where(x[0] > most, x[0] - bias, torch.zeros_like(x[0])))


def mean_of(x):
    shape = torch.broadcast_shapes(*(v.shape for v in x))
    return sum(v.expand(shape) for v in x) / len(x)


def gelu(x, a):
    return F.gelu(x[0], approximate=a.get("approximate", "none"))


def gemm(x, a):
    left = x[0].T if a.get("transA", 0) else x[0]
    right = x[1].T if a.get("transB", 0) else x[1]
    y = a.get("alpha", 1.0) * (left @ right)
    return y if len(x) < 3 or x[2] is None else y + a.get("beta", 1.0) * x[2]


def clamp(x, a):
    low, high = (x[i] if len(x) > i else None for i in (1, 2))
    return x[0] if low is None and high is None else torch.clamp(x[0], low, high)


def trilu(x, a):
    k = int(x[1]) if len(x) > 1 and x[1] is not None else 0
    return torch.triu(x[0], k) if a.get("upper", 1) else torch.tril(x[0], k)


def top_k(x, a):
    return (torch.topk(x[0], int(x[1]), a.get("axis", -1), bool(a.get("largest", 1)))[0],)


def squeeze(x, a):
    shape, axes = list(x[0].shape), ints(x, 1)
    gone = {d % x[0].dim() for d in axes} if axes is not None else {i for i, d in enumerate(shape) if d == 1}
    return x[0].reshape([d for i, d in enumerate(shape) if i not in gone])


def unsqueeze(x, a):
    v, rank = x[0], x[0].dim() + len(ints(x, 1))
    for d in sorted(d % rank for d in ints(x, 1)):
        v = v.unsqueeze(d)
    return v


def flatten(x, a):
    axis, size = a.get("axis", 1), list(x[0].shape)
    axis += len(size) if axis < 0 else 0
    return x[0].reshape(torch.Size(size[:axis]).numel(), torch.Size(size[axis:]).numel())


def expand(x, a):
    return x[0].expand(torch.broadcast_shapes(x[0].shape, ints(x, 1)))


def group_norm(x, a):
    need(x[0].numel())
    return F.group_norm(x[0], a["num_groups"], x[1], x[2], a.get("epsilon", 1e-5))


def lrn(x, a):
    size = a["size"]
    need(size % 2 and x[0].dim() > 2 and x[0].numel())
    return F.local_response_norm(x[0], size, a.get("alpha", 1e-4), a.get("beta", 0.75), a.get("bias", 1.0))


def instance_norm(x, a):
    return normalise(x[0], spatial(x[0]), a.get("epsilon", 1e-5)) * by_channel(x[1], x[0]) + by_channel(x[2], x[0])


TABLE = {
    "Abs": torch.abs, "Acos": torch.acos, "Acosh": torch.acosh, "Asin": torch.asin, "Asinh": torch.asinh, "Atan": torch.atan,
    "Atanh": torch.atanh, "Ceil": torch.ceil, "Cos": torch.cos, "Cosh": torch.cosh, "Erf": torch.erf,
    "Exp": torch.exp, "Floor": torch.floor, "HardSwish": F.hardswish, "Identity": torch.clone, "Log": torch.log,
    "Mish": F.mish, "Neg": torch.neg, "Reciprocal": torch.reciprocal, "Relu": torch.relu, "Round": torch.round,
    "Sigmoid": torch.sigmoid, "Sign": torch.sign, "Sin": torch.sin, "Sinh": torch.sinh, "Softplus": F.softplus,
    "Softsign": F.softsign, "Sqrt": torch.sqrt, "Tan": torch.tan, "Tanh": torch.tanh,
}  # fmt: skip
TABLE = {op: unary(f) for op, f in TABLE.items()}
TABLE.update({op: binary(f) for op, f in {
    "Add": torch.add, "Sub": torch.sub, "Mul": torch.mul, "Div": torch.div, "Pow": torch.pow, "MatMul": torch.matmul,
}.items()})  # fmt: skip
TABLE.update({op: reduction(f) for op, f in {
    "ReduceSum": torch.sum, "ReduceMean": torch.mean, "ReduceMax": torch.amax, "ReduceMin": torch.amin, "ReduceProd": prod,
    "ReduceL1": lambda v, d, k: v.abs().sum(d, k), "ReduceL2": lambda v, d, k: v.norm(2, d, k),
    "ReduceSumSquare": lambda v, d, k: (v * v).sum(d, k), "ReduceLogSum": lambda v, d, k: v.sum(d, k).log(),
    "ReduceLogSumExp": torch.logsumexp,
}.items()})  # fmt: skip
TABLE.update({
    "Attention": attention, "AveragePool": pool("mean"), "BatchNormalization": batch_norm,
    "AffineGrid": lambda x, a: F.affine_grid(x[0], ints(x, 1), bool(a.get("align_corners", 0))),
    "Celu": lambda x, a: F.celu(x[0], a.get("alpha", 1.0)), "Clip": clamp,
    "Concat": lambda x, a: torch.cat(x, a["axis"]), "Conv": conv, "ConvTranspose": conv_transpose,
    "CumProd": cumulative(torch.cumprod), "CumSum": cumulative(torch.cumsum), "DFT": dft, "DepthToSpace": depth_to_space,
    "Einsum": lambda x, a: torch.einsum(a["equation"], *x), "Elu": lambda x, a: F.elu(x[0], a.get("alpha", 1.0)),
    "Expand": expand, "Flatten": flatten, "GRU": recurrent(torch.gru, [1, 0, 2]), "Gather": gather,
    "GatherElements": gather_elements, "GatherND": gather_nd, "Gelu": gelu, "Gemm": gemm,
    "GlobalAveragePool": lambda x, a: x[0].mean(spatial(x[0]), True),
    "GlobalMaxPool": lambda x, a: x[0].amax(spatial(x[0]), True),
    "GlobalLpPool": lambda x, a: x[0].norm(a.get("p", 2), spatial(x[0]), True), "GridSample": grid_sample,
    "GroupNormalization": group_norm,
    "HardSigmoid": lambda x, a: torch.clamp(a.get("alpha", 0.2) * x[0] + a.get("beta", 0.5), 0, 1),
    "InstanceNormalization": instance_norm, "LRN": lrn, "LSTM": recurrent(torch.lstm, [0, 2, 3, 1]),
    "LayerNormalization": layer_norm, "LeakyRelu": lambda x, a: F.leaky_relu(x[0], a.get("alpha", 0.01)),
    "LogSoftmax": lambda x, a: torch.log_softmax(x[0], a.get("axis", -1)), "LpNormalization": lp_norm, "LpPool": pool("lp"),
    "Max": extreme(torch.maximum), "MaxPool": lambda x, a: (pool("max")(x, a),), "Mean": lambda x, a: mean_of(x),
    "Min": extreme(torch.minimum), "Mod": lambda x, a: (torch.fmod if a.get("fmod", 0) else torch.remainder)(x[0], x[1]),
    "NegativeLogLikelihoodLoss": cross_entropy(F.nll_loss), "PRelu": lambda x, a: torch.where(x[0] < 0, x[0] * x[1], x[0]),
    "Pad": pad, "RMSNormalization": rms_norm, "RNN": recurrent(torch.rnn_tanh, [0]), "Reshape": reshape, "Resize": resize,
    "STFT": stft, "ScatterElements": scatter_elements, "ScatterND": scatter_nd, "Selu": selu, "Shrink": shrink, "Slice": cut,
    "Softmax": lambda x, a: torch.softmax(x[0], a.get("axis", -1)), "SoftmaxCrossEntropyLoss": cross_entropy(F.cross_entropy),
    "Split": split, "Squeeze": squeeze, "Sum": lambda x, a: mean_of(x) * len(x),
    "Swish": lambda x, a: x[0] * torch.sigmoid(a.get("alpha", 1.0) * x[0]),
    "ThresholdedRelu": lambda x, a: F.threshold(x[0], a.get("alpha", 1.0), 0), "Tile": lambda x, a: x[0].repeat(ints(x, 1)),
    "TopK": top_k, "Transpose": lambda x, a: x[0].permute(a.get("perm", list(range(x[0].dim()))[::-1])), "Trilu": trilu,
    "Unsqueeze": unsqueeze, "Where": lambda x, a: torch.where(x[0], x[1], x[2]),
})  # fmt: skip


# Floating inputs for which a rule has no gradient on purpose.
CONSTANT = {"Clip": (1, 2), "NegativeLogLikelihoodLoss": (2,), "Pad": (2,), "RoiAlign": (1,), "MaxRoiPool": (1,),
            "SoftmaxCrossEntropyLoss": (2,), "Resize": (1, 2)}  # fmt: skip


def apart(got, want, what):
    if got.shape != want.shape:
        return f"{what} has shape {list(got.shape)}, expected {list(want.shape)}"
    a, b = got.double(), want.double()
    tolerance = TOLERANCE if want.dtype == torch.float64 else 100 * TOLERANCE
    far = ~((a - b).abs() <= tolerance * (1 + b.abs())) & ~(a.isnan() & b.isnan()) & (a != b)
    if far.any():
        return f"{what} is {a.flatten()[:6].tolist()}, expected {b.flatten()[:6].tolist()}"
    return None


def of_pytorch(case, x):
    return TABLE[case["op"]](x, dict(case["attrs"]))


def of_formula(case, x):
    attributes = formulas.Attributes(dict(case["attrs"]), [tensor(t) for t in case["outputs"]])
    return formulas.TABLE[case["op"]](attributes, *x)


def difference(case, function):
    """None, or what is different; whether gradients were compared."""
    x = [tensor(t) for t in case["inputs"]]
    need(any(v is not None and v.is_floating_point() for v in x))
    x = [v.requires_grad_() if v is not None and v.is_floating_point() else v for v in x]
    y = function(case, x)
    y = tuple(y) if isinstance(y, (tuple, list)) else (y,)
    total = torch.zeros((), dtype=torch.float64)
    for k, (have, t) in enumerate(zip(y, case["outputs"])):
        wrong = apart(tensor(t), have, f"output {k}") if t and have is not None else None
        if wrong:
            return wrong, False
        if "seeds" in case and case["seeds"][k]:
            need(have is not None)
            total = total + (have * tensor(case["seeds"][k])).double().sum()
    if "grads" not in case or len(y) < len(case["outputs"]):
        return None, False
    floats = [v for v in x if v is not None and v.requires_grad]
    wants = torch.autograd.grad(total, floats, allow_unused=True) if total.requires_grad else [None] * len(floats)
    for i, v in enumerate(x):
        if v is None or not v.requires_grad or i in CONSTANT.get(case["op"], ()):
            continue
        want = [w for u, w in zip(floats, wants) if u is v][0]
        zero = torch.zeros_like(v)
        have = tensor(case["grads"][i]) if case["grads"][i] else zero
        wrong = apart(have, zero if want is None else want, f"gradient of input {i}")
        if wrong:
            return wrong, True
    return None, True


def judge(case):
    """By PyTorch's function, and by the formula where that does not cover the case, or not its gradient."""
    why, seen = "PyTorch has no such operator", False
    for table, function in ((TABLE, of_pytorch), (formulas.TABLE, of_formula)):
        if case["op"] not in table:
            continue
        try:
            wrong, whole = difference(case, function)
        except (Skip, RuntimeError, IndexError, ValueError, TypeError) as error:  # PyTorch does not cover every case
            why = f"no case that PyTorch covers: {error}".splitlines()[0]
            continue
        seen = True
        if wrong or whole or "grads" not in case:
            return wrong, seen, why
    return None, seen, why


verdicts = {}
for line in sys.stdin:
    case = json.loads(line)
    op = case["op"]
    if (op not in TABLE and op not in formulas.TABLE and "grads" not in case) or (sys.argv[1:] and op not in sys.argv):
        continue
    wrong, seen, why = judge(case)
    ok, all_, failed, _ = verdicts.get(op, (0, 0, None, None))
    failed = failed or (f"case \"{case['case']}\": {wrong}" if wrong else None)
    verdicts[op] = ok + (seen and not wrong), all_ + 1, failed, why
for op, (ok, all_, failed, why) in sorted(verdicts.items()):
    print(f"not ok {op}: {failed}" if failed else f"ok {op} ({ok} of {all_} cases)" if ok else f"skip {op} {why}")
