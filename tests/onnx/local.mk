# SPDX-License-Identifier: Apache-2.0
# ONNX's own tests: a sample in ./check, all of them in `make check-onnx`, which writes the page of results
# (doc/results/onnx.md is one) into the build tree. ONNX_TESTS: where the suites are.

ONNX_TESTS = /usr/share/libonnx-testdata/data
onnx_suite_sources = tests/onnx/suite.c tests/onnx/model.c tests/onnx/model.h nnrun/kit/tensor.c
onnx_build_sources = tests/onnx/build.c tests/onnx/build.h tests/onnx/model.c tests/onnx/model.h nnrun/kit/tensor.c
EXTRA_DIST += $(onnx_suite_sources) $(onnx_build_sources) tests/onnx/check-onnx tests/onnx/test-older.c tests/onnx/test-hostile.c \
	tests/fuzz/fuzz-onnx.c

if HAVE_ONNX
check_PROGRAMS += tests/onnx/suite
tests_onnx_suite_SOURCES = $(onnx_suite_sources)
tests_onnx_suite_CPPFLAGS = $(AM_CPPFLAGS) -Iplugins $(PROTOBUF_C_CFLAGS)
tests_onnx_suite_LDADD = plugins/formats/onnx/libonnx-messages.la $(LDADD)
$(tests_onnx_suite_OBJECTS): plugins/formats/onnx/onnx.pb-c.h

contract_tests += tests/onnx/test-older tests/onnx/test-hostile tests/fuzz/fuzz-onnx
smoke_tests += tests/onnx/test-older tests/onnx/test-hostile tests/fuzz/fuzz-onnx
tests_fuzz_fuzz_onnx_SOURCES = tests/fuzz/fuzz-onnx.c $(onnx_build_sources)
tests_fuzz_fuzz_onnx_CPPFLAGS = $(tests_onnx_suite_CPPFLAGS)
tests_fuzz_fuzz_onnx_LDADD = $(tests_onnx_suite_LDADD)
tests_onnx_test_older_SOURCES = tests/onnx/test-older.c $(onnx_build_sources)
tests_onnx_test_older_CPPFLAGS = $(tests_onnx_suite_CPPFLAGS)
tests_onnx_test_older_LDADD = $(tests_onnx_suite_LDADD)
tests_onnx_test_hostile_SOURCES = tests/onnx/test-hostile.c $(onnx_build_sources)
tests_onnx_test_hostile_CPPFLAGS = $(tests_onnx_suite_CPPFLAGS)
tests_onnx_test_hostile_LDADD = $(tests_onnx_suite_LDADD)
$(tests_onnx_test_older_OBJECTS) $(tests_onnx_test_hostile_OBJECTS) $(tests_fuzz_fuzz_onnx_OBJECTS): plugins/formats/onnx/onnx.pb-c.h
endif

CLEANFILES += onnx.md
.PHONY: check-onnx
check-onnx: all-am $(check_PROGRAMS)
	@$(SHELL) $(srcdir)/tests/onnx/check-onnx '$(abs_top_builddir)' '$(ONNX_TESTS)' onnx.md
