/* SPDX-License-Identifier: Apache-2.0 */
/*
 * An asynchronous device for the tests: memory of its own behind handles that are no addresses, the
 * operators' reference kernels on a thread of its own, completed late. Whoever mistakes enqueued for done, or
 * a handle for an address, fails here. NN_TOY_FAIL=NAME makes the node of that name fail when it is
 * completed; NN_TOY_DECLINE=OP leaves an operator to others.
 */
#include "nn/plugin.h"

#include <pthread.h>
#include <stdlib.h>
#include <unistd.h>

#define BUFFERS_MAX 65536u
#define ARGUMENTS_MAX 64u
#define HANDLE_BASE ((uintptr_t)0x1000)

typedef struct Job {
    struct Job *next;
    enum { JOB_KERNEL, JOB_COPY, JOB_FREE, JOB_EVENT } kind;
    void *to;
    const void *from;
    uint64_t bytes;
    NnCall call;
    NnTensor tensors[ARGUMENTS_MAX];
    NnTensor *pointers[ARGUMENTS_MAX];
    void *kept[ARGUMENTS_MAX]; /* copies of host values: the host may change them once run has returned */
    bool fails;
} Job;

struct NnEvent {
    bool reached;
};

struct NnStream {
    NnDevice *device;
    pthread_t thread;
    pthread_mutex_t lock;
    pthread_cond_t more, done;
    Job *first, **last;
    bool stop;
    int32_t failed;
    uint64_t tag;
    char why[128];
};

struct NnDevice {
    const NnDeviceKind *kind;
    const NnHost *nn;
    void *buffers[BUFFERS_MAX];
    uint32_t n;
};

static NnDevice the_device;

static void *address(const NnBuffer handle, uint64_t offset) {
    const uintptr_t i = (uintptr_t)handle / HANDLE_BASE;
    return i > 0 && i <= the_device.n ? (char *)the_device.buffers[i - 1] + offset : NULL;
}

/* ---- the thread ---- */

static void poison(NnStream *s, const Job *job, int32_t code, const char *why) {
    pthread_mutex_lock(&s->lock);
    if (s->failed == NN_OK) {
        s->failed = code;
        s->tag = job->call.tag;
        (void)snprintf(s->why, sizeof s->why, "%s", why);
    }
    pthread_mutex_unlock(&s->lock);
}

static void do_job(NnStream *s, Job *job, bool poisoned) {
    usleep((unsigned)(rand() % 20));
    switch (job->kind) {
    case JOB_EVENT:
        pthread_mutex_lock(&s->lock);
        ((NnEvent *)job->to)->reached = true;
        pthread_mutex_unlock(&s->lock);
        return;
    case JOB_FREE: free(job->to); return;
    case JOB_COPY:
        if (!poisoned)
            memmove(job->to, job->from, job->bytes);
        return;
    case JOB_KERNEL:
        if (poisoned)
            break;
        if (job->fails)
            poison(s, job, NN_ERROR, "the toy was told to fail here");
        else if (job->call.node->definition->compute(&job->call) != NN_OK)
            poison(s, job, NN_ERROR, "the kernel failed");
        break;
    }
    for (uint32_t i = 0; i < ARGUMENTS_MAX; i++)
        free(job->kept[i]);
}

static void *serve(void *arg) {
    NnStream *s = arg;
    pthread_mutex_lock(&s->lock);
    for (;;) {
        while (s->first == NULL && !s->stop)
            pthread_cond_wait(&s->more, &s->lock);
        Job *job = s->first;
        if (job == NULL)
            break;
        const bool poisoned = s->failed != NN_OK;
        pthread_mutex_unlock(&s->lock);
        do_job(s, job, poisoned);
        pthread_mutex_lock(&s->lock);
        s->first = job->next;
        if (s->first == NULL)
            s->last = &s->first;
        free(job);
        pthread_cond_broadcast(&s->done);
    }
    pthread_mutex_unlock(&s->lock);
    return NULL;
}

static int32_t enqueue(NnStream *s, const Job *what) {
    Job *job = malloc(sizeof *job);
    if (job == NULL)
        return NN_OUT_OF_MEMORY;
    *job = *what;
    job->next = NULL;
    for (uint32_t i = 0; i < ARGUMENTS_MAX; i++)
        job->pointers[i] = what->pointers[i] ? &job->tensors[i] : NULL;
    job->call.inputs = (const NnTensor *const *)job->pointers;
    job->call.outputs = job->pointers + job->call.n_inputs;
    pthread_mutex_lock(&s->lock);
    *s->last = job;
    s->last = &job->next;
    pthread_cond_signal(&s->more);
    pthread_mutex_unlock(&s->lock);
    return NN_OK;
}

/* ---- the device ---- */

static const NnDeviceKind toy;

static int32_t enumerate(const NnHost *nn, uint32_t *count, NnStatus *status) {
    (void)nn;
    (void)status;
    *count = 1;
    return NN_OK;
}

static int32_t open_device(const NnHost *nn, uint32_t index, const NnConfig *config, NnDevice **out,
                           NnStatus *status) {
    (void)index;
    (void)config;
    (void)status;
    the_device.kind = &toy;
    the_device.nn = nn;
    *out = &the_device;
    return NN_OK;
}

static int32_t stream_new(NnDevice *d, NnStream **out, NnStatus *status) {
    NnStream *s = calloc(1, sizeof *s);
    if (s == NULL)
        return nn_fail(d->nn, status, NN_OUT_OF_MEMORY, "no memory for a stream");
    s->device = d;
    s->last = &s->first;
    pthread_mutex_init(&s->lock, NULL);
    pthread_cond_init(&s->more, NULL);
    pthread_cond_init(&s->done, NULL);
    if (pthread_create(&s->thread, NULL, serve, s) != 0) {
        free(s);
        return nn_fail(d->nn, status, NN_ERROR, "no thread for a stream");
    }
    *out = s;
    return NN_OK;
}

static void stream_free(NnDevice *d, NnStream *s) {
    (void)d;
    pthread_mutex_lock(&s->lock);
    s->stop = true;
    pthread_cond_broadcast(&s->more);
    pthread_mutex_unlock(&s->lock);
    pthread_join(s->thread, NULL);
    pthread_mutex_destroy(&s->lock);
    pthread_cond_destroy(&s->more);
    pthread_cond_destroy(&s->done);
    free(s);
}

static int32_t alloc(NnDevice *d, NnStream *s, uint64_t bytes, NnBuffer *out, NnStatus *status) {
    (void)s;
    void *memory = d->n < BUFFERS_MAX ? aligned_alloc(64, (bytes + 64) & ~UINT64_C(63)) : NULL;
    if (memory == NULL)
        return nn_fail(d->nn, status, NN_OUT_OF_MEMORY, "the toy has no memory left");
    d->buffers[d->n++] = memory;
    *out = (NnBuffer)(d->n * HANDLE_BASE);
    return NN_OK;
}

static void free_buffer(NnDevice *d, NnStream *s, NnBuffer buffer) {
    (void)d;
    (void)enqueue(s, &(Job){.kind = JOB_FREE, .to = address(buffer, 0)});
}

static int32_t copy_in(NnDevice *d, NnStream *s, NnBuffer to, uint64_t offset, const void *from,
                       uint64_t bytes, NnStatus *status) {
    (void)d;
    (void)status;
    return enqueue(s, &(Job){.kind = JOB_COPY, .to = address(to, offset), .from = from, .bytes = bytes});
}

static int32_t copy_out(NnDevice *d, NnStream *s, void *to, NnBuffer from, uint64_t offset, uint64_t bytes,
                        NnStatus *status) {
    (void)d;
    (void)status;
    return enqueue(s, &(Job){.kind = JOB_COPY, .to = to, .from = address(from, offset), .bytes = bytes});
}

static int32_t copy(NnDevice *d, NnStream *s, NnBuffer to, uint64_t to_offset, NnBuffer from,
                    uint64_t from_offset, uint64_t bytes, NnStatus *status) {
    (void)d;
    (void)status;
    return enqueue(s, &(Job){.kind = JOB_COPY,
                             .to = address(to, to_offset),
                             .from = address(from, from_offset),
                             .bytes = bytes});
}

static int32_t event_new(NnDevice *d, NnEvent **out, NnStatus *status) {
    *out = calloc(1, sizeof **out);
    return *out ? NN_OK : nn_fail(d->nn, status, NN_OUT_OF_MEMORY, "no memory for an event");
}

static void event_free(NnDevice *d, NnEvent *e) {
    (void)d;
    free(e);
}

static int32_t record(NnDevice *d, NnStream *s, NnEvent *e, NnStatus *status) {
    (void)d;
    (void)status;
    e->reached = false;
    return enqueue(s, &(Job){.kind = JOB_EVENT, .to = e, .from = s});
}

static NnStream *only_stream; /* a test has one session at a time, and so one stream */

static int32_t wait_event(NnDevice *d, NnEvent *e, uint64_t *tag, NnStatus *status) {
    NnStream *s = only_stream;
    pthread_mutex_lock(&s->lock);
    while (!e->reached)
        pthread_cond_wait(&s->done, &s->lock);
    const int32_t failed = s->failed;
    *tag = s->tag;
    pthread_mutex_unlock(&s->lock);
    return failed == NN_OK ? NN_OK : nn_fail(d->nn, status, failed, "%s", s->why);
}

static int32_t reset(NnDevice *d, NnStream *s, NnStatus *status) {
    (void)d;
    (void)status;
    pthread_mutex_lock(&s->lock);
    s->failed = NN_OK;
    pthread_mutex_unlock(&s->lock);
    return NN_OK;
}

static int32_t stream_new_only(NnDevice *d, NnStream **out, NnStatus *status) {
    const int32_t code = stream_new(d, out, status);
    only_stream = code == NN_OK ? *out : NULL;
    return code;
}

static const NnDeviceKind toy = {
    .struct_size = sizeof toy,
    .flags = NN_DEVICE_ASYNC,
    .name = "toy",
    .memory = "toy",
    .priority = -2000,
    .doc = "The reference kernels, late and on a thread of their own; for tests.",
    .enumerate = enumerate,
    .open = open_device,
    .stream_new = stream_new_only,
    .stream_free = stream_free,
    .alloc = alloc,
    .free = free_buffer,
    .copy_in = copy_in,
    .copy_out = copy_out,
    .copy = copy,
    .event_new = event_new,
    .event_free = event_free,
    .record = record,
    .wait = wait_event,
    .reset = reset,
};

/* ---- its kernel ---- */

static bool on_host(const NnNode *node, uint32_t i) {
    const NnOperator *def = node->definition;
    const uint32_t k = i < def->n_inputs ? i : def->n_inputs - 1;
    const NnParam *p = (const void *)((const char *)def->inputs + (size_t)k * def->param_stride);
    return p->flags & NN_SHAPE_VALUE;
}

static int32_t match(const NnHost *nn, NnDevice *device, const NnNode *node, NnStatus *reason) {
    (void)device;
    const char *declined = getenv("NN_TOY_DECLINE");
    return declined && strcmp(declined, node->op) == 0
               ? nn_fail(nn, reason, NN_UNSUPPORTED, "the toy was told to decline")
               : NN_OK;
}

static int32_t lacks_memory(const NnCall *call, Job *job) {
    for (uint32_t i = 0; i < ARGUMENTS_MAX; i++)
        free(job->kept[i]);
    return nn_fail(call->host, call->status, NN_OUT_OF_MEMORY, "the toy has no memory for a job");
}

static int32_t run(void *state, const NnCall *call) {
    (void)state;
    if (call->n_inputs + call->n_outputs > ARGUMENTS_MAX)
        return nn_fail(call->host, call->status, NN_UNSUPPORTED, "the toy takes at most %u arguments",
                       ARGUMENTS_MAX);
    static Job job;
    const char *victim = getenv("NN_TOY_FAIL");
    job = (Job){.kind = JOB_KERNEL, .call = *call};
    job.call.status = NULL; /* belongs to the caller's thread */
    job.fails = victim && strcmp(victim, call->node->name) == 0;
    for (uint32_t i = 0; i < call->n_inputs + call->n_outputs; i++) {
        const NnTensor *t = i < call->n_inputs ? call->inputs[i] : call->outputs[i - call->n_inputs];
        if (t == NULL)
            continue;
        job.tensors[i] = *t;
        job.pointers[i] = &job.tensors[i];
        if (i < call->n_inputs && on_host(call->node, i)) {
            const uint64_t bytes = (uint64_t)nn_elements(t) * nn_type_size(t->type);
            job.kept[i] = malloc(bytes + 1);
            if (job.kept[i] == NULL)
                return lacks_memory(call, &job);
            memcpy(job.kept[i], nn_data(t), bytes);
            job.tensors[i].buffer = job.kept[i];
        } else {
            job.tensors[i].buffer = address(t->buffer, 0);
        }
        job.tensors[i].offset = job.kept[i] ? 0 : t->offset;
    }
    return enqueue(call->stream, &job) == NN_OK ? NN_OK : lacks_memory(call, &job);
}

static const NnKernel any = {.struct_size = sizeof any,
                             .since_min = 1,
                             .domain = "",
                             .op = "*",
                             .device = "toy",
                             .match = match,
                             .run = run};

/* A family of networks without functions, for tests that build their own. */
static int32_t build_nothing(NnModelBuild *build) {
    (void)build;
    return NN_OK;
}

static const NnModel blank = {.struct_size = sizeof blank,
                              .name = "blank",
                              .doc = "No functions at all; for tests.",
                              .build = build_nothing};

static const NnExport list[] = {
    {NN_MODEL_KIND, "blank", &blank},
    {NN_DEVICE_KIND, "toy", &toy},
    {NN_KERNEL_KIND, "*", &any},
};

NN_PLUGIN(toy, "An asynchronous device for tests.", list)
