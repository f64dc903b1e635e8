# SPDX-License-Identifier: Apache-2.0
# The host program: one file per sub-command. Without fast-install the program in nnrun/.libs runs from the build tree
# as it is, so that manifests, valgrind and the bench need no relinking at first use.

bin_PROGRAMS += nnrun/nnrun
nnrun_nnrun_SOURCES = \
	nnrun/main.c
nnrun_nnrun_LDADD = libnn-train.la libnn.la $(CORE_LIBS)
nnrun_nnrun_CFLAGS = $(AM_CFLAGS) -fPIE
nnrun_nnrun_LDFLAGS = -pie -no-fast-install $(HARDEN_LDFLAGS)
