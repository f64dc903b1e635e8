# SPDX-License-Identifier: Apache-2.0
# Tests. A unit test is a Criterion program, one line in unit_tests; a contract test is a plain program that prints
# `ok NAME`, `not ok NAME` or `skip NAME reason`, so that it also runs where Criterion does not start (TSan); a script
# does the same. Names in smoke_tests are also run under ASan and UBSan by ./check.

unit_tests = \
	tests/core/test-version

contract_tests =

script_tests = \
	tests/nnrun/test-version.sh

smoke_tests = \
	tests/core/test-version \
	tests/nnrun/test-version.sh

# What tests load besides the installed packages: modules that exist in the build tree only.
test_module_flags = $(AM_LDFLAGS) -rpath /nowhere

if HAVE_CRITERION
check_PROGRAMS += $(unit_tests)
endif
check_PROGRAMS += $(contract_tests)

LDADD = train/libnn-train-core.la core/libnn-core.la $(CORE_LIBS) $(CRITERION_LIBS)

EXTRA_DIST += tests/run tests/lsan.supp tests/tsan.supp $(script_tests)

run_tests = $(SHELL) $(srcdir)/tests/run -s '$(abs_top_srcdir)' -b '$(abs_top_builddir)'
test_needs = $(check_PROGRAMS) $(check_LTLIBRARIES) all-local

.PHONY: check-smoke check-contract
check-local: $(test_needs)
	@$(run_tests) $(or $(TESTS),$(unit_tests) $(contract_tests) $(script_tests))

check-smoke: $(BUILT_SOURCES) all-am $(test_needs)
	@$(run_tests) $(smoke_tests)

check-contract: all-am $(test_needs)
	@$(run_tests) $(contract_tests)
