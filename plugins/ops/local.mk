# SPDX-License-Identifier: Apache-2.0
# What each operator is: definition, inference, gradient, reference kernel; and the device 'reference'. One line is one source file of the same name and one object.

plugin_packages += ops
opsdir = $(pluginsdir)/ops
ops_LTLIBRARIES =
ops_LTLIBRARIES += plugins/ops/add.la
ops_LTLIBRARIES += plugins/ops/mul.la
ops_LTLIBRARIES += plugins/ops/reduce-sum.la
ops_LTLIBRARIES += plugins/ops/relu.la
ops_LTLIBRARIES += plugins/ops/sum-to.la
ops_LTLIBRARIES += plugins/ops/clip-by-value.la
ops_LTLIBRARIES += plugins/ops/clip-factor.la
ops_LTLIBRARIES += plugins/ops/scale.la

EXTRA_DIST += \
	plugins/ops/family/broadcast.h \
	plugins/ops/family/define.h \
	plugins/ops/family/reduce.h \
	plugins/ops/family/shape.h \
	plugins/ops/family/typed.h \
	plugins/ops/family/unary.h

plugins/ops/manifest.yaml: $(ops_LTLIBRARIES) nnrun/nnrun$(EXEEXT)
	$(AM_V_GEN)$(make_manifest) ops plugins/ops
