#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# A sample of ONNX's own tests (Debian: libonnx-testdata) on both devices, one of each kind of difficulty; all of
# them are `make check-onnx`.
set -u
data=${NN_ONNX_TESTS:-/usr/share/libonnx-testdata/data}
if [ ! -x "$BUILDDIR/tests/onnx/suite" ]; then
    echo "skip ONNX's tests: the format onnx was not built"
    exit 0
fi
if [ ! -d "$data/node" ]; then
    echo "skip ONNX's tests: $data is not there (Debian: libonnx-testdata)"
    exit 0
fi
node='test_abs test_add_bcast test_argmax_keepdims_example_select_last_index test_averagepool_2d_ceil
    test_basic_conv_with_padding test_batchnorm_example test_batchnorm_example_training_mode test_bitshift_left_uint8
    test_cast_DOUBLE_to_FLOAT16 test_castlike_FLOAT_to_STRING test_clip_default_int8_max test_compress_1
    test_concat_3d_axis_negative_2 test_constant test_convtranspose_output_shape test_cumsum_2d_negative_axis
    test_dequantizelinear_axis test_dropout_random_old test_dynamicquantizelinear_max_adjusted
    test_einsum_batch_diagonal test_expand_dim_unchanged test_eyelike_with_dtype test_gather_negative_indices
    test_gemm_all_attributes test_gru_batchwise test_identity_sequence test_if test_instancenorm_epsilon
    test_layer_normalization_3d_axis_negative_1_epsilon test_logsoftmax_axis_1_expanded test_loop11 test_lstm_with_peepholes
    test_matmulinteger test_max_int8 test_maxpool_2d_uint8 test_mod_int64_fmod test_nllloss_NCd1d2_with_weight_reduction_mean_expanded
    test_nonzero_example test_onehot_with_negative_axis test_optional_has_element_empty test_pow_types_int
    test_prelu_broadcast test_qlinearconv test_range_int32_type_negative_delta_expanded
    test_reduce_log_sum_exp_keepdims_example test_reshape_zero_and_negative_dim test_reversesequence_batch
    test_scan_sum test_scan9_sum test_scatter_without_axis test_scatternd_multiply test_sce_NCd1d2d3_sum_weight_high_ii
    test_shape_clip_start test_slice_neg_steps test_softmax_negative_axis test_split_zero_size_splits test_squeeze
    test_strnormalizer_nostopwords_nochangecase test_top_k_negative_axis test_training_dropout_zero_ratio
    test_transpose_all_permutations_3 test_triu_zero test_upsample_nearest test_where_long_example'
for device in reference cpu; do
    "$BUILDDIR/tests/onnx/suite" $device "$data/node" $node
    "$BUILDDIR/tests/onnx/suite" $device "$data/simple" test_expand_shape_model1 test_gradient_of_add_and_mul
    "$BUILDDIR/tests/onnx/suite" $device "$data/pytorch-operator" test_operator_addmm test_operator_permute2
    "$BUILDDIR/tests/onnx/suite" $device "$data/pytorch-converted" test_Conv2d_padding test_PReLU_2d_multiparam
done
