# SPDX-License-Identifier: Apache-2.0
models_LTLIBRARIES += plugins/models/mlp.la
plugins_models_mlp_la_SOURCES = plugins/models/mlp/mlp.c
