# SPDX-License-Identifier: Apache-2.0
# libnn. The objects are built once, into a convenience library: the shared library exports from it only what nn/nn.h
# declares, and unit tests link it to reach the inside.

noinst_LTLIBRARIES += core/libnn-core.la
core_libnn_core_la_LDFLAGS = $(HARDEN_LDFLAGS)
core_libnn_core_la_SOURCES = \
	core/compile/compile.c \
	core/compile/compile.h \
	core/compile/cut.c \
	core/compile/emit.c \
	core/compile/explain.c \
	core/compile/lower.c \
	core/compile/order.c \
	core/compile/place.c \
	core/compile/plan.c \
	core/compile/program.h \
	core/compile/prune.c \
	core/compile/simplify.c \
	core/compile/specialise.c \
	core/compile/view.c \
	core/config/api.c \
	core/config/config.c \
	core/config/config.h \
	core/config/help.c \
	core/config/override.c \
	core/config/parse.c \
	core/config/scalar.c \
	core/config/settings.c \
	core/config/settings.h \
	core/config/tree.h \
	core/config/write.c \
	core/context.c \
	core/context.h \
	core/graph/attribute.c \
	core/graph/build.c \
	core/graph/expand.c \
	core/graph/gradient.c \
	core/graph/graph.c \
	core/graph/graph.h \
	core/graph/infer.c \
	core/graph/order.c \
	core/graph/vjp.c \
	core/network.c \
	core/network.h \
	core/plugin/discover.c \
	core/plugin/discover.h \
	core/plugin/elf.c \
	core/plugin/elf.h \
	core/plugin/host.c \
	core/plugin/host.h \
	core/plugin/load.c \
	core/plugin/load.h \
	core/plugin/manifest.c \
	core/plugin/offer.c \
	core/plugin/package.c \
	core/plugin/package.h \
	core/plugin/registry.c \
	core/plugin/registry.h \
	core/plugin/verify.c \
	core/plugin/verify.h \
	core/plugin/write.c \
	core/run/branch.c \
	core/run/callable.c \
	core/run/copy.c \
	core/run/device.c \
	core/run/device.h \
	core/run/init.c \
	core/run/loop.c \
	core/run/parts.h \
	core/run/philox.h \
	core/run/pool.c \
	core/run/pool.h \
	core/run/program.c \
	core/run/session.c \
	core/run/session.h \
	core/status.c \
	core/status.h \
	core/suggest.c \
	core/suggest.h \
	core/version.c

nnincludedir = $(includedir)/nn
nninclude_HEADERS = \
	core/nn/abi.h \
	core/nn/dataset.h \
	core/nn/device.h \
	core/nn/element.h \
	core/nn/format.h \
	core/nn/graph.h \
	core/nn/kernel.h \
	core/nn/model.h \
	core/nn/nn.h \
	core/nn/operator.h \
	core/nn/optimizer.h \
	core/nn/plugin.h \
	core/nn/settings.h

lib_LTLIBRARIES += libnn.la
libnn_la_SOURCES =
libnn_la_LIBADD = core/libnn-core.la $(CORE_LIBS)
libnn_la_LDFLAGS = -version-info 0:0:0 -no-undefined $(HARDEN_LDFLAGS) \
	-Wl,--version-script=$(srcdir)/core/libnn.map
libnn_la_DEPENDENCIES = core/libnn-core.la core/libnn.map

pkgconfig_DATA += core/nn.pc
EXTRA_DIST += core/libnn.map
