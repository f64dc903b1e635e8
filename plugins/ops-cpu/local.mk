# SPDX-License-Identifier: Apache-2.0
# How the CPU does it fast, and the device 'cpu'. One line is one source file of the same name and one object.

include plugins/ops-cpu/simd/local.mk

plugin_packages += ops-cpu
opscpudir = $(pluginsdir)/ops-cpu
opscpu_LTLIBRARIES =
opscpu_LTLIBRARIES += plugins/ops-cpu/chain.la
opscpu_LTLIBRARIES += plugins/ops-cpu/conv.la
opscpu_LTLIBRARIES += plugins/ops-cpu/device.la
opscpu_LTLIBRARIES += plugins/ops-cpu/gemm.la
opscpu_LTLIBRARIES += plugins/ops-cpu/index.la
opscpu_LTLIBRARIES += plugins/ops-cpu/normalization.la
opscpu_LTLIBRARIES += plugins/ops-cpu/pool.la
opscpu_LTLIBRARIES += plugins/ops-cpu/random.la
opscpu_LTLIBRARIES += plugins/ops-cpu/reduce.la
opscpu_LTLIBRARIES += plugins/ops-cpu/softmax.la
opscpu_LTLIBRARIES += plugins/ops-cpu/transpose.la
opscpu_LTLIBRARIES += plugins/ops-cpu/view.la

plugins_ops_cpu_chain_la_SOURCES = plugins/ops-cpu/chain.c plugins/ops-cpu/chain-claim.c plugins/ops-cpu/chain.h
plugins_ops_cpu_device_la_SOURCES = plugins/ops-cpu/device.c plugins/ops-cpu/cpu.h plugins/ops-cpu/window.h
plugins_ops_cpu_device_la_LIBADD = plugins/ops-cpu/libcpu-simd.la

plugins/ops-cpu/manifest.yaml: $(opscpu_LTLIBRARIES) nnrun/nnrun$(EXEEXT)
	$(AM_V_GEN)$(make_manifest) ops-cpu plugins/ops-cpu
