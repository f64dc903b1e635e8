/* SPDX-License-Identifier: Apache-2.0 */
/* Reads sample cases. Values come from a generator that is seeded by the line, so that every platform has the
 * same. */
#include "sample.h"

#include <ctype.h>
#include <math.h>
#include <stdlib.h>

/* SplitMix64 (Steele, Lea, Flood 2014). */
double sample_random(uint64_t *state) {
    uint64_t z = *state += UINT64_C(0x9e3779b97f4a7c15);
    z = (z ^ z >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
    z = (z ^ z >> 27) * UINT64_C(0x94d049bb133111eb);
    return (double)((z ^ z >> 31) >> 11) * 0x1p-53;
}

static int32_t type_named(const char *name, size_t length) {
    for (int32_t t = 1; t < NN_TYPE_COUNT; t++)
        if (strlen(nn_type_name(t)) == length && strncmp(nn_type_name(t), name, length) == 0)
            return t;
    return NN_NONE;
}

/* Distinct values in random order, each in the middle part of its own interval, so that none is 0 in a
 * symmetric range. */
static void fill_distinct(NnTensor *t, double low, double high, uint64_t *state) {
    const int64_t n = nn_elements(t);
    int64_t *order = malloc((size_t)(n + 1) * sizeof *order);
    for (int64_t i = 0; i < n; i++)
        order[i] = i;
    for (int64_t i = n - 1; i > 0; i--) {
        const int64_t j = (int64_t)(sample_random(state) * (double)(i + 1)), swap = order[i];
        order[i] = order[j];
        order[j] = swap;
    }
    for (int64_t i = 0; i < n; i++)
        tensor_set(t, i,
                   low + (high - low) * ((double)order[i] + .25 + .2 * sample_random(state)) / (double)n);
    free(order);
}

/* Gives the extents of the size that is wanted; false when they are too many elements. */
static bool resize(Sample *s, int32_t *rank, int64_t *dims) {
    int64_t n = 1;
    if (s->size.flat && *rank > 0) {
        *rank = 1;
        dims[0] = s->size.flat;
        s->sized = true;
        return true;
    }
    for (int32_t i = 0; i < *rank; i++) {
        const int64_t v = dims[i];
        if (v >= 2 && s->size.empty)
            dims[i] = 0;
        else if (v >= 2 && (s->size.scale || s->size.add))
            dims[i] = v * s->size.scale + s->size.add;
        s->sized = s->sized || dims[i] != v;
        n = dims[i] && n > s->most / dims[i] ? s->most + 1 : n * dims[i];
    }
    return n <= s->most;
}

/* "f32[2,3]@0:4", "i64[2]{0,1}", "[2,3]"; NULL when it is not one. */
static Tensor *parse_tensor(Sample *s, const char *at, int32_t type, uint64_t *state, bool *own_type) {
    const char *open = strchr(at, '[');
    int64_t dims[NN_MAX_RANK];
    int32_t rank = 0;
    char *end;
    if (!open)
        return NULL;
    *own_type = open > at && !(open == at + 1 && *at == 'f');
    const int32_t named = *own_type ? type_named(at, (size_t)(open - at)) : type;
    if (named == NN_NONE)
        return NULL;
    for (at = open + 1; *at != ']'; at = *end == ',' ? end + 1 : end) {
        dims[rank++] = strtoll(at, &end, 10);
        if (end == at || rank == NN_MAX_RANK || (*end != ',' && *end != ']'))
            return NULL;
    }
    if (at[1] != '{' && !resize(s, &rank, dims))
        return NULL;
    Tensor *x = tensor_new(named, rank, dims);
    const int64_t n = nn_elements(&x->t);
    double low = named == NN_BOOL || !type_is(named, NN_FLOATS) ? 0 : -1, high = named == NN_BOOL ? 2 : 1;
    if (*++at == '{') {
        int64_t i = 0;
        for (at++; *at != '}'; at = *end == ',' ? end + 1 : end, i++) {
            if (type_is(named, NN_INTEGERS) && i < n)
                tensor_set_int(&x->t, i, strtoll(at, &end, 10));
            else if (i < n)
                tensor_set(&x->t, i, strtod(at, &end));
            if (i >= n || end == at || (*end != ',' && *end != '}')) {
                tensor_free(x);
                return NULL;
            }
        }
        return x;
    }
    if (*at == '@') {
        low = strtod(at + 1, &end);
        high = *end == ':' ? strtod(end + 1, &end) : low;
    }
    if (type_is(named, NN_FLOATS))
        fill_distinct(&x->t, low, high, state);
    for (int64_t i = 0; !type_is(named, NN_FLOATS) && i < n; i++)
        tensor_set(&x->t, i, floor(low + (high - low) * sample_random(state)));
    return x;
}

static const NnSetting *find_setting(const NnOperator *def, const char *name) {
    for (uint32_t i = 0; i < def->n_attrs; i++) {
        const NnSetting *s = (const void *)((const char *)def->attrs + (size_t)i * def->attr_stride);
        if (strcmp(s->name, name) == 0)
            return s;
    }
    return NULL;
}

static bool parse_attr(Sample *s, const NnOperator *def, char *word, uint64_t *state) {
    char *value = strchr(word, '=');
    const uint32_t k = s->n_attrs;
    if (!value || k == SAMPLE_MAX)
        return false;
    *value++ = '\0';
    const NnSetting *setting = find_setting(def, word);
    if (!setting)
        return false;
    NnAttr *a = &s->attrs[s->n_attrs++];
    *a = (NnAttr){.name = word};
    bool own;
    switch (setting->kind) {
    case NN_SET_TENSOR:
        s->tensors[k] = parse_tensor(s, value, NN_F32, state, &own);
        a->kind = NN_ATTR_TENSOR;
        a->u.tensor = s->tensors[k] ? &s->tensors[k]->t : NULL;
        return a->u.tensor != NULL;
    case NN_SET_BOOL:
    case NN_SET_INT:
        a->kind = NN_ATTR_INT;
        a->u.i =
            type_named(value, strlen(value)) ? type_named(value, strlen(value)) : strtoll(value, NULL, 10);
        return true;
    case NN_SET_FLOAT:
        a->kind = NN_ATTR_FLOAT;
        a->u.f = strtod(value, NULL);
        return true;
    case NN_SET_INTS:
    case NN_SET_FLOATS:
    case NN_SET_STRINGS:
        a->kind = setting->kind == NN_SET_INTS     ? NN_ATTR_INTS
                  : setting->kind == NN_SET_FLOATS ? NN_ATTR_FLOATS
                                                   : NN_ATTR_STRINGS;
        for (char *item = strtok(value, ","); item && a->count < SAMPLE_LIST;
             item = strtok(NULL, ","), a->count++) {
            s->ints[k][a->count] = strtoll(item, NULL, 10);
            s->floats[k][a->count] = strtod(item, NULL);
            s->strings[k][a->count] = item;
        }
        if (a->kind == NN_ATTR_INTS)
            a->u.ints = s->ints[k];
        else if (a->kind == NN_ATTR_FLOATS)
            a->u.floats = s->floats[k];
        else
            a->u.strings = s->strings[k];
        return true;
    default:
        a->kind = NN_ATTR_STRING;
        a->u.s = value;
        return true;
    }
}

/* The next word of a text; it is cut off with a NUL. Blanks between apostrophes belong to it, the apostrophes
 * do not. */
static char *next_word(char **at) {
    while (**at == ' ')
        (*at)++;
    char *word = *at, *to = word;
    bool quoted = false;
    for (; **at && (quoted || **at != ' '); (*at)++)
        if (**at == '\'')
            quoted = !quoted;
        else
            *to++ = **at;
    if (**at)
        (*at)++;
    *to = '\0';
    return *word ? word : NULL;
}

/* The " -> 3" at the end of a line; an arrow in an attribute has no number behind it. */
static char *outputs_of(char *line) {
    for (char *at = strstr(line, " -> "); at; at = strstr(at + 1, " -> "))
        if (at[4] && at[4 + strspn(at + 4, "0123456789 ")] == '\0')
            return at;
    return NULL;
}

/* How many outputs the schema always makes; a variadic one counts once. */
static uint32_t usual_outputs(const NnOperator *def) {
    return def->min_outputs ? def->min_outputs : def->n_outputs ? 1 : 0;
}

static bool parse(Sample *s, const NnOperator *def, const char *line, int32_t type, char *why, size_t size) {
    uint64_t state = 1;
    for (const char *c = line; *c; c++)
        state = state * 31 + (unsigned char)*c;
    snprintf(s->text, sizeof s->text, "%s", line);
    s->n_outputs = usual_outputs(def);
    char *arrow = outputs_of(s->text), *semicolon = strchr(s->text, ';'), *at = s->text, *word;
    if (arrow) {
        s->n_outputs = (uint32_t)strtoul(arrow + 4, NULL, 10);
        *arrow = '\0';
    }
    char *attributes = semicolon ? semicolon + 1 : NULL;
    if (semicolon)
        *semicolon = '\0';
    while ((word = next_word(&at))) {
        const bool absent = strcmp(word, "-") == 0;
        Tensor *x = absent || s->n_inputs == SAMPLE_MAX
                        ? NULL
                        : parse_tensor(s, word, type, &state, &s->free_type[s->n_inputs]);
        if (s->n_inputs == SAMPLE_MAX || (!x && !absent)) {
            snprintf(why, size, "input %u is not understood: %s", s->n_inputs, word);
            return false;
        }
        s->free_type[s->n_inputs] = !s->free_type[s->n_inputs];
        s->inputs[s->n_inputs++] = x;
    }
    while (attributes && (word = next_word(&attributes)))
        if (!parse_attr(s, def, word, &state)) {
            snprintf(why, size, "attribute is not understood: %s", word);
            return false;
        }
    if (s->n_outputs == 0 || s->n_outputs > SAMPLE_MAX) {
        snprintf(why, size, "the number of outputs is %u", s->n_outputs);
        return false;
    }
    return true;
}

void sample_clear(Sample *s) {
    for (uint32_t i = 0; i < SAMPLE_MAX; i++) {
        tensor_free(s->inputs[i]);
        tensor_free(s->tensors[i]);
    }
    memset(s, 0, sizeof *s);
}

bool sample_parse(Sample *s, const NnOperator *def, const char *line, int32_t type, char *why, size_t size) {
    return sample_parse_sized(s, def, line, type, (SampleSize){0}, INT64_MAX / 64, why, size);
}

bool sample_parse_sized(Sample *s, const NnOperator *def, const char *line, int32_t type, SampleSize sizes,
                        int64_t most, char *why, size_t size) {
    memset(s, 0, sizeof *s);
    s->size = sizes;
    s->most = most;
    if (parse(s, def, line, type, why, size))
        return true;
    sample_clear(s);
    return false;
}
