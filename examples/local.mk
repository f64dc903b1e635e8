# SPDX-License-Identifier: Apache-2.0
# Configurations that run as they stand, and plug-ins that build outside this tree. They are installed as they are.

examplesdir = $(pkgdatadir)/examples
dist_examples_DATA = \
	examples/fashion-cnn.yaml \
	examples/glyphs-lenet5.yaml \
	examples/glyphs-linear.yaml \
	examples/glyphs-lstm.yaml \
	examples/glyphs-mlp.yaml \
	examples/glyphs-net.yaml \
	examples/glyphs-transformer.yaml \
	examples/iris.yaml \
	examples/mnist-lenet5.yaml \
	examples/mnist-mlp-net.yaml \
	examples/mnist-mlp.yaml \
	examples/mnist-rbm-pcd.yaml \
	examples/mnist-rbm.yaml \
	examples/shakespeare-lstm.yaml

thirdpartydir = $(examplesdir)/third-party-op
dist_thirdparty_DATA = \
	examples/third-party-op/Makefile \
	examples/third-party-op/swish.c
