# SPDX-License-Identifier: Apache-2.0
# The host program: one file per sub-command. Without fast-install the program in nnrun/.libs runs from the build tree
# as it is, so that manifests, valgrind and the bench need no relinking at first use.

bin_PROGRAMS += nnrun/nnrun
nnrun_nnrun_SOURCES = \
	nnrun/arguments.c \
	nnrun/command.h \
	nnrun/convert.c \
	nnrun/datasets.c \
	nnrun/devices.c \
	nnrun/help.c \
	nnrun/main.c \
	nnrun/models.c \
	nnrun/ops.c \
	nnrun/optimizers.c \
	nnrun/plugin.c \
	nnrun/print.c \
	nnrun/print.h \
	nnrun/eval.c \
	nnrun/export.c \
	nnrun/predict.c \
	nnrun/progress.c \
	nnrun/resume.c \
	nnrun/sample.c \
	nnrun/train.c \
	nnrun/training.c \
	nnrun/training.h
nnrun_nnrun_LDADD = libnn-train.la libnn.la $(CORE_LIBS)
nnrun_nnrun_CFLAGS = $(AM_CFLAGS) -fPIE
nnrun_nnrun_LDFLAGS = -pie -no-fast-install $(HARDEN_LDFLAGS)
