# SPDX-License-Identifier: Apache-2.0
# make bench: measurements, each a script that prints what it measured and what it is compared with. They run one after
# another, with nothing beside them.

bench_scripts =

.PHONY: bench
bench: all
	@for script in $(bench_scripts); do \
	  echo "== $$script"; \
	  SRCDIR='$(abs_top_srcdir)' BUILDDIR='$(abs_top_builddir)' NNRUN='$(abs_top_builddir)/nnrun/.libs/nnrun' \
	  NN_PLUGIN_PATH='$(abs_top_builddir)/plugins' $(abs_top_srcdir)/$$script || exit 1; \
	done

EXTRA_DIST += $(bench_scripts)
