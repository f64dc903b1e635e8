/* SPDX-License-Identifier: Apache-2.0 */
/* Attributes of nodes: checked against the operator's settings table, defaults filled in, copied into the
 * graph. */
#include "graph.h"
#include "nn/plugin.h"
#include "status.h"
#include "suggest.h"

#include <inttypes.h>
#include <stdlib.h>

static const NnSetting *setting_at(const NnOperator *def, uint32_t i) {
    return (const void *)((const char *)def->attrs + (gsize)i * def->attr_stride);
}

static const NnAttr *spec_at(const NnNodeSpec *spec, uint32_t i) {
    return (const void *)((const char *)spec->attrs + (gsize)i * spec->attr_stride);
}

static int32_t wanted_kind(int32_t setting) {
    switch (setting) {
    case NN_SET_BOOL:
    case NN_SET_INT: return NN_ATTR_INT;
    case NN_SET_FLOAT: return NN_ATTR_FLOAT;
    case NN_SET_INTS: return NN_ATTR_INTS;
    case NN_SET_FLOATS: return NN_ATTR_FLOATS;
    case NN_SET_STRINGS: return NN_ATTR_STRINGS;
    case NN_SET_TENSOR: return NN_ATTR_TENSOR;
    case NN_SET_FUNCTION: return NN_ATTR_FUNCTION;
    default: return NN_ATTR_STRING;
    }
}

static const char *kind_text(int32_t kind) {
    static const char *const text[] = {"nothing",           "an integer",         "a number",
                                       "a string",          "a list of integers", "a list of numbers",
                                       "a list of strings", "a tensor",           "a function"};
    return kind >= 0 && kind < (int32_t)G_N_ELEMENTS(text) ? text[kind] : "something unknown";
}

static bool has_choice(const char *choices, const char *value) {
    g_auto(GStrv) list = g_strsplit(choices, "|", -1);
    return g_strv_contains((const char *const *)list, value);
}

static const void *copy_bytes(NnGraph *g, const void *from, gsize bytes) {
    void *own = nn_graph_memory(g, bytes ? bytes : 1);
    return bytes ? memcpy(own, from, bytes) : own;
}

static const NnTensor *copy_tensor(NnGraph *g, const NnTensor *t) {
    NnValue *v = nn_graph_add_constant(g, t->type, t->rank, t->dims, nn_data(t));
    return v->info.value;
}

/* The default as the table spells it: "1", "[1, 1]", "NOTSET". */
static void parse_preset(NnGraph *g, const NnSetting *s, NnAttr *out) {
    const char *at = s->preset;
    switch (out->kind) {
    case NN_ATTR_INT:
        out->u.i = strcmp(at, "true") == 0 ? 1 : strcmp(at, "false") == 0 ? 0 : strtoll(at, NULL, 0);
        return;
    case NN_ATTR_FLOAT: out->u.f = g_ascii_strtod(at, NULL); return;
    case NN_ATTR_STRING: out->u.s = nn_graph_string(g, at); return;
    default: break;
    }
    g_auto(GStrv) items = g_strsplit_set(at, "[], ", -1);
    uint32_t n = 0;
    for (char **item = items; *item; item++)
        n += **item != '\0';
    double *floats = nn_graph_memory(g, (n + 1) * sizeof *floats);
    int64_t *ints = nn_graph_memory(g, (n + 1) * sizeof *ints);
    const char **strings = nn_graph_memory(g, (n + 1) * sizeof *strings);
    out->count = n;
    n = 0;
    for (char **item = items; *item; item++)
        if (**item) {
            floats[n] = g_ascii_strtod(*item, NULL);
            ints[n] = strtoll(*item, NULL, 0);
            strings[n++] = nn_graph_string(g, *item);
        }
    if (out->kind == NN_ATTR_INTS)
        out->u.ints = ints;
    else if (out->kind == NN_ATTR_FLOATS)
        out->u.floats = floats;
    else
        out->u.strings = strings;
}

/* An int stands for a float, and one number for a list of one: YAML and ONNX writers both do that. */
static int32_t convert(NnGraphNode *node, const NnSetting *s, const NnAttr *in, NnAttr *out,
                       NnStatus *status) {
    NnGraph *g = node->graph;
    const int32_t want = out->kind;
    *out = *in;
    out->name = s->name;
    out->kind = want;
    if (in->kind == NN_ATTR_INT && want == NN_ATTR_FLOAT)
        out->u.f = (double)in->u.i;
    else if (in->kind == NN_ATTR_INT && want == NN_ATTR_INTS) {
        out->count = 1;
        out->u.ints = copy_bytes(g, &in->u.i, sizeof in->u.i);
    } else if ((in->kind == NN_ATTR_INT || in->kind == NN_ATTR_FLOAT) && want == NN_ATTR_FLOATS) {
        const double f = in->kind == NN_ATTR_INT ? (double)in->u.i : in->u.f;
        out->count = 1;
        out->u.floats = copy_bytes(g, &f, sizeof f);
    } else if (in->kind == NN_ATTR_INTS && want == NN_ATTR_FLOATS) {
        double *f = nn_graph_memory(g, (in->count + 1) * sizeof *f);
        for (uint32_t i = 0; i < in->count; i++)
            f[i] = (double)in->u.ints[i];
        out->u.floats = f;
    } else if (in->kind != want) {
        return nn_status_fail(status, NN_INVALID, "attribute %s: expected %s, found %s", s->name,
                              kind_text(want), kind_text(in->kind));
    } else if (want == NN_ATTR_STRING) {
        out->u.s = nn_graph_string(g, in->u.s ? in->u.s : "");
    } else if (want == NN_ATTR_INTS) {
        out->u.ints = copy_bytes(g, in->u.ints, in->count * sizeof *in->u.ints);
    } else if (want == NN_ATTR_FLOATS) {
        out->u.floats = copy_bytes(g, in->u.floats, in->count * sizeof *in->u.floats);
    } else if (want == NN_ATTR_STRINGS) {
        const char **strings = nn_graph_memory(g, (in->count + 1) * sizeof *strings);
        for (uint32_t i = 0; i < in->count; i++)
            strings[i] = nn_graph_string(g, in->u.strings[i]);
        out->u.strings = strings;
    } else if (want == NN_ATTR_TENSOR) {
        out->u.tensor = copy_tensor(g, in->u.tensor);
    } else if (want == NN_ATTR_FUNCTION) {
        g_ptr_array_add(g->functions, nn_function_ref(in->u.function));
    }
    if (s->kind == NN_SET_ENUM && s->choices && !has_choice(s->choices, out->u.s))
        return nn_status_fail(status, NN_INVALID, "attribute %s: expected one of %s, found \"%s\"", s->name,
                              s->choices, out->u.s);
    if (s->kind == NN_SET_BOOL && out->u.i != 0 && out->u.i != 1)
        return nn_status_fail(status, NN_INVALID, "attribute %s: expected 0 or 1, found %" PRId64, s->name,
                              out->u.i);
    if ((s->flags & NN_SET_RANGE) && (want == NN_ATTR_INT || want == NN_ATTR_FLOAT)) {
        const double x = want == NN_ATTR_INT ? (double)out->u.i : out->u.f;
        if (!(x >= s->min && x <= s->max) || ((s->flags & NN_SET_ABOVE) && !(x > s->min)))
            return nn_status_fail(status, NN_INVALID, "attribute %s: expected %g .. %g, found %g", s->name,
                                  s->min, s->max, x);
    }
    return NN_OK;
}

static uint32_t next_salt(NnGraph *g) {
    NnGraph *root = g;
    while (root->parent && !root->expanding)
        root = root->parent;
    return ++root->salt;
}

int32_t nn_attributes_fill(NnGraphNode *node, const NnOperator *def, const NnNodeSpec *spec,
                           NnStatus *status) {
    NnGraph *g = node->graph;
    NnAttr *attrs = nn_graph_memory(g, (def->n_attrs + 1) * sizeof *attrs);
    uint32_t n = 0;
    for (uint32_t i = 0; i < spec->n_attrs; i++) {
        const NnAttr *a = spec_at(spec, i);
        bool known = false;
        for (uint32_t k = 0; k < def->n_attrs && !known; k++)
            known = strcmp(setting_at(def, k)->name, a->name) == 0;
        if (!known) {
            NnSuggest near;
            nn_suggest_start(&near, a->name);
            g_autoptr(GString) names = g_string_new(NULL);
            for (uint32_t k = 0; k < def->n_attrs; k++) {
                nn_suggest_offer(&near, setting_at(def, k)->name);
                g_string_append_printf(names, "%s%s", k ? ", " : "", setting_at(def, k)->name);
            }
            if (near.best)
                return nn_status_fail(status, NN_INVALID, "%s has no attribute %s; did you mean %s?",
                                      def->name, a->name, near.best);
            return nn_status_fail(status, NN_INVALID, "%s has no attribute %s (it has: %s)", def->name,
                                  a->name, names->len ? names->str : "none");
        }
    }
    for (uint32_t k = 0; k < def->n_attrs; k++) {
        const NnSetting *s = setting_at(def, k);
        NnAttr *out = &attrs[n];
        *out = (NnAttr){.name = s->name, .kind = wanted_kind(s->kind)};
        const NnAttr *given = NULL;
        for (uint32_t i = 0; i < spec->n_attrs; i++)
            if (strcmp(spec_at(spec, i)->name, s->name) == 0)
                given = spec_at(spec, i);
        if (given) {
            if (convert(node, s, given, out, status) != NN_OK)
                return nn_status_code(status);
        } else if (strcmp(s->name, "salt") == 0) {
            out->u.i = next_salt(g);
        } else if (s->preset) {
            parse_preset(g, s, out);
        } else if (s->flags & NN_SET_REQUIRED) {
            return nn_status_fail(status, NN_INVALID, "%s needs the attribute %s (%s): %s", def->name,
                                  s->name, kind_text(out->kind), s->doc ? s->doc : "");
        } else {
            continue;
        }
        n++;
    }
    node->view.attrs = attrs;
    node->view.n_attrs = n;
    node->view.attr_stride = sizeof *attrs;
    return NN_OK;
}
