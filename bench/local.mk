# SPDX-License-Identifier: Apache-2.0
# make bench: measurements, each a script that prints what it measured and what it is compared with. They run one after
# another, with nothing beside them.

bench_scripts = \
	bench/dispatch.sh

# Links the shared library, so that its allocation functions stand in for all of the process.
EXTRA_PROGRAMS += bench/dispatch
bench_dispatch_LDADD = libnn.la
bench_dispatch_LDFLAGS = $(HARDEN_LDFLAGS)
CLEANFILES += bench/dispatch$(EXEEXT)

.PHONY: bench
bench: all bench/dispatch$(EXEEXT)
	@for script in $(bench_scripts); do \
	  echo "== $$script"; \
	  SRCDIR='$(abs_top_srcdir)' BUILDDIR='$(abs_top_builddir)' NNRUN='$(abs_top_builddir)/nnrun/.libs/nnrun' \
	  NN_PLUGIN_PATH='$(abs_top_builddir)/plugins' $(abs_top_srcdir)/$$script || exit 1; \
	done

EXTRA_DIST += $(bench_scripts)
