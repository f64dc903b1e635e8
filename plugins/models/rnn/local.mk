# SPDX-License-Identifier: Apache-2.0
models_LTLIBRARIES += plugins/models/rnn.la
plugins_models_rnn_la_SOURCES = \
	plugins/models/rnn/elman.c \
	plugins/models/rnn/gru.c \
	plugins/models/rnn/lstm.c \
	plugins/models/rnn/rnn.c \
	plugins/models/rnn/rnn.h
