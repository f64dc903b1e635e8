# SPDX-License-Identifier: Apache-2.0
models_LTLIBRARIES += plugins/models/net.la
plugins_models_net_la_SOURCES = \
	plugins/models/net/layers.c \
	plugins/models/net/net.c \
	plugins/models/net/net.h \
	plugins/models/net/operator.c \
	plugins/models/net/sequence.c
