/* SPDX-License-Identifier: Apache-2.0 */
/* Conversions keep the value or are refused: whole numbers become floating ones, not the other way round
 * unless they are whole. */
#include "arrays.h"

#include "nn/plugin.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* ---- numbers ---- */

static float float_of(uint32_t bits) {
    float f;
    memcpy(&f, &bits, sizeof f);
    return f;
}

static double half_number(uint16_t h) {
    const int exponent = h >> 10 & 31;
    const double fraction = h & 1023, sign = h >> 15 ? -1 : 1;
    if (exponent == 31)
        return fraction != 0 ? NAN : sign * INFINITY;
    return sign * (exponent ? ldexp(1024 + fraction, exponent - 25) : ldexp(fraction, -24));
}

double arrays_number(int32_t type, const void *data, int64_t i) {
    switch (type) {
    case NN_F32: return (double)((const float *)data)[i];
    case NN_F64: return ((const double *)data)[i];
    case NN_F16: return half_number(((const uint16_t *)data)[i]);
    case NN_BF16: return (double)float_of((uint32_t)((const uint16_t *)data)[i] << 16);
    case NN_I64: return (double)((const int64_t *)data)[i];
    case NN_U64: return (double)((const uint64_t *)data)[i];
    case NN_I32: return (double)((const int32_t *)data)[i];
    case NN_U32: return (double)((const uint32_t *)data)[i];
    case NN_I16: return (double)((const int16_t *)data)[i];
    case NN_U16: return (double)((const uint16_t *)data)[i];
    case NN_I8: return (double)((const int8_t *)data)[i];
    case NN_U8:
    case NN_BOOL: return (double)((const uint8_t *)data)[i];
    default: return 0;
    }
}

/* A whole number of the range that doubles hold exactly goes into any type that has it. */
static bool store(int32_t type, void *to, uint64_t i, double x) {
    static const double exact = 9007199254740992.0;
    const uint64_t size = nn_type_size(type);
    const bool minus = (NN_MASK(type) & NN_SIGNED) != 0;
    const double most = type == NN_BOOL ? 1 : MIN(exact, ldexp(1, (int)(8 * size) - minus) - 1);

    if (type == NN_F32)
        ((float *)to)[i] = (float)x;
    else if (type == NN_F64)
        ((double *)to)[i] = x;
    if (type == NN_F32 || type == NN_F64)
        return true;
    if (!((NN_INTEGERS | NN_MASK(NN_BOOL)) & NN_MASK(type)) || x != floor(x) || x > most ||
        x < (minus ? -most - 1 : 0))
        return false;
    const int64_t whole = (int64_t)x;
    memcpy((char *)to + i * size, &whole, size); /* little endian, as all that runs this */
    return true;
}

static int32_t convert(const NnArray *a, int32_t type, void *to, const char *input, NnStatus *status) {
    const uint64_t n = nn_type_size(a->type) ? a->bytes / nn_type_size(a->type) : 0;
    const uint64_t known = NN_FLOATS | NN_INTEGERS | NN_MASK(NN_BOOL);

    if (a->type == type) {
        if (a->bytes)
            memcpy(to, a->data, a->bytes);
        return NN_OK;
    }
    /* Arrays of a file begin anywhere; their elements are read where they may be. */
    g_autofree void *aligned = g_try_malloc(a->bytes + 1);
    if (aligned == NULL)
        return nn_status_fail(status, NN_OUT_OF_MEMORY, "there is no memory for array %s", a->name);
    if (a->bytes)
        memcpy(aligned, a->data, a->bytes);
    for (uint64_t i = 0; i < n; i++)
        if (!(known & NN_MASK(a->type)) || !store(type, to, i, arrays_number(a->type, aligned, (int64_t)i)))
            return nn_status_fail(status, NN_INVALID,
                                  "input %s wants %s, and element %" G_GUINT64_FORMAT
                                  " of array %s, %s, is none",
                                  input, nn_type_name(type), i, a->name, nn_type_name(a->type));
    return NN_OK;
}

/* ---- inputs ---- */

static void shape_text(GString *out, int32_t type, int32_t rank, const int64_t *dims) {
    g_string_append_printf(out, "%s[", nn_type_name(type));
    for (int32_t i = 0; i < rank; i++)
        g_string_append_printf(out, dims[i] < 0 ? "%s?" : "%s%" G_GINT64_FORMAT, i ? "," : "", dims[i]);
    g_string_append_c(out, ']');
}

/* Elements of one sample; -1: not known, or beyond all bounds. */
static int64_t sample_size(int32_t rank, const int64_t *dims) {
    int64_t n = 1;
    for (int32_t i = 1; i < rank; i++)
        if (dims[i] < 0 || __builtin_mul_overflow(n, dims[i], &n))
            return -1;
    return n;
}

/* The shape of the array as the input has it: the same, or rows of as many numbers as a sample has. */
static bool fit(const NnArray *a, const NnValueInfo *info, int64_t *dims, int32_t *rank) {
    bool same = info->rank == a->rank || info->rank == NN_RANK_UNKNOWN;

    *rank = a->rank;
    for (int32_t i = 0; i < a->rank; i++) {
        dims[i] = a->dims[i];
        same = same && (info->rank < 0 || info->dims[i] < 0 || info->dims[i] == a->dims[i]);
    }
    if (same)
        return true;
    const int64_t wanted = sample_size(info->rank, info->dims);
    if (info->rank < 1 || a->rank < 1 || wanted < 0 || wanted != sample_size(a->rank, a->dims) ||
        (info->dims[0] >= 0 && info->dims[0] != a->dims[0]))
        return false;
    *rank = info->rank;
    for (int32_t i = 1; i < info->rank; i++)
        dims[i] = info->dims[i];
    return true;
}

static bool take(Inputs *in, Program *p, const NnFunction *f, uint32_t i, const NnArray *a) {
    const NnValueInfo *info = nn_context_host(p->context)->graph->function_input(f, i);
    const char *name = nn_function_input_name(f, i);
    const int32_t type = info->type == NN_NONE ? a->type : info->type;
    int32_t rank;

    if (in->memory[i])
        return nn_status_fail(p->status, NN_INVALID, "input %s is given twice", name) == NN_OK;
    if (!fit(a, info, in->dims[i], &rank)) {
        g_autoptr(GString) text = g_string_new(NULL);
        g_string_append_printf(text, "input %s wants ", name);
        shape_text(text, type, MAX(info->rank, 0), info->dims);
        g_string_append_printf(text, ", array %s is ", a->name);
        shape_text(text, a->type, a->rank, a->dims);
        return nn_status_fail(p->status, NN_INVALID, "%s", text->str) == NN_OK;
    }
    const uint64_t size = nn_type_size(a->type), bytes = size ? a->bytes / size * nn_type_size(type) : 0;
    if (posix_memalign(&in->memory[i], 64, bytes + 64) != 0) {
        in->memory[i] = NULL;
        return nn_status_fail(p->status, NN_OUT_OF_MEMORY, "there is no memory for input %s", name) == NN_OK;
    }
    for (int32_t d = rank; d-- > 0;)
        if (d + 1 == rank)
            in->strides[i][d] = 1;
        else if (__builtin_mul_overflow(in->strides[i][d + 1], in->dims[i][d + 1], &in->strides[i][d]))
            in->strides[i][d] = 0; /* of an array without elements */
    in->tensors[i] = (NnTensor){
        .buffer = in->memory[i], .type = type, .rank = rank, .dims = in->dims[i], .strides = in->strides[i]};
    return convert(a, type, in->memory[i], name, p->status) == NN_OK;
}

/* Which input an array goes to; in->n: none. */
static uint32_t input_for(const Inputs *in, const NnFunction *f, const NnArrays *all, const char *name) {
    for (uint32_t i = 0; i < in->n; i++)
        if (g_strcmp0(nn_function_input_name(f, i), name) == 0)
            return i;
    return in->n == 1 && nn_arrays_count(all) == 1 ? 0 : in->n;
}

static bool read_file(Inputs *in, Program *p, const NnFunction *f, const char *word) {
    const char *equals = strchr(word, '='), *path = equals ? equals + 1 : word;
    g_autofree char *said = equals ? g_strndup(word, (gsize)(equals - word)) : NULL;
    NnArrays *all = nn_arrays_read(p->context, path, p->status);
    bool good = all != NULL;

    if (good && said && nn_arrays_count(all) != 1)
        good = nn_status_fail(p->status, NN_INVALID,
                              "%s holds %" G_GUINT64_FORMAT " arrays, one is expected for %s", path,
                              nn_arrays_count(all), said) == NN_OK;
    for (uint64_t k = 0; good && k < nn_arrays_count(all); k++) {
        const NnArray *a = nn_arrays_get(all, k);
        const char *name = said ? said : a->name;
        const uint32_t i = input_for(in, f, all, name);
        const bool there = i < in->n && (said == NULL || g_strcmp0(nn_function_input_name(f, i), said) == 0);
        if (there) {
            good = take(in, p, f, i, a);
        } else if (said) {
            good = nn_status_fail(p->status, NN_INVALID, "function %s has no input \"%s\"",
                                  nn_function_name(f), said) == NN_OK;
        }
    }
    if (!good)
        nn_status_where(p->status, "%s", path);
    nn_arrays_free(all);
    return good;
}

bool inputs_read(Inputs *in, Program *p, const NnFunction *f, const GPtrArray *files) {
    *in = (Inputs){.n = nn_context_host(p->context)->graph->function_inputs(f)};
    in->tensors = g_new0(NnTensor, in->n + 1);
    in->pointers = g_new0(const NnTensor *, in->n + 1);
    in->dims = g_malloc0_n(in->n + 1, sizeof *in->dims);
    in->strides = g_malloc0_n(in->n + 1, sizeof *in->strides);
    in->memory = g_new0(void *, in->n + 1);
    for (guint i = 0; i < files->len; i++)
        if (!read_file(in, p, f, files->pdata[i]))
            return false;
    for (uint32_t i = 0; i < in->n; i++) {
        in->pointers[i] = &in->tensors[i];
        if (in->memory[i] == NULL)
            return nn_status_fail(
                       p->status, NN_INVALID,
                       "no array is given for input %s; --from %s=FILE or a file with an array of that "
                       "name",
                       nn_function_input_name(f, i), nn_function_input_name(f, i)) == NN_OK;
    }
    return true;
}

uint64_t inputs_rows(const Inputs *in) {
    for (uint32_t i = 0; i < in->n; i++)
        if (in->tensors[i].rank == 0 || in->dims[i][0] != in->dims[0][0])
            return 0;
    return in->n ? (uint64_t)in->dims[0][0] : 0;
}

void inputs_select(Inputs *in, uint64_t first, uint64_t n) {
    for (uint32_t i = 0; i < in->n; i++) {
        NnTensor *t = &in->tensors[i];
        const uint64_t row = (uint64_t)nn_product(t->dims, 1, t->rank) * nn_type_size(t->type);
        t->dims[0] = (int64_t)n;
        /* Tensors begin at addresses of their own alignment: the rows move to the front. */
        memmove(in->memory[i], (char *)in->memory[i] + first * row, n * row);
    }
}

void inputs_clear(Inputs *in) {
    for (uint32_t i = 0; in->memory && i < in->n; i++)
        free(in->memory[i]);
    g_free(in->memory);
    g_free(in->tensors);
    g_free(in->pointers);
    g_free(in->dims);
    g_free(in->strides);
    *in = (Inputs){0};
}

/* ---- outputs ---- */

static void free_bytes(void *data) { g_byte_array_unref(data); }

void collected_init(Collected *c) {
    *c = (Collected){.arrays = g_array_new(FALSE, TRUE, sizeof(NnArray)),
                     .bytes = g_ptr_array_new_with_free_func(free_bytes),
                     .dims = g_ptr_array_new_with_free_func(g_free)};
}

void collected_clear(Collected *c) {
    g_array_unref(c->arrays);
    g_ptr_array_unref(c->bytes);
    g_ptr_array_unref(c->dims);
}

static bool append(Collected *c, Program *p, uint32_t k, const char *name, const NnTensor *t) {
    const uint64_t bytes = (uint64_t)nn_elements(t) * nn_type_size(t->type);

    if (k == c->arrays->len) {
        int64_t *dims = g_memdup2(t->dims, (gsize)t->rank * sizeof *dims + 1);
        const NnArray fresh = {.name = name, .type = t->type, .rank = t->rank, .dims = dims};
        g_ptr_array_add(c->dims, dims);
        g_ptr_array_add(c->bytes, g_byte_array_new());
        g_array_append_val(c->arrays, fresh);
    } else {
        const NnArray *a = &g_array_index(c->arrays, NnArray, k);
        int64_t *dims = c->dims->pdata[k];
        bool same = a->type == t->type && a->rank == t->rank && t->rank > 0;
        for (int32_t d = 1; same && d < t->rank; d++)
            same = dims[d] == t->dims[d];
        if (!same)
            return nn_status_fail(
                       p->status, NN_INVALID,
                       "output %s has no dimension for samples, so batches of it cannot be put together",
                       name) == NN_OK;
        dims[0] += t->dims[0];
    }
    GByteArray *all = c->bytes->pdata[k];
    if (bytes > G_MAXUINT - all->len)
        return nn_status_fail(p->status, NN_INVALID, "output %s is larger than 4 GiB", name) == NN_OK;
    g_byte_array_append(all, nn_data(t), (guint)bytes);
    return true;
}

bool collected_add(Collected *c, Program *p, const NnFunction *f, NnCallable *callable,
                   const uint32_t *only) {
    const uint32_t n = nn_context_host(p->context)->graph->function_outputs(f);
    uint32_t k = 0;
    for (uint32_t i = only ? *only : 0; i < (only ? *only + 1 : n); i++, k++) {
        const NnTensor *t;
        if (nn_callable_output(callable, i, &t, p->status) != NN_OK ||
            !append(c, p, k, nn_function_output_name(f, i), t))
            return false;
    }
    return true;
}

bool collected_write(Collected *c, Program *p, const char *path) {
    for (guint i = 0; i < c->arrays->len; i++) {
        NnArray *a = &g_array_index(c->arrays, NnArray, i);
        const GByteArray *bytes = c->bytes->pdata[i];
        a->data = bytes->data;
        a->bytes = bytes->len;
    }
    return nn_arrays_write(p->context, path, c->arrays->len, (const NnArray *)(const void *)c->arrays->data,
                           0, NULL, p->status) == NN_OK;
}
