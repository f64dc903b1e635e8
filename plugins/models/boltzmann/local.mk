# SPDX-License-Identifier: Apache-2.0
models_LTLIBRARIES += plugins/models/boltzmann.la
plugins_models_boltzmann_la_SOURCES = \
	plugins/models/boltzmann/boltzmann.c \
	plugins/models/boltzmann/boltzmann.h \
	plugins/models/boltzmann/rbm.c
