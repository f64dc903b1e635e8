# SPDX-License-Identifier: Apache-2.0
# The host program: one file per sub-command. Without fast-install the program in nnrun/.libs runs from the build tree
# as it is, so that manifests, valgrind and the bench need no relinking at first use.

bin_PROGRAMS += nnrun/nnrun
nnrun_nnrun_SOURCES = \
	nnrun/arguments.c \
	nnrun/arrays.c \
	nnrun/arrays.h \
	nnrun/command.h \
	nnrun/convert.c \
	nnrun/datasets.c \
	nnrun/devices.c \
	nnrun/help.c \
	nnrun/import.c \
	nnrun/inspect.c \
	nnrun/inspect.h \
	nnrun/kit/buffer.c \
	nnrun/kit/cases.c \
	nnrun/kit/cases.h \
	nnrun/kit/checks.c \
	nnrun/kit/child.c \
	nnrun/kit/gradient.c \
	nnrun/kit/gradient.h \
	nnrun/kit/guard.c \
	nnrun/kit/guard.h \
	nnrun/kit/intercept.c \
	nnrun/kit/judge-claim.c \
	nnrun/kit/judge-dataset.c \
	nnrun/kit/judge-device.c \
	nnrun/kit/judge-format.c \
	nnrun/kit/judge-kernel.c \
	nnrun/kit/judge-model.c \
	nnrun/kit/judge-operator.c \
	nnrun/kit/judge-optimizer.c \
	nnrun/kit/judge.c \
	nnrun/kit/kit.h \
	nnrun/kit/memory.c \
	nnrun/kit/object.c \
	nnrun/kit/object.h \
	nnrun/kit/report.c \
	nnrun/kit/rig.c \
	nnrun/kit/rig.h \
	nnrun/kit/sample.c \
	nnrun/kit/sample.h \
	nnrun/kit/session.c \
	nnrun/kit/session.h \
	nnrun/kit/tensor.c \
	nnrun/kit/tensor.h \
	nnrun/kit/test.c \
	nnrun/kit/test.h \
	nnrun/kit/torn.c \
	nnrun/kit/trial-beside.c \
	nnrun/kit/trial-calls.c \
	nnrun/kit/trial-memory.c \
	nnrun/kit/trial-speed.c \
	nnrun/kit/trial-values.c \
	nnrun/kit/trial.h \
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
