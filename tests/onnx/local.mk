# SPDX-License-Identifier: Apache-2.0
# ONNX's own tests: a sample in ./check, all of them in `make check-onnx`, which writes the page of results
# (doc/results/onnx.md is one) into the build tree. ONNX_TESTS: where the suites are.

ONNX_TESTS = /usr/share/libonnx-testdata/data
onnx_suite_sources = tests/onnx/suite.c tests/onnx/model.c tests/onnx/model.h nnrun/kit/tensor.c
EXTRA_DIST += $(onnx_suite_sources) tests/onnx/check-onnx

if HAVE_ONNX
check_PROGRAMS += tests/onnx/suite
tests_onnx_suite_SOURCES = $(onnx_suite_sources)
tests_onnx_suite_CPPFLAGS = $(AM_CPPFLAGS) -Iplugins $(PROTOBUF_C_CFLAGS)
tests_onnx_suite_LDADD = plugins/formats/onnx/libonnx-messages.la $(LDADD)
$(tests_onnx_suite_OBJECTS): plugins/formats/onnx/onnx.pb-c.h
endif

.PHONY: check-onnx
check-onnx: all-am $(check_PROGRAMS)
	@$(SHELL) $(srcdir)/tests/onnx/check-onnx '$(abs_top_builddir)' '$(ONNX_TESTS)' onnx.md
