# SPDX-License-Identifier: Apache-2.0
# Update rules. One line is one source file of the same name and one object.

plugin_packages += optimizers
optimizersdir = $(pluginsdir)/optimizers
optimizers_LTLIBRARIES =

plugins/optimizers/manifest.yaml: $(optimizers_LTLIBRARIES) nnrun/nnrun$(EXEEXT)
	$(AM_V_GEN)$(make_manifest) optimizers plugins/optimizers
