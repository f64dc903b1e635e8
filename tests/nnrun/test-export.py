# SPDX-License-Identifier: Apache-2.0
# The part of test-export.sh that needs Python: draws pictures; checks an exported model and runs it in another program.
import json
import os
import sys

import numpy

COUNT = 20
TOLERANCE = 1e-4


def pictures(folder):
    """Two times the same idx files: spots of random places and sizes."""
    os.makedirs(folder)
    random = numpy.random.RandomState(1)
    images = random.randint(0, 40, (COUNT, 28, 28)).astype(numpy.uint8)
    for image in images:
        for _ in range(4):
            y, x, size = random.randint(2, 22, 3)
            image[y : y + size // 3 + 2, x : x + size // 4 + 2] = random.randint(150, 256)
    for part in "train", "t10k":
        write(f"{folder}/{part}-images-idx3-ubyte", images)
        write(f"{folder}/{part}-labels-idx1-ubyte", (numpy.arange(COUNT) % 10).astype(numpy.uint8))
    return images


def write(path, array):
    with open(path, "wb") as file:
        file.write(numpy.array([0x0800 + array.ndim, *array.shape], ">u4").tobytes() + array.tobytes())


def read_pictures(folder):
    with open(f"{folder}/t10k-images-idx3-ubyte", "rb") as file:
        return numpy.frombuffer(file.read()[16:], numpy.uint8).reshape(COUNT, 1, 28, 28)


def check(name, path):
    """ONNX's checker, with its inference of shapes."""
    try:
        import onnx
    except ImportError:
        print(f"skip {name}-checker the Python package onnx is not installed")
        return
    model = onnx.load(path)
    if model.opset_import[0].version > onnx.defs.onnx_opset_version():
        print(f"skip {name}-checker the Python package onnx knows opset {onnx.defs.onnx_opset_version()} at most")
        return
    try:
        onnx.checker.check_model(model, full_check=True)
        print(f"ok {name}-checker")
    except Exception as error:
        print(f"not ok {name}-checker: {str(error).splitlines()[0]}")


def run_onnxruntime(path, images):
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.log_severity_level = 3
    session = onnxruntime.InferenceSession(path, options, providers=["CPUExecutionProvider"])
    return session.run(["logits"], {"x": images})[0]


def run_opencv(path, images):
    import cv2

    network = cv2.dnn.readNetFromONNX(path)
    rows = []
    for image in images:
        network.setInput(image[None].astype(numpy.float32), "x")
        rows.append(network.forward("logits").reshape(-1))
    return numpy.array(rows)


# OpenCV 4.6 multiplies by a constant vector along the channels only, and normalization does so along the last dimension.
BEYOND_OPENCV = ("transformer",)


def compare(name, path, expected, folder):
    check(name, path)
    with open(expected) as file:
        ours = numpy.array([json.loads(line)["prediction"] for line in file])
    for run in run_onnxruntime, run_opencv:
        try:
            if run == run_opencv and (name.startswith(BEYOND_OPENCV) or not name.endswith("-13")):
                __import__("cv2")
                print(f"skip {name} OpenCV runs set 13 only, without normalization over the last dimension")
                return
            theirs = run(path, read_pictures(folder))
        except ImportError:
            continue
        except Exception as error:
            print(f"not ok {name}: {run.__name__[4:]}: {str(error).splitlines()[0]}")
            return
        worst = float(numpy.max(abs(ours - theirs) / (1 + abs(ours)))) if ours.shape == theirs.shape else numpy.inf
        good = worst <= TOLERANCE and ours.std() > 0.1
        print(f"ok {name}" if good else f"not ok {name}: {run.__name__[4:]}: logits differ by {worst:g}")
        return
    print(f"skip {name} neither onnxruntime nor OpenCV is installed for Python")


if sys.argv[1] == "pictures":
    pictures(sys.argv[2])
else:
    compare(*sys.argv[2:])
