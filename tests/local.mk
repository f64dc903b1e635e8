# SPDX-License-Identifier: Apache-2.0
# Tests. A unit test is a Criterion program, one line in unit_tests; a contract test is a plain program that prints
# `ok NAME`, `not ok NAME` or `skip NAME reason`, so that it also runs where Criterion does not start (TSan); a script
# does the same.

unit_tests = \
	tests/train/test-order \
	tests/core/config/test-override \
	tests/core/config/test-parse \
	tests/core/config/test-settings \
	tests/core/config/test-write \
	tests/core/plugin/test-manifest \
	tests/core/plugin/test-registry \
	tests/core/test-context \
	tests/core/compile/test-plan \
	tests/core/run/test-init \
	tests/core/run/test-philox \
	tests/core/run/test-pool \
	tests/core/test-suggest \
	tests/core/test-version \
	tests/plugins/datasets/test-csv \
	tests/plugins/datasets/test-glyphs \
	tests/plugins/datasets/test-idx \
	tests/plugins/datasets/test-text \
	tests/plugins/formats/test-csv \
	tests/plugins/formats/test-npy \
	tests/plugins/formats/test-npz \
	tests/plugins/formats/test-safetensors

contract_tests = \
	tests/train/optimizers \
	tests/plugins/ops-cpu/test-conv \
	tests/plugins/ops-cpu/test-fmath \
	tests/plugins/ops-cpu/test-gemm \
	tests/plugins/ops-cpu/test-norm \
	tests/plugins/ops-cpu/test-pooling \
	tests/contract/basic \
	tests/contract/state \
	tests/contract/shapes \
	tests/contract/errors \
	tests/contract/control \
	tests/contract/learning \
	tests/contract/mixed \
	tests/models/test-build \
	tests/models/test-closure \
	tests/fuzz/fuzz-arrays-csv \
	tests/fuzz/fuzz-config \
	tests/fuzz/fuzz-csv \
	tests/fuzz/fuzz-idx \
	tests/fuzz/fuzz-elf \
	tests/fuzz/fuzz-manifest \
	tests/fuzz/fuzz-npy \
	tests/fuzz/fuzz-npz \
	tests/fuzz/fuzz-safetensors \
	tests/ops/test-random \
	tests/ops/test-refusals

script_tests = \
	tests/onnx/test-rewrite.sh \
	tests/onnx/test-sample.sh \
	tests/models/test-devices.sh \
	tests/models/test-sequence.sh \
	tests/models/test-imported.sh \
	tests/plugins/ops-opencl/test-agreement.sh \
	tests/plugins/ops-opencl/test-chains.sh \
	tests/plugins/ops-opencl/test-contract.sh \
	tests/plugins/ops-opencl/test-device.sh \
	tests/plugins/ops-opencl/test-failures.sh \
	tests/plugins/ops-opencl/test-operators.sh \
	tests/plugins/ops-opencl/test-recovery.sh \
	tests/plugins/ops-opencl/test-settings.sh \
	tests/plugins/ops-opencl/test-streams.sh \
	tests/plugins/ops-opencl/test-tune.sh \
	tests/train/test-allocations.sh \
	tests/train/test-checkpoint.sh \
	tests/train/test-recovery.sh \
	tests/train/test-resume.sh \
	tests/train/test-run.sh \
	tests/train/test-step.sh \
	tests/train/test-two-epochs.sh \
	tests/models/test-learns.sh \
	tests/nnrun/test-nothing-hidden.sh \
	tests/ops/test-export.sh \
	tests/ops/test-forward.sh \
	tests/ops/test-torch.sh \
	tests/abi/test-abi.sh \
	tests/nnrun/test-conformance.sh \
	tests/nnrun/test-kit.sh \
	tests/nnrun/test-absent.sh \
	tests/nnrun/test-arrays.sh \
	tests/nnrun/test-bad-input.sh \
	tests/nnrun/test-export.sh \
	tests/nnrun/test-outside.sh \
	tests/nnrun/test-plugin.sh \
	tests/nnrun/test-version.sh

# Run again under ASan and UBSan by ./check.
smoke_tests = \
	tests/onnx/test-rewrite.sh \
	tests/onnx/test-sample.sh \
	tests/models/test-build \
	tests/train/optimizers \
	tests/train/test-checkpoint.sh \
	tests/train/test-order \
	tests/train/test-step.sh \
	tests/train/test-two-epochs.sh \
	tests/ops/test-random \
	tests/ops/test-refusals \
	tests/contract/basic \
	tests/contract/state \
	tests/contract/shapes \
	tests/contract/errors \
	tests/contract/control \
	tests/contract/learning \
	tests/contract/mixed \
	tests/plugins/ops-cpu/test-conv \
	tests/plugins/ops-cpu/test-fmath \
	tests/plugins/ops-cpu/test-gemm \
	tests/plugins/ops-cpu/test-norm \
	tests/plugins/ops-cpu/test-pooling \
	tests/core/config/test-override \
	tests/core/config/test-parse \
	tests/core/config/test-settings \
	tests/core/config/test-write \
	tests/core/plugin/test-manifest \
	tests/core/plugin/test-registry \
	tests/core/test-context \
	tests/core/compile/test-plan \
	tests/core/run/test-init \
	tests/core/run/test-philox \
	tests/core/run/test-pool \
	tests/core/test-suggest \
	tests/core/test-version \
	tests/fuzz/fuzz-arrays-csv \
	tests/fuzz/fuzz-config \
	tests/fuzz/fuzz-csv \
	tests/fuzz/fuzz-idx \
	tests/fuzz/fuzz-elf \
	tests/fuzz/fuzz-manifest \
	tests/fuzz/fuzz-npy \
	tests/fuzz/fuzz-npz \
	tests/fuzz/fuzz-safetensors \
	tests/plugins/datasets/test-csv \
	tests/plugins/datasets/test-glyphs \
	tests/plugins/datasets/test-idx \
	tests/plugins/datasets/test-text \
	tests/plugins/formats/test-csv \
	tests/plugins/formats/test-npy \
	tests/plugins/formats/test-npz \
	tests/plugins/formats/test-safetensors \
	tests/nnrun/test-bad-input.sh \
	tests/nnrun/test-conformance.sh \
	tests/nnrun/test-plugin.sh \
	tests/nnrun/test-version.sh

# What make check-all adds: a hundred kills instead of a dozen, and what runs again under TSan (no Criterion here) and
# valgrind.
long_tests = tests/plugins/ops-opencl/test-conformance.sh tests/plugins/ops-opencl/test-examples.sh tests/plugins/ops-opencl/test-memory.sh \
	tests/plugins/ops-opencl/test-simulator.sh tests/plugins/ops-opencl/test-valgrind.sh \
	tests/train/test-resume.sh tests/models/test-finetune.sh

tsan_tests = \
	tests/train/test-two-epochs.sh \
	$(contract_tests) \
	tests/nnrun/test-version.sh

valgrind_tests = \
	tests/models/test-build \
	tests/train/test-two-epochs.sh \
	tests/nnrun/test-version.sh

# Objects that only tests load: modules that stay in the build tree. Each is a check_LTLIBRARIES line and
# NAME_LDFLAGS = $(test_module_flags).
test_module_flags = $(AM_LDFLAGS) -rpath /nowhere

# The asynchronous device of the contract tests, in a package of its own.
check_LTLIBRARIES += tests/contract/toy/toy-device.la
tests_contract_toy_toy_device_la_SOURCES = tests/contract/toy-device.c
tests_contract_toy_toy_device_la_LDFLAGS = $(test_module_flags)
tests_contract_toy_toy_device_la_LIBADD = $(PTHREAD_LIBS)
check_LTLIBRARIES += tests/contract/toy/twice.la
tests_contract_toy_twice_la_SOURCES = tests/contract/twice.c
tests_contract_toy_twice_la_LDFLAGS = $(test_module_flags)
check_LTLIBRARIES += tests/contract/toy/cycle.la
tests_contract_toy_cycle_la_SOURCES = tests/contract/cycle.c
tests_contract_toy_cycle_la_LDFLAGS = $(test_module_flags)
tests/contract/toy/manifest.yaml: $(check_LTLIBRARIES) nnrun/nnrun$(EXEEXT)
	$(AM_V_GEN)MODULES='$(check_LTLIBRARIES)' $(SHELL) $(srcdir)/build-aux/make-manifest nnrun/nnrun$(EXEEXT) toy tests/contract/toy
CLEANFILES += tests/contract/toy/manifest.yaml

# What the tests of training load: a family with a step of its own, a counter of allocations.
check_LTLIBRARIES += tests/train/brittle-data.la tests/train/two-players.la tests/train/allocations.la
tests_train_brittle_data_la_LDFLAGS = $(test_module_flags)
tests_train_two_players_la_LDFLAGS = $(test_module_flags)
tests_train_allocations_la_LDFLAGS = -module -avoid-version -rpath /nowhere
tests_train_allocations_la_LIBADD = $(DL_LIBS)

if HAVE_CRITERION
check_PROGRAMS += $(unit_tests)
endif
check_PROGRAMS += $(contract_tests) tests/plugins/ops-opencl/test-agreement tests/plugins/ops-opencl/test-chains
if HAVE_OPENCL
check_PROGRAMS += tests/plugins/ops-opencl/test-streams
endif
EXTRA_DIST += tests/core/plugin/fixture.c tests/abi/add.c tests/abi/layout.txt tests/abi/record $(abi_headers)
abi_headers = \
	tests/abi/0.1/nn/abi.h \
	tests/abi/0.1/nn/dataset.h \
	tests/abi/0.1/nn/device.h \
	tests/abi/0.1/nn/format.h \
	tests/abi/0.1/nn/graph.h \
	tests/abi/0.1/nn/kernel.h \
	tests/abi/0.1/nn/model.h \
	tests/abi/0.1/nn/operator.h \
	tests/abi/0.1/nn/optimizer.h \
	tests/abi/0.1/nn/plugin.h \
	tests/abi/0.1/nn/settings.h
noinst_HEADERS += tests/fuzz/driver.h tests/plugins/host.h tests/plugins/formats/format-test.h
noinst_HEADERS += tests/contract/contract.h
noinst_HEADERS += tests/fuzz/folder.h tests/fuzz/format.h tests/plugins/datasets/open.h

noinst_HEADERS += tests/plugins/ops-cpu/simd-test.h
tests_plugins_ops_cpu_test_conv_LDADD = plugins/ops-cpu/libcpu-simd.la
tests_plugins_ops_cpu_test_norm_LDADD = plugins/ops-cpu/libcpu-simd.la
tests_plugins_ops_cpu_test_pooling_LDADD = plugins/ops-cpu/libcpu-simd.la
tests_plugins_ops_cpu_test_gemm_LDADD = plugins/ops-cpu/libcpu-simd.la

LDADD = train/libnn-train-core.la core/libnn-core.la $(CORE_LIBS) $(CRITERION_LIBS)

noinst_HEADERS += tests/ops/eager.h
check_PROGRAMS += tests/ops/dump-forward tests/ops/dump-gradients
noinst_HEADERS += tests/ops/json.h
EXTRA_DIST += tests/models/test-sequence.py tests/ops/test-export.py tests/ops/test-forward.py tests/ops/test-torch.py tests/ops/torch_formulas.py tests/nnrun/test-export.py
tests_ops_dump_gradients_SOURCES = tests/ops/dump-gradients.c tests/ops/eager.c nnrun/kit/sample.c nnrun/kit/tensor.c
tests_ops_dump_forward_SOURCES = tests/ops/dump-forward.c tests/ops/eager.c nnrun/kit/sample.c nnrun/kit/tensor.c
tests_models_test_closure_SOURCES = tests/models/test-closure.c tests/ops/eager.c nnrun/kit/sample.c nnrun/kit/tensor.c
tests_ops_test_refusals_SOURCES = tests/ops/test-refusals.c tests/ops/eager.c nnrun/kit/sample.c nnrun/kit/tensor.c

include tests/onnx/local.mk

EXTRA_DIST += tests/models/test-finetune.sh tests/plugins/ops-opencl/broken-loader.c tests/plugins/ops-opencl/test-conformance.sh \
	tests/plugins/ops-opencl/test-examples.sh tests/plugins/ops-opencl/test-memory.sh \
	tests/plugins/ops-opencl/simulator.c tests/plugins/ops-opencl/test-simulator.sh \
	tests/plugins/ops-opencl/test-valgrind.sh tests/plugins/ops-opencl/valgrind.supp
EXTRA_DIST += tests/train/small.sh tests/run tests/under-valgrind tests/lsan.supp tests/tsan.supp tests/valgrind.supp $(script_tests)

run_tests = $(SHELL) $(srcdir)/tests/run -s '$(abs_top_srcdir)' -b '$(abs_top_builddir)'
test_needs = all-am $(check_PROGRAMS) $(check_LTLIBRARIES) tests/contract/toy/manifest.yaml

# One test: make check TESTS=tests/core/test-version
.PHONY: check-smoke check-long check-tsan check-valgrind
check-local: $(test_needs)
	@$(run_tests) $(or $(TESTS),$(unit_tests) $(contract_tests) $(script_tests))

check-smoke: $(test_needs)
	@$(run_tests) $(smoke_tests)

check-long: $(test_needs)
	@KILLS=100 $(run_tests) $(long_tests)

check-tsan: $(test_needs)
	@$(run_tests) $(tsan_tests)

check-valgrind: $(test_needs)
	@$(run_tests) -w under-valgrind $(valgrind_tests)

# Each fuzz target for FUZZ_SECONDS; in a build with --enable-sanitizers=address,undefined it sees more.
FUZZ_SECONDS = 600
.PHONY: fuzz
fuzz: $(test_needs)
	@for t in $(filter tests/fuzz/%,$(contract_tests)); do \
	  echo "== $$t, $(FUZZ_SECONDS) s"; \
	  NN_FUZZ_SECONDS=$(FUZZ_SECONDS) NN_PLUGIN_PATH='$(abs_top_builddir)/plugins' $$t || exit 1; \
	done
