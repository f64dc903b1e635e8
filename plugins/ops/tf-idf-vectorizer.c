/* SPDX-License-Identifier: Apache-2.0 */
/* How often the n-grams of a pool occur in sequences of integers, with skips; the counts may be weighted. */
#include "family/index.h"

/* The pool: all 1-grams, then all 2-grams, and so on; starts[n - 1] is where the n-grams begin. */
typedef struct Pool {
    const int64_t *grams, *starts, *places; /* the integers; per n; per n-gram its place in the result */
    uint32_t length, sizes, count;
    const NnAttr *weights;
} Pool;

static Pool pool_of(const NnNode *node) {
    Pool p = {.weights = nn_attr(node, "weights")};
    p.grams = nn_attr_ints(node, "pool_int64s", &p.length);
    p.starts = nn_attr_ints(node, "ngram_counts", &p.sizes);
    p.places = nn_attr_ints(node, "ngram_indexes", &p.count);
    return p;
}

/* Where the n-grams end. */
static int64_t end_of(const Pool *p, uint32_t n) { return n < p->sizes ? p->starts[n] : p->length; }

static int64_t columns(const Pool *p) {
    int64_t most = -1;
    for (uint32_t i = 0; i < p->count; i++)
        most = p->places[i] > most ? p->places[i] : most;
    return most + 1;
}

static int32_t check(NnInfer *n, const Pool *p) {
    const int64_t least = nn_attr_int(n->node, "min_gram_length", 1),
                  most = nn_attr_int(n->node, "max_gram_length", 1);
    uint64_t grams = 0;
    if (nn_attr(n->node, "pool_strings") || !p->grams)
        return nn_bad(n, "TfIdfVectorizer needs pool_int64s: a pool of strings is not supported");
    if (least > most)
        return nn_bad(n, "min_gram_length is %lld, max_gram_length %lld", (long long)least, (long long)most);
    if ((int64_t)p->sizes < most)
        return nn_bad(n, "ngram_counts has %u elements: expected one for each length up to %lld", p->sizes,
                      (long long)most);
    for (uint32_t k = 0; k < p->sizes; k++) {
        const int64_t end = end_of(p, k + 1);
        if (p->starts[k] < 0 || p->starts[k] > end || end > p->length || (end - p->starts[k]) % (k + 1))
            return nn_bad(
                n, "ngram_counts has %lld at %u: expected rising starts of whole %u-grams in a pool of %u",
                (long long)p->starts[k], k, k + 1, p->length);
        grams += (uint64_t)(end - p->starts[k]) / (k + 1);
    }
    if (grams != p->count || (p->weights && p->weights->count != p->count))
        return nn_bad(n,
                      "the pool has %llu n-grams, ngram_indexes %u elements and weights %u: expected as many",
                      (unsigned long long)grams, p->count, p->weights ? p->weights->count : p->count);
    for (uint32_t i = 0; i < p->count; i++)
        if (p->places[i] < 0 || p->places[i] >= INT32_MAX)
            return nn_bad(n, "ngram_indexes has %lld", (long long)p->places[i]);
    return NN_OK;
}

static int32_t infer(NnInfer *n) {
    const NnValueInfo *x = n->node->inputs[0];
    const Pool p = pool_of(n->node);
    const int32_t code = check(n, &p);
    if (code != NN_OK)
        return code;
    const int64_t dims[] = {x->rank == 2 ? nn_dim_plain(x->dims[0]) : NN_DIM_UNKNOWN, columns(&p)};
    if (x->rank > 2)
        return nn_bad(n, "X has rank %d: expected [C] or [N, C]", x->rank);
    n->output(n, 0, NN_F32,
              x->rank < 0    ? NN_RANK_UNKNOWN
              : x->rank == 2 ? 2
                             : 1,
              x->rank == 2 ? dims : dims + 1);
    return NN_OK;
}

/* Adds up, in `counts` by n-gram, those of length n whose elements are `step` apart in a row of C integers.
 */
static void count_row(const Pool *p, const NnTensor *x, int64_t row, int64_t width, uint32_t n, int64_t step,
                      uint32_t first, double *counts) {
    for (int64_t at = 0; at + (int64_t)(n - 1) * step < width; at++)
        for (int64_t g = p->starts[n - 1], k = first; g < end_of(p, n); g += n, k++) {
            uint32_t same = 0;
            while (same < n && nn_load_int(nn_data(x), x->type, row * width + at + (int64_t)same * step) ==
                                   p->grams[g + same])
                same++;
            counts[k] += same == n;
        }
}

static int32_t compute(const NnCall *call) {
    const NnNode *node = call->node;
    const NnTensor *x = call->inputs[0];
    NnTensor *y = call->outputs[0];
    const Pool p = pool_of(node);
    const char *mode = nn_attr_string(node, "mode", "TF");
    const int64_t skips = nn_attr_int(node, "max_skip_count", 0),
                  least = nn_attr_int(node, "min_gram_length", 1),
                  most = nn_attr_int(node, "max_gram_length", 1);
    const int64_t rows = x->rank == 2 ? x->dims[0] : 1, width = x->rank == 0 ? 1 : x->dims[x->rank - 1];
    const uint64_t bytes = (uint64_t)(p.count + 1) * sizeof(double);
    double *counts = call->host->alloc(call->host, bytes);
    if (!counts)
        return nn_fail(call->host, call->status, NN_OUT_OF_MEMORY, "no memory for %u counts", p.count);
    nn_clear(y);
    for (int64_t row = 0; row < rows; row++) {
        memset(counts, 0, bytes);
        uint32_t first = 0;
        for (uint32_t n = 1; (int64_t)n <= most;
             first += (uint32_t)(end_of(&p, n) - p.starts[n - 1]) / n, n++)
            /* A single element has no inside to skip in. */
            for (int64_t step = 1;
                 (int64_t)n >= least && step <= (n > 1 ? skips + 1 : 1) && (step - 1) < width; step++)
                count_row(&p, x, row, width, n, step, first, counts);
        for (uint32_t k = 0; k < p.count; k++) {
            const double weight = p.weights && strcmp(mode, "TF") != 0 ? p.weights->u.floats[k] : 1;
            const double value = strcmp(mode, "IDF") == 0 ? 1 : counts[k];
            const int64_t at = row * y->dims[y->rank - 1] + p.places[k];
            if (counts[k] > 0)
                nn_store(nn_data(y), NN_F32, at, nn_load(nn_data(y), NN_F32, at) + value * weight);
        }
    }
    call->host->free(call->host, counts);
    return NN_OK;
}

#define LENGTH(key, least, text)                                                                             \
    {                                                                                                        \
        .name = (key), .kind = NN_SET_INT, .flags = NN_SET_REQUIRED | NN_SET_RANGE, .min = (least),          \
        .max = 1e6, .doc = (text)                                                                            \
    }

NN_PRIMITIVE_OPERATOR(
    op, NN_ONNX("TfIdfVectorizer", 9),
    NN_IN({"X", "X", NN_INDICES, NN_NO_GRADIENT, 0, "a sequence [C], or several [N, C]"}),
    NN_OUT({"Y", NULL, NN_MASK(NN_F32), NN_NO_GRADIENT, 0, "counts [places], or [N, places]"}),
    NN_ATTRIBUTES(
        LENGTH("max_gram_length", 1, "the longest n-grams that count"),
        LENGTH("min_gram_length", 1, "the shortest"),
        LENGTH("max_skip_count", 0, "most elements that are left out between two of an n-gram"),
        {.name = "mode",
         .kind = NN_SET_ENUM,
         .flags = NN_SET_REQUIRED,
         .choices = "TF|IDF|TFIDF",
         .doc = "TF: counts; IDF: weights of those that occur; TFIDF: counts times weights"},
        {.name = "ngram_counts",
         .kind = NN_SET_INTS,
         .flags = NN_SET_REQUIRED,
         .doc = "where in the pool the 1-grams, 2-grams, ... begin"},
        {.name = "ngram_indexes",
         .kind = NN_SET_INTS,
         .flags = NN_SET_REQUIRED,
         .doc = "place of each n-gram in the result"},
        {.name = "pool_int64s", .kind = NN_SET_INTS, .doc = "the n-grams, one after the other"},
        {.name = "pool_strings", .kind = NN_SET_STRINGS, .doc = "not supported"},
        {.name = "weights", .kind = NN_SET_FLOATS, .doc = "of each n-gram, for IDF and TFIDF; absent: 1"}),
    NN_SAMPLES(
        "i32[2,6]{1,1,3,3,3,7,8,6,7,5,6,8}; mode=TF min_gram_length=2 max_gram_length=2 max_skip_count=0 "
        "ngram_counts=0,4 ngram_indexes=0,1,2,3,4,5,6 pool_int64s=2,3,5,4,5,6,7,8,6,7",
        "i32[12]{1,1,3,3,3,7,8,6,7,5,6,8}; mode=TF min_gram_length=2 max_gram_length=2 max_skip_count=5 "
        "ngram_counts=0,4 ngram_indexes=0,1,2,3,4,5,6 pool_int64s=2,3,5,4,5,6,7,8,6,7",
        "i64[8]{5,6,7,8,6,7,5,6}; mode=TFIDF min_gram_length=1 max_gram_length=2 max_skip_count=1 "
        "ngram_counts=0,2 ngram_indexes=0,1,2 pool_int64s=5,6,6,7 weights=2,.5,3",
        "i64[2,3]{5,6,5,1,2,3}; mode=IDF min_gram_length=1 max_gram_length=1 max_skip_count=0 "
        "ngram_counts=0, ngram_indexes=0,1 pool_int64s=5,3 weights=2,.5",
        "i64[0,3]; mode=TF min_gram_length=1 max_gram_length=1 max_skip_count=0 ngram_counts=0, "
        "ngram_indexes=0, pool_int64s=5,"),
    .doc = "Counts the n-grams of a pool in sequences: Y[ngram_indexes[i]] is how often n-gram i occurs, "
           "with all even skips up to max_skip_count.",
    .infer = infer, .compute = compute);

NN_OPERATORS(tf_idf_vectorizer, "Counts of n-grams.", NN_OP("TfIdfVectorizer", op))
