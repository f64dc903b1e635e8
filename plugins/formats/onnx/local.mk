# SPDX-License-Identifier: Apache-2.0
# The format onnx: one object from several files. ONNX's messages are generated into the build tree.

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
endif
