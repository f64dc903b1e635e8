# SPDX-License-Identifier: Apache-2.0
# What each operator is: definition, inference, gradient, reference kernel; and the device 'reference'. One line is one source file of the same name and one object.

plugin_packages += ops
opsdir = $(pluginsdir)/ops
ops_LTLIBRARIES =

plugins/ops/manifest.yaml: $(ops_LTLIBRARIES) nnrun/nnrun$(EXEEXT)
	$(AM_V_GEN)$(make_manifest) ops plugins/ops
