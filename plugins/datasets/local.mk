# SPDX-License-Identifier: Apache-2.0
# Data loaders. One line is one source file of the same name and one object.

plugin_packages += datasets
datasetsdir = $(pluginsdir)/datasets
datasets_LTLIBRARIES = \
	plugins/datasets/arrays.la \
	plugins/datasets/glyphs.la \
	plugins/datasets/idx.la \
	plugins/datasets/csv.la \
	plugins/datasets/text.la
noinst_HEADERS += plugins/datasets/file.h

# Images are the same bytes everywhere, so no product and sum may be fused.
plugins_datasets_glyphs_la_CFLAGS = $(AM_CFLAGS) -ffp-contract=off
plugins_datasets_glyphs_la_LIBADD = -lm
plugins_datasets_arrays_la_LIBADD = $(ZLIB_LIBS)
plugins_datasets_idx_la_LIBADD = $(ZLIB_LIBS)
plugins_datasets_csv_la_LIBADD = $(ZLIB_LIBS) -lm
plugins_datasets_text_la_LIBADD = $(ZLIB_LIBS)

plugins/datasets/manifest.yaml: $(datasets_LTLIBRARIES) nnrun/nnrun$(EXEEXT)
	$(AM_V_GEN)$(make_manifest) datasets plugins/datasets
