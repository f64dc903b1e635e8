# SPDX-License-Identifier: Apache-2.0
# Reads the lines of `dump-forward FOLDER OPSET`: runs each exported case with onnxruntime, after ONNX's checker, and
# compares with what the reference computed. Without onnxruntime the checker alone judges. Prints a line per operator.
import json
import sys

try:
    import numpy
    import onnx
except ImportError as error:
    print(f"skip export-ops the Python package {error.name} is not installed")
    sys.exit(0)
try:
    import onnxruntime
except ImportError:
    onnxruntime = None

TOLERANCE = 1e-4

# What the judges say without being right about the file: a part of it, for some operators. A case that
# onnxruntime loads and cannot run says nothing about the file either; most are types and ranks that it has no code for.
EXCEPT = {
    "Attention": "window_size",  # new in set 25, onnxruntime does not know it yet
    "AveragePool": "Inferred shape and existing shape differ",  # counts windows that begin in the padding
    "BlackmanWindow": "size input must be greater than 0",  # ONNX's inference refuses what its text allows
    "HammingWindow": "size input must be greater than 0",
    "HannWindow": "size input must be greater than 0",
    "DFT": "is_onesided and inverse",  # older inference refuses both together
    "Einsum": "ShapeInferenceError",  # extents of 1 that are broadcast
    "GridSample": "inconsistent type",  # onnx 1.12 has the grid of the type of X
    "MaxUnpool": "y0 is",  # onnxruntime takes indices for those of output_shape
    "MeanVarianceNormalization": "op_type:Constant",  # its own body, which is for f32 with the default axes
    "RMSNormalization": "inconsistent type",  # ONNX's inference takes the type of X for that of the scale
    "Resize": "y0 is",  # rounds where a coordinate lies between two elements in f32
    "STFT": "Inferred shape and existing shape differ",  # its inference takes the length of a frame for that of its half
}


def excused(case, text):
    empty = any(0 in t["dims"] for t in case["inputs"] + case["outputs"] if t)
    refused = text.startswith("onnxruntime: ") and "INVALID_GRAPH" not in text
    return empty or refused or EXCEPT.get(case["op"], "\0") in text


def array(t):
    kind = onnx.helper.tensor_dtype_to_np_dtype(t["type"])
    return numpy.array(t["data"], dtype=kind).reshape(t["dims"])


def check(case):
    model = onnx.load(case["model"])
    onnx.checker.check_model(model, full_check=True)
    if any(node.domain == "nn" for node in model.graph.node):
        return "a node of our own domain is in the file"
    return None


def run(case):
    """What is wrong, or None; an exception where onnxruntime does not get as far."""
    options = onnxruntime.SessionOptions()
    options.log_severity_level = 4
    session = onnxruntime.InferenceSession(case["model"], options, providers=["CPUExecutionProvider"])
    wanted = {i.name for i in session.get_inputs()}
    feeds = {f"x{i}": array(t) for i, t in enumerate(case["inputs"]) if t is not None and f"x{i}" in wanted}
    names = [f"y{i}" for i, t in enumerate(case["outputs"]) if t is not None]
    for name, got in zip(names, session.run(names, feeds)):
        want = array(case["outputs"][int(name[1:])])
        if got.shape != want.shape:
            return f"{name} has shape {got.shape}, expected {want.shape}"
        if not numpy.allclose(got.astype("float64"), want.astype("float64"), TOLERANCE, TOLERANCE, equal_nan=True):
            return f"{name} is {got.ravel()[:6]}, expected {want.ravel()[:6]}"
    return None


def judge(case):
    try:
        wrong = check(case)
    except Exception as error:
        wrong = f"checker: {' '.join(str(error).split())}"
    if wrong is None and onnxruntime:
        try:
            wrong = run(case)
        except Exception as error:
            wrong = f"onnxruntime: {' '.join(str(error).split())}"
    return wrong


opset = sys.argv[1]
results = {}
for line in sys.stdin:
    case = json.loads(line)
    before = results.get(case["op"], ("skip", ""))
    if "model" not in case:
        known = "no other nodes say the same" in case["refused"]
        if before == ("skip", "") or not known:
            results[case["op"]] = ("skip" if known else "not ok", case["refused"])
        continue
    wrong = judge(case)
    if wrong is None:
        results[case["op"]] = before if before[0] == "not ok" else ("ok", "")
    elif excused(case, wrong):
        results[case["op"]] = before if before[0] != "skip" else ("skip", wrong[:150])
    else:
        results[case["op"]] = ("not ok", f"case \"{case['case']}\": {wrong[:400]}")
for op, (verdict, why) in sorted(results.items()):
    print(f"{verdict} {op} at {opset}{': ' if verdict == 'not ok' else ' '}{why}".rstrip())
