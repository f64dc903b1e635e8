/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Built programs on disk: one file per program in XDG_CACHE_HOME/nnrun/opencl, named by the hash of source,
 * options, device and driver. A file is a head, the text of what it was built for, and the binary; one that
 * is truncated, damaged or for something else is ignored, and replaced by the next write. Files are written
 * beside their place and renamed, so that no reader ever sees half of one.
 */
#include "device.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <limits.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#define BINARY_MAX (UINT64_C(64) << 20)
#define WHAT_MAX 4096u

typedef struct Head {
    char magic[8];
    uint64_t what_bytes, binary_bytes, sum;
} Head;
static const char magic[8] = {'N', 'N', 'O', 'C', 'L', '0', '0', '1'};

/* FNV-1a, 64 bits (Fowler, Noll, Vo). */
uint64_t ocl_hash(uint64_t seed, const void *data, size_t bytes) {
    uint64_t h = UINT64_C(0xcbf29ce484222325) ^ seed;
    const unsigned char *p = data;
    for (size_t i = 0; i < bytes; i++)
        h = (h ^ p[i]) * UINT64_C(0x100000001b3);
    return h;
}

static uint64_t sum_of(const char *what, const unsigned char *binary, size_t bytes) {
    return ocl_hash(ocl_hash(0, what, strlen(what)), binary, bytes);
}

/* The folder, made when it is not there; false: there is no place for a cache. */
static bool folder(char path[PATH_MAX]) {
    const char *const own = secure_getenv("XDG_CACHE_HOME"), *const home = secure_getenv("HOME");
    int n = -1;
    if (own && own[0] == '/')
        n = snprintf(path, PATH_MAX - 64, "%s/nnrun/opencl/", own);
    else if (home && home[0] == '/')
        n = snprintf(path, PATH_MAX - 64, "%s/.cache/nnrun/opencl/", home);
    if (n < 0 || n >= PATH_MAX - 64)
        return false;
    for (char *p = strchr(path + 1, '/'); p; p = strchr(p + 1, '/')) {
        *p = '\0';
        if (mkdir(path, 0700) != 0 && errno != EEXIST)
            return false;
        *p = '/';
    }
    return true;
}

static bool file(const uint64_t key[2], char path[PATH_MAX]) {
    if (!folder(path))
        return false;
    (void)snprintf(path + strlen(path), 64, "%016" PRIx64 "%016" PRIx64, key[0], key[1]);
    return true;
}

static bool read_all(int fd, void *to, size_t bytes) {
    for (size_t at = 0; at < bytes;) {
        const ssize_t n = read(fd, (char *)to + at, bytes - at);
        if (n <= 0 && !(n < 0 && errno == EINTR))
            return false;
        at += n > 0 ? (size_t)n : 0;
    }
    return true;
}

static bool write_all(int fd, const void *from, size_t bytes) {
    for (size_t at = 0; at < bytes;) {
        const ssize_t n = write(fd, (const char *)from + at, bytes - at);
        if (n < 0 && errno != EINTR)
            return false;
        at += n > 0 ? (size_t)n : 0;
    }
    return true;
}

static unsigned char *read_entry(int fd, const char *what, size_t *bytes) {
    Head head;
    struct stat info;
    char found[WHAT_MAX + 1];
    const size_t length = strlen(what);
    if (fstat(fd, &info) != 0 || !S_ISREG(info.st_mode) || !read_all(fd, &head, sizeof head) ||
        memcmp(head.magic, magic, sizeof magic) != 0 || head.what_bytes != length || length > WHAT_MAX ||
        head.binary_bytes == 0 || head.binary_bytes > BINARY_MAX ||
        (uint64_t)info.st_size != sizeof head + head.what_bytes + head.binary_bytes ||
        !read_all(fd, found, length) || memcmp(found, what, length) != 0)
        return NULL;
    unsigned char *binary = malloc(head.binary_bytes);
    if (binary && read_all(fd, binary, head.binary_bytes) &&
        sum_of(what, binary, head.binary_bytes) == head.sum) {
        *bytes = head.binary_bytes;
        return binary;
    }
    free(binary);
    return NULL;
}

bool ocl_cache_read(const NnHost *nn, const uint64_t key[2], const char *what, unsigned char **binary,
                    size_t *bytes) {
    char path[PATH_MAX], text[PATH_MAX + 96];
    const int fd = file(key, path) ? open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW) : -1;
    if (fd < 0)
        return false;
    *binary = read_entry(fd, what, bytes);
    (void)close(fd);
    if (*binary == NULL) {
        (void)snprintf(text, sizeof text, "%s is not a whole program for this device; it is built anew",
                       path);
        nn->log(nn, 1, text);
    }
    return *binary != NULL;
}

void ocl_cache_write(const NnHost *nn, const uint64_t key[2], const char *what, const unsigned char *binary,
                     size_t bytes) {
    char path[PATH_MAX], fresh[PATH_MAX + 16];
    if (!file(key, path) || strlen(what) > WHAT_MAX || bytes == 0 || bytes > BINARY_MAX)
        return;
    (void)snprintf(fresh, sizeof fresh, "%s.XXXXXX", path);
    const int fd = mkostemp(fresh, O_CLOEXEC);
    if (fd < 0)
        return;
    Head head = {.what_bytes = strlen(what), .binary_bytes = bytes, .sum = sum_of(what, binary, bytes)};
    memcpy(head.magic, magic, sizeof magic);
    const bool whole = write_all(fd, &head, sizeof head) && write_all(fd, what, head.what_bytes) &&
                       write_all(fd, binary, bytes);
    if (close(fd) != 0 || !whole || rename(fresh, path) != 0) {
        (void)unlink(fresh);
        nn->log(nn, 0, "a built OpenCL program could not be stored");
    }
}
