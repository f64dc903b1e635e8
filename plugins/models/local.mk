# SPDX-License-Identifier: Apache-2.0
# Model families: one folder, one object each. A family's local.mk names its object and its source files, one per
# network; the include lines here are the list of families.

plugin_packages += models
modelsdir = $(pluginsdir)/models
models_LTLIBRARIES =
noinst_HEADERS += plugins/models/shared/build.h plugins/models/shared/layers.h plugins/models/shared/supervised.h

include plugins/models/boltzmann/local.mk
include plugins/models/cnn/local.mk
include plugins/models/imported/local.mk
include plugins/models/mlp/local.mk
include plugins/models/net/local.mk
include plugins/models/rnn/local.mk

plugins/models/manifest.yaml: $(models_LTLIBRARIES) nnrun/nnrun$(EXEEXT)
	$(AM_V_GEN)$(make_manifest) models plugins/models
