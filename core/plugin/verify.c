/* SPDX-License-Identifier: Apache-2.0 */
/* The policy `digest`. What was looked at and what is mapped are compared by inode and times, because between
 * the two the dynamic linker opens the file once more by its name. */
#include "plugin/verify.h"

#include "plugin/elf.h"
#include "status.h"

#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

int32_t nn_verify_owner(int fd, const char *what, NnStatus *status) {
    struct stat s;
    if (fstat(fd, &s) != 0)
        return nn_status_fail(status, NN_INVALID, "%s: its owner cannot be read: %s", what,
                              g_strerror(errno));
    if (s.st_uid != 0 && s.st_uid != geteuid())
        return nn_status_fail(status, NN_INVALID,
                              "%s: it belongs to user %u, and only root's and your own are taken", what,
                              s.st_uid);
    if (s.st_mode & S_IWOTH)
        return nn_status_fail(status, NN_INVALID,
                              "%s: everybody may write to it (mode %04o); 'chmod o-w' mends that", what,
                              s.st_mode & 07777);
    /* A group of the owner's number is the owner's private one, where a umask of 002 is the custom. */
    if ((s.st_mode & S_IWGRP) && s.st_gid != s.st_uid)
        return nn_status_fail(status, NN_INVALID,
                              "%s: its group %u may write to it (mode %04o); 'chmod g-w' mends that", what,
                              s.st_gid, s.st_mode & 07777);
    return NN_OK;
}

char *nn_verify_hash(int fd, NnStatus *status) {
    g_autoptr(GChecksum) sum = g_checksum_new(G_CHECKSUM_SHA256);
    g_autofree guchar *buffer = g_malloc(1u << 16);
    ssize_t n;
    for (off_t at = 0; (n = pread(fd, buffer, 1u << 16, at)) > 0; at += n)
        g_checksum_update(sum, buffer, n);
    char *hash = n == 0 ? g_strdup(g_checksum_get_string(sum)) : NULL;
    if (hash == NULL)
        nn_status_fail(status, NN_ERROR, "it cannot be read: %s", g_strerror(errno));
    return hash;
}

static int32_t verify_folder(const char *file, NnStatus *status) {
    g_autofree char *folder = g_path_get_dirname(file);
    const int fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0)
        return nn_status_fail(status, NN_INVALID, "its folder %s cannot be opened: %s", folder,
                              g_strerror(errno));
    const int32_t code = nn_verify_owner(fd, "its folder", status);
    close(fd);
    return code;
}

static int32_t verify_bytes(const NnObject *object, int fd, NnStatus *status) {
    g_autofree char *hash = nn_verify_hash(fd, status);
    if (hash && g_ascii_strcasecmp(hash, object->info.sha256) != 0)
        nn_status_fail(status, NN_INVALID,
                       "it is not the file that its manifest states: SHA-256 %.12s... was expected, %.12s... "
                       "was found; after "
                       "building it again, 'nnrun plugin manifest --refresh %s' writes the manifest anew",
                       object->info.sha256, hash, object->package->info.folder);
    return nn_status_code(status);
}

static bool same_file(const struct stat *a, const struct stat *b) {
    return a->st_dev == b->st_dev && a->st_ino == b->st_ino && a->st_size == b->st_size &&
           a->st_mtim.tv_sec == b->st_mtim.tv_sec && a->st_mtim.tv_nsec == b->st_mtim.tv_nsec &&
           a->st_ctim.tv_sec == b->st_ctim.tv_sec && a->st_ctim.tv_nsec == b->st_ctim.tv_nsec;
}

static void *open_unchanged(const char *file, int fd, const struct stat *before, NnStatus *status) {
    char real[PATH_MAX];
    struct stat now, path;
    void *handle = realpath(file, real) ? dlopen(real, RTLD_NOW | RTLD_LOCAL) : NULL;
    if (handle == NULL) {
        const char *why = dlerror();
        nn_status_fail(status, NN_INVALID, "the dynamic linker refuses it: %s",
                       why ? why : g_strerror(errno));
        return NULL;
    }
    if (fstat(fd, &now) == 0 && stat(real, &path) == 0 && same_file(before, &now) && same_file(before, &path))
        return handle;
    nn_status_fail(status, NN_INVALID, "it was changed while it was being loaded");
    return NULL; /* what was mapped may run already; it stays */
}

void *nn_verify_digest(const NnObject *object, NnStatus *status) {
    const char *file = object->info.file;
    struct stat before;
    void *handle = NULL;
    const int fd = open(file, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    if (fd < 0) {
        nn_status_fail(status, NN_INVALID, "it cannot be opened: %s", g_strerror(errno));
        return NULL;
    }
    if (fstat(fd, &before) != 0 || !S_ISREG(before.st_mode))
        nn_status_fail(status, NN_INVALID, "it is not a regular file");
    else if (nn_verify_owner(fd, "the file", status) == NN_OK && verify_folder(file, status) == NN_OK &&
             verify_bytes(object, fd, status) == NN_OK && nn_elf_check(fd, NULL, status) == NN_OK)
        handle = open_unchanged(file, fd, &before, status);
    close(fd);
    return handle;
}
