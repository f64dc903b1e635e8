/* SPDX-License-Identifier: Apache-2.0 */
/* The model's file and the files beside it that its format asks for. Nothing outside of its folder is opened.
 */
#include "imported.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#define MAX_FILE (UINT64_C(1) << 40)

typedef struct Companion {
    struct Companion *next;
    char bytes[];
} Companion;

static int32_t refuse(const Source *s, NnStatus *status, const char *path, const char *why) {
    char text[1024];
    (void)snprintf(text, sizeof text, "%.700s: %s", path, why);
    return s->nn->config->fail(s->setting, status, text);
}

/* Reads *length bytes from offset on behind `head` bytes of the block, or all of them (0). */
static int32_t read_part(const Source *s, NnStatus *status, const char *path, uint64_t offset,
                         uint64_t *length, uint64_t head, char **bytes) {
    struct stat about;
    int32_t code = NN_OK;
    const int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);

    *bytes = NULL;
    if (fd < 0)
        return refuse(s, status, path, strerror(errno));
    if (fstat(fd, &about) != 0 || !S_ISREG(about.st_mode)) {
        (void)close(fd);
        return refuse(s, status, path, "this is no file");
    }
    const uint64_t size = (uint64_t)about.st_size;
    const uint64_t n = *length ? *length : offset < size ? size - offset : 0;
    if (size > MAX_FILE || offset > size || n > size - offset) {
        char why[200];
        (void)snprintf(why, sizeof why, "it has %llu bytes; %llu from offset %llu on are expected",
                       (unsigned long long)size, (unsigned long long)n, (unsigned long long)offset);
        code = refuse(s, status, path, why);
    } else if ((*bytes = malloc(head + n + 1)) == NULL) {
        code = nn_fail(s->nn, status, NN_OUT_OF_MEMORY, "no memory for the %llu bytes of %.700s",
                       (unsigned long long)n, path);
    }
    for (uint64_t at = 0; code == NN_OK && at < n;) {
        const ssize_t got =
            pread(fd, *bytes + head + at, n - at < (1u << 30) ? n - at : 1u << 30, (off_t)(offset + at));
        if (got > 0)
            at += (uint64_t)got;
        else if (got == 0 || errno != EINTR)
            code =
                refuse(s, status, path, got == 0 ? "it became shorter while it was read" : strerror(errno));
    }
    (void)close(fd);
    *length = n;
    return code;
}

int32_t source_open(Source *s, const NnModelBuild *build) {
    const NnHost *nn = build->host;
    const NnConfigApi *config = nn->config;
    *s = (Source){.nn = nn, .setting = net_get(build, "file")};
    const char *path = config->path(s->setting), *ending = path ? strrchr(path, '.') : NULL;
    const char *asked = net_get_string(build, "format", ""), *name = *asked   ? asked
                                                                     : ending ? ending + 1
                                                                              : "";
    char *bytes = NULL;

    if (path == NULL || access(path, F_OK) != 0)
        return refuse(s, build->status, path ? path : "?", strerror(errno));
    s->format = NN_HAS(nn, find) ? nn->find(nn, NN_FORMAT_KIND, name, &s->format_host, build->status) : NULL;
    if (s->format == NULL || !NN_HAS(s->format, read_graph)) {
        (void)nn_fail(nn, build->status, NN_INVALID, "the format %s holds no graphs", name);
        nn->where(build->status, config->place(s->setting));
        return nn->code(build->status);
    }
    char *real = realpath(path, NULL), *slash = real ? strrchr(real, '/') : NULL;
    if (slash == NULL) {
        free(real);
        return refuse(s, build->status, path, strerror(errno));
    }
    s->n = 0;
    const int32_t code = read_part(s, build->status, real, 0, &s->n, 0, &bytes);
    slash[slash == real] = '\0';
    s->folder = real;
    s->bytes = bytes;
    return code;
}

void source_close(Source *s) {
    while (s->companions) {
        Companion *next = s->companions->next;
        free(s->companions);
        s->companions = next;
    }
    free(s->bytes);
    free(s->folder);
}

int32_t source_companion(Source *s, const char *name, uint64_t offset, uint64_t length, const void **bytes,
                         NnStatus *status) {
    const size_t folder = strlen(s->folder);
    char *path = malloc(folder + strlen(name) + 2), *real = NULL, *block = NULL;
    int32_t code;

    if (path == NULL)
        return nn_fail(s->nn, status, NN_OUT_OF_MEMORY, "no memory for the name of a file");
    (void)sprintf(path, "%s/%s", s->folder, name);
    real = realpath(path, NULL);
    if (real == NULL)
        code = refuse(s, status, path, strerror(errno));
    else if (strncmp(real, s->folder, folder) != 0 || (folder > 1 && real[folder] != '/'))
        code = refuse(s, status, path, "it is outside of the model's folder");
    else
        code = read_part(s, status, real, offset, &length, sizeof(Companion), &block);
    if (block) {
        Companion *c = (void *)block;
        c->next = s->companions;
        s->companions = c;
        *bytes = c->bytes;
    }
    free(real);
    free(path);
    return code;
}
