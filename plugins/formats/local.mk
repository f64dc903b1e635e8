# SPDX-License-Identifier: Apache-2.0
# Formats of arrays and graphs. One line is one object, and where nothing else is said one source file.

plugin_packages += formats
formatsdir = $(pluginsdir)/formats
formats_LTLIBRARIES = \
	plugins/formats/csv.la \
	plugins/formats/npy.la \
	plugins/formats/npz.la \
	plugins/formats/safetensors.la
noinst_HEADERS += plugins/formats/json.h plugins/formats/npy.h plugins/formats/npz.h plugins/formats/utf8.h
plugins_formats_csv_la_LIBADD = -lm
plugins_formats_npy_la_SOURCES = plugins/formats/npy.c plugins/formats/npy-array.c
plugins_formats_npz_la_SOURCES = plugins/formats/npz.c plugins/formats/npz-write.c plugins/formats/npy-array.c
plugins_formats_npz_la_LIBADD = $(ZLIB_LIBS)
include plugins/formats/onnx/local.mk

plugins/formats/manifest.yaml: $(formats_LTLIBRARIES) nnrun/nnrun$(EXEEXT)
	$(AM_V_GEN)$(make_manifest) formats plugins/formats
