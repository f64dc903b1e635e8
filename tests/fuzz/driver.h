/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One fuzz target, two ways to run it. Under clang's -fsanitize=fuzzer (with -DNN_FUZZER) libFuzzer drives
 * it. As a plain program it runs the files that it is given, or else mutations of its seeds, always the same
 * ones, and prints "ok".
 */
#ifndef NN_TESTS_FUZZ_DRIVER_H
#define NN_TESTS_FUZZ_DRIVER_H

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n);

typedef struct Seed {
    const char *bytes;
    size_t n;
} Seed;

#define SEED(literal)                                                                                        \
    { literal, sizeof(literal) - 1 }

#ifndef NN_FUZZER
#define MOST 4096u

static uint64_t state = 88172645463325252u;

static uint64_t below(uint64_t n) { /* xorshift64 (Marsaglia 2003) */
    state ^= state << 13;
    state ^= state >> 7;
    state ^= state << 17;
    return n ? state % n : 0;
}

static size_t mutate(uint8_t *bytes, size_t n, const Seed *seeds, size_t n_seeds) {
    const Seed *other = &seeds[below(n_seeds)];
    size_t from, length;

    switch (below(6)) {
    case 0: /* flip a bit */
        if (n)
            bytes[below(n)] ^= (uint8_t)(1u << below(8));
        return n;
    case 1: /* any byte */
        if (n)
            bytes[below(n)] = (uint8_t)below(256);
        return n;
    case 2: /* cut the end off */ return below(n + 1);
    case 3: /* leave a part out */
        from = below(n + 1);
        length = below(n - from + 1);
        memmove(bytes + from, bytes + from + length, n - from - length);
        return n - length;
    case 4: /* repeat a part */
        from = below(n + 1);
        length = below(n - from + 1);
        if (n + length > MOST)
            return n;
        memmove(bytes + from + length, bytes + from, n - from);
        return n + length;
    default: /* a piece of another seed over it */
        from = below(n + 1);
        length = below(other->n + 1);
        if (from + length > MOST)
            return n;
        memcpy(bytes + from, other->bytes, length);
        return from + length > n ? from + length : n;
    }
}

static int run_file(const char *path) {
    static uint8_t bytes[1 << 22];
    FILE *file = fopen(path, "rb");

    if (file == NULL) {
        perror(path);
        return 1;
    }
    const size_t n = fread(bytes, 1, sizeof bytes, file);
    (void)fclose(file);
    return LLVMFuzzerTestOneInput(bytes, n);
}

/* `make fuzz` says for how long; the seed is told, so that a find can be had again. */
static uint64_t fuzz_seconds(void) {
    const char *text = getenv("NN_FUZZ_SECONDS"), *seed = getenv("NN_FUZZ_SEED");
    if (text == NULL)
        return 0;
    state ^= seed ? strtoull(seed, NULL, 0) : (uint64_t)time(NULL) * UINT64_C(0x9e3779b97f4a7c15);
    printf("# NN_FUZZ_SEED=0x%llx\n", (unsigned long long)(state ^ UINT64_C(88172645463325252)));
    (void)fflush(stdout);
    return strtoull(text, NULL, 10);
}

static int drive_rounds(int argc, char **argv, const char *name, const Seed *seeds, size_t n_seeds,
                        int rounds) {
    for (int i = 1; i < argc; i++)
        if (run_file(argv[i]))
            return 1;
    const uint64_t seconds = argc == 1 ? fuzz_seconds() : 0;
    const time_t end = time(NULL) + (time_t)seconds;
    for (int i = 0; argc == 1 && (seconds ? time(NULL) < end : i < rounds); i++) {
        uint8_t bytes[MOST];
        const Seed *seed = &seeds[below(n_seeds)];
        size_t n = seed->n;
        memcpy(bytes, seed->bytes, n);
        for (uint64_t m = below(6); m > 0; m--)
            n = mutate(bytes, n, seeds, n_seeds);
        /* In a block of just its size, so that ASan sees a read past the end. */
        uint8_t *exact = malloc(n ? n : 1);
        if (exact == NULL)
            return 1;
        memcpy(exact, bytes, n);
        LLVMFuzzerTestOneInput(exact, n);
        free(exact);
    }
    printf("ok %s\n", name);
    return 0;
}

static inline int drive(int argc, char **argv, const char *name, const Seed *seeds, size_t n_seeds) {
    return drive_rounds(argc, argv, name, seeds, n_seeds, 20000);
}

#define FUZZ_MAIN_ROUNDS(name, seeds, rounds)                                                                \
    int main(int argc, char **argv) {                                                                        \
        return drive_rounds(argc, argv, name, seeds, sizeof(seeds) / sizeof(seeds)[0], rounds);              \
    }
#else
#define FUZZ_MAIN_ROUNDS(name, seeds, rounds) extern int unused_seeds;
#endif
#define FUZZ_MAIN(name, seeds) FUZZ_MAIN_ROUNDS(name, seeds, 20000)

#endif
