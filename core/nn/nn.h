/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The host API: for programs that embed the library (nnrun and libnn-train are two). A context finds
 * plug-ins; a network is a model family built for a configuration and a data set; a session holds its
 * variables on a device; a callable is one function, compiled for the shapes that it is called with. No
 * process-wide state; objects of different contexts never meet. One context is used by one thread at a time,
 * unless a function says otherwise.
 */
#ifndef NN_NN_H
#define NN_NN_H

#include "nn/dataset.h"
#include "nn/format.h"
#include "nn/graph.h"
#include "nn/model.h"
#include "nn/settings.h"

#if defined(__GNUC__)
#define NN_API __attribute__((visibility("default")))
#else
#define NN_API
#endif

typedef struct NnContext NnContext;
typedef struct NnNetwork NnNetwork;
typedef struct NnSession NnSession;
typedef struct NnCallable NnCallable;

NN_API const char *nn_version(void);

/* ---- status ---- */
NN_API NnStatus *nn_status_new(void);
NN_API void nn_status_free(NnStatus *);
NN_API void nn_status_clear(NnStatus *);
NN_API int32_t nn_status_code(const NnStatus *);
NN_API const char *nn_status_message(const NnStatus *); /* "" when all is well */
NN_API const char *nn_status_detail(const NnStatus *, const char *key);
NN_API int32_t nn_status_fail(NnStatus *, int32_t code, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
NN_API void nn_status_where(NnStatus *, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* The name out of n that a misspelt one may have been meant for, or NULL. */
NN_API const char *nn_suggest_nearest(const char *name, const char *const *candidates, size_t n);

/* ---- context ---- */
typedef struct NnOptions {
    uint32_t struct_size;
    uint32_t threads;                /* 0: OMP_NUM_THREADS, else the cores this process may use */
    const char *const *plugin_paths; /* searched first, NULL-terminated; NULL: none */
    const char *const *allow;        /* package or file patterns; NULL: all */
    const char *const *deny;
    bool safe; /* only the system's own folder */
    void (*log)(void *arg, int32_t level,
                const char *message); /* from any thread; NULL: warnings to stderr */
    void *log_arg;
    void (*progress)(void *arg, const char *what, uint64_t done, uint64_t total); /* from any thread */
    void *progress_arg;
} NnOptions;
NN_API NnContext *nn_context_new(const NnOptions *, NnStatus *);
NN_API void nn_context_free(NnContext *);
NN_API void nn_context_cancel(NnContext *, bool); /* from any thread or signal handler */
/* The table that plug-ins get, made out to the program itself: gives graph, config, log, parallel. */
NN_API const NnHost *nn_context_host(NnContext *);

/* ---- registry: what the manifests say, without loading anything ---- */
typedef struct NnEntry {
    uint32_t struct_size;
    int32_t since;       /* operators, kernels: versions */
    const char *kind;    /* "nn.operator/1" */
    const char *name;    /* "Conv", "nn/ReluGrad", "cpu", "sgd" */
    const char *package; /* "ops" */
    const char *file;    /* real path of the object */
    const char *version;
    const char *summary;
    const char *role;   /* operators */
    const char *device; /* kernels, claims */
    int32_t priority;
    int32_t reserved;
    const char *op; /* kernels: the operator that they do, "Conv", "nn/ReluGrad", "*" */
    const char *
        problem; /* why it is not used: refused, hidden by another, one of two; NULL: nothing is against it */
} NnEntry;

typedef struct NnObjectInfo {
    uint32_t struct_size;
    uint32_t abi_min, abi_max;
    uint32_t n_needs;
    const char *file, *version, *licence, *summary, *sha256;
    const char *threads;      /* the foreign thread pool that it brings, or NULL */
    const char *const *needs; /* libraries it asks the system for */
    const char *problem;
} NnObjectInfo;

typedef struct NnPackageInfo {
    uint32_t struct_size;
    uint32_t n_objects;
    const char *name, *version, *folder;
    const char *problem;
} NnPackageInfo;

NN_API uint32_t nn_package_count(NnContext *);
NN_API const NnPackageInfo *nn_package_info(NnContext *, uint32_t i);
NN_API const NnObjectInfo *nn_package_object(NnContext *, uint32_t i, uint32_t object);
/* Loads every object of a folder (DIR/x.so, DIR/.libs/x.so), each in a child process, and gives the manifest
 * that states what they offer; free() it. The folder's own manifest, if it has one, gives the name where
 * `name` is NULL. */
NN_API char *nn_package_manifest(const char *folder, const char *name, NnStatus *);

NN_API uint32_t nn_registry_count(NnContext *);
NN_API const NnEntry *nn_registry_entry(NnContext *, uint32_t i);
/* The table of an export, loading its object; an unknown name fails with the nearest ones. */
NN_API const void *nn_registry_table(NnContext *, const char *kind, const char *name, NnStatus *);
/* The host table made out to the object that a table came from. */
NN_API const NnHost *nn_registry_host(NnContext *, const void *table);

/* ---- configuration ---- */
NN_API NnConfig *nn_config_read(const char *path, NnStatus *);
NN_API NnConfig *nn_config_parse(const char *text, uint64_t length, const char *name, NnStatus *);
NN_API void nn_config_free(NnConfig *);
NN_API int32_t nn_config_override(NnConfig *, const char *assignment,
                                  NnStatus *); /* Hydra's grammar: k=v +k=v ++k=v ~k */
NN_API char *nn_config_text(const NnConfig *); /* YAML; free() it */
NN_API const NnConfigApi *nn_config_api(void);
/* The same, where a path that is absent may still be a setting with a default: `known` tells, so that k=v may
 * name it. */
typedef bool (*NnConfigKnown)(const char *dotted, void *data);
NN_API int32_t nn_config_override_known(NnConfig *, const char *assignment, NnConfigKnown, void *data,
                                        NnStatus *);
/* `k=a,b` stands for two runs: the product of all lists, the last varying fastest. runs * n strings, n a run,
 * in one block with the array; free() it. NULL: the status is set. */
NN_API char **nn_config_expand(const char *const *assignments, uint32_t n, uint32_t *runs, NnStatus *);
/* A settings table as `nnrun help` prints it, in 80 columns, and as a JSON array; free() them. */
NN_API char *nn_settings_help(const NnSetting *table, uint32_t count, uint32_t stride);
NN_API char *nn_settings_json(const NnSetting *table, uint32_t count, uint32_t stride);

/* ---- networks ---- */
NN_API NnNetwork *nn_network_new(NnContext *, const char *family, const NnConfig *checked, const NnDataInfo *,
                                 uint64_t batch, NnStatus *);
NN_API void nn_network_free(NnNetwork *);
NN_API const NnModel *nn_network_model(const NnNetwork *); /* the family (its step) */
NN_API int32_t nn_network_order(const NnNetwork *);        /* NN_ORDER_* */
NN_API uint32_t nn_network_variables(const NnNetwork *, NnVariable *const **);
NN_API const NnVariableSpec *nn_variable_spec(const NnVariable *);
NN_API uint32_t nn_network_functions(const NnNetwork *, NnFunction *const **);
NN_API NnFunction *nn_network_function(const NnNetwork *,
                                       const char *name); /* NULL when the family has none of it */
NN_API const char *nn_function_name(const NnFunction *);
NN_API const char *nn_function_input_name(const NnFunction *, uint32_t i);
NN_API const char *nn_function_output_name(const NnFunction *, uint32_t i);
/* A mutable copy of a function in the same network, to append to (an optimizer's update), and its sealing. */
NN_API NnGraph *nn_function_extend(const NnFunction *, const char *name, NnStatus *);
NN_API NnFunction *nn_network_seal(NnNetwork *, NnGraph *, NnStatus *);
/* What the function asked for with minimize and set_gradient. */
NN_API NnValue *nn_graph_loss(const NnGraph *, const char **group);
NN_API NnValue *nn_graph_gradient(const NnGraph *, const NnVariable *);
NN_API NnValue *nn_graph_reads(const NnGraph *,
                               const NnVariable *); /* NULL when it does not read the variable */
/* The node that a value comes from, as plug-ins see it and with what is inferred so far; NULL: no node. */
NN_API const NnNode *nn_graph_producer(const NnGraph *, const NnValue *);
/* Every assignment made so far is committed only where this bool scalar holds too. */
NN_API int32_t nn_graph_guard(NnGraph *, NnValue *predicate);
/* A fresh function of the network, or (network NULL) one of its own. */
NN_API NnGraph *nn_graph_new(NnContext *, NnNetwork *, const char *name, int32_t phase);
NN_API void nn_graph_free(NnGraph *);                    /* of one that was not sealed */
NN_API NnFunction *nn_graph_seal(NnGraph *, NnStatus *); /* with its named outputs */
NN_API void nn_function_free(NnFunction *);              /* of one from nn_graph_seal */

/* ---- running ---- */
typedef struct NnSessionOptions {
    uint32_t struct_size;
    uint32_t flags;                /* NN_SESSION_* */
    const char *const *devices;    /* in order of preference, NULL-terminated: "cpu", "opencl:1", "auto" */
    const NnConfig *device_config; /* {NAME: {KEY: VALUE}}, by names of `devices`; NULL: defaults */
    uint64_t seed;
} NnSessionOptions;
#define NN_SESSION_NO_FALLBACK 1u /* what the listed devices cannot do is an error */
#define NN_SESSION_NO_CLAIMS 2u   /* one kernel per node */
#define NN_SESSION_CHECKED                                                                                   \
    4u /* after each node: are its floating outputs finite? The first that is not is named */

/* network NULL: functions without variables only. Variables start at their initialisers. */
NN_API NnSession *nn_session_new(NnContext *, NnNetwork *, const NnSessionOptions *, NnStatus *);
NN_API void nn_session_free(NnSession *);
NN_API void nn_session_set_step(NnSession *,
                                uint64_t step); /* what random operators see until it is set again */
NN_API int32_t nn_session_read(NnSession *, NnVariable *, void *to, uint64_t bytes, NnStatus *);
NN_API int32_t nn_session_write(NnSession *, NnVariable *, const void *from, uint64_t bytes, NnStatus *);

NN_API NnCallable *nn_callable_new(NnSession *, const NnFunction *, NnStatus *);
NN_API void nn_callable_free(NnCallable *);
/* Inputs are dense and in host memory, in the function's order, and may be changed as soon as this returns.
 * Compiles on the first call with new shapes. A call that fails before it runs leaves all variables as they
 * were; one that fails at a node leaves the new value in those that had got it before, and the status names
 * the node, also as its detail "node". */
NN_API int32_t nn_callable_call(NnCallable *, const NnTensor *const *inputs, NnStatus *);
/* An output of the last call, in host memory, valid until the next one; waits for it. */
NN_API int32_t nn_callable_output(NnCallable *, uint32_t i, const NnTensor **, NnStatus *);
/* Waits for everything; an error of completion is reported here at the latest. */
NN_API int32_t nn_callable_wait(NnCallable *, NnStatus *);
/* The last program as text: passes, devices, kernels, copies, cuts, memory. `after`: the graph after that
 * pass; NULL: the program. free() it. */
NN_API char *nn_callable_explain(NnCallable *, const char *after, NnStatus *);

/* A function as formats write graphs, with the session's values of its variables; one that assigns is
 * refused. */
NN_API const NnGraphView *nn_view_new(NnSession *, const NnFunction *, NnStatus *);
NN_API void nn_view_free(const NnGraphView *);

#endif
