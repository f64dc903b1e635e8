/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Runs tests in the form of ONNX's backend suite: a folder each, with model.onnx and test_data_set_N/ of
 * input_K.pb and output_K.pb. ONNX's rule: same shape, same type, |a-b| <= 1e-7 + 1e-3 |b|, or two units in
 * the last place of bf16, NaN equal to NaN. Usage: suite DEVICE FOLDER [NAME...], FOLDER the one that holds
 * the tests' folders; without names all of them. With the
 * environment's REWRITE_OPSET each model is first written in that operator set and read again
 * (REWRITE_FOLDER: where the files are kept). Prints `ok SUITE/NAME on DEVICE`, `not ok` with the reason in a
 * line of its own, or `skip` with the reason for what is left over on purpose: texts, sequences, optional
 * values, and numbers drawn by numpy.
 */
#include "../../nnrun/kit/tensor.h"
#include "model.h"

#include "formats/onnx/onnx.pb-c.h"

#include <dirent.h>
#include <math.h>
#include <stdlib.h>

#define MOST 64 /* inputs or outputs of a model */

typedef struct Run {
    NnContext *context;
    NnSession *session;
    const char *device, *folder, *suite;
    const char *opset, *kept; /* to write the models in, and the folder for them; NULL: as they are */
    char where[64];           /* "reference", "reference in set 13": for the report */
    NnStatus *status;
    unsigned passed, failed, left;
} Run;

/* ---- data of a test ---- */

static void copy(Tensor *x, const void *from) {
    if (tensor_bytes(&x->t))
        memcpy(x->t.buffer, from, tensor_bytes(&x->t));
}

static const char *const not_here = "not a tensor of numbers";

/* A TensorProto's elements as a tensor; NULL with a reason when it holds none that are numbers. */
static Tensor *tensor_of(const Onnx__TensorProto *p, const char **why) {
    *why = not_here;
    if (p == NULL || p->n_dims > NN_MAX_RANK || !(NN_ANY & NN_MASK(p->data_type & 31)))
        return NULL;
    Tensor *x = tensor_new(p->data_type, (int32_t)p->n_dims, p->dims);
    const size_t size = nn_type_size(p->data_type), count = (size_t)tensor_count(&x->t);
    const bool raw = p->has_raw_data;
    if (raw && p->raw_data.len == count * size)
        copy(x, p->raw_data.data);
    else if (!raw && p->n_float_data == count)
        copy(x, p->float_data);
    else if (!raw && p->n_double_data == count)
        copy(x, p->double_data);
    else if (!raw && p->n_int64_data == count)
        copy(x, p->int64_data);
    else if (!raw && p->n_int32_data == count)
        for (size_t i = 0; i < count; i++) /* of narrower types the low bytes are meant */
            memcpy((char *)x->t.buffer + i * size, &p->int32_data[i], size);
    else if (!raw && p->n_uint64_data == count)
        for (size_t i = 0; i < count; i++)
            memcpy((char *)x->t.buffer + i * size, &p->uint64_data[i], size);
    else if (count) {
        *why = "its data does not fit its shape";
        tensor_free(x);
        return NULL;
    }
    return x;
}

/* numpy 1 has no bfloat16: where a model has it, the suite's files hold its bits as numbers of 16 bits, and
 * results are compared as such. */
static bool is_bits(int32_t model, int32_t file) { return model == NN_BF16 && file == NN_U16; }

/* The tensor within an OptionalProto (field 3, of onnx-data.proto): found by its tag, as the fields before it
 * are a name and a number. */
static void bytes_of_optional(const uint8_t *bytes, size_t *from, size_t *n) {
    size_t at = 0, length = 0;
    while (at + 1 < *n && bytes[at] != (3 << 3 | 2))
        at += bytes[at] == (1 << 3 | 2) ? 2u + bytes[at + 1] : 2u;
    for (unsigned shift = 0; ++at < *n; shift += 7) {
        length |= (size_t)(bytes[at] & 0x7f) << shift;
        if (!(bytes[at] & 0x80) || shift > 49)
            break;
    }
    *from = at < *n ? at + 1 : *n;
    *n = length < *n - *from ? length : *n - *from;
}

/* input_K.pb of a data set; *there false when there is no such file. */
static Tensor *read_tensor(const char *folder, const char *kind, uint32_t k, bool optional, bool *there,
                           const char **why) {
    char path[4096];
    size_t n;
    (void)snprintf(path, sizeof path, "%s/%s_%u.pb", folder, kind, k);
    uint8_t *bytes = model_file(path, &n);
    *there = bytes != NULL;
    *why = not_here;
    size_t from = 0;
    if (optional && bytes)
        bytes_of_optional(bytes, &from, &n);
    Onnx__TensorProto *p = bytes ? onnx__tensor_proto__unpack(NULL, n, bytes + from) : NULL;
    Tensor *x = tensor_of(p, why);
    onnx__tensor_proto__free_unpacked(p, NULL);
    free(bytes);
    return x;
}

static bool same(const Run *r, const NnTensor *a, const NnTensor *b, uint32_t k) {
    const int64_t n = nn_elements(b);
    bool shape = a->rank == b->rank;
    for (int32_t i = 0; shape && i < a->rank; i++)
        shape = a->dims[i] == b->dims[i];
    if (a->type != b->type || !shape) {
        char text[2][256] = {"", ""};
        const NnTensor *both[2] = {a, b};
        for (unsigned s = 0; s < 2; s++)
            for (int32_t i = 0; i < both[s]->rank; i++)
                (void)snprintf(text[s] + strlen(text[s]), 256 - strlen(text[s]), "%s%lld", i ? "," : "",
                               (long long)both[s]->dims[i]);
        nn_status_fail(r->status, NN_ERROR, "output %u is %s[%s], expected %s[%s]", k, nn_type_name(a->type),
                       text[0], nn_type_name(b->type), text[1]);
        return false;
    }
    const double relative = a->type == NN_BF16 ? 0x1p-6 : 1e-3; /* ONNX's own runner has both */
    for (int64_t i = 0; i < n; i++) {
        const double x = tensor_get(a, i), y = tensor_get(b, i);
        if (!(x == y || (isnan(x) && isnan(y)) || fabs(x - y) <= 1e-7 + relative * fabs(y))) {
            nn_status_fail(r->status, NN_ERROR, "output %u: element %lld of %lld is %.9g, expected %.9g", k,
                           (long long)i, (long long)n, x, y);
            return false;
        }
    }
    return true;
}

static bool compare(const Run *r, NnCallable *c, const NnFunction *f, const char *folder) {
    const uint32_t n = nn_context_host(r->context)->graph->function_outputs(f);
    bool good = true;
    for (uint32_t k = 0; good && k < n; k++) {
        const NnTensor *found;
        const char *why;
        bool there;
        Tensor *expected = read_tensor(folder, "output", k, false, &there, &why);
        if (expected == NULL)
            good = nn_status_fail(r->status, NN_UNSUPPORTED, "expected output %u: %s", k,
                                  there ? why : "there is none") == NN_OK;
        else if ((good = nn_callable_output(c, k, &found, r->status) == NN_OK)) {
            NnTensor seen = *found;
            seen.type = is_bits(found->type, expected->t.type) ? NN_U16 : found->type;
            good = same(r, &seen, &expected->t, k);
        }
        tensor_free(expected);
    }
    return good;
}

static bool run_set(const Run *r, NnCallable *c, const NnFunction *f, const bool *optional,
                    const char *folder) {
    const uint32_t n = nn_context_host(r->context)->graph->function_inputs(f);
    Tensor *inputs[MOST] = {NULL};
    const NnTensor *ins[MOST];
    bool good = n <= MOST;
    for (uint32_t k = 0; good && k < n; k++) {
        const char *why;
        bool there;
        inputs[k] = read_tensor(folder, "input", k, optional[k], &there, &why);
        good = inputs[k] != NULL;
        if (good &&
            is_bits(nn_context_host(r->context)->graph->function_input(f, k)->type, inputs[k]->t.type))
            inputs[k]->t.type = NN_BF16;
        if (good)
            ins[k] = &inputs[k]->t;
        else
            nn_status_fail(r->status, NN_UNSUPPORTED, "input %u: %s", k, there ? why : "there is none");
    }
    good = good && nn_callable_call(c, ins, r->status) == NN_OK && nn_callable_wait(c, r->status) == NN_OK &&
           compare(r, c, f, folder);
    for (uint32_t k = 0; k < n && k < MOST; k++)
        tensor_free(inputs[k]);
    return good;
}

/* ---- what may be left over ---- */

static bool has_type(const Onnx__TypeProto *t, const char **why) {
    if (t && (t->value_case == ONNX__TYPE_PROTO__VALUE_SEQUENCE_TYPE ||
              t->value_case == ONNX__TYPE_PROTO__VALUE_OPTIONAL_TYPE))
        *why = "sequences and optional values are not supported";
    if (t && t->value_case == ONNX__TYPE_PROTO__VALUE_TENSOR_TYPE && t->tensor_type->elem_type == NN_STRING)
        *why = "texts are not supported";
    if (t && t->value_case == ONNX__TYPE_PROTO__VALUE_TENSOR_TYPE && t->tensor_type->elem_type > NN_BF16)
        *why = "numbers of 8 and 4 bits other than integers of 8 are not supported";
    return *why != NULL;
}

static const char *left_over(const Onnx__GraphProto *g) {
    static const char *const drawn[] = {"Bernoulli", "RandomUniformLike", "RandomNormalLike", "RandomUniform",
                                        "RandomNormal"};
    const char *why = NULL;
    for (size_t i = 0; i < g->n_input; i++)
        if (has_type(g->input[i]->type, &why))
            return why;
    for (size_t i = 0; i < g->n_output; i++)
        if (has_type(g->output[i]->type, &why))
            return why;
    for (size_t i = 0; i < g->n_node; i++) {
        const Onnx__NodeProto *n = g->node[i];
        for (size_t k = 0; k < NN_COUNT(drawn); k++)
            if (strcmp(n->op_type, drawn[k]) == 0)
                return "the expected numbers are drawn by numpy";
        if (strcmp(n->op_type, "Dropout") == 0 && n->n_input == 3)
            return "the expected mask is drawn by numpy";
        if (strncmp(n->op_type, "Sequence", 8) == 0 || strcmp(n->op_type, "SplitToSequence") == 0 ||
            strcmp(n->op_type, "Optional") == 0)
            return "sequences and optional values are not supported";
    }
    return NULL;
}

/* Tests whose model and expected numbers contradict each other. */
static const struct {
    const char *name, *why;
} contradictions[] = {
    {"test_adam_multiple",
     "the expected numbers are of epsilon = 0.01, which the model does not say (ONNX mended "
     "the test after 1.12)"},
};

static const char *reason_of(const char *name, const char *path) {
    size_t n;
    uint8_t *bytes = model_file(path, &n);
    Onnx__ModelProto *m = bytes ? onnx__model_proto__unpack(NULL, n, bytes) : NULL;
    const char *why = m && m->graph ? left_over(m->graph) : NULL;
    onnx__model_proto__free_unpacked(m, NULL);
    free(bytes);
    for (size_t i = 0; i < NN_COUNT(contradictions); i++)
        if (strcmp(contradictions[i].name, name) == 0)
            why = contradictions[i].why;
    return why;
}

/* Which inputs of the model are optional values; none of those tests has initial values. */
static void find_optional(const char *path, bool optional[MOST]) {
    size_t n;
    uint8_t *bytes = model_file(path, &n);
    Onnx__ModelProto *m = bytes ? onnx__model_proto__unpack(NULL, n, bytes) : NULL;
    for (size_t i = 0; m && m->graph && i < m->graph->n_input && i < MOST; i++)
        optional[i] = m->graph->input[i]->type &&
                      m->graph->input[i]->type->value_case == ONNX__TYPE_PROTO__VALUE_OPTIONAL_TYPE;
    onnx__model_proto__free_unpacked(m, NULL);
    free(bytes);
}

/* ---- one test ---- */

static NnFunction *rewrite(const Run *r, NnFunction *f, const char *folder) {
    char path[4200];
    (void)snprintf(path, sizeof path, "%s/%s.onnx", r->kept ? r->kept : "", strrchr(folder, '/') + 1);
    return model_rewrite(r->context, r->session, f, r->opset, r->kept ? path : NULL, r->status);
}

/* `declared`: with the shapes that the model says its inputs have. */
static bool run_model(const Run *r, const char *folder, bool declared) {
    char path[4200];
    (void)snprintf(path, sizeof path, "%s/model.onnx", folder);
    NnFunction *f = model_read(r->context, path, declared, r->status);
    if (f && r->opset)
        f = rewrite(r, f, folder);
    NnCallable *c = f ? nn_callable_new(r->session, f, r->status) : NULL;
    bool good = c != NULL, optional[MOST] = {false};
    find_optional(path, optional);
    for (unsigned set = 0; good; set++) {
        (void)snprintf(path, sizeof path, "%s/test_data_set_%u", folder, set);
        DIR *there = opendir(path);
        if (there == NULL) {
            if (set == 0)
                good = nn_status_fail(r->status, NN_INVALID, "it has no test_data_set_0") == NN_OK;
            break;
        }
        closedir(there);
        good = run_set(r, c, f, optional, path);
    }
    nn_callable_free(c);
    if (f)
        nn_function_free(f);
    return good;
}

/* A few tests have inputs of other shapes than their models say; ONNX's rule looks at outputs only. */
static bool run_either_way(const Run *r, const char *folder) {
    if (run_model(r, folder, true))
        return true;
    if (strstr(nn_status_message(r->status), "function model: input ") == NULL)
        return false;
    nn_status_clear(r->status);
    return run_model(r, folder, false);
}

static void run_test(Run *r, const char *name) {
    char folder[4096], path[4200];
    (void)snprintf(folder, sizeof folder, "%s/%s", r->folder, name);
    (void)snprintf(path, sizeof path, "%s/model.onnx", folder);
    const bool good = run_either_way(r, folder);
    const char *why = good ? NULL : reason_of(name, path);
    if (good) {
        r->passed++;
        printf("ok %s/%s on %s\n", r->suite, name, r->where);
    } else if (why) {
        r->left++;
        printf("skip %s/%s on %s: %s\n", r->suite, name, r->where, why);
    } else {
        r->failed++;
        printf("not ok %s/%s on %s\n# %s\n", r->suite, name, r->where, nn_status_message(r->status));
    }
    (void)fflush(stdout);
    nn_status_clear(r->status);
}

static int is_test(const struct dirent *e) { return strncmp(e->d_name, "test_", 5) == 0; }

static bool run_folder(Run *r) {
    struct dirent **list;
    const int n = scandir(r->folder, &list, is_test, alphasort);
    for (int i = 0; i < n; i++) {
        run_test(r, list[i]->d_name);
        free(list[i]);
    }
    if (n >= 0)
        free(list);
    return n > 0;
}

static bool open_run(Run *r) {
    const char *devices[] = {r->device, NULL};
    const NnSessionOptions options = {.struct_size = sizeof options,
                                      .flags =
                                          strcmp(r->device, "reference") == 0 ? NN_SESSION_NO_FALLBACK : 0,
                                      .devices = devices,
                                      .seed = 1};
    r->status = nn_status_new();
    r->context = nn_context_new(NULL, r->status);
    r->session = r->context ? nn_session_new(r->context, NULL, &options, r->status) : NULL;
    return r->session != NULL;
}

int main(int argc, char **argv) {
    if (argc < 3) {
        (void)fprintf(stderr, "usage: suite DEVICE FOLDER [NAME...]\n");
        return 2;
    }
    const char *slash = strrchr(argv[2], '/');
    Run r = {.device = argv[1],
             .folder = argv[2],
             .suite = slash ? slash + 1 : argv[2],
             .opset = getenv("REWRITE_OPSET"),
             .kept = getenv("REWRITE_FOLDER")};
    (void)snprintf(r.where, sizeof r.where, "%s%s%s", r.device, r.opset ? " in set " : "",
                   r.opset ? r.opset : "");
    bool good = open_run(&r);
    if (!good)
        printf("not ok a session on %s\n# %s\n", r.device, nn_status_message(r.status));
    for (int i = 3; good && i < argc; i++)
        run_test(&r, argv[i]);
    if (good && argc == 3 && !run_folder(&r)) {
        printf("not ok %s holds no tests\n", r.folder);
        good = false;
    }
    nn_session_free(r.session);
    nn_context_free(r.context);
    nn_status_free(r.status);
    printf("# %s on %s: %u passed, %u failed, %u left over\n", r.suite, r.device, r.passed, r.failed, r.left);
    return !good || r.failed > 0;
}
