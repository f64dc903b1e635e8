/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The kinds of tables, as data: what a manifest states of each, and how large today's table is. Kinds that
 * are not listed here (a vendor's own) may be offered and fetched too; of those only the name is stated.
 */
#include "nn/optimizer.h"
#include "plugin/package.h"

#include <string.h>

typedef struct Kind {
    const char *kind, *label;
    guint32 size;     /* today's */
    guint32 required; /* what every version of the table has had */
    void (*describe)(const void *table, NnOffer *);
    guint32 doc, name; /* where these texts stand, 0: nowhere; the name must be the export's */
} Kind;

static char *identity(const char *domain, const char *name) {
    if (name == NULL || *name == '\0')
        return NULL;
    return domain && *domain ? g_strconcat(domain, "/", name, NULL) : g_strdup(name);
}

static void describe_operator(const void *table, NnOffer *o) {
    const NnOperator *op = table;
    o->op = identity(op->domain, op->name);
    o->since = op->since;
    o->role = g_strdup(op->role);
}

static void describe_kernel(const void *table, NnOffer *o) {
    const NnKernel *k = table;
    const bool any = k->op && strcmp(k->op, "*") == 0;
    o->op = identity(any ? NULL : k->domain, k->op);
    o->since = k->since_min;
    o->until = k->since_max;
    o->device = g_strdup(k->device);
    o->priority = k->priority;
}

static void describe_claim(const void *table, NnOffer *o) {
    const NnClaim *c = table;
    o->device = g_strdup(c->device);
    o->priority = c->priority;
}

static void describe_device(const void *table, NnOffer *o) {
    o->priority = ((const NnDeviceKind *)table)->priority;
}

/* Through the first field that cannot be missed. */
#define THROUGH(type, field) (guint32)(offsetof(type, field) + sizeof(((type *)NULL)->field))

#define KIND(kind, label, type, last, describe, name)                                                        \
    { kind, label, sizeof(type), THROUGH(type, last), describe, offsetof(type, doc), name }

static const Kind kinds[] = {
    KIND(NN_OPERATOR_KIND, "operator", NnOperator, attrs, describe_operator, 0),
    {NN_KERNEL_KIND, "kernel", sizeof(NnKernel), THROUGH(NnKernel, run), describe_kernel, 0, 0},
    {NN_CLAIM_KIND, "claim", sizeof(NnClaim), THROUGH(NnClaim, run), describe_claim, 0, 0},
    KIND(NN_DEVICE_KIND, "device", NnDeviceKind, close, describe_device, offsetof(NnDeviceKind, name)),
    KIND(NN_MODEL_KIND, "model", NnModel, build, NULL, offsetof(NnModel, name)),
    KIND(NN_DATASET_KIND, "dataset", NnDataset, close, NULL, offsetof(NnDataset, name)),
    KIND(NN_OPTIMIZER_KIND, "optimizer", NnOptimizer, update, NULL, offsetof(NnOptimizer, name)),
    KIND(NN_SCHEDULE_KIND, "schedule", NnSchedule, factor, NULL, offsetof(NnSchedule, name)),
    KIND(NN_FORMAT_KIND, "format", NnFormat, read, NULL, offsetof(NnFormat, name)),
};

static const char *text_at(const void *table, guint32 offset) {
    return offset ? *(const char *const *)(const void *)((const char *)table + offset) : NULL;
}

static const Kind *kind_find(const char *kind) {
    for (gsize i = 0; i < G_N_ELEMENTS(kinds); i++)
        if (strcmp(kinds[i].kind, kind) == 0)
            return &kinds[i];
    return NULL;
}

const char *nn_offer_identity(const NnOffer *o) {
    return o->op && strcmp(o->kind, NN_OPERATOR_KIND) == 0 ? o->op : o->name;
}

bool nn_offer_is_unique(const NnOffer *o) {
    return strcmp(o->kind, NN_KERNEL_KIND) != 0 && strcmp(o->kind, NN_CLAIM_KIND) != 0;
}

const char *nn_kind_label(const char *kind) {
    const Kind *k = kind_find(kind);
    return k ? k->label : kind;
}

const void *nn_kind_widen(const char *kind, const void *table, void **copy) {
    const Kind *k = kind_find(kind);
    guint32 size = 0;
    *copy = NULL;
    memcpy(&size, table, sizeof size);
    if (k == NULL || size >= k->size)
        return table;
    *copy = g_malloc0(k->size);
    memcpy(*copy, table, size);
    return *copy;
}

/* A full stop before a capital or the end; not the one of "et al. 2013", of "0 .. 1". */
static bool ends_sentence(const char *stop) {
    const char *next = stop + 1;
    while (g_ascii_isspace(*next))
        next++;
    return *stop == '.' && (*next == '\0' || (next > stop + 1 && g_ascii_isupper(*next)));
}

/* The first sentence, on one line and without its full stop. */
static char *first_sentence(const char *doc) {
    if (doc == NULL || *doc == '\0' || !g_utf8_validate(doc, -1, NULL))
        return NULL;
    GString *s = g_string_new(NULL);
    for (const char *c = doc; *c && !ends_sentence(c); c++)
        if (!g_ascii_iscntrl(*c))
            g_string_append_c(s, *c);
        else if (s->len > 0 && s->str[s->len - 1] != ' ')
            g_string_append_c(s, ' ');
    return g_string_free(s, FALSE);
}

NnOffer *nn_offer_of(const NnExport *e, NnStatus *status) {
    if (e->kind == NULL || *e->kind == '\0' || e->name == NULL || *e->name == '\0' || e->table == NULL) {
        nn_status_fail(status, NN_INVALID,
                       "an export lacks its kind, its name or its table (kind '%s', name '%s')",
                       e->kind ? e->kind : "", e->name ? e->name : "");
        return NULL;
    }
    const Kind *k = kind_find(e->kind);
    guint32 size = 0;
    memcpy(&size, e->table, sizeof size);
    if (k && size < k->required) {
        nn_status_fail(status, NN_INVALID,
                       "the table of %s '%s' has struct_size %u, and at least %u is needed", k->label,
                       e->name, size, k->required);
        return NULL;
    }
    NnOffer *o = g_new0(NnOffer, 1);
    o->kind = g_strdup(e->kind);
    o->name = g_strdup(e->name);
    if (k == NULL)
        return o;
    void *copy;
    const void *table = nn_kind_widen(e->kind, e->table, &copy);
    if (k->describe)
        k->describe(table, o);
    o->summary = first_sentence(text_at(table, k->doc));
    const char *own = text_at(table, k->name);
    if (own && strcmp(own, e->name) != 0)
        nn_status_fail(status, NN_INVALID, "%s '%s' is exported under the name '%s'", k->label, own, e->name);
    else if ((k->describe == describe_operator || k->describe == describe_kernel) && o->op == NULL)
        nn_status_fail(status, NN_INVALID, "the table of %s '%s' names no operator", k->label, e->name);
    else if ((k->describe == describe_kernel || k->describe == describe_claim) && o->device == NULL)
        nn_status_fail(status, NN_INVALID, "the table of %s '%s' names no device", k->label, e->name);
    else if (k->describe == describe_operator && o->since < 1)
        nn_status_fail(status, NN_INVALID, "operator '%s' has version %d, and versions count from 1", o->op,
                       o->since);
    g_free(copy);
    if (nn_status_code(status) != NN_OK)
        g_clear_pointer(&o, nn_offer_free);
    return o;
}

static char *differs(const char *what, const char *stated, const char *found) {
    if (g_strcmp0(stated, found) == 0)
        return NULL;
    return g_strdup_printf("%s is %s in the manifest and %s in the object", what, stated ? stated : "absent",
                           found ? found : "absent");
}

static char *differs_by(const char *what, int32_t stated, int32_t found) {
    return stated == found
               ? NULL
               : g_strdup_printf("%s is %d in the manifest and %d in the object", what, stated, found);
}

char *nn_offer_difference(const NnOffer *stated, const NnOffer *found) {
    char *d = differs("kind", stated->kind, found->kind);
    d = d ? d : differs("name", stated->name, found->name);
    d = d ? d : differs("op", stated->op, found->op);
    d = d ? d : differs_by("since", stated->since, found->since);
    d = d ? d : differs_by("until", stated->until, found->until);
    d = d ? d : differs("role", stated->role, found->role);
    d = d ? d : differs("device", stated->device, found->device);
    return d ? d : differs_by("priority", stated->priority, found->priority);
}
