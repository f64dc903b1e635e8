# SPDX-License-Identifier: Apache-2.0
# Weight formats. One line is one source file of the same name and one object.

plugin_packages += formats
formatsdir = $(pluginsdir)/formats
formats_LTLIBRARIES = \
	plugins/formats/safetensors.la
noinst_HEADERS += plugins/formats/json.h
include plugins/formats/onnx/local.mk

plugins/formats/manifest.yaml: $(formats_LTLIBRARIES) nnrun/nnrun$(EXEEXT)
	$(AM_V_GEN)$(make_manifest) formats plugins/formats
