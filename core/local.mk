# SPDX-License-Identifier: Apache-2.0
# libnn. The objects are built once, into a convenience library: the shared library exports from it only what nn/nn.h
# declares, and unit tests link it to reach the inside.

noinst_LTLIBRARIES += core/libnn-core.la
core_libnn_core_la_LDFLAGS = $(HARDEN_LDFLAGS)
core_libnn_core_la_SOURCES = \
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
	core/context.h \
	core/graph/graph.h \
	core/network.h \
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
