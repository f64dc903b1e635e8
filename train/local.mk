# SPDX-License-Identifier: Apache-2.0
# libnn-train: data pipeline, training loop, checkpoints and run records, on nn/nn.h alone. As with libnn, the objects
# are in a convenience library that unit tests link.

noinst_LTLIBRARIES += train/libnn-train-core.la
train_libnn_train_core_la_LDFLAGS = $(HARDEN_LDFLAGS)
train_libnn_train_core_la_SOURCES = \
	train/arrays.c \
	train/call.c \
	train/checkpoint.c \
	train/data.c \
	train/evaluate.c \
	train/feed.c \
	train/loop.c \
	train/order.c \
	train/record.c \
	train/run.c \
	train/settings.c \
	train/step.c \
	train/training.c \
	train/update.c \
	train/data.h \
	train/settings.h \
	train/training.h \
	train/version.c

nntrainincludedir = $(includedir)/nn-train
nntraininclude_HEADERS = \
	train/nn-train/train.h

lib_LTLIBRARIES += libnn-train.la
libnn_train_la_SOURCES =
libnn_train_la_LIBADD = train/libnn-train-core.la libnn.la $(CORE_LIBS)
libnn_train_la_LDFLAGS = -version-info 0:0:0 -no-undefined $(HARDEN_LDFLAGS) \
	-Wl,--version-script=$(srcdir)/train/libnn-train.map
libnn_train_la_DEPENDENCIES = train/libnn-train-core.la libnn.la train/libnn-train.map

pkgconfig_DATA += train/nn-train.pc
EXTRA_DIST += train/libnn-train.map
