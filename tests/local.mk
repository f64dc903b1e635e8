# SPDX-License-Identifier: Apache-2.0
# Tests. A unit test is a Criterion program, one line in unit_tests; a contract test is a plain program that prints
# `ok NAME`, `not ok NAME` or `skip NAME reason`, so that it also runs where Criterion does not start (TSan); a script
# does the same.

unit_tests = \
	tests/core/config/test-override \
	tests/core/config/test-parse \
	tests/core/config/test-settings \
	tests/core/config/test-write \
	tests/core/test-suggest \
	tests/core/test-version \
	tests/plugins/formats/test-safetensors

contract_tests = \
	tests/models/test-build \
	tests/fuzz/fuzz-config \
	tests/fuzz/fuzz-safetensors

script_tests = \
	tests/nnrun/test-nothing-hidden.sh \
