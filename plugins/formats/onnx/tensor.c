/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Tensors of the file as dense arrays in host memory: from raw bytes, from the typed lists (which hold
 * narrow types widened), from a file beside the model, or from the coordinates of a sparse one.
 */
#include "onnx.h"

#include <stdlib.h>

#define TYPES NN_ANY /* element types that the core computes with */

bool onnx_fail(const Scope *s, int32_t code, const char *format, ...) {
    char text[1024];
    va_list args;
    va_start(args, format);
    (void)vsnprintf(text, sizeof text, format, args);
    va_end(args);
    const NnHost *nn = s->reading->nn;
    (void)nn->fail(nn->graph->status(s->graph), code, text);
    return false;
}

bool onnx_element_type(const Scope *s, const char *what, int32_t number, int32_t *type) {
    *type = number;
    if (number > 0 && number < NN_TYPE_COUNT && (TYPES & NN_MASK(number)))
        return true;
    if (number > 0 && number < NN_TYPE_COUNT)
        return onnx_fail(s, NN_UNSUPPORTED, "%s has elements of type %s, which are not supported", what,
                         nn_type_name(number));
    return onnx_fail(s, NN_INVALID, "%s has elements of the unknown type %d", what, number);
}

/* Elements and bytes of a shape; false with the status set when it is no shape or too large to be one. */
static bool measure(const Scope *s, const char *what, Array *a, size_t n_dims, const int64_t *dims) {
    uint64_t elements = 1, bytes;
    if (n_dims > NN_MAX_RANK)
        return onnx_fail(s, NN_INVALID, "%s has %zu dimensions, at most %d are possible", what, n_dims,
                         NN_MAX_RANK);
    bool fits = true, empty = false;
    for (size_t i = n_dims; i-- > 0;) {
        if (dims[i] < 0)
            return onnx_fail(s, NN_INVALID, "%s has the dimension %lld", what, (long long)dims[i]);
        a->dims[i] = dims[i];
        a->strides[i] = fits && elements <= INT64_MAX ? (int64_t)elements : 0;
        empty = empty || dims[i] == 0;
        fits = fits && !__builtin_mul_overflow(elements, (uint64_t)dims[i], &elements);
    }
    elements = empty ? 0 : elements;
    if ((!fits && !empty) || __builtin_mul_overflow(elements, nn_type_size(a->face.type), &bytes) ||
        bytes > INT64_MAX)
        return onnx_fail(s, NN_INVALID, "%s: its shape is beyond 64 bits", what);
    a->face.rank = (int32_t)n_dims;
    a->face.dims = a->dims;
    a->face.bytes = bytes;
    a->tensor =
        (NnTensor){.type = a->face.type, .rank = (int32_t)n_dims, .dims = a->dims, .strides = a->strides};
    return true;
}

static bool wrong_count(const Scope *s, const char *what, uint64_t expected, uint64_t found) {
    return onnx_fail(s, NN_INVALID, "%s: its shape wants %llu elements, its data has %llu", what,
                     (unsigned long long)expected, (unsigned long long)found);
}

/* A typed list whose elements are as wide as the tensor's. */
static bool as_is(const Scope *s, const char *what, Array *a, const void *list, size_t n) {
    const uint64_t expected = a->face.bytes / nn_type_size(a->face.type);
    a->face.data = list;
    return n == expected || wrong_count(s, what, expected, n);
}

/* Narrow types are kept in int32_data, unsigned 32-bit ones in uint64_data. */
static bool narrowed(const Scope *s, const char *what, Array *a, const Onnx__TensorProto *t) {
    const unsigned width = (unsigned)nn_type_size(a->face.type);
    const bool wide = a->face.type == NN_U32;
    const size_t n = wide ? t->n_uint64_data : t->n_int32_data;
    if (a->face.bytes / width != n)
        return wrong_count(s, what, a->face.bytes / width, n);
    uint8_t *out = onnx_take(s->reading, a->face.bytes);
    if (out == NULL)
        return onnx_fail(s, NN_INVALID, "%s is larger than its file allows", what);
    const int64_t least = wide ? 0 : -(INT64_C(1) << (8 * width - 1)), most = (INT64_C(1) << (8 * width)) - 1;
    for (size_t i = 0; i < n; i++) {
        if (wide && t->uint64_data[i] > UINT32_MAX)
            return onnx_fail(s, NN_INVALID, "%s: element %zu does not fit its type", what, i);
        const int64_t x = wide ? (int64_t)t->uint64_data[i] : t->int32_data[i];
        if (x < least || x > most)
            return onnx_fail(s, NN_INVALID, "%s: element %zu is %lld, which %s does not hold", what, i,
                             (long long)x, nn_type_name(a->face.type));
        if (width == 1)
            out[i] = (uint8_t)x;
        else if (width == 2)
            ((uint16_t *)(void *)out)[i] = (uint16_t)x;
        else
            ((uint32_t *)(void *)out)[i] = (uint32_t)x;
    }
    a->face.data = out;
    return true;
}

static bool from_lists(const Scope *s, const char *what, Array *a, const Onnx__TensorProto *t) {
    switch (a->face.type) {
    case NN_F32: return as_is(s, what, a, t->float_data, t->n_float_data);
    case NN_F64: return as_is(s, what, a, t->double_data, t->n_double_data);
    case NN_I32: return as_is(s, what, a, t->int32_data, t->n_int32_data);
    case NN_I64: return as_is(s, what, a, t->int64_data, t->n_int64_data);
    case NN_U64: return as_is(s, what, a, t->uint64_data, t->n_uint64_data);
    default: return narrowed(s, what, a, t);
    }
}

/* ---- data beside the model ---- */

static bool decimal(const char *text, uint64_t *value) {
    char *end;
    *value = strtoull(text, &end, 10);
    return *text >= '0' && *text <= '9' && *end == '\0' && strlen(text) < 20;
}

/* Relative, inside of the folder. */
static bool safe_path(const char *path) {
    if (*path == '\0' || *path == '/' || strchr(path, '\\') || strchr(path, ':'))
        return false;
    for (const char *part = path; part; part = strchr(part, '/') ? strchr(part, '/') + 1 : NULL)
        if (strncmp(part, "..", 2) == 0 && (part[2] == '/' || part[2] == '\0'))
            return false;
    return true;
}

static bool from_beside(const Scope *s, const char *what, Array *a, const Onnx__TensorProto *t) {
    Reading *r = s->reading;
    const char *location = NULL;
    uint64_t offset = 0, length = a->face.bytes;
    for (size_t i = 0; i < t->n_external_data; i++) {
        const char *key = t->external_data[i]->key, *value = t->external_data[i]->value;
        if (key == NULL || value == NULL)
            continue;
        if (strcmp(key, "location") == 0)
            location = value;
        else if ((strcmp(key, "offset") == 0 && !decimal(value, &offset)) ||
                 (strcmp(key, "length") == 0 && !decimal(value, &length)))
            return onnx_fail(s, NN_INVALID, "%s: the %s of its external data is \"%.40s\"", what, key, value);
    }
    if (location == NULL || !safe_path(location))
        return onnx_fail(s, NN_INVALID,
                         "%s: its external data is in \"%.200s\", which is no file beside the "
                         "model",
                         what, location ? location : "");
    if (length != a->face.bytes)
        return onnx_fail(s, NN_INVALID, "%s: its shape wants %llu bytes, its external data has %llu", what,
                         (unsigned long long)a->face.bytes, (unsigned long long)length);
    if (!NN_HAS(r->source, companion))
        return onnx_fail(s, NN_UNSUPPORTED, "%s: its data is in the file %.200s, which cannot be read here",
                         what, location);
    if (r->source->companion(r->source->self, location, offset, length, &a->face.data, r->status) != NN_OK)
        return onnx_fail(s, r->nn->code(r->status), "%s: %s", what, r->nn->message(r->status));
    r->left += 2 * length; /* what is read of other files counts as this one's size does */
    return true;
}

static bool clean_bools(const Scope *s, const char *what, Array *a) {
    if (a->face.type != NN_BOOL || a->face.bytes == 0)
        return true;
    const uint8_t *in = a->face.data;
    uint8_t *out = onnx_take(s->reading, a->face.bytes);
    if (out == NULL)
        return onnx_fail(s, NN_INVALID, "%s is larger than its file allows", what);
    for (uint64_t i = 0; i < a->face.bytes; i++)
        out[i] = in[i] != 0;
    a->face.data = out;
    return true;
}

static Array *checked(const Scope *s, const char *what, const Onnx__TensorProto *t) {
    static const uint64_t nothing;
    Array *a = onnx_take(s->reading, sizeof *a);
    if (a == NULL || !onnx_element_type(s, what, t->data_type, &a->face.type) ||
        !measure(s, what, a, t->n_dims, t->dims))
        return NULL;
    bool good = true;
    if (t->segment) {
        good = onnx_fail(s, NN_UNSUPPORTED, "%s is a segment of a tensor, which is not supported", what);
    } else if (t->data_location == ONNX__TENSOR_PROTO__DATA_LOCATION__EXTERNAL) {
        good = from_beside(s, what, a, t);
    } else if (t->has_raw_data) {
        a->face.data = t->raw_data.data;
        if (t->raw_data.len != a->face.bytes)
            good = onnx_fail(s, NN_INVALID, "%s: its shape wants %llu bytes, its data has %zu", what,
                             (unsigned long long)a->face.bytes, t->raw_data.len);
    } else {
        good = from_lists(s, what, a, t);
    }
    if (!good || !clean_bools(s, what, a))
        return NULL;
    a->face.data = a->face.data ? a->face.data : &nothing;
    a->face.name = t->name ? t->name : "";
    a->tensor.buffer = (void *)(uintptr_t)a->face.data;
    return a;
}

Array *onnx_array(const Scope *s, const char *what, const Onnx__TensorProto *t) {
    Array *a = checked(s, what, t);
    /* What the graph copies is on the account too. */
    if (a && !onnx_charge(s->reading, a->face.bytes)) {
        (void)onnx_fail(s, NN_INVALID, "%s is larger than its file allows", what);
        return NULL;
    }
    return a;
}

/* The place of element i: a linear index, or one coordinate for each dimension. */
static bool place_of(const Array *dense, const Array *indices, uint64_t i, uint64_t *at) {
    const int64_t *index = indices->face.data;
    const int32_t rank = dense->face.rank;
    if (indices->face.rank == 1) {
        *at = (uint64_t)index[i];
        return index[i] >= 0;
    }
    *at = 0;
    for (int32_t d = 0; d < rank; d++) {
        const int64_t x = index[i * (uint64_t)rank + (uint64_t)d];
        if (x < 0 || x >= dense->dims[d])
            return false;
        *at += (uint64_t)x * (uint64_t)dense->strides[d];
    }
    return true;
}

Array *onnx_array_sparse(const Scope *s, const char *what, const Onnx__SparseTensorProto *t) {
    if (t->values == NULL || t->indices == NULL) {
        (void)onnx_fail(s, NN_INVALID, "%s is sparse, without values or indices", what);
        return NULL;
    }
    const Array *values = onnx_array(s, what, t->values),
                *indices = values ? onnx_array(s, what, t->indices) : NULL;
    Array *a = indices ? onnx_take(s->reading, sizeof *a) : NULL;
    if (a == NULL)
        return NULL;
    a->face.type = values->face.type;
    a->face.name = values->face.name;
    if (!measure(s, what, a, t->n_dims, t->dims))
        return NULL;
    const uint64_t size = nn_type_size(a->face.type), n = values->face.bytes / size;
    if (values->face.rank != 1 || indices->face.type != NN_I64 || indices->face.rank < 1 ||
        indices->face.rank > 2 || indices->dims[0] != values->dims[0] ||
        (indices->face.rank == 2 && indices->dims[1] != a->face.rank)) {
        (void)onnx_fail(s, NN_INVALID, "%s is sparse, and its values and indices do not go together", what);
        return NULL;
    }
    char *out = onnx_charge(s->reading, a->face.bytes) ? onnx_take(s->reading, a->face.bytes) : NULL;
    if (out == NULL) {
        (void)onnx_fail(s, NN_INVALID, "%s is larger than its file allows", what);
        return NULL;
    }
    for (uint64_t i = 0; i < n; i++) {
        uint64_t at;
        if (!place_of(a, indices, i, &at) || at >= a->face.bytes / size) {
            (void)onnx_fail(s, NN_INVALID, "%s is sparse, and index %llu is outside of it", what,
                            (unsigned long long)i);
            return NULL;
        }
        memcpy(out + at * size, (const char *)values->face.data + i * size, size);
    }
    a->face.data = out;
    a->tensor.buffer = out;
    return a;
}
