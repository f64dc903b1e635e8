# SPDX-License-Identifier: Apache-2.0
# What each operator is: definition, inference, gradient, reference kernel; and the device 'reference'. One line is one source file of the same name and one object.

plugin_packages += ops
opsdir = $(pluginsdir)/ops
ops_LTLIBRARIES =
ops_LTLIBRARIES += plugins/ops/abs.la
ops_LTLIBRARIES += plugins/ops/acos.la
ops_LTLIBRARIES += plugins/ops/acosh.la
ops_LTLIBRARIES += plugins/ops/adagrad.la
ops_LTLIBRARIES += plugins/ops/adam.la
ops_LTLIBRARIES += plugins/ops/add.la
ops_LTLIBRARIES += plugins/ops/affine-grid.la
ops_LTLIBRARIES += plugins/ops/all-finite.la
ops_LTLIBRARIES += plugins/ops/and.la
ops_LTLIBRARIES += plugins/ops/arg-max.la
ops_LTLIBRARIES += plugins/ops/arg-min.la
ops_LTLIBRARIES += plugins/ops/asin.la
ops_LTLIBRARIES += plugins/ops/asinh.la
ops_LTLIBRARIES += plugins/ops/atan.la
ops_LTLIBRARIES += plugins/ops/atanh.la
ops_LTLIBRARIES += plugins/ops/attention.la
ops_LTLIBRARIES += plugins/ops/average-pool.la
ops_LTLIBRARIES += plugins/ops/batch-normalization.la
ops_LTLIBRARIES += plugins/ops/bernoulli.la
ops_LTLIBRARIES += plugins/ops/bit-cast.la
ops_LTLIBRARIES += plugins/ops/bit-shift.la
ops_LTLIBRARIES += plugins/ops/bitwise-and.la
ops_LTLIBRARIES += plugins/ops/bitwise-not.la
ops_LTLIBRARIES += plugins/ops/bitwise-or.la
ops_LTLIBRARIES += plugins/ops/bitwise-xor.la
ops_LTLIBRARIES += plugins/ops/blackman-window.la
ops_LTLIBRARIES += plugins/ops/cast.la
ops_LTLIBRARIES += plugins/ops/cast-like.la
ops_LTLIBRARIES += plugins/ops/causal-conv-with-state.la
ops_LTLIBRARIES += plugins/ops/ceil.la
ops_LTLIBRARIES += plugins/ops/celu.la
ops_LTLIBRARIES += plugins/ops/center-crop-pad.la
ops_LTLIBRARIES += plugins/ops/clip.la
ops_LTLIBRARIES += plugins/ops/clip-by-value.la
ops_LTLIBRARIES += plugins/ops/clip-factor.la
ops_LTLIBRARIES += plugins/ops/col2im.la
ops_LTLIBRARIES += plugins/ops/compress.la
ops_LTLIBRARIES += plugins/ops/concat.la
ops_LTLIBRARIES += plugins/ops/constant.la
ops_LTLIBRARIES += plugins/ops/constant-of-shape.la
ops_LTLIBRARIES += plugins/ops/conv.la
ops_LTLIBRARIES += plugins/ops/conv-integer.la
ops_LTLIBRARIES += plugins/ops/conv-transpose.la
ops_LTLIBRARIES += plugins/ops/cos.la
ops_LTLIBRARIES += plugins/ops/cosh.la
ops_LTLIBRARIES += plugins/ops/cum-prod.la
ops_LTLIBRARIES += plugins/ops/cum-sum.la
ops_LTLIBRARIES += plugins/ops/deform-conv.la
ops_LTLIBRARIES += plugins/ops/depth-to-space.la
ops_LTLIBRARIES += plugins/ops/dequantize-linear.la
ops_LTLIBRARIES += plugins/ops/det.la
ops_LTLIBRARIES += plugins/ops/dft.la
ops_LTLIBRARIES += plugins/ops/div.la
ops_LTLIBRARIES += plugins/ops/dropout.la
ops_LTLIBRARIES += plugins/ops/dynamic-quantize-linear.la
ops_LTLIBRARIES += plugins/ops/einsum.la
ops_LTLIBRARIES += plugins/ops/elu.la
ops_LTLIBRARIES += plugins/ops/equal.la
ops_LTLIBRARIES += plugins/ops/erf.la
ops_LTLIBRARIES += plugins/ops/exp.la
ops_LTLIBRARIES += plugins/ops/expand.la
ops_LTLIBRARIES += plugins/ops/eye-like.la
ops_LTLIBRARIES += plugins/ops/flatten.la
ops_LTLIBRARIES += plugins/ops/flex-attention.la
ops_LTLIBRARIES += plugins/ops/floor.la
ops_LTLIBRARIES += plugins/ops/gather.la
ops_LTLIBRARIES += plugins/ops/gather-elements.la
ops_LTLIBRARIES += plugins/ops/gather-nd.la
ops_LTLIBRARIES += plugins/ops/gelu.la
ops_LTLIBRARIES += plugins/ops/gemm.la
ops_LTLIBRARIES += plugins/ops/global-average-pool.la
ops_LTLIBRARIES += plugins/ops/global-lp-pool.la
ops_LTLIBRARIES += plugins/ops/global-max-pool.la
ops_LTLIBRARIES += plugins/ops/greater.la
ops_LTLIBRARIES += plugins/ops/greater-or-equal.la
ops_LTLIBRARIES += plugins/ops/grid-sample.la
ops_LTLIBRARIES += plugins/ops/group-normalization.la
ops_LTLIBRARIES += plugins/ops/gru.la
ops_LTLIBRARIES += plugins/ops/hamming-window.la
ops_LTLIBRARIES += plugins/ops/hann-window.la
ops_LTLIBRARIES += plugins/ops/hard-sigmoid.la
ops_LTLIBRARIES += plugins/ops/hard-swish.la
ops_LTLIBRARIES += plugins/ops/hardmax.la
ops_LTLIBRARIES += plugins/ops/identity.la
ops_LTLIBRARIES += plugins/ops/if.la
ops_LTLIBRARIES += plugins/ops/instance-normalization.la
ops_LTLIBRARIES += plugins/ops/is-inf.la
ops_LTLIBRARIES += plugins/ops/is-nan.la
ops_LTLIBRARIES += plugins/ops/layer-normalization.la
ops_LTLIBRARIES += plugins/ops/leaky-relu.la
ops_LTLIBRARIES += plugins/ops/less.la
ops_LTLIBRARIES += plugins/ops/less-or-equal.la
ops_LTLIBRARIES += plugins/ops/linear-attention.la
ops_LTLIBRARIES += plugins/ops/log.la
ops_LTLIBRARIES += plugins/ops/log-softmax.la
ops_LTLIBRARIES += plugins/ops/loop.la
ops_LTLIBRARIES += plugins/ops/lp-normalization.la
ops_LTLIBRARIES += plugins/ops/lp-pool.la
ops_LTLIBRARIES += plugins/ops/lrn.la
ops_LTLIBRARIES += plugins/ops/lstm.la
ops_LTLIBRARIES += plugins/ops/mat-mul.la
ops_LTLIBRARIES += plugins/ops/mat-mul-integer.la
ops_LTLIBRARIES += plugins/ops/max.la
ops_LTLIBRARIES += plugins/ops/max-pool.la
ops_LTLIBRARIES += plugins/ops/max-roi-pool.la
ops_LTLIBRARIES += plugins/ops/max-unpool.la
ops_LTLIBRARIES += plugins/ops/mean.la
ops_LTLIBRARIES += plugins/ops/mean-variance-normalization.la
ops_LTLIBRARIES += plugins/ops/mel-weight-matrix.la
ops_LTLIBRARIES += plugins/ops/min.la
ops_LTLIBRARIES += plugins/ops/mish.la
ops_LTLIBRARIES += plugins/ops/mod.la
ops_LTLIBRARIES += plugins/ops/momentum.la
ops_LTLIBRARIES += plugins/ops/mul.la
ops_LTLIBRARIES += plugins/ops/multinomial.la
ops_LTLIBRARIES += plugins/ops/neg.la
ops_LTLIBRARIES += plugins/ops/negative-log-likelihood-loss.la
ops_LTLIBRARIES += plugins/ops/non-max-suppression.la
ops_LTLIBRARIES += plugins/ops/non-zero.la
ops_LTLIBRARIES += plugins/ops/normal.la
ops_LTLIBRARIES += plugins/ops/not.la
ops_LTLIBRARIES += plugins/ops/one-hot.la
ops_LTLIBRARIES += plugins/ops/ones-like.la
ops_LTLIBRARIES += plugins/ops/or.la
ops_LTLIBRARIES += plugins/ops/p-relu.la
ops_LTLIBRARIES += plugins/ops/pad.la
ops_LTLIBRARIES += plugins/ops/pow.la
ops_LTLIBRARIES += plugins/ops/q-linear-conv.la
ops_LTLIBRARIES += plugins/ops/q-linear-mat-mul.la
ops_LTLIBRARIES += plugins/ops/quantize-linear.la
ops_LTLIBRARIES += plugins/ops/random-normal.la
ops_LTLIBRARIES += plugins/ops/random-normal-like.la
ops_LTLIBRARIES += plugins/ops/random-uniform.la
ops_LTLIBRARIES += plugins/ops/random-uniform-like.la
ops_LTLIBRARIES += plugins/ops/range.la
ops_LTLIBRARIES += plugins/ops/reciprocal.la
ops_LTLIBRARIES += plugins/ops/reduce-l1.la
ops_LTLIBRARIES += plugins/ops/reduce-l2.la
ops_LTLIBRARIES += plugins/ops/reduce-log-sum.la
ops_LTLIBRARIES += plugins/ops/reduce-log-sum-exp.la
ops_LTLIBRARIES += plugins/ops/reduce-max.la
ops_LTLIBRARIES += plugins/ops/reduce-mean.la
ops_LTLIBRARIES += plugins/ops/reduce-min.la
ops_LTLIBRARIES += plugins/ops/reduce-prod.la
ops_LTLIBRARIES += plugins/ops/reduce-sum.la
ops_LTLIBRARIES += plugins/ops/reduce-sum-square.la
ops_LTLIBRARIES += plugins/ops/reference.la
ops_LTLIBRARIES += plugins/ops/relu.la
ops_LTLIBRARIES += plugins/ops/reshape.la
ops_LTLIBRARIES += plugins/ops/reshape-like.la
ops_LTLIBRARIES += plugins/ops/resize.la
ops_LTLIBRARIES += plugins/ops/reverse-sequence.la
ops_LTLIBRARIES += plugins/ops/rms-normalization.la
ops_LTLIBRARIES += plugins/ops/rnn.la
ops_LTLIBRARIES += plugins/ops/roi-align.la
ops_LTLIBRARIES += plugins/ops/rotary-embedding.la
ops_LTLIBRARIES += plugins/ops/round.la
ops_LTLIBRARIES += plugins/ops/scale.la
ops_LTLIBRARIES += plugins/ops/scan.la
ops_LTLIBRARIES += plugins/ops/scatter-elements.la
ops_LTLIBRARIES += plugins/ops/scatter-nd.la
ops_LTLIBRARIES += plugins/ops/selu.la
ops_LTLIBRARIES += plugins/ops/shape.la
ops_LTLIBRARIES += plugins/ops/shrink.la
ops_LTLIBRARIES += plugins/ops/sigmoid.la
ops_LTLIBRARIES += plugins/ops/sign.la
ops_LTLIBRARIES += plugins/ops/sin.la
ops_LTLIBRARIES += plugins/ops/sinh.la
ops_LTLIBRARIES += plugins/ops/size.la
ops_LTLIBRARIES += plugins/ops/slice.la
ops_LTLIBRARIES += plugins/ops/softmax.la
ops_LTLIBRARIES += plugins/ops/softmax-cross-entropy-loss.la
ops_LTLIBRARIES += plugins/ops/softplus.la
ops_LTLIBRARIES += plugins/ops/softsign.la
ops_LTLIBRARIES += plugins/ops/space-to-depth.la
ops_LTLIBRARIES += plugins/ops/split.la
ops_LTLIBRARIES += plugins/ops/sqrt.la
ops_LTLIBRARIES += plugins/ops/squeeze.la
ops_LTLIBRARIES += plugins/ops/stft.la
ops_LTLIBRARIES += plugins/ops/sub.la
ops_LTLIBRARIES += plugins/ops/sum.la
ops_LTLIBRARIES += plugins/ops/sum-to.la
ops_LTLIBRARIES += plugins/ops/swi-glu.la
ops_LTLIBRARIES += plugins/ops/swish.la
ops_LTLIBRARIES += plugins/ops/tan.la
ops_LTLIBRARIES += plugins/ops/tanh.la
ops_LTLIBRARIES += plugins/ops/tensor-scatter.la
ops_LTLIBRARIES += plugins/ops/tf-idf-vectorizer.la
ops_LTLIBRARIES += plugins/ops/thresholded-relu.la
ops_LTLIBRARIES += plugins/ops/tile.la
ops_LTLIBRARIES += plugins/ops/top-k.la
ops_LTLIBRARIES += plugins/ops/transpose.la
ops_LTLIBRARIES += plugins/ops/trilu.la
ops_LTLIBRARIES += plugins/ops/uniform.la
ops_LTLIBRARIES += plugins/ops/unique.la
ops_LTLIBRARIES += plugins/ops/unsqueeze.la
ops_LTLIBRARIES += plugins/ops/where.la
ops_LTLIBRARIES += plugins/ops/xor.la
ops_LTLIBRARIES += plugins/ops/zeros-like.la

EXTRA_DIST += \
	plugins/ops/family/alike.h \
	plugins/ops/family/arg.h \
	plugins/ops/family/attention.h \
	plugins/ops/family/bitwise.h \
	plugins/ops/family/blocks.h \
	plugins/ops/family/body.h \
	plugins/ops/family/broadcast.h \
	plugins/ops/family/cast.h \
	plugins/ops/family/convolution.h \
	plugins/ops/family/define.h \
	plugins/ops/family/deform.h \
	plugins/ops/family/drawn.h \
	plugins/ops/family/einsum.h \
	plugins/ops/family/einsum-body.h \
	plugins/ops/family/einsum-equation.h \
	plugins/ops/family/einsum-factor.h \
	plugins/ops/family/einsum-sum.h \
	plugins/ops/family/fourier.h \
	plugins/ops/family/global-pool.h \
	plugins/ops/family/groups.h \
	plugins/ops/family/index.h \
	plugins/ops/family/interpolate.h \
	plugins/ops/family/loop-forward.h \
	plugins/ops/family/loop-gradient.h \
	plugins/ops/family/loop-infer.h \
	plugins/ops/family/loops.h \
	plugins/ops/family/loss.h \
	plugins/ops/family/philox.h \
	plugins/ops/family/pool.h \
	plugins/ops/family/product.h \
	plugins/ops/family/quantize.h \
	plugins/ops/family/recurrent.h \
	plugins/ops/family/recurrent-activation.h \
	plugins/ops/family/recurrent-scan.h \
	plugins/ops/family/reduce.h \
	plugins/ops/family/resize-infer.h \
	plugins/ops/family/resize.h \
	plugins/ops/family/roi-points.h \
	plugins/ops/family/roi.h \
	plugins/ops/family/row.h \
	plugins/ops/family/rows.h \
	plugins/ops/family/sampling.h \
	plugins/ops/family/scatter.h \
	plugins/ops/family/shape.h \
	plugins/ops/family/sort.h \
	plugins/ops/family/taper.h \
	plugins/ops/family/training.h \
	plugins/ops/family/typed.h \
	plugins/ops/family/unary.h \
	plugins/ops/family/variadic.h \
	plugins/ops/family/window.h

plugins/ops/manifest.yaml: $(ops_LTLIBRARIES) nnrun/nnrun$(EXEEXT)
	$(AM_V_GEN)$(make_manifest) ops plugins/ops
