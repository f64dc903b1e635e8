# SPDX-License-Identifier: Apache-2.0
models_LTLIBRARIES += plugins/models/cnn.la
plugins_models_cnn_la_SOURCES = plugins/models/cnn/cnn.c plugins/models/cnn/cnn.h plugins/models/cnn/lenet5.c
