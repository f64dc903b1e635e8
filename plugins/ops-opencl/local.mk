# SPDX-License-Identifier: Apache-2.0
# The device 'opencl' and its kernels. One line is one source file of the same name and one object; the text of its kernels is
# the file of the same name that ends in .cl, which becomes an array of bytes in a header when it is built.

opencl_texts = \
	plugins/ops-opencl/arg.cl \
	plugins/ops-opencl/arrange.cl \
	plugins/ops-opencl/categorical.cl \
	plugins/ops-opencl/chain.cl \
	plugins/ops-opencl/columns.cl \
	plugins/ops-opencl/conv.cl \
	plugins/ops-opencl/direct.cl \
	plugins/ops-opencl/elementary.cl \
	plugins/ops-opencl/fault.cl \
	plugins/ops-opencl/gemm.cl \
	plugins/ops-opencl/index.cl \
	plugins/ops-opencl/lanes.cl \
	plugins/ops-opencl/lines.cl \
	plugins/ops-opencl/move.cl \
	plugins/ops-opencl/normalization.cl \
	plugins/ops-opencl/params.cl \
	plugins/ops-opencl/pool.cl \
	plugins/ops-opencl/product.cl \
	plugins/ops-opencl/quantize.cl \
	plugins/ops-opencl/random.cl \
	plugins/ops-opencl/real.cl \
	plugins/ops-opencl/reduce.cl \
	plugins/ops-opencl/sample.cl \
	plugins/ops-opencl/scatter.cl \
	plugins/ops-opencl/softmax.cl \
	plugins/ops-opencl/taps.cl \
	plugins/ops-opencl/thin.cl \
	plugins/ops-opencl/vector.cl
EXTRA_DIST += $(opencl_texts)

if HAVE_OPENCL
plugin_packages += ops-opencl
opsopencldir = $(pluginsdir)/ops-opencl
opsopencl_LTLIBRARIES =
opsopencl_LTLIBRARIES += plugins/ops-opencl/arrange.la
opsopencl_LTLIBRARIES += plugins/ops-opencl/categorical.la
opsopencl_LTLIBRARIES += plugins/ops-opencl/chain.la
opsopencl_LTLIBRARIES += plugins/ops-opencl/columns.la
opsopencl_LTLIBRARIES += plugins/ops-opencl/conv.la
opsopencl_LTLIBRARIES += plugins/ops-opencl/device.la
opsopencl_LTLIBRARIES += plugins/ops-opencl/gemm.la
opsopencl_LTLIBRARIES += plugins/ops-opencl/index.la
opsopencl_LTLIBRARIES += plugins/ops-opencl/lines.la
opsopencl_LTLIBRARIES += plugins/ops-opencl/move.la
opsopencl_LTLIBRARIES += plugins/ops-opencl/normalization.la
opsopencl_LTLIBRARIES += plugins/ops-opencl/pool.la
opsopencl_LTLIBRARIES += plugins/ops-opencl/quantize.la
opsopencl_LTLIBRARIES += plugins/ops-opencl/random.la
opsopencl_LTLIBRARIES += plugins/ops-opencl/reduce.la
opsopencl_LTLIBRARIES += plugins/ops-opencl/sample.la
opsopencl_LTLIBRARIES += plugins/ops-opencl/scatter.la
opsopencl_LTLIBRARIES += plugins/ops-opencl/softmax.la
opsopencl_LTLIBRARIES += plugins/ops-opencl/taps.la
opsopencl_LTLIBRARIES += plugins/ops-opencl/view.la

plugins/ops-opencl/manifest.yaml: $(opsopencl_LTLIBRARIES) nnrun/nnrun$(EXEEXT)
	$(AM_V_GEN)$(make_manifest) ops-opencl plugins/ops-opencl

# An object waits for all texts: they are few, and which one it includes is in its source.
$(opsopencl_LTLIBRARIES:.la=.lo): $(opencl_texts:=.h)
plugins/ops-opencl/direct.lo plugins/ops-opencl/product.lo plugins/ops-opencl/thin.lo: $(opencl_texts:=.h)
endif
CLEANFILES += $(opencl_texts:=.h)

# static const char gemm_cl[] = {bytes, 0};
SUFFIXES = .cl .cl.h
.cl.cl.h:
	$(AM_V_GEN)$(MKDIR_P) $(@D) && { \
	  echo "static const char $$(basename $< .cl | tr - _)_cl[] = {"; od -An -v -tu1 $< | sed 's/[0-9][0-9]*/&,/g'; echo "0};"; } > $@

plugins_ops_opencl_chain_la_SOURCES = plugins/ops-opencl/chain.c plugins/ops-opencl/chain-layout.c \
	plugins/ops-opencl/chain-table.c plugins/ops-opencl/chain-text.c \
	plugins/ops-opencl/chain-words.c plugins/ops-opencl/chain.h
plugins_ops_opencl_conv_la_SOURCES = plugins/ops-opencl/conv.c plugins/ops-opencl/direct.c plugins/ops-opencl/direct.h \
	plugins/ops-opencl/product.c plugins/ops-opencl/product.h
plugins_ops_opencl_device_la_SOURCES = plugins/ops-opencl/alarm.c plugins/ops-opencl/cache.c \
	plugins/ops-opencl/choose.c plugins/ops-opencl/copy.c plugins/ops-opencl/device.c plugins/ops-opencl/event.c \
	plugins/ops-opencl/hazards.c plugins/ops-opencl/heap.c plugins/ops-opencl/loader.c plugins/ops-opencl/program.c \
	plugins/ops-opencl/stage.c plugins/ops-opencl/stream.c plugins/ops-opencl/api.h plugins/ops-opencl/device.h \
	plugins/ops-opencl/opencl.h plugins/ops-opencl/stream.h plugins/ops-opencl/tune.c
plugins_ops_opencl_gemm_la_SOURCES = plugins/ops-opencl/gemm.c plugins/ops-opencl/product.c plugins/ops-opencl/product.h \
	plugins/ops-opencl/thin.c
plugins_ops_opencl_normalization_la_SOURCES = plugins/ops-opencl/normalization.c \
	plugins/ops-opencl/normalization-runs.c plugins/ops-opencl/normalization.h
plugins_ops_opencl_taps_la_SOURCES = plugins/ops-opencl/taps.c plugins/ops-opencl/taps-find.c plugins/ops-opencl/taps.h
plugins_ops_opencl_scatter_la_SOURCES = plugins/ops-opencl/scatter.c plugins/ops-opencl/scatter-places.c \
	plugins/ops-opencl/scatter.h
plugins_ops_opencl_move_la_SOURCES = plugins/ops-opencl/move.c plugins/ops-opencl/move-box.c plugins/ops-opencl/move.h
plugins_ops_opencl_device_la_LIBADD = $(DL_LIBS) $(PTHREAD_LIBS)
