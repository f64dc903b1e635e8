# SPDX-License-Identifier: Apache-2.0
# Operators for test-torch.py that PyTorch has no function for, or not for every case: as formulas in its operators,
# which it differentiates. A function takes the attributes and the inputs (None: absent) and returns the outputs; Skip
# says that a case is not covered.
import itertools
import math

import torch
import torch.nn.functional as F


class Skip(Exception):
    pass


class Attributes:
    """a("axis", -1): an attribute or its default. `outputs` are ours, whose shapes and types may be looked at."""

    def __init__(self, given, outputs):
        self.given, self.outputs = given, outputs

    def __call__(self, name, default=None):
        return self.given.get(name, default)

    def extents(self):
        return list(self.outputs[0].shape[2:])


TABLE = {}


def operator(*names):
    def add(function):
        for name in names:
            TABLE[name] = function
        return function

    return add


def integers(t):
    return None if t is None else [int(v) for v in t.reshape(-1)]


def wrap(at, n):
    return torch.where(at < 0, at + n, at)


# ---- elements and shapes ----

TABLE["Cast"] = TABLE["CastLike"] = lambda a, x, *other: x.to(a.outputs[0].dtype)

TABLE["SwiGLU"] = lambda a, x, y: F.silu(a("alpha", 1.0) * x) / a("alpha", 1.0) * y

TABLE["Compress"] = lambda a, x, keep: torch.index_select(
    x.reshape(-1) if a("axis") is None else x, a("axis", 0), keep.nonzero().reshape(-1))


@operator("Hardmax")
def hardmax(a, x):
    axis = a("axis", -1)
    return F.one_hot(x.argmax(axis), x.shape[axis]).movedim(-1, axis).to(x) if x.numel() else x.detach().clone()


@operator("Split")
def split(a, x, sizes=None):
    axis = a("axis", 0)
    if sizes is None:
        n = a("num_outputs", len(a.outputs))
        part = -(-x.shape[axis] // n)
        sizes = torch.tensor([min(part, max(0, x.shape[axis] - i * part)) for i in range(n)])
    return torch.split(x, integers(sizes), axis)


@operator("Pad")
def pad(a, x, pads, value=None, axes=None):
    mode, pads = a("mode", "constant"), integers(pads)
    axes = [i % x.dim() for i in integers(axes)] if axes is not None else list(range(x.dim()))
    for i, axis in enumerate(axes):
        before, after, n = pads[i], pads[i + len(axes)], x.shape[axis]
        at = torch.arange(-before, n + after)
        if mode == "constant":
            inside = (at >= 0) & (at < n)
            shape = list(x.shape)
            shape[axis] = len(at)
            y = torch.full(shape, 0.0 if value is None else float(value), dtype=x.dtype)
            x = y.index_copy(axis, inside.nonzero().reshape(-1), x.index_select(axis, at[inside]))
            continue
        if mode == "reflect":
            at = at.remainder(max(2 * n - 2, 1))
            at = torch.where(at < n, at, 2 * n - 2 - at)
        x = x.index_select(axis, at.clamp(0, n - 1) if mode == "edge" else at.remainder(n))
    return x


@operator("CenterCropPad")
def center_crop_pad(a, x, shape):
    axes = [i % x.dim() for i in a("axes", list(range(x.dim())))]
    pads = [0] * (2 * x.dim())
    for axis, wanted in zip(axes, integers(shape)):
        more = wanted - x.shape[axis]
        pads[axis] = int(more / 2)
        pads[x.dim() + axis] = more - int(more / 2)
    return pad(Attributes({}, a.outputs), x, torch.tensor(pads))


@operator("SpaceToDepth")
def space_to_depth(a, x):
    b, y = a("blocksize"), F.pixel_unshuffle(x, a("blocksize"))
    if x.numel() == 0:
        raise Skip("PyTorch gives empty images another shape")
    if a("mode", "DCR") == "DCR":
        y = y.reshape(x.shape[0], x.shape[1], b * b, *y.shape[2:]).transpose(1, 2).reshape(y.shape)
    return y


@operator("ReverseSequence")
def reverse_sequence(a, x, lengths):
    batch, time = a("batch_axis", 1), a("time_axis", 0)
    rows = []
    for i, n in enumerate(integers(lengths)):
        row = x.select(batch, i).movedim(time - (batch < time), 0)
        rows.append(torch.cat([row[:n].flip(0), row[n:]]).movedim(0, time - (batch < time)))
    return torch.stack(rows, batch)


@operator("GatherND")
def gather_nd(a, x, at):
    batch = a("batch_dims", 0)
    grid = [torch.arange(n).reshape([-1 if i == d else 1 for i in range(at.dim() - 1)])
            for d, n in enumerate(at.shape[:batch])]
    return x[tuple(grid) + tuple(wrap(at[..., i], x.shape[batch + i]) for i in range(at.shape[-1]))]


@operator("ScatterND")
def scatter_nd(a, x, at, updates):
    how = a("reduction", "none")
    if how not in ("none", "add"):
        raise Skip(f"there is no gradient with reduction={how}")
    return x.index_put(tuple(wrap(at[..., i], x.shape[i]) for i in range(at.shape[-1])), updates, how == "add")


@operator("TensorScatter")
def tensor_scatter(a, cache, update, starts=None):
    axis, n = a("axis", -2) % cache.dim(), cache.shape[a("axis", -2)]
    rows = []
    for i in range(cache.shape[0]):
        at = torch.arange(update.shape[axis]) + (0 if starts is None else int(starts[i]))
        at = at.remainder(n) if a("mode", "linear") == "circular" else at
        rows.append(cache[i].index_copy(axis - 1, at, update[i]))
    return torch.stack(rows) if rows else cache.clone()


@operator("MaxUnpool")
def max_unpool(a, x, at, shape=None):
    kernel = a("kernel_shape")
    n = len(kernel)
    strides, pads = a("strides", [1] * n), a("pads", [0] * 2 * n)
    extents = [(x.shape[2 + i] - 1) * strides[i] + kernel[i] - pads[i] - pads[n + i] for i in range(n)]
    y = x.new_zeros(math.prod(x.shape[:2]) * math.prod(extents)).index_copy(0, at.reshape(-1), x.reshape(-1))
    y = y.reshape(*x.shape[:2], *extents)
    return F.pad(y, [v for i in reversed(range(n)) for v in (0, a.extents()[i] - extents[i])])


@operator("Det")
def det(a, x):
    """Leibniz's formula: PyTorch's own has no gradient for matrices without an inverse."""
    n, total = x.shape[-1], 0
    for order in itertools.permutations(range(n)):
        turns = sum(order[i] > order[j] for j in range(n) for i in range(j))
        total = total + (-1) ** turns * x[..., list(range(n)), list(order)].prod(-1)
    return total


@operator("DequantizeLinear")
def dequantize_linear(a, x, scale, zero=None):
    axis, block = a("axis", 1), a("block_size", 0)
    shape = [-1 if i == axis % max(x.dim(), 1) else 1 for i in range(x.dim())]

    def spread(t):
        if block:
            return t.repeat_interleave(block, axis).narrow(axis, 0, x.shape[axis])
        return t.reshape(shape) if t.dim() == 1 and t.numel() > 1 else t.reshape([])

    y = (x.double() - (0 if zero is None else spread(zero).double())) * spread(scale)
    return y.to(a.outputs[0].dtype)


# ---- windows ----

def window(a, size, kernel):
    """Strides, dilations and the padding in front and behind."""
    n, auto = len(kernel), a("auto_pad", "NOTSET")
    strides, dilations, pads = a("strides", [1] * n), a("dilations", [1] * n), list(a("pads", [0] * 2 * n))
    if auto != "NOTSET":
        pads = [0] * 2 * n
    for i in range(n if auto.startswith("SAME") else 0):
        total = max(0, (-(-size[i] // strides[i]) - 1) * strides[i] + (kernel[i] - 1) * dilations[i] + 1 - size[i])
        pads[i] = total // 2 if auto == "SAME_UPPER" else total - total // 2
        pads[n + i] = total - pads[i]
    return strides, dilations, pads


def padded(x, pads, value=0.0):
    n = len(pads) // 2
    return F.pad(x, [v for i in reversed(range(n)) for v in (pads[i], pads[n + i])], value=value)


@operator("ConvTranspose")
def conv_transpose(a, x, w, b=None):
    n = x.dim() - 2
    strides, dilations, pads = a("strides", [1] * n), a("dilations", [1] * n), a("pads", [0] * 2 * n)
    more, auto = a("output_padding", [0] * n), a("auto_pad", "NOTSET")
    function = (F.conv_transpose1d, F.conv_transpose2d, F.conv_transpose3d)[n - 1]
    y = function(x, w, None, strides, 0, 0, a("group", 1), dilations)
    for i, wanted in enumerate(a.extents()):
        before, extent = pads[i], y.shape[2 + i]
        if auto.startswith("SAME") or a("output_shape"):
            total = extent + more[i] - wanted
            before = total // 2 if auto == "SAME_UPPER" else total - total // 2
        y = y.transpose(-1, 2 + i)
        y = F.pad(y, [-before, wanted + before - extent]).transpose(-1, 2 + i)
    return y if b is None else y + b.reshape(-1, *[1] * n)


def windows(a, x, value):
    """[N, C, o1, ..., elements of a window] of x with a padding of `value`, and how much of it is padding."""
    kernel = a("kernel_shape")
    strides, dilations, pads = window(a, x.shape[2:], kernel)
    n = len(kernel)
    x = padded(x, pads, value)
    for i, extent in enumerate(a.extents()):
        axis, reach = 2 + 2 * i, (extent - 1) * strides[i] + (kernel[i] - 1) * dilations[i] + 1
        at = torch.arange(extent)[:, None] * strides[i] + torch.arange(kernel[i]) * dilations[i]
        short = max(0, reach - x.shape[axis])
        x = F.pad(x.transpose(-1, axis), [0, short], value=value).transpose(-1, axis)
        x = x.index_select(axis, at.reshape(-1)).unflatten(axis, at.shape)
    order = [0, 1] + [2 + 2 * i for i in range(n)] + [3 + 2 * i for i in range(n)]
    return x.permute(order).flatten(2 + n)


TABLE["MaxPool"] = lambda a, x: windows(a, x, -math.inf).amax(-1)


@operator("AveragePool")
def average_pool(a, x):
    ones = torch.ones_like(x)
    if a("count_include_pad", 0):
        ones = padded(ones, window(a, x.shape[2:], a("kernel_shape"))[2], 1.0)
        b = Attributes(dict(a.given, pads=[0] * 2 * (x.dim() - 2), auto_pad="NOTSET"), a.outputs)
        return windows(a, x, 0.0).sum(-1) / windows(b, ones, 0.0).sum(-1)
    return windows(a, x, 0.0).sum(-1) / windows(a, ones, 0.0).sum(-1)


@operator("LpPool")
def lp_pool(a, x):
    return torch.linalg.vector_norm(windows(a, x, 0.0), a("p", 2), -1)


@operator("Col2Im")
def col2im(a, x, image, block):
    n = image.numel()
    pads = a("pads", [0] * 2 * n)
    if n != 2 or x.numel() == 0:
        raise Skip("PyTorch folds images of two dimensions only")
    size = [integers(image)[i] + pads[i] + pads[n + i] for i in range(n)]
    y = F.fold(x, size, integers(block), a("dilations", [1] * n), 0, a("strides", [1] * n))
    return y[:, :, pads[0]:size[0] - pads[2], pads[1]:size[1] - pads[3]]


# ---- normalization and losses ----

@operator("MeanVarianceNormalization")
def mean_variance_normalization(a, x):
    axes = a("axes", [0, 2, 3])
    mean = x.mean(axes, True)
    return (x - mean) / ((x - mean).square().mean(axes, True).sqrt() + 1e-9)


@operator("LRN")
def lrn(a, x):
    size, n = a("size"), x.shape[1]
    squares = torch.stack([x[:, max(0, c - (size - 1) // 2):c + size // 2 + 1].square().sum(1) for c in range(n)], 1)
    return x / (a("bias", 1.0) + a("alpha", 1e-4) / size * squares) ** a("beta", 0.75)


@operator("LayerNormalization")
def layer_normalization(a, x, scale, b=None):
    axes = list(range(a("axis", -1) % x.dim(), x.dim()))
    mean = x.mean(axes, True)
    inverse = 1 / ((x - mean).square().mean(axes, True) + a("epsilon", 1e-5)).sqrt()
    y = (x - mean) * inverse * scale
    return y if b is None else y + b, mean, inverse


@operator("BatchNormalization")
def batch_normalization(a, x, scale, b, mean, var):
    keep, axes, shape = a("momentum", 0.9), [i for i in range(x.dim()) if i != 1], [1, -1] + [1] * (x.dim() - 2)
    now = (x.mean(axes), x.var(axes, False)) if a("training_mode", 0) else (mean, var)
    y = (x - now[0].reshape(shape)) / (now[1].reshape(shape) + a("epsilon", 1e-5)).sqrt()
    kept = [old * keep + new * (1 - keep) for old, new in zip((mean, var), now)]
    return [y * scale.reshape(shape) + b.reshape(shape)] + kept


@operator("NegativeLogLikelihoodLoss")
def negative_log_likelihood_loss(a, x, labels, weight=None):
    ignored = a("ignore_index", -(2 ** 62))
    return F.nll_loss(x, labels.long(), None if weight is None else weight.detach(), reduction=a("reduction", "mean"),
                      ignore_index=ignored)


@operator("SoftmaxCrossEntropyLoss")
def softmax_cross_entropy_loss(a, x, labels, weight=None):
    return negative_log_likelihood_loss(a, torch.log_softmax(x, 1), labels, weight), torch.log_softmax(x, 1)


# ---- images ----

def resize_source(a, at, scale, n, out, start, end):
    """Where in an extent of n the elements `at` of the result lie."""
    where, wide = a("coordinate_transformation_mode", "half_pixel"), scale * n
    if where == "align_corners":
        return at * (n - 1) / (wide - 1) if wide != 1 else at * 0
    if where == "asymmetric":
        return at / scale
    if where == "tf_half_pixel_for_nn":
        return (at + 0.5) / scale
    if where == "tf_crop_and_resize":
        part = at / (wide - 1) if wide != 1 else at * 0 + 0.5
        return start * (n - 1) + part * (end - start) * (n - 1)
    if where == "pytorch_half_pixel" and wide == 1:
        return at * 0
    return (at + 0.5) / scale - 0.5 + (n / 2 * (1 - out / wide) if where == "half_pixel_symmetric" else 0)


def resize_weights(a, x, n, scale):
    """The matrix [out, n] that makes the result of the elements around the places x."""
    mode, cubic = a("mode", "nearest"), a("cubic_coeff_a", -0.75)
    if mode == "nearest":
        how, below = a("nearest_mode", "round_prefer_floor"), x.floor()
        half = {"round_prefer_floor": (x - 0.5).ceil(), "round_prefer_ceil": (x + 0.5).floor(), "floor": below}
        return F.one_hot(half.get(how, x.ceil()).clamp(0, n - 1).long(), n).double()
    shrink = min(scale, 1.0) if a("antialias", 0) else 1.0
    reach = math.ceil((2 if mode == "cubic" else 1) / shrink) + 1
    at = torch.arange(-reach, n + reach).double()
    d = ((at - x[:, None]) * shrink).abs()
    near = ((cubic + 2) * d - (cubic + 3)) * d * d + 1
    far = ((cubic * d - 5 * cubic) * d + 8 * cubic) * d - 4 * cubic
    w = torch.where(d <= 1, near, far) * (d < 2) if mode == "cubic" else (1 - d).clamp(min=0)
    if a("exclude_outside", 0):
        w = w * ((at >= 0) & (at < n))
    w = w / w.sum(1, True) if a("exclude_outside", 0) or shrink < 1 else w
    return torch.zeros(len(x), n).double().index_add(1, at.clamp(0, n - 1).long(), w)


@operator("Resize")
def resize(a, x, roi=None, scales=None, sizes=None):
    if x.numel() == 0 or not x.is_floating_point():
        raise Skip("written here for what has elements and a gradient")
    axes = [i % x.dim() for i in a("axes", list(range(x.dim())))]
    given = scales is not None and scales.numel() > 0
    factors = [float(v) for v in scales] if given else [v / x.shape[d] for v, d in zip(integers(sizes), axes)]
    if not given and a("keep_aspect_ratio_policy", "stretch") != "stretch":
        factors = [(min if a("keep_aspect_ratio_policy") == "not_larger" else max)(factors)] * len(axes)
    y, outside = x, torch.zeros(a.outputs[0].shape, dtype=torch.bool)
    for i, (d, scale) in enumerate(zip(axes, factors)):
        n, out = x.shape[d], a.outputs[0].shape[d]
        start, end = (float(roi[i]), float(roi[i + len(axes)])) if roi is not None and roi.numel() else (0.0, 1.0)
        places = resize_source(a, torch.arange(out).double(), scale, n, out, start, end)
        y = torch.tensordot(y, resize_weights(a, places, n, scale), ([d], [1])).movedim(-1, d)
        if a("coordinate_transformation_mode", "") == "tf_crop_and_resize":
            beyond = (places < 0) | (places > n - 1)
            outside = outside | beyond.reshape([-1 if k == d else 1 for k in range(x.dim())])
    return torch.where(outside, torch.full_like(y, a("extrapolation_value", 0.0)), y)


def read(plane, y, x):
    """Bilinear reading of [C, H, W] at the places y, x, with zeros outside."""
    total = 0
    for i, j in itertools.product((0, 1), (0, 1)):
        row, column = y.detach().floor() + i, x.detach().floor() + j
        inside = (row >= 0) & (row < plane.shape[1]) & (column >= 0) & (column < plane.shape[2])
        value = plane[:, row.long().clamp(0, plane.shape[1] - 1), column.long().clamp(0, plane.shape[2] - 1)]
        total = total + value * inside * (1 - (y - row).abs()) * (1 - (x - column).abs())
    return total


@operator("DeformConv")
def deform_conv(a, x, w, offset, b=None, mask=None):
    if x.dim() != 4 or x.numel() == 0:
        raise Skip("written here for two dimensions")
    (kh, kw), (oh, ow), groups, own = w.shape[2:], a.extents(), a("group", 1), a("offset_group", 1)
    strides, dilations, pads = window(a, x.shape[2:], w.shape[2:])
    offset = offset.reshape(x.shape[0], own, kh * kw, 2, oh, ow)
    mask = torch.ones_like(offset[:, :, :, 0]) if mask is None else mask.reshape(x.shape[0], own, kh * kw, oh, ow)
    part = x.shape[1] // own
    columns = []
    for n, k, c in itertools.product(range(x.shape[0]), range(kh * kw), range(own)):
        y0 = (torch.arange(oh) * strides[0] - pads[0] + k // kw * dilations[0])[:, None] + offset[n, c, k, 0]
        x0 = torch.arange(ow) * strides[1] - pads[1] + k % kw * dilations[1] + offset[n, c, k, 1]
        columns.append(read(x[n, c * part:(c + 1) * part], y0, x0) * mask[n, c, k])
    columns = torch.stack(columns).reshape(x.shape[0], kh * kw, x.shape[1], oh, ow).transpose(1, 2)
    columns = columns.reshape(x.shape[0], groups, -1, oh * ow)
    y = torch.matmul(w.reshape(groups, w.shape[0] // groups, -1), columns).reshape(x.shape[0], -1, oh, ow)
    return y if b is None else y + b.reshape(-1, 1, 1)


@operator("MaxRoiPool")
def max_roi_pool(a, x, rois):
    (rows, columns), out = a("pooled_shape"), []
    for box in rois.detach():
        x1, y1, x2, y2 = (math.floor(float(v) * a("spatial_scale", 1.0) + 0.5) for v in box[1:])
        for i, j in itertools.product(range(rows), range(columns)):
            part = x[int(box[0])]
            for axis, start, end, k, n in ((1, y1, y2, i, rows), (2, x1, x2, j, columns)):
                step = max(end - start + 1, 1) / n
                low, high = math.floor(k * step) + start, math.ceil((k + 1) * step) + start
                low, high = (min(max(v, 0), part.shape[axis]) for v in (low, high))
                part = part.narrow(axis, low, high - low)
            out.append(part.amax((1, 2)) if part.numel() else torch.zeros(x.shape[1], dtype=x.dtype))
    if not out:
        return x.new_zeros(a.outputs[0].shape)
    return torch.stack(out, -1).reshape(x.shape[1], -1, rows, columns).transpose(0, 1)


@operator("RoiAlign")
def roi_align(a, x, rois, batch):
    if a("mode", "avg") != "avg":
        raise Skip("the maximum of weighted neighbours is ONNX's own")
    half = a("coordinate_transformation_mode", "half_pixel") == "half_pixel"
    rows, columns, ratio = a("output_height", 1), a("output_width", 1), a("sampling_ratio", 0)
    out = []
    for box, image in zip(rois.detach(), integers(batch)):
        x1, y1, x2, y2 = (float(v) * a("spatial_scale", 1.0) - (0.5 if half else 0) for v in box)
        if max(x2 - x1, y2 - y1) > 1e6:
            raise Skip("a box with too many points")
        points = []
        for start, end, parts, extent in ((y1, y2, rows, x.shape[2]), (x1, x2, columns, x.shape[3])):
            length = end - start if half else max(end - start, 1)
            n = ratio or math.ceil(length / parts)
            at = start + (torch.arange(parts * n) + 0.5) * (length / parts / max(n, 1))
            points.append((at.double(), n, extent))
        (y, ny, h), (z, nx, w) = points
        if ny * nx == 0:
            out.append(torch.zeros(x.shape[1], rows, columns, dtype=x.dtype))
            continue
        near = ((y >= -1) & (y <= h))[:, None] & ((z >= -1) & (z <= w))
        value = read(x[image], *torch.meshgrid(y.clamp(0, h - 1), z.clamp(0, w - 1), indexing="ij")) * near
        out.append(value.reshape(-1, rows, ny, columns, nx).mean((2, 4)))
    return torch.stack(out) if out else torch.zeros(a.outputs[0].shape, dtype=x.dtype)


# ---- spectra, attention and its kin ----

@operator("STFT")
def stft(a, x, step, shape=None, length=None):
    n = integers(length)[0] if length is not None else x.shape[1] if shape is None else shape.numel()
    z = torch.view_as_complex(x.contiguous()) if x.shape[-1] == 2 else x.squeeze(-1)
    frames = z.unfold(1, n, integers(step)[0])
    y = torch.fft.fft(frames if shape is None else frames * shape, n)
    return torch.view_as_real(y[..., :n // 2 + 1] if a("onesided", 1) else y)


@operator("RotaryEmbedding")
def rotary_embedding(a, x, cosines, sines, places=None):
    heads = x if x.dim() == 4 else x.reshape(x.shape[0], x.shape[1], a("num_heads"), -1).transpose(1, 2)
    n = a("rotary_embedding_dim", 0) or heads.shape[-1]
    c, s = (v if places is None else v[places] for v in (cosines, sines))
    c, s = c[:, None, :, :n // 2], s[:, None, :, :n // 2]
    turned, rest = heads[..., :n], heads[..., n:]
    if a("interleaved", 0):
        p, q = turned[..., 0::2], turned[..., 1::2]
        turned = torch.stack([p * c - q * s, p * s + q * c], -1).flatten(-2)
    else:
        p, q = turned[..., :n // 2], turned[..., n // 2:]
        turned = torch.cat([p * c - q * s, p * s + q * c], -1)
    y = torch.cat([turned, rest], -1)
    return y if x.dim() == 4 else y.transpose(1, 2).reshape(x.shape)


@operator("CausalConvWithState")
def causal_conv(a, x, w, b=None, past=None):
    n = w.shape[-1] - 1
    whole = torch.cat([x.new_zeros(*x.shape[:2], n) if past is None else past, x], -1)
    y = F.conv1d(whole, w, b, groups=x.shape[1])
    return F.silu(y) if a("activation", "none") in ("silu", "swish") else y, whole[..., whole.shape[-1] - n:]


@operator("Attention")
def attention(a, q, k, v, mask=None, past_k=None, past_v=None, lengths=None):
    flat = q.dim() == 3
    if flat:
        q = q.reshape(*q.shape[:2], a("q_num_heads"), -1).transpose(1, 2)
        k, v = (t.reshape(*t.shape[:2], a("kv_num_heads"), -1).transpose(1, 2) for t in (k, v))
    offset = torch.zeros(q.shape[0], dtype=torch.long)
    if past_k is not None:
        offset = offset + past_k.shape[2]
        k, v = torch.cat([past_k, k], 2), torch.cat([past_v, v], 2)
    elif lengths is not None:
        offset = lengths - q.shape[2]
    present, group = (k, v), q.shape[1] // k.shape[1]
    k, v = k.repeat_interleave(group, 1), v.repeat_interleave(group, 1)
    logits = q @ k.transpose(-1, -2) * a("scale", 1 / math.sqrt(q.shape[-1]))
    at, key = (torch.arange(q.shape[2]) + offset[:, None])[:, None, :, None], torch.arange(k.shape[2])
    left, right = a("left_window_size", -1), 0 if a("is_causal", 0) else a("right_window_size", -1)
    open_ = torch.ones(q.shape[0], 1, q.shape[2], k.shape[2], dtype=torch.bool)
    open_ = open_ & (key >= at - left) if left >= 0 else open_
    open_ = open_ & (key <= at + right) if right >= 0 else open_
    open_ = open_ if lengths is None else open_ & (key < lengths[:, None, None, None])
    soft = a("softcap", 0.0)
    capped = soft * torch.tanh(logits / soft) if soft else logits
    if mask is not None:
        short = k.shape[2] - mask.shape[-1]
        open_ = open_ & (key < mask.shape[-1])
        mask = F.pad(mask, [0, short]) if short else mask
    if mask is not None and mask.dtype == torch.bool:
        open_, mask = open_ & mask, None
    biased = capped if mask is None else capped + mask
    weights = torch.softmax(biased.masked_fill(~open_, -1e300), -1) * open_
    y = weights @ v
    if a("qk_matmul_output_mode", 0) not in (0, 3) and len(a.outputs) > 3:
        raise Skip("written here without the masked logits")
    stages = (logits, None, None, weights)
    y = y.transpose(1, 2).reshape(y.shape[0], y.shape[2], -1) if flat else y
    return y, *present, stages[a("qk_matmul_output_mode", 0)]


@operator("LinearAttention")
def linear_attention(a, q, k, v, past=None, decay=None, beta=None):
    heads, keys = a("q_num_heads"), a("kv_num_heads")
    q = q.reshape(*q.shape[:2], heads, -1)
    k, v, decay = (t if t is None else t.reshape(*t.shape[:2], keys, -1) for t in (k, v, decay))
    state = q.new_zeros(q.shape[0], keys, k.shape[-1], v.shape[-1]) if past is None else past
    scale, out = a("scale", 0.0) or 1 / math.sqrt(q.shape[-1]), []
    for t in range(q.shape[1]):
        new = v[:, t]
        state = state if decay is None else state * decay[:, t].exp()[..., None]
        if beta is not None:
            new = beta[:, t][..., None] * (new - torch.einsum("bhdm,bhd->bhm", state, k[:, t]))
        state = state + torch.einsum("bhd,bhm->bhdm", k[:, t], new)
        read_by = state.repeat_interleave(heads // keys, 1)
        out.append(scale * torch.einsum("bhdm,bhd->bhm", read_by, q[:, t]))
    return torch.stack(out, 1).flatten(2), state


# ---- recurrence ----

SHAPES = {"relu": torch.relu, "tanh": torch.tanh, "sigmoid": torch.sigmoid}


def recurrence(a, gates, states, usual, cell, x, w, r, b, lengths, initial):
    """Runs `cell` over the steps of each direction; outputs [seq, directions, batch, hidden] and the last states."""
    hidden, directions, limit = a("hidden_size", r.shape[-1]), w.shape[0], a("clip", math.inf)
    names = [v.lower() for v in a("activations", usual * directions)]
    if any(v not in SHAPES for v in names) or a("activation_alpha") or a("activation_beta"):
        raise Skip("written here for the usual activations")
    first = a("layout", 0)
    if first:
        x, initial = x.transpose(0, 1), [v if v is None else v.transpose(0, 1) for v in initial]
    b = torch.zeros(directions, 2 * gates * hidden, dtype=x.dtype) if b is None else b
    outputs, last = [], []
    for d in range(directions):
        back = a("direction", "forward") == "reverse" or d == 1
        state = [torch.zeros(x.shape[1], hidden, dtype=x.dtype) if v is None else v[d] for v in initial[:states]]
        f = [lambda v, shape=SHAPES[n]: shape(v.clamp(-limit, limit)) for n in names[d * len(usual):][:len(usual)]]
        steps = []
        for t in reversed(range(x.shape[0])) if back else range(x.shape[0]):
            wb, rb = b[d].split(gates * hidden)
            new = cell(f, x[t] @ w[d].T + wb, state, r[d], rb, hidden, d)
            alive = torch.ones(x.shape[1], 1, dtype=torch.bool) if lengths is None else (t < lengths)[:, None]
            state = [torch.where(alive, v, old) for v, old in zip(new, state)]
            steps.append(torch.where(alive, new[0], torch.zeros_like(new[0])))
        outputs.append(torch.stack(steps[::-1] if back else steps))
        last.append(state)
    results = [torch.stack(outputs, 1)] + [torch.stack([v[k] for v in last]) for k in range(states)]
    return [results[0].permute(2, 0, 1, 3)] + [v.transpose(0, 1) for v in results[1:]] if first else results


@operator("RNN")
def rnn(a, x, w, r, b=None, lengths=None, h=None):
    def cell(f, gates, state, r, rb, hidden, d):
        return [f[0](gates + state[0] @ r.T + rb)]

    return recurrence(a, 1, 1, ["tanh"], cell, x, w, r, b, lengths, [h])


@operator("GRU")
def gru(a, x, w, r, b=None, lengths=None, h=None):
    def cell(f, gates, state, r, rb, hidden, d):
        (z, q, n), (rz, rq, rn), (bz, bq, bn) = gates.split(hidden, -1), r.split(hidden), rb.split(hidden)
        z, q = f[0](z + state[0] @ rz.T + bz), f[0](q + state[0] @ rq.T + bq)
        n = n + q * (state[0] @ rn.T + bn) if a("linear_before_reset", 0) else n + (q * state[0]) @ rn.T + bn
        return [(1 - z) * f[1](n) + z * state[0]]

    return recurrence(a, 3, 1, ["sigmoid", "tanh"], cell, x, w, r, b, lengths, [h])


@operator("LSTM")
def lstm(a, x, w, r, b=None, lengths=None, h=None, c=None, peep=None):
    def cell(f, gates, state, r, rb, hidden, d):
        i, o, g, n = (gates + state[0] @ r.T + rb).split(hidden, -1)
        pi, po, pg = peep[d].split(hidden) if peep is not None else (0, 0, 0)
        i, g = f[0](i + pi * state[1]), f[0](g + pg * state[1])
        c = g * state[1] + i * f[1](n)
        return [f[0](o + po * c) * f[2](c), c]

    return recurrence(a, 4, 2, ["sigmoid", "tanh", "tanh"], cell, x, w, r, b, lengths, [h, c])
