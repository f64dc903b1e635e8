# SPDX-License-Identifier: Apache-2.0
# How the CPU does it fast, and the device 'cpu'. One line is one source file of the same name and one object.

include plugins/ops-cpu/simd/local.mk

plugin_packages += ops-cpu
opscpudir = $(pluginsdir)/ops-cpu
opscpu_LTLIBRARIES =

plugins/ops-cpu/manifest.yaml: $(opscpu_LTLIBRARIES) nnrun/nnrun$(EXEEXT)
	$(AM_V_GEN)$(make_manifest) ops-cpu plugins/ops-cpu
