# SPDX-License-Identifier: Apache-2.0
# The manual and the decisions; installed where Debian looks for documents.

dist_doc_DATA = NEWS README.md
EXTRA_DIST += \
	doc/abi.md \
	doc/configuration.md \
	doc/formats.md \
	doc/import.md \
	doc/onnx.md \
	doc/decisions/0001-one-makefile.md \
	doc/decisions/0002-gradients-while-building.md \
	doc/decisions/0003-random-state.md \
	doc/decisions/0004-reading-by-index.md \
	doc/decisions/0005-one-condition-over-a-step.md \
	doc/decisions/0006-what-the-line-bound-counts.md \
	doc/decisions/0007-head-and-tail.md \
	doc/kit.md \
	doc/decisions/0008-what-the-second-device-asked.md \
	doc/decisions/0009-graphs-in-formats.md \
	doc/decisions/0010-streams-of-opencl.md \
	doc/decisions/0011-no-clblast.md \
	doc/results/export.md \
	doc/performance.md \
	doc/results/layers.md \
	doc/results/mnist-imported.md \
	doc/results/mnist-lenet5.md \
	doc/results/mnist-mlp.md \
	doc/results/mnist-rbm.md \
	doc/results/onnx.md \
	doc/results/shakespeare-lstm.md \
	doc/samples.md \
	doc/training.md
