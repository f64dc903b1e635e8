/* SPDX-License-Identifier: Apache-2.0 */
/* The life of packages, objects and offers: plain records, owned from the package down. */
#include "plugin/package.h"

void nn_offer_free(NnOffer *o) {
    if (o == NULL)
        return;
    g_free(o->kind);
    g_free(o->name);
    g_free(o->op);
    g_free(o->role);
    g_free(o->device);
    g_free(o->summary);
    g_free(o);
}

NnObject *nn_object_new(NnPackage *package) {
    NnObject *o = g_new0(NnObject, 1);
    o->info.struct_size = sizeof o->info;
    o->package = package;
    o->needs = g_ptr_array_new_with_free_func(g_free);
    o->offers = g_ptr_array_new_with_free_func((GDestroyNotify)nn_offer_free);
    o->tables = g_ptr_array_new();
    o->copies = g_ptr_array_new_with_free_func(g_free);
    return o;
}

void nn_object_free(NnObject *o) {
    if (o == NULL)
        return;
    g_free((char *)o->info.file);
    g_free((char *)o->info.version);
    g_free((char *)o->info.licence);
    g_free((char *)o->info.summary);
    g_free((char *)o->info.sha256);
    g_free((char *)o->info.threads);
    g_ptr_array_unref(o->needs);
    g_ptr_array_unref(o->offers);
    g_ptr_array_unref(o->tables);
    g_ptr_array_unref(o->copies);
    g_free(o->refused);
    g_free(o);
}

NnPackage *nn_package_new(const char *folder) {
    NnPackage *p = g_new0(NnPackage, 1);
    p->info.struct_size = sizeof p->info;
    p->info.folder = g_strdup(folder);
    p->objects = g_ptr_array_new_with_free_func((GDestroyNotify)nn_object_free);
    return p;
}

void nn_package_free(NnPackage *p) {
    if (p == NULL)
        return;
    g_ptr_array_unref(p->objects);
    g_free((char *)p->info.name);
    g_free((char *)p->info.version);
    g_free((char *)p->info.folder);
    g_free(p->refused);
    g_free(p);
}

void nn_object_refuse(NnObject *o, const char *reason) {
    if (o->refused == NULL)
        o->refused = g_strdup(reason);
    o->info.problem = o->refused;
}

void nn_package_refuse(NnPackage *p, const char *reason) {
    if (p->refused == NULL)
        p->refused = g_strdup(reason);
    p->info.problem = p->refused;
    for (guint i = 0; i < p->objects->len; i++)
        nn_object_refuse(g_ptr_array_index(p->objects, i), reason);
}
