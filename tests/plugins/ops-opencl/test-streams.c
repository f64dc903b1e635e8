/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Streams of the device `opencl`, driven by hand: kernels and copies at random against a simulation on the
 * host, which tells whether order is kept where data demands it; faults with several events under way; more
 * commands than a stream's ring holds. Usage: test-streams [SETTINGS], a YAML map of the device's settings.
 */
#include "ops-opencl/opencl.h"

#include "nn/nn.h"

#include <stdlib.h>

#define WORDS 4096u /* of the buffer on the device, and of the host's */
#define GRAIN 64u
#define LARGE ((UINT64_C(5) << 20) + 12)

static const char text[] =
    "__kernel void stir(__global const uint *a, ulong a_at, __global const uint *b, ulong b_at,\n"
    "                  __global uint *y, ulong y_at, uint4 p) {\n"
    "    const size_t i = get_global_id(0);\n"
    "    if (i >= p.x) return;\n"
    "    uint x = a[a_at + i];\n"
    "    for (uint k = 0; k <= p.z; k++) x = x * 1664525u + rotate(b[b_at + i], p.y & 31u) + p.y;\n"
    "    y[y_at + i] = x;\n"
    "}\n"
    "__kernel void report(__global uint *fault, ulong tag, uint4 p) {\n"
    "    if (get_global_id(0) != 0 || p.x == 0) return;\n"
    "    if (atomic_cmpxchg((volatile __global uint *)fault, 0u, (uint)tag) == 0) {\n"
    "        fault[1] = (uint)(tag >> 32); fault[2] = p.x; fault[3] = 0; fault[4] = 5;\n"
    "    }\n"
    "}\n";

typedef struct Bench {
    NnContext *context;
    NnStatus *status;
    const NnHost *nn;
    const NnDeviceKind *kind;
    NnDevice *device;
    NnStream *stream;
    NnEvent *events[3];
    OclPlan *stir, *report;
    NnBuffer buffer;
    int failures;
} Bench;

static void say(Bench *b, const char *name, bool good) {
    printf("%s %s\n", good ? "ok" : "not ok", name);
    if (!good && nn_status_code(b->status) != NN_OK)
        printf("# %s\n", nn_status_message(b->status));
    b->failures += !good;
    nn_status_clear(b->status);
}

static OclPlan *plan_of(Bench *b, const char *kernel, uint32_t n_args) {
    const OclService *ocl = nn_device_query(b->device, OCL_SERVICE, OCL_VERSION);
    const OclSource source = {.name = "test-streams", .parts = {text}};
    OclPlan *plan = ocl->plan_new(b->nn, b->device, b->status);
    OclStage *s = plan ? ocl->stage(b->nn, plan, &source, kernel, n_args, b->status) : NULL;
    for (uint32_t i = 0; s && n_args > 1 && i < n_args; i++)
        ocl_arg(s, i, i < 2 ? OCL_INPUT : OCL_OUTPUT, i < 2 ? i : 0);
    if (s && n_args == 1)
        ocl_arg(s, 0, OCL_FAULT, 0);
    return s ? plan : NULL;
}

static bool open_bench(Bench *b, const char *settings) {
    const NnOptions options = {.struct_size = sizeof options};
    const NnConfig *checked = NULL;
    b->status = nn_status_new();
    b->context = nn_context_new(&options, b->status);
    b->kind = b->context ? nn_registry_table(b->context, NN_DEVICE_KIND, "opencl", b->status) : NULL;
    NnConfig *given = b->kind ? nn_config_parse(settings, strlen(settings), "settings", b->status) : NULL;
    if (given == NULL ||
        nn_config_api()->check(given, b->kind->settings, b->kind->n_settings, b->kind->setting_stride,
                               "opencl", &checked, b->status) != NN_OK)
        return false;
    b->nn = nn_registry_host(b->context, b->kind);
    bool good = b->kind->open(b->nn, 0, checked, &b->device, b->status) == NN_OK &&
                b->kind->stream_new(b->device, &b->stream, b->status) == NN_OK;
    for (uint32_t i = 0; i < NN_COUNT(b->events); i++)
        good = good && b->kind->event_new(b->device, &b->events[i], b->status) == NN_OK;
    good = good && b->kind->alloc(b->device, b->stream, LARGE, &b->buffer, b->status) == NN_OK;
    nn_config_free(given);
    return good && (b->stir = plan_of(b, "stir", 3)) && (b->report = plan_of(b, "report", 1));
}

static void close_bench(Bench *b) {
    ocl_release(b->nn, b->stir);
    ocl_release(b->nn, b->report);
    b->kind->free(b->device, b->stream, b->buffer);
    for (uint32_t i = 0; i < NN_COUNT(b->events); i++)
        b->kind->event_free(b->device, b->events[i]);
    b->kind->stream_free(b->device, b->stream);
    b->kind->close(b->device);
    nn_context_free(b->context);
    nn_status_free(b->status);
}

/* ---- commands ---- */

static int32_t launch(Bench *b, OclPlan *plan, const uint32_t at[3], const uint32_t p[4], uint64_t tag) {
    const int64_t dims[1] = {p[0]}, strides[1] = {1};
    NnTensor t[3];
    for (uint32_t i = 0; i < 3; i++)
        t[i] = (NnTensor){.buffer = b->buffer,
                          .offset = 4 * (uint64_t)at[i],
                          .type = NN_U32,
                          .rank = 1,
                          .dims = (int64_t *)(uintptr_t)dims,
                          .strides = (int64_t *)(uintptr_t)strides};
    const NnTensor *inputs[] = {&t[0], &t[1]};
    NnTensor *outputs[] = {&t[2]};
    const NnCall call = {.struct_size = sizeof call,
                         .n_inputs = 2,
                         .n_outputs = 1,
                         .inputs = inputs,
                         .outputs = outputs,
                         .host = b->nn,
                         .device = b->device,
                         .stream = b->stream,
                         .tag = tag,
                         .status = b->status};
    OclStage *s = &plan->stages[0];
    ocl_items(s, plan == b->stir ? p[0] : 1);
    const int32_t code = plan->ocl->params(b->nn, plan, s, p, 4 * sizeof *p, b->status);
    return code == NN_OK ? ocl_run(plan, &call) : code;
}

static int32_t report(Bench *b, uint32_t found, uint64_t tag) {
    return launch(b, b->report, (const uint32_t[3]){0, 0, 0}, (const uint32_t[4]){found, 0, 0, 0}, tag);
}

static int32_t record(Bench *b, uint32_t event) {
    return b->kind->record(b->device, b->stream, b->events[event], b->status);
}

static int32_t wait_for(Bench *b, uint32_t event, uint64_t *tag) {
    return b->kind->wait(b->device, b->events[event], tag, b->status);
}

static bool settle(Bench *b) {
    uint64_t tag;
    return record(b, 0) == NN_OK && wait_for(b, 0, &tag) == NN_OK;
}

/* ---- order ---- */

static uint32_t random_below(uint32_t n) { return (uint32_t)rand() % n; }

static uint32_t words_of(uint32_t x) { return GRAIN * x; }

static void stir_here(uint32_t *y, const uint32_t *a, const uint32_t *with, const uint32_t p[4]) {
    const uint32_t r = p[1] & 31;
    for (uint32_t i = 0; i < p[0]; i++) {
        uint32_t x = a[i];
        for (uint32_t k = 0; k <= p[2]; k++)
            x = x * 1664525u + (with[i] << r | (r ? with[i] >> (32 - r) : 0)) + p[1];
        y[i] = x;
    }
}

/* One random command, on the device and in the simulation: `here` is the device's buffer, `mine` the host's
 * memory, of which the device reads and writes `host`. */
static int32_t one_command(Bench *b, uint32_t *here, uint32_t *mine, uint32_t *host) {
    const uint32_t grains = WORDS / GRAIN, n = 1 + random_below(8);
    uint32_t at[3];
    for (uint32_t i = 0; i < 3; i++)
        at[i] = words_of(random_below(grains - n));
    const uint64_t bytes = 4 * (uint64_t)words_of(n);
    const bool apart = at[0] + words_of(n) <= at[1] || at[1] + words_of(n) <= at[0];
    switch (random_below(6)) {
    case 0:
        memmove(here + at[0], mine + at[1], bytes);
        return b->kind->copy_in(b->device, b->stream, b->buffer, 4 * (uint64_t)at[0], host + at[1], bytes,
                                b->status);
    case 1:
        memmove(mine + at[0], here + at[1], bytes);
        return b->kind->copy_out(b->device, b->stream, host + at[0], b->buffer, 4 * (uint64_t)at[1], bytes,
                                 b->status);
    case 2:
        if (!apart)
            return NN_OK;
        memmove(here + at[0], here + at[1], bytes);
        return b->kind->copy(b->device, b->stream, b->buffer, 4 * (uint64_t)at[0], b->buffer,
                             4 * (uint64_t)at[1], bytes, b->status);
    default:
        if (!apart || random_below(3) == 0)
            at[1] = at[0];
        at[2] = at[0]; /* in place, so that each depends on what was there */
        const uint32_t p[4] = {words_of(n), random_below(1000), random_below(8) == 0 ? 3000 : 3, 0};
        stir_here(here + at[2], here + at[0], here + at[1], p);
        return launch(b, b->stir, at, p, 1);
    }
}

static void test_order(Bench *b) {
    uint32_t *memory = calloc(4 * WORDS, sizeof *memory);
    if (memory == NULL)
        abort();
    uint32_t *here = memory, *mine = memory + WORDS, *host = memory + 2 * WORDS, *back = memory + 3 * WORDS;
    for (uint32_t i = 0; i < WORDS; i++)
        here[i] = mine[i] = host[i] = (uint32_t)rand();
    int32_t code =
        b->kind->copy_in(b->device, b->stream, b->buffer, 0, here, WORDS * sizeof *here, b->status);
    bool good = code == NN_OK && settle(b);
    for (uint32_t round = 0; good && round < 40; round++) {
        for (uint32_t i = 0; good && i < 100; i++)
            good = one_command(b, here, mine, host) == NN_OK;
        good = good && settle(b) && memcmp(host, mine, WORDS * sizeof *host) == 0;
    }
    good = good && b->kind->copy_out(b->device, b->stream, back, b->buffer, 0, WORDS * sizeof *back,
                                     b->status) == NN_OK;
    good = good && settle(b) && memcmp(back, here, WORDS * sizeof *back) == 0;
    say(b, "4000 random commands do what they do in order", good);
    free(memory);
}

/* More than the ring of a stream holds, each depending on the one before. */
static void test_many(Bench *b) {
    uint32_t words[2 * GRAIN] = {0}, expected[2 * GRAIN] = {0};
    const uint32_t at[3] = {0, GRAIN, 0}, p[4] = {GRAIN, 7, 0, 0};
    bool good = b->kind->copy_in(b->device, b->stream, b->buffer, 0, words, sizeof words, b->status) == NN_OK;
    for (uint32_t i = 0; good && i < 3000; i++) {
        good = launch(b, b->stir, at, p, i) == NN_OK;
        stir_here(expected, expected, expected + GRAIN, p);
    }
    good = good &&
           b->kind->copy_out(b->device, b->stream, words, b->buffer, 0, sizeof words, b->status) == NN_OK;
    good = good && settle(b) && memcmp(words, expected, sizeof words) == 0;
    say(b, "3000 kernels without a wait", good);
}

/* One that depends on more than a list of events takes. */
static void test_fan(Bench *b) {
    uint32_t words[WORDS], expected[WORDS];
    for (uint32_t i = 0; i < WORDS; i++)
        words[i] = expected[i] = (uint32_t)rand();
    bool good = b->kind->copy_in(b->device, b->stream, b->buffer, 0, words, sizeof words, b->status) == NN_OK;
    /* The first is the slowest. */
    for (uint32_t i = 0; good && i < 48 * GRAIN; i += GRAIN)
        good = launch(b, b->stir, (const uint32_t[3]){i, i, i},
                      (const uint32_t[4]){GRAIN, i, i == 0 ? 1000000 : 3, 0}, i) == NN_OK;
    good = good &&
           b->kind->copy_out(b->device, b->stream, words, b->buffer, 0, sizeof words, b->status) == NN_OK;
    for (uint32_t i = 0; good && i < 48 * GRAIN; i += GRAIN)
        stir_here(expected + i, expected + i, expected + i,
                  (const uint32_t[4]){GRAIN, i, i == 0 ? 1000000 : 3, 0});
    good = good && settle(b) && memcmp(words, expected, sizeof words) == 0;
    say(b, "a copy behind 48 kernels", good);
}

/* A second stream goes on where the first has got to, over the device's memory and over the host's. */
static void test_two_streams(Bench *b) {
    uint32_t words[GRAIN], expected[GRAIN], through[GRAIN] = {0}, back[GRAIN] = {0};
    const uint32_t p[4] = {GRAIN, 9, 1000000, 0};
    NnStream *first = b->stream, *second = NULL;
    for (uint32_t i = 0; i < GRAIN; i++)
        words[i] = expected[i] = (uint32_t)rand();
    bool good =
        b->kind->stream_new(b->device, &second, b->status) == NN_OK &&
        b->kind->copy_in(b->device, first, b->buffer, 0, words, sizeof words, b->status) == NN_OK &&
        launch(b, b->stir, (const uint32_t[3]){0, 0, 0}, p, 1) == NN_OK &&
        b->kind->copy_out(b->device, first, through, b->buffer, 0, sizeof words, b->status) == NN_OK &&
        record(b, 1) == NN_OK;
    good =
        good && b->kind->stream_wait(b->device, second, b->events[1], b->status) == NN_OK &&
        b->kind->copy(b->device, second, b->buffer, 4096, b->buffer, 0, sizeof words, b->status) == NN_OK &&
        b->kind->copy_in(b->device, second, b->buffer, 8192, through, sizeof words, b->status) == NN_OK &&
        b->kind->copy_out(b->device, second, words, b->buffer, 4096, sizeof words, b->status) == NN_OK &&
        b->kind->copy_out(b->device, second, back, b->buffer, 8192, sizeof words, b->status) == NN_OK;
    stir_here(expected, expected, expected, p);
    b->stream = second;
    good = good && settle(b) && memcmp(words, expected, sizeof words) == 0 &&
           memcmp(back, expected, sizeof words) == 0;
    b->stream = first;
    say(b, "a second stream waits for the first", good && settle(b));
    memset(back, 0, sizeof back);
    uint64_t tag;
    good = good && launch(b, b->stir, (const uint32_t[3]){0, 0, 0}, p, 1) == NN_OK &&
           b->kind->copy_out(b->device, first, back, b->buffer, 0, sizeof back, b->status) == NN_OK &&
           record(b, 1) == NN_OK && b->kind->stream_wait(b->device, second, b->events[1], b->status) == NN_OK;
    stir_here(expected, expected, expected, p);
    b->stream = second;
    good = good && record(b, 2) == NN_OK && wait_for(b, 2, &tag) == NN_OK &&
           memcmp(back, expected, sizeof back) == 0;
    b->stream = first;
    say(b, "an event right behind that wait stands for the first stream's work", good && settle(b));
    if (second)
        b->kind->stream_free(b->device, second);
}

static void test_large(Bench *b) {
    uint8_t *there = malloc(LARGE), *back = calloc(1, LARGE);
    if (there == NULL || back == NULL)
        abort();
    for (uint64_t i = 0; i < LARGE; i++)
        there[i] = (uint8_t)rand();
    bool good = b->kind->copy_in(b->device, b->stream, b->buffer, 0, there, LARGE, b->status) == NN_OK &&
                b->kind->copy_out(b->device, b->stream, back, b->buffer, 0, LARGE, b->status) == NN_OK &&
                settle(b);
    good = good && memcmp(there, back, LARGE) == 0;
    say(b, "5 MiB and 12 bytes come back as they went", good);
    free(there);
    free(back);
}

/* ---- faults ---- */

static bool faulty(Bench *b, uint32_t event, uint64_t expected) {
    uint64_t tag = 0;
    const int32_t code = wait_for(b, event, &tag);
    const bool good = code == NN_INVALID && tag == expected &&
                      strcmp(nn_status_message(b->status), "index 7: expected 0 to 4") == 0;
    nn_status_clear(b->status);
    return good;
}

static bool works(Bench *b) {
    uint64_t tag;
    return b->kind->reset(b->device, b->stream, b->status) == NN_OK && report(b, 0, 3) == NN_OK &&
           record(b, 2) == NN_OK && wait_for(b, 2, &tag) == NN_OK;
}

static void test_faults(Bench *b) {
    uint64_t tag = 0;
    uint32_t word = 0;
    const uint64_t far = UINT64_C(12) << 32 | 12;
    bool good = report(b, 0, 11) == NN_OK && record(b, 0) == NN_OK && report(b, 7, far) == NN_OK &&
                record(b, 1) == NN_OK && report(b, 9, 13) == NN_OK && record(b, 2) == NN_OK;
    say(b, "three events are recorded", good);
    good = wait_for(b, 0, &tag) == NN_OK;
    say(b, "the event before a fault is well", good);
    good = faulty(b, 2, far);
    say(b, "the event behind it has the fault, of the first call", good);
    good = faulty(b, 1, far);
    say(b, "so has the one between", good);
    good = b->kind->copy_in(b->device, b->stream, b->buffer, 0, &word, 4, b->status) != NN_OK &&
           strstr(nn_status_message(b->status), "takes nothing more: index 7") != NULL;
    nn_status_clear(b->status);
    say(b, "a stream with a fault takes nothing more", good && report(b, 0, 14) != NN_OK);
    nn_status_clear(b->status);
    say(b, "until it is reset", works(b));
    say(b, "and then an older event is well", wait_for(b, 0, &tag) == NN_OK && tag == 0);
    for (uint32_t i = 0; good && i < 20; i++)
        good = report(b, i == 13 ? 7 : 0, 100 + i) == NN_OK && record(b, i % 2) == NN_OK;
    /* It may be seen while the events are still being recorded, since few of them are read at a time. */
    nn_status_clear(b->status);
    say(b, "a fault between many events is found", faulty(b, 1, 113));
    say(b, "and forgotten", works(b));
    good = report(b, 7, 5) == NN_OK && record(b, 0) == NN_OK;
    say(b, "a fault that nobody waited for is reset as well", good && works(b));
}

int main(int argc, char **argv) {
    Bench b = {.failures = 0};
    if (!open_bench(&b, argc > 1 ? argv[1] : "{}")) {
        printf("not ok the device opens\n# %s\n", nn_status_message(b.status));
        return 1;
    }
    srand(5);
    test_order(&b);
    test_many(&b);
    test_fan(&b);
    test_two_streams(&b);
    test_large(&b);
    test_faults(&b);
    test_order(&b);
    close_bench(&b);
    return b.failures != 0;
}
