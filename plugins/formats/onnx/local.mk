# SPDX-License-Identifier: Apache-2.0
# The format onnx: one object from several files. ONNX's messages are generated into the build tree.

onnx_sources = \
	plugins/formats/onnx/body.c \
	plugins/formats/onnx/function.c \
	plugins/formats/onnx/graph.c \
	plugins/formats/onnx/missing.c \
	plugins/formats/onnx/node.c \
	plugins/formats/onnx/onnx.c \
	plugins/formats/onnx/onnx.h \
	plugins/formats/onnx/read.c \
	plugins/formats/onnx/tensor.c \
	plugins/formats/onnx/upgrade-arithmetic.c \
	plugins/formats/onnx/upgrade-layout.c \
	plugins/formats/onnx/upgrade-network.c \
	plugins/formats/onnx/upgrade-special.c \
	plugins/formats/onnx/upgrade.c \
	plugins/formats/onnx/wire.c \
	plugins/formats/onnx/write-node.c \
	plugins/formats/onnx/write-older.c \
	plugins/formats/onnx/write-types.c \
	plugins/formats/onnx/write.c \
	plugins/formats/onnx/write.h

if HAVE_ONNX
noinst_LTLIBRARIES += plugins/formats/onnx/libonnx-messages.la
nodist_plugins_formats_onnx_libonnx_messages_la_SOURCES = \
	plugins/formats/onnx/onnx.pb-c.c \
	plugins/formats/onnx/onnx.pb-c.h
plugins_formats_onnx_libonnx_messages_la_CFLAGS = $(AM_CFLAGS) -Wno-conversion -Wno-pedantic $(PROTOBUF_C_CFLAGS)
plugins_formats_onnx_libonnx_messages_la_LDFLAGS = $(HARDEN_LDFLAGS)
plugins_formats_onnx_libonnx_messages_la_LIBADD = $(PROTOBUF_C_LIBS)

plugins/formats/onnx/onnx.pb-c.c: plugins/formats/onnx/onnx.pb-c.h
	@test -f $@ || { rm -f $<; $(MAKE) $(AM_MAKEFLAGS) $<; }
plugins/formats/onnx/onnx.pb-c.h: $(ONNX_PROTO_DIR)/onnx.proto
	@$(MKDIR_P) plugins/formats/onnx
	$(AM_V_GEN)$(PROTOC_C) --proto_path=$(ONNX_PROTO_DIR) --c_out=plugins/formats/onnx onnx.proto
BUILT_SOURCES = plugins/formats/onnx/onnx.pb-c.h
CLEANFILES += plugins/formats/onnx/onnx.pb-c.c plugins/formats/onnx/onnx.pb-c.h

formats_LTLIBRARIES += plugins/formats/onnx.la
plugins_formats_onnx_la_SOURCES = $(onnx_sources)
plugins_formats_onnx_la_CPPFLAGS = $(AM_CPPFLAGS) -Iplugins $(PROTOBUF_C_CFLAGS)
plugins_formats_onnx_la_LIBADD = plugins/formats/onnx/libonnx-messages.la
$(plugins_formats_onnx_la_OBJECTS): plugins/formats/onnx/onnx.pb-c.h
endif
EXTRA_DIST += $(onnx_sources)
