/* SPDX-License-Identifier: Apache-2.0 */
/*
 * LeNet-5 (LeCun, Bottou, Bengio, Haffner 1998, figure 2): two convolutions of 5x5 with pooling, then 120, 84
 * and the classes. As trained today: fully connected feature maps, rectifiers and max pooling unless the
 * settings say otherwise, softmax in place of the radial basis outputs. On 28x28 images the first convolution
 * is padded by 2, as the paper's 32x32 frame does.
 */
#include "cnn.h"

static NnValue *stage(Net *net, NnValue *x, int64_t filters, int64_t pad, const char *pooling,
                      const char *name) {
    const NetConv conv = {
        .filters = filters, .rank = 2, .bias = true, .kernel = {5, 5}, .pads = {pad, pad, pad, pad}};
    NnValue *h = net_activation(net, net_conv(net, x, &conv, name), "Relu", name);
    if (strcmp(pooling, "max") == 0)
        return net_max_pool(net, h, 2);
    const int64_t two[2] = {2, 2};
    return nn_op(net->nn, net->g, "AveragePool", NN_VALUES(h),
                 NN_ATTRS(NN_INTS("kernel_shape", 2, two), NN_INTS("strides", 2, two)));
}

static NnValue *dense(Net *net, NnValue *x, int64_t units, double dropout, const char *name) {
    return net_dropout(net, net_activation(net, net_dense(net, x, units, true, name), "Relu", name), dropout,
                       name);
}

NnValue *cnn_lenet5(Net *net, NnValue *x, int64_t outputs, const void *arg) {
    const NnModelBuild *build = arg;
    const char *pooling = net_get_string(build, "pooling", "max");
    const double dropout = net_get_number(build, "dropout", 0);
    const int64_t height = net_extent(net, x, 2, "conv1");
    NnValue *h = stage(net, x, 6, height < 32 ? 2 : 0, pooling, "conv1");
    h = stage(net, h, 16, 0, pooling, "conv2");
    h = nn_op(net->nn, net->g, "Flatten", NN_VALUES(h), NN_ATTRS(NN_INT("axis", 1)));
    h = dense(net, h, 120, dropout, "dense1");
    h = dense(net, h, 84, dropout, "dense2");
    return net_dense(net, h, outputs, true, "output");
}
