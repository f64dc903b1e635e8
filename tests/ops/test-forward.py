# SPDX-License-Identifier: Apache-2.0
# Reads the lines of dump-forward and compares each with ONNX's reference implementation (the Python package onnx, 1.17 or
# newer), which is written independently of ours in NumPy. Prints a line per operator for the test runner.
import json
import sys
import warnings

try:
    import numpy
    import onnx
    from onnx import TensorProto, helper, numpy_helper
    from onnx.reference import ReferenceEvaluator
except ImportError as error:
    print(f"skip test-forward the Python package {error.name} is not installed")
    sys.exit(0)

# Where ONNX's reference is known to disagree with its own text; each with the reason.
EXCEPT = {"GlobalMaxPool": "ONNX's reference loses track of dimensions of extent 0 and 1"}


def ignored(case):
    """ONNX's reference does not look at the lengths of sequences, clip, activations and coupled gates; its 1-norm is a sum
    with signs; with cubic interpolation it moves what lies beyond a border onto it, as nobody else does."""
    if case["op"] == "LpNormalization":
        return dict(case["attrs"]).get("p") == 1
    if case["op"] == "GridSample":
        return {"cubic", "border"} <= set(dict(case["attrs"]).values())
    recurrent = case["op"] in ("GRU", "LSTM", "RNN")
    unknown = {"clip", "activations", "input_forget"} & dict(case["attrs"]).keys()
    return recurrent and (unknown or (len(case["inputs"]) > 4 and case["inputs"][4] is not None))


# Its attributes are f32, and some of it computes in f32 whatever the type, so f64 is not compared closer than that.
TOLERANCE = 1e-5, 1e-6


def array(t):
    if t is None:
        return None
    kind = helper.tensor_dtype_to_np_dtype(t["type"])
    return numpy.array(t["data"], dtype=kind).reshape(t["dims"])


def expected(case):
    attrs = {}
    for name, value in case["attrs"]:
        attrs[name] = numpy_helper.from_array(array(value)) if isinstance(value, dict) else value
    feeds = {f"x{i}": array(t) for i, t in enumerate(case["inputs"]) if t is not None}
    names = [f"x{i}" if t is not None else "" for i, t in enumerate(case["inputs"])]
    outputs = [f"y{i}" for i in range(len(case["outputs"]))]
    node = helper.make_node(case["op"], names, outputs, domain=case["domain"], **attrs)
    ins = [helper.make_tensor_value_info(n, helper.np_dtype_to_tensor_dtype(a.dtype), a.shape) for n, a in feeds.items()]
    outs = [
        helper.make_tensor_value_info(n, t["type"] if t else TensorProto.FLOAT, None)
        for n, t in zip(outputs, case["outputs"])
    ]
    opset = 22 if case["domain"] else max(case["since"], 22)
    imports = [helper.make_opsetid("", opset)]
    if case["domain"]:
        imports.append(helper.make_opsetid(case["domain"], case["since"]))
    model = helper.make_model(helper.make_graph([node], "case", ins, outs), opset_imports=imports)
    model.ir_version = 10
    return ReferenceEvaluator(model).run(None, feeds)


def difference(case):
    for i, (want, t) in enumerate(zip(expected(case), case["outputs"])):
        if t is None:
            continue
        got, want = array(t), numpy.asarray(want)
        if got.shape != want.shape:
            return f"output {i} has shape {got.shape}, expected {want.shape}"
        single = TensorProto.FLOAT in [x["type"] for x in case["inputs"] + case["outputs"] if x]
        tolerance = TOLERANCE[0] if single else TOLERANCE[1]
        if not numpy.allclose(got.astype("float64"), want.astype("float64"), rtol=tolerance, atol=tolerance, equal_nan=True):
            return f"output {i} is {got.ravel()[:8]}, expected {want.ravel()[:8]}"
    return None


warnings.filterwarnings("ignore")
numpy.seterr(all="ignore")
results = {}
for line in sys.stdin:
    case = json.loads(line)
    if ignored(case):
        continue
    if case["op"] in EXCEPT:
        results[case["op"]] = ("skip", EXCEPT[case["op"]])
        continue
    try:
        wrong = difference(case)
    except Exception as error:  # the reference does not cover every case
        results.setdefault(case["op"], ("refused", f"{type(error).__name__}: {str(error).splitlines()[0][:120]}"))
        continue
    before = results.get(case["op"], ("ok", ""))[0]
    if wrong:
        results[case["op"]] = ("not ok", f"case \"{case['case']}\": {wrong}")
    elif before != "not ok":
        results[case["op"]] = ("ok", "")
for op in sorted(results):
    verdict, why = results[op]
    if verdict == "refused":
        print(f"skip {op} ONNX's reference fails: {why}")
    elif verdict == "not ok":
        print(f"not ok {op}: {why}")
    else:
        print(f"{verdict} {op} {why}".rstrip())
