# SPDX-License-Identifier: Apache-2.0
# The shelf of plug-ins that are broken on purpose: one line is one source file of the same name and one object, which
# tests/broken/package makes a package of.

broken_plugins = \
	tests/broken/right.la \
	tests/broken/allocates-in-run.la \
	tests/broken/changes-input.la \
	tests/broken/claims-too-much.la \
	tests/broken/crashes-in-load.la \
	tests/broken/crashes-in-run.la \
	tests/broken/hangs.la \
	tests/broken/ignores-failed-allocation.la \
	tests/broken/keeps-pointer.la \
	tests/broken/leaks.la \
	tests/broken/leaves-output-unwritten.la \
	tests/broken/lies-in-manifest.la \
	tests/broken/not-repeatable.la \
	tests/broken/not-repeatable.dataset.la \
	tests/broken/not-repeatable.model.la \
	tests/broken/not-repeatable.schedule.la \
	tests/broken/races.la \
	tests/broken/races.state.la \
	tests/broken/reads-past-buffer.la \
	tests/broken/reads-uninitialised.la \
	tests/broken/refuses-its-claim.la \
	tests/broken/writes-past-buffer.la \
	tests/broken/writes-past-workspace.la \
	tests/broken/wrong-abi.la \
	tests/broken/wrong-forward.la \
	tests/broken/wrong-forward.claim.la \
	tests/broken/wrong-forward.device.la \
	tests/broken/wrong-forward.optimizer.la \
	tests/broken/wrong-gradient.la \
	tests/broken/wrong-in-place.la \
	tests/broken/wrong-inference.la \
	tests/broken/wrong-odd-size.la \
	tests/broken/wrong-round-trip.la \
	tests/broken/wrong-special-value.la \
	tests/broken/wrong-special-value.integer.la \
	tests/broken/wrong-stride.la \
	tests/broken/wrong-struct-size.la \
	tests/broken/wrong-table.la \
	tests/broken/wrong-type.la
check_LTLIBRARIES += $(broken_plugins)
$(broken_plugins): AM_LDFLAGS += -rpath /nowhere
noinst_HEADERS += tests/broken/shelf.h tests/broken/swish.h
EXTRA_DIST += tests/broken/package
