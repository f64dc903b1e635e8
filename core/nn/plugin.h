/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Conveniences for those who write a plug-in in C: the entry, formatted errors, attributes, and one-line
 * graph building. Nothing here crosses the border; it is all spelled with what abi.h and the kinds' headers
 * offer.
 */
#ifndef NN_PLUGIN_H
#define NN_PLUGIN_H

#include "nn/dataset.h"
#include "nn/device.h"
#include "nn/format.h"
#include "nn/kernel.h"
#include "nn/model.h"
#include "nn/operator.h"
#include "nn/optimizer.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#define NN_COUNT(array) ((uint32_t)(sizeof(array) / sizeof((array)[0])))
#define NN_STRIDE(array) ((uint32_t)sizeof((array)[0]))
/* For tables: `NN_TABLE(attrs)` gives count and stride in the order in which every struct has them. */
#define NN_TABLE(array) NN_COUNT(array), NN_STRIDE(array)

#if defined(__GNUC__)
#define NN_EXPORT __attribute__((visibility("default")))
#define NN_PRINTF(a, b) __attribute__((format(printf, a, b)))
#define NN_MAYBE_UNUSED __attribute__((unused))
#else
#define NN_EXPORT
#define NN_PRINTF(a, b)
#define NN_MAYBE_UNUSED
#endif

#define NN_LAYOUT_DIGEST                                                                                     \
    (((((((uint64_t)sizeof(NnHost) * 31 + sizeof(NnTensor)) * 31 + sizeof(NnNode)) * 31 +                    \
        sizeof(NnOperator)) *                                                                                \
           31 +                                                                                              \
       sizeof(NnKernel)) *                                                                                   \
          31 +                                                                                               \
      sizeof(NnDeviceKind)) *                                                                                \
         31 +                                                                                                \
     sizeof(NnGraphApi)) *                                                                                   \
            31 +                                                                                             \
        sizeof(NnModel)

#if defined(__BYTE_ORDER__) && __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__
#define NN_BYTE_ORDER 2
#else
#define NN_BYTE_ORDER 1
#endif

#define NN_HEAD                                                                                              \
    {                                                                                                        \
        NN_MAGIC, sizeof(NnPluginHead), NN_ABI_MIN, NN_ABI_MAX, (uint8_t)sizeof(void *), NN_BYTE_ORDER, 0,   \
            NN_LAYOUT_DIGEST                                                                                 \
    }

/* In a static build many plug-ins meet in one program, so each entry takes its plug-in's name. */
#ifdef NN_STATIC
#define NN_PLUGIN_ENTRY(id) const NnPlugin *nn_plugin_entry_##id(void)
#else
#define NN_PLUGIN_ENTRY(id) NN_EXPORT const NnPlugin *nn_plugin_entry(void)
#endif

/* Defines the entry of an object whose exports are the array `list`. */
#define NN_PLUGIN(id, text, list)                                                                            \
    NN_PLUGIN_ENTRY(id);                                                                                     \
    NN_PLUGIN_ENTRY(id) {                                                                                    \
        static const NnPlugin plugin = {.head = NN_HEAD,                                                     \
                                        .struct_size = sizeof(NnPlugin),                                     \
                                        .name = #id,                                                         \
                                        .version = NN_PLUGIN_VERSION,                                        \
                                        .licence = NN_PLUGIN_LICENCE,                                        \
                                        .summary = text,                                                     \
                                        .export_count = NN_COUNT(list),                                      \
                                        .export_stride = NN_STRIDE(list),                                    \
                                        .exports = list};                                                    \
        return &plugin;                                                                                      \
    }
#ifndef NN_PLUGIN_VERSION
#define NN_PLUGIN_VERSION "0.1.0"
#endif
#ifndef NN_PLUGIN_LICENCE
#define NN_PLUGIN_LICENCE "Apache-2.0"
#endif

/* Sets the status to a formatted sentence (at most 1 KiB) and returns the code. */
static inline NN_MAYBE_UNUSED NN_PRINTF(4, 5) int32_t
    nn_fail(const NnHost *nn, NnStatus *status, int32_t code, const char *format, ...) {
    char text[1024];
    va_list args;
    va_start(args, format);
    (void)vsnprintf(text, sizeof text, format, args);
    va_end(args);
    return nn->fail(status, code, text);
}

/* ---- types and tensors ---- */

static inline uint64_t nn_type_size(int32_t type) {
    static const uint8_t size[NN_TYPE_COUNT] = {0, 4, 1, 1,  2, 2, 4, 8, 0, 1, 2, 8,
                                                4, 8, 8, 16, 2, 1, 1, 1, 1, 0, 0, 0};
    return type > 0 && type < NN_TYPE_COUNT ? size[type] : 0;
}

/* "f32", as configurations and messages write it. */
static inline const char *nn_type_name(int32_t type) {
    static const char *const name[NN_TYPE_COUNT] = {
        "none",   "f32",      "u8",         "i8",     "u16",        "i16", "i32", "i64",
        "string", "bool",     "f16",        "f64",    "u32",        "u64", "c64", "c128",
        "bf16",   "f8e4m3fn", "f8e4m3fnuz", "f8e5m2", "f8e5m2fnuz", "u4",  "i4",  "f4e2m1"};
    return type >= 0 && type < NN_TYPE_COUNT ? name[type] : "unknown";
}

/* The address of a tensor in host memory. */
static inline void *nn_data(const NnTensor *t) { return (char *)t->buffer + t->offset; }

static inline int64_t nn_elements(const NnTensor *t) {
    int64_t n = 1;
    for (int32_t i = 0; i < t->rank; i++)
        n *= t->dims[i];
    return n;
}

static inline int64_t nn_product(const int64_t *dims, int32_t from, int32_t to) {
    int64_t n = 1;
    for (int32_t i = from; i < to; i++)
        n *= dims[i];
    return n;
}

/* ---- attributes of a node, defaults already filled in ---- */

static inline const NnAttr *nn_attr(const NnNode *node, const char *name) {
    for (uint32_t i = 0; i < node->n_attrs; i++) {
        const NnAttr *a =
            (const NnAttr *)(const void *)((const char *)node->attrs + (size_t)i * node->attr_stride);
        if (strcmp(a->name, name) == 0)
            return a;
    }
    return NULL;
}

static inline int64_t nn_attr_int(const NnNode *node, const char *name, int64_t absent) {
    const NnAttr *a = nn_attr(node, name);
    return a ? a->u.i : absent;
}

static inline double nn_attr_float(const NnNode *node, const char *name, double absent) {
    const NnAttr *a = nn_attr(node, name);
    return a ? a->u.f : absent;
}

static inline const char *nn_attr_string(const NnNode *node, const char *name, const char *absent) {
    const NnAttr *a = nn_attr(node, name);
    return a ? a->u.s : absent;
}

/* The integers of an attribute and their number; NULL and 0 when absent. */
static inline const int64_t *nn_attr_ints(const NnNode *node, const char *name, uint32_t *count) {
    const NnAttr *a = nn_attr(node, name);
    *count = a ? a->count : 0;
    return a ? a->u.ints : NULL;
}

#define NN_INT(key, value) ((NnAttr){.name = (key), .kind = NN_ATTR_INT, .u.i = (value)})
#define NN_FLOAT(key, value) ((NnAttr){.name = (key), .kind = NN_ATTR_FLOAT, .u.f = (value)})
#define NN_TEXT(key, value) ((NnAttr){.name = (key), .kind = NN_ATTR_STRING, .u.s = (value)})
#define NN_INTS(key, n, values)                                                                              \
    ((NnAttr){.name = (key), .kind = NN_ATTR_INTS, .count = (n), .u.ints = (values)})
#define NN_BODY(key, value) ((NnAttr){.name = (key), .kind = NN_ATTR_FUNCTION, .u.function = (value)})

/* ---- one-line building; `nn` is the NnHost ---- */

#define NN_ATTRS(...)                                                                                        \
    (const NnAttr[]){__VA_ARGS__}, (uint32_t)(sizeof((NnAttr[]){__VA_ARGS__}) / sizeof(NnAttr))
#define NN_NO_ATTRS NULL, 0
#define NN_VALUES(...)                                                                                       \
    (NnValue *const[]){__VA_ARGS__}, (uint32_t)(sizeof((NnValue *[]){__VA_ARGS__}) / sizeof(NnValue *))

/* A node with one output: nn_op(nn, g, "Concat", NN_VALUES(a, b), NN_ATTRS(NN_INT("axis", 1))). */
static inline NnValue *nn_op(const NnHost *nn, NnGraph *g, const char *op, NnValue *const *inputs, uint32_t n,
                             const NnAttr *attrs, uint32_t n_attrs) {
    NnValue *out = NULL;
    const NnNodeSpec spec = {.struct_size = sizeof spec,
                             .op = op,
                             .n_inputs = n,
                             .n_outputs = 1,
                             .n_attrs = n_attrs,
                             .attr_stride = sizeof(NnAttr),
                             .inputs = inputs,
                             .attrs = attrs};
    return nn->graph->node(g, &spec, &out) == NN_OK ? out : NULL;
}

/* The same with several outputs. */
static inline int32_t nn_ops(const NnHost *nn, NnGraph *g, const char *op, NnValue *const *inputs, uint32_t n,
                             const NnAttr *attrs, uint32_t n_attrs, NnValue **outputs, uint32_t n_outputs) {
    const NnNodeSpec spec = {.struct_size = sizeof spec,
                             .op = op,
                             .n_inputs = n,
                             .n_outputs = n_outputs,
                             .n_attrs = n_attrs,
                             .attr_stride = sizeof(NnAttr),
                             .inputs = inputs,
                             .attrs = attrs};
    return nn->graph->node(g, &spec, outputs);
}

static inline NnValue *nn_op1(const NnHost *nn, NnGraph *g, const char *op, NnValue *a) {
    return nn_op(nn, g, op, NN_VALUES(a), NN_NO_ATTRS);
}

static inline NnValue *nn_op2(const NnHost *nn, NnGraph *g, const char *op, NnValue *a, NnValue *b) {
    return nn_op(nn, g, op, NN_VALUES(a, b), NN_NO_ATTRS);
}

static inline NnValue *nn_op3(const NnHost *nn, NnGraph *g, const char *op, NnValue *a, NnValue *b,
                              NnValue *c) {
    return nn_op(nn, g, op, NN_VALUES(a, b, c), NN_NO_ATTRS);
}

/* A scalar constant of a floating or integer type. */
static inline NnValue *nn_scalar(const NnHost *nn, NnGraph *g, int32_t type, double value) {
    union {
        float f;
        double d;
        int64_t i64;
        int32_t i32;
        uint8_t u8;
    } u = {.i64 = 0};
    NnValue *wide;
    switch (type) {
    case NN_F32: u.f = (float)value; break;
    case NN_F64: u.d = value; break;
    case NN_I64: u.i64 = (int64_t)value; break;
    case NN_I32: u.i32 = (int32_t)value; break;
    case NN_BOOL: u.u8 = value != 0; break;
    default:
        u.d = value;
        wide = nn->graph->constant(g, NN_F64, 0, NULL, &u);
        return nn_op(nn, g, "Cast", NN_VALUES(wide), NN_ATTRS(NN_INT("to", type)));
    }
    return nn->graph->constant(g, type, 0, NULL, &u);
}

/* A scalar of the same element type as `like`. */
static inline NnValue *nn_scalar_like(const NnHost *nn, NnGraph *g, const NnValue *like, double value) {
    const NnValueInfo *info = nn->graph->info(g, like);
    return info ? nn_scalar(nn, g, info->type, value) : NULL;
}

/* A vector of 64-bit integers: axes, shapes, pads. */
static inline NnValue *nn_vector(const NnHost *nn, NnGraph *g, int64_t n, const int64_t *values) {
    return nn->graph->constant(g, NN_I64, 1, &n, values);
}

#endif
