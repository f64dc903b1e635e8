/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Packages, objects and offers as manifests state them. A package is a folder of objects with one manifest;
 * an object is one shared object; an offer is one export of it. All of it is known before anything is loaded,
 * and what is loaded later has to agree with it field by field.
 */
#ifndef NN_PLUGIN_PACKAGE_H
#define NN_PLUGIN_PACKAGE_H

#include "context.h"

#define NN_MANIFEST_NAME "manifest.yaml"
#define NN_MANIFEST_VERSION 1
#define NN_MANIFEST_MAX_BYTES (16u << 20)

typedef struct NnPackage NnPackage;

/* Strings that do not apply are NULL. */
typedef struct NnOffer {
    char *kind;           /* "nn.operator/1" */
    char *name;           /* of the export */
    char *op;             /* operators and kernels: "Conv", "nn/ReluGrad" */
    char *role;           /* operators */
    char *device;         /* kernels and claims */
    char *summary;        /* the first sentence of its documentation */
    int32_t since, until; /* operators: since; kernels: both, until 0 for no end */
    int32_t priority;
} NnOffer;

typedef struct NnObject {
    NnHost host; /* the table that this object is given, filled when it is loaded */
    NnObjectInfo info;
    NnPackage *package;
    GPtrArray *needs;  /* char *, NULL-terminated */
    GPtrArray *offers; /* NnOffer * */
    char *refused;     /* why it is not, or could not be, loaded */
    void *handle;
    const NnPlugin *plugin; /* not NULL: loaded and started */
    GPtrArray *tables;      /* one per offer */
    GPtrArray *copies;      /* tables of older plug-ins, widened to today's size */
} NnObject;

struct NnPackage {
    NnPackageInfo info;
    char *refused;
    uint32_t level;     /* which element of the search path it was found in */
    GPtrArray *objects; /* NnObject * */
};

void nn_offer_free(NnOffer *);
NnObject *nn_object_new(NnPackage *);
void nn_object_free(NnObject *);
NnPackage *nn_package_new(const char *folder);
void nn_package_free(NnPackage *);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(NnPackage, nn_package_free)
/* The first reason counts. */
void nn_object_refuse(NnObject *, const char *reason);
void nn_package_refuse(NnPackage *, const char *reason);

/* manifest.c: fills a package from the text of its manifest. Strict about what it knows, silent about other
 * keys, so that later versions can say more. `name` is what places in messages start with. */
int32_t nn_manifest_parse(NnPackage *, const char *name, const char *text, gsize length, NnStatus *);
/* The text of one object in a manifest, and a manifest around such texts (g_free it); equal packages give
 * equal bytes. */
void nn_manifest_print_object(GString *, const NnObject *);
char *nn_manifest_text(const NnPackage *, const char *objects);

/* offer.c: what a loaded table offers. NULL with the status set when the table is not one of its kind. */
NnOffer *nn_offer_of(const NnExport *, NnStatus *);
/* NULL when both say the same; else what differs, as "priority is 5 in the manifest and 3 in the object";
 * g_free it. */
char *nn_offer_difference(const NnOffer *stated, const NnOffer *found);
/* What the world calls it: of an operator its identity ("nn/ReluGrad"), else the export's name. */
const char *nn_offer_identity(const NnOffer *);
/* May there be only one of this kind and identity? Kernels and claims are as many as there are. */
bool nn_offer_is_unique(const NnOffer *);
/* "operator", "kernel", "device"; of an unknown kind, the kind itself. */
const char *nn_kind_label(const char *kind);
/* The table itself, or a copy with zeros behind when it is shorter than today's; *copy is then to be freed.
 */
const void *nn_kind_widen(const char *kind, const void *table, void **copy);

#endif
