# SPDX-License-Identifier: Apache-2.0
models_LTLIBRARIES += plugins/models/imported.la
plugins_models_imported_la_SOURCES = \
	plugins/models/imported/feed.c \
	plugins/models/imported/file.c \
	plugins/models/imported/imported.c \
	plugins/models/imported/imported.h
