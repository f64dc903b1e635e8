/* SPDX-License-Identifier: Apache-2.0 */
/* Look-ups by name and what plug-ins are given, on the packages of the build tree (NN_PLUGIN_PATH is set by
 * tests/run). */
#include "context.h"
#include "status.h"

#include <criterion/criterion.h>
#include <string.h>

static NnContext *context;
static NnStatus *status;
static GString *said;

static void hear(void *arg, int32_t level, const char *message) {
    (void)arg;
    g_string_append_printf(said, "%d %s\n", level, message);
}

static void setup(void) {
    said = g_string_new(NULL);
    status = nn_status_new();
    context =
        nn_context_new(&(NnOptions){.struct_size = sizeof(NnOptions), .threads = 3, .log = hear}, status);
    cr_assert_not_null(context, "%s", nn_status_message(status));
}

static void teardown(void) {
    nn_context_free(context);
    nn_status_free(status);
    g_string_free(said, TRUE);
}

TestSuite(context, .init = setup, .fini = teardown);

Test(context, finds_operators_by_name_version_and_role) {
    const NnOperator *add = nn_context_operator(context, "Add", 0, status);
    cr_assert_not_null(add, "%s", nn_status_message(status));
    cr_assert_str_eq(add->name, "Add");
    cr_assert_eq(nn_context_operator(context, "Add", add->since, status), add);
    cr_assert_eq(nn_context_operator(context, "Add", add->since + 1, status), add);
    cr_assert_eq(nn_context_role(context, "accumulate", status), add);
    cr_assert_null(nn_context_role(context, "nonsense", status));
    cr_assert_str_eq(nn_status_message(status), "no plug-in provides an operator for the role 'nonsense'");
}

Test(context, says_what_is_near) {
    cr_assert_null(nn_context_operator(context, "Reul", 0, status));
    cr_assert_str_eq(nn_status_message(status), "no plug-in provides operator 'Reul'; did you mean 'Relu'?");
    cr_assert_eq(nn_status_code(status), NN_NOT_FOUND);
}

Test(context, gives_each_object_its_own_table) {
    const NnOperator *add = nn_context_operator(context, "Add", 0, status);
    const NnHost *host = nn_registry_host(context, add);
    cr_assert(g_str_has_suffix(host->plugin_path, "/add.so"), "%s", host->plugin_path);
    cr_assert(g_str_has_suffix(host->resource_dir, "/ops"), "%s", host->resource_dir);
    cr_assert_eq(nn_context_of(host), context);
    cr_assert_neq(host, nn_context_host(context));
    host->log(host, 2, "careful");
    cr_assert_not_null(strstr(said->str, "2 add.so: careful\n"));
}

Test(context, orders_kernels_with_those_for_everything_last) {
    const GPtrArray *kernels = nn_context_kernels(context, "reference", "Add", 14);
    cr_assert_geq(kernels->len, 1u);
    const NnKernel *last = g_ptr_array_index(kernels, kernels->len - 1);
    cr_assert_str_eq(last->op, "*");
    cr_assert_eq(nn_context_kernels(context, "reference", "Add", 14), kernels);
    cr_assert_eq(nn_context_kernels(context, "nosuchdevice", "Add", 14)->len, 0u);
}

Test(context, lists_devices_by_priority) {
    const GPtrArray *devices = nn_context_devices(context);
    cr_assert_geq(devices->len, 1u);
    for (guint i = 1; i < devices->len; i++)
        cr_assert_geq(((const NnEntry *)g_ptr_array_index(devices, i - 1))->priority,
                      ((const NnEntry *)g_ptr_array_index(devices, i))->priority);
    cr_assert_not_null(nn_context_device(context, "reference", status), "%s", nn_status_message(status));
}

Test(context, gives_zeroed_aligned_memory) {
    const NnHost *host = nn_context_host(context);
    unsigned char *block = host->alloc(host, 1000);
    cr_assert_eq((uintptr_t)block % 64, 0u);
    for (int i = 0; i < 1000; i++)
        cr_assert_eq(block[i], 0);
    host->free(host, block);
    block = host->alloc(host, 0);
    cr_assert_not_null(block);
    host->free(host, block);
    cr_assert_null(host->alloc(host, UINT64_MAX));
}

static void mark(void *arg, uint32_t task) { ((uint8_t *)arg)[task]++; }

Test(context, shares_its_threads_and_the_wish_to_stop) {
    const NnHost *host = nn_context_host(context);
    uint8_t marks[100] = {0};
    cr_assert_eq(host->threads(host), 3u);
    host->parallel(host, 100, mark, marks);
    for (int i = 0; i < 100; i++)
        cr_assert_eq(marks[i], 1);
    cr_assert_not(host->cancelled(host));
    nn_context_cancel(context, true);
    cr_assert(host->cancelled(host));
}

Test(context, keeps_the_first_error_and_its_places) {
    const NnHost *host = nn_context_host(context);
    cr_assert_eq(host->fail(status, NN_INVALID, "the sentence"), NN_INVALID);
    cr_assert_eq(host->fail(status, NN_ERROR, "a later one"), NN_INVALID);
    host->where(status, "node conv1");
    host->detail(status, "operator", "Conv");
    cr_assert_str_eq(host->message(status), "node conv1: the sentence");
    cr_assert_str_eq(nn_status_detail(status, "operator"), "Conv");
}

Test(context, takes_the_options_of_an_older_program) {
    NnContext *c = nn_context_new(&(NnOptions){.struct_size = 8, .threads = 2, .safe = true}, status);
    cr_assert_not_null(c);
    cr_assert_eq(nn_context_host(c)->threads(nn_context_host(c)), 2u);
    nn_context_free(c);
}
