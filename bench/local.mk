# SPDX-License-Identifier: Apache-2.0
# make bench: measurements, each a script that prints what it measured and what it is compared with. They run one after
# another, with nothing beside them.

bench_scripts = \
	bench/devices.sh \
	bench/dispatch.sh \
	bench/networks.sh \
	bench/start.sh

# Programs that the scripts time, built on demand. They link the shared library: bench/dispatch's allocation functions stand
# in for those of the whole process.
bench_programs = bench/devices$(EXEEXT) bench/dispatch$(EXEEXT) bench/networks$(EXEEXT)
EXTRA_PROGRAMS += bench/devices bench/dispatch bench/networks
CLEANFILES += $(bench_programs)
bench_devices_SOURCES = bench/devices.c bench/devices-cases.c bench/devices-opencl.c bench/devices.h
bench_devices_LDADD = libnn-train.la libnn.la $(DL_LIBS)
bench_devices_LDFLAGS = $(HARDEN_LDFLAGS)
bench_dispatch_LDADD = libnn.la
bench_dispatch_LDFLAGS = $(HARDEN_LDFLAGS)
bench_networks_LDADD = libnn-train.la libnn.la $(PTHREAD_LIBS)
bench_networks_LDFLAGS = $(HARDEN_LDFLAGS)

.PHONY: bench
bench: all $(bench_programs)
	@for script in $(bench_scripts); do \
	  echo "== $$script"; \
	  SRCDIR='$(abs_top_srcdir)' BUILDDIR='$(abs_top_builddir)' NNRUN='$(abs_top_builddir)/nnrun/.libs/nnrun' \
	  NN_PLUGIN_PATH='$(abs_top_builddir)/plugins' $(abs_top_srcdir)/$$script || exit 1; \
	done

EXTRA_DIST += $(bench_scripts)
