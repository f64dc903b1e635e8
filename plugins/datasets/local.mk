# SPDX-License-Identifier: Apache-2.0
# Data loaders. One line is one source file of the same name and one object.

plugin_packages += datasets
datasetsdir = $(pluginsdir)/datasets
datasets_LTLIBRARIES =

plugins/datasets/manifest.yaml: $(datasets_LTLIBRARIES) nnrun/nnrun$(EXEEXT)
	$(AM_V_GEN)$(make_manifest) datasets plugins/datasets
