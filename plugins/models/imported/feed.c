/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What goes into an imported graph: a field of the data, brought into the order, shape, range and type that
 * the graph was trained with, or a constant. The first dimension of what comes from data is the batch, also
 * where the file has a 1 there, as exporters write it that were shown one sample.
 */
#include "imported.h"

#define MAX_CHANNELS 4096

static const NnSetting settings[] = {
    {.name = "field", .kind = NN_SET_STRING, .preset = "x", .doc = "The field of the data that goes in."},
    {.name = "transpose",
     .kind = NN_SET_INTS,
     .preset = "[]",
     .doc = "The dimensions of a sample in another order, from 0: [2, 0, 1] makes channels first of channels "
            "last."},
    {.name = "scale",
     .kind = NN_SET_FLOAT,
     .preset = "1",
     .doc =
         "The field's real values are multiplied by it; pixels are 0 to 1 before, so 255 gives back bytes."},
    {.name = "mean",
     .kind = NN_SET_FLOATS,
     .preset = "[0]",
     .doc = "Subtracted after that: one number, or one for each channel (the first dimension of a sample)."},
    {.name = "std",
     .kind = NN_SET_FLOATS,
     .preset = "[1]",
     .doc = "What is left is divided by it: one number, or one for each channel."},
};

/* One input of the graph on its way. */
typedef struct Feed {
    const Net *net;
    const char *name;
    const NnConfig *setting; /* what `inputs` says of it; NULL: nothing */
    const NnConfig *options; /* checked; NULL: there are none */
    int32_t type, rank;
    const int64_t *dims;
} Feed;

static void shape_text(char *to, size_t room, int32_t type, int32_t rank, const int64_t *dims) {
    size_t n = (size_t)snprintf(to, room, "%s[", nn_type_name(type));
    for (int32_t i = 0; i < rank && n < room; i++)
        n += (size_t)snprintf(to + n, room - n, dims[i] < 0 ? "%s?" : "%s%lld", i ? "," : "",
                              (long long)dims[i]);
    if (n < room)
        (void)snprintf(to + n, room - n, "]");
}

static NnValue *refuse(const Feed *f, const char *format, ...) NN_PRINTF(2, 3);

static NnValue *refuse(const Feed *f, const char *format, ...) {
    const NnHost *nn = f->net->nn;
    const NnConfig *at = f->setting ? f->setting : net_get(f->net->build, "file");
    char text[850], sentence[1000];
    va_list args;

    va_start(args, format);
    (void)vsnprintf(text, sizeof text, format, args);
    va_end(args);
    (void)snprintf(sentence, sizeof sentence, "input %.80s of the graph: %s", f->name, text);
    (void)nn->config->fail(at, nn->graph->status(f->net->g), sentence);
    return NULL;
}

static NnValue *cast(const Feed *f, NnValue *x, int32_t type) {
    const NnValueInfo *info = x ? f->net->nn->graph->info(f->net->g, x) : NULL;
    if (info == NULL || info->type == type)
        return x;
    return nn_op(f->net->nn, f->net->g, "Cast", NN_VALUES(x), NN_ATTRS(NN_INT("to", type)));
}

static NnValue *transpose(const Feed *f, NnValue *x, int32_t rank) {
    const NnConfigApi *config = f->net->nn->config;
    const NnConfig *list = f->options ? config->get(f->options, "transpose") : NULL;
    const uint64_t n = list ? config->count(list) : 0;
    int64_t order[NN_MAX_RANK] = {0};
    uint32_t seen = 0;

    if (n == 0)
        return x;
    for (uint64_t i = 0; i < n && n < NN_MAX_RANK; i++) {
        const int64_t d = config->integer(config->at(list, i));
        order[i + 1] = d + 1;
        seen |= d >= 0 && d < rank ? 1u << d : 0;
    }
    if (n != (uint64_t)rank || seen != (1u << rank) - 1)
        return refuse(f, "transpose has to name each of the %d dimensions of a sample once, from 0 on", rank);
    return nn_op(f->net->nn, f->net->g, "Transpose", NN_VALUES(x),
                 NN_ATTRS(NN_INTS("perm", (uint32_t)(rank + 1), order)));
}

/* A sample of the field into the shape that the graph has for one: only where no element comes or goes. */
static NnValue *reshape(const Feed *f, NnValue *x, const NnField *field) {
    const NnHost *nn = f->net->nn;
    const NnValueInfo *info = x ? nn->graph->info(f->net->g, x) : NULL;
    int64_t shape[NN_MAX_RANK] = {-1}, wanted = 1;
    bool same, known = true;

    if (info == NULL || f->rank < 1)
        return info ? refuse(f, "it has no dimension for samples, so no field can go in") : NULL;
    same = info->rank == f->rank;
    for (int32_t i = 1; i < f->rank; i++) {
        shape[i] = f->dims[i];
        known = known && f->dims[i] >= 0 && !__builtin_mul_overflow(wanted, f->dims[i], &wanted);
        same = same && (f->dims[i] < 0 || f->dims[i] == info->dims[i]);
    }
    if (same)
        return x;
    if (known && wanted == nn_product(field->dims, 0, field->rank)) {
        const int64_t n = f->rank;
        return nn_op2(nn, f->net->g, "Reshape", x, nn->graph->constant(f->net->g, NN_I64, 1, &n, shape));
    }
    char graph[200], data[200];
    shape_text(graph, sizeof graph, f->type, f->rank, f->dims);
    shape_text(data, sizeof data, field->type, field->rank, field->dims);
    return refuse(f, "it wants %s, but a sample of the data's field %s is %s", graph, field->name, data);
}

/* mean or std: [C, 1, ...], or a scalar. */
static NnValue *per_channel(const Feed *f, const char *key, double absent) {
    const NnHost *nn = f->net->nn;
    const NnConfig *list = f->options ? nn->config->get(f->options, key) : NULL;
    const uint64_t n = list ? nn->config->count(list) : 0;
    float values[MAX_CHANNELS];
    int64_t dims[NN_MAX_RANK];
    bool plain = true;

    if (n > MAX_CHANNELS || (n > 1 && (f->rank < 2 || f->dims[1] != (int64_t)n)))
        return refuse(f, "%s has %llu numbers; one is expected, or one for each channel (dimension 1)", key,
                      (unsigned long long)n);
    for (uint64_t i = 0; i < n; i++) {
        values[i] = (float)nn->config->number(nn->config->at(list, i));
        plain = plain && (double)values[i] == absent;
        if (absent == 1 && values[i] == 0)
            return refuse(f, "std must not be 0");
    }
    if (plain)
        return NULL;
    dims[0] = (int64_t)n;
    for (int32_t i = 1; i < f->rank; i++)
        dims[i] = 1;
    return nn->graph->constant(f->net->g, NN_F32, n == 1 ? 0 : f->rank - 1, dims, values);
}

static NnValue *normalise(const Feed *f, NnValue *x) {
    const Net *net = f->net;
    const NnConfigApi *config = net->nn->config;
    if (f->options == NULL || x == NULL)
        return x;
    const double scale = config->number(config->get(f->options, "scale"));
    if (scale != 1)
        x = nn_op2(net->nn, net->g, "Mul", x, nn_scalar(net->nn, net->g, NN_F32, scale));
    NnValue *mean = per_channel(f, "mean", 0), *deviation = per_channel(f, "std", 1);
    if (mean)
        x = nn_op2(net->nn, net->g, "Sub", x, mean);
    return deviation ? nn_op2(net->nn, net->g, "Div", x, deviation) : x;
}

static NnValue *from_field(const Feed *f, const char *name) {
    const Net *net = f->net;
    const NnField *field = net_field(net->build, name);

    if (field == NULL)
        return refuse(f, "the data has no field \"%.80s\"", name);
    NnValue *stored = net_feed(net, field);
    NnValue *x = reshape(f, transpose(f, stored, field->rank), field);
    /* A graph that takes whole numbers takes them as they are stored: indices of words, bytes of pixels. */
    if ((NN_MASK(f->type) & NN_FLOATS) == 0)
        return cast(f, x, f->type);
    return cast(f, normalise(f, x ? net_real(net, field, x) : NULL), f->type);
}

static NnValue *from_number(const Feed *f, double value) {
    const NnHost *nn = f->net->nn;
    const int64_t rank = f->rank;

    for (int32_t i = 0; i < f->rank; i++)
        if (f->dims[i] < 0)
            return refuse(f, "dimension %d is open, so a number cannot fill it", i);
    NnValue *x = nn_scalar(nn, f->net->g, f->type, value);
    return f->rank == 0 ? x
                        : nn_op2(nn, f->net->g, "Expand", x,
                                 nn->graph->constant(f->net->g, NN_I64, 1, &rank, f->dims));
}

NnValue *feed_input(const Net *net, uint32_t index, const char *name, int32_t type, int32_t rank,
                    const int64_t *dims) {
    const NnConfigApi *config = net->nn->config;
    const NnConfig *inputs = net_get(net->build, "inputs");
    Feed f = {.net = net,
              .name = name,
              .setting = inputs ? config->get(inputs, name) : NULL,
              .type = type,
              .rank = rank,
              .dims = dims};

    if (rank < 0)
        return refuse(&f, "the file does not say its shape");
    if (f.setting == NULL)
        return index == 0
                   ? from_field(&f, "x")
                   : refuse(&f, "`inputs` does not say which field of the data goes in: inputs: {%s: FIELD}",
                            name);
    switch (config->kind(f.setting)) {
    case NN_CONFIG_STRING: return from_field(&f, config->string(f.setting));
    case NN_CONFIG_INT:
    case NN_CONFIG_FLOAT: return from_number(&f, config->number(f.setting));
    case NN_CONFIG_BOOL: return from_number(&f, config->boolean(f.setting));
    case NN_CONFIG_MAP:
        if (config->check(f.setting, settings, NN_TABLE(settings), "the input of a graph", &f.options,
                          net->nn->graph->status(net->g)) != NN_OK)
            return NULL;
        return from_field(&f, config->string(config->get(f.options, "field")));
    default: return refuse(&f, "a field of the data, a number, or a map with `field` is expected");
    }
}
