# SPDX-License-Identifier: Apache-2.0
# Update rules. One line is one source file of the same name and one object.

plugin_packages += optimizers
optimizersdir = $(pluginsdir)/optimizers
optimizers_LTLIBRARIES = \
	plugins/optimizers/sgd.la \
	plugins/optimizers/momentum.la \
	plugins/optimizers/nesterov.la \
	plugins/optimizers/adagrad.la \
	plugins/optimizers/adadelta.la \
	plugins/optimizers/rmsprop.la \
	plugins/optimizers/adam.la \
	plugins/optimizers/adamw.la
noinst_HEADERS += plugins/optimizers/adam.h plugins/optimizers/update.h

plugins/optimizers/manifest.yaml: $(optimizers_LTLIBRARIES) nnrun/nnrun$(EXEEXT)
	$(AM_V_GEN)$(make_manifest) optimizers plugins/optimizers
