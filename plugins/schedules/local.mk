# SPDX-License-Identifier: Apache-2.0
# Learning-rate schedules. One line is one source file of the same name and one object.

plugin_packages += schedules
schedulesdir = $(pluginsdir)/schedules
schedules_LTLIBRARIES = \
	plugins/schedules/constant.la \
	plugins/schedules/step.la \
	plugins/schedules/exponential.la \
	plugins/schedules/cosine.la \
	plugins/schedules/warmup.la \
	plugins/schedules/plateau.la

plugins/schedules/manifest.yaml: $(schedules_LTLIBRARIES) nnrun/nnrun$(EXEEXT)
	$(AM_V_GEN)$(make_manifest) schedules plugins/schedules
