/* SPDX-License-Identifier: Apache-2.0 */
/* Objects from anywhere: what is no shared object of this machine is refused with a sentence. The seed is a
 * small object made by hand. */
#include "driver.h"
#include "plugin/elf.h"

#include <sys/mman.h>
#include <unistd.h>

static int32_t check(const uint8_t *bytes, size_t n) {
    NnStatus *status = nn_status_new();
    GPtrArray *needs = g_ptr_array_new_with_free_func(g_free);
    const int fd = memfd_create("fuzz", MFD_CLOEXEC);
    if (fd < 0 || write(fd, bytes, n) != (ssize_t)n)
        abort();
    const int32_t code = nn_elf_check(fd, needs, status);
    if (code != NN_OK && *nn_status_message(status) == '\0')
        abort();
    close(fd);
    g_ptr_array_unref(needs);
    nn_status_free(status);
    return code;
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n) {
    (void)check(bytes, n);
    return 0;
}

#ifndef NN_FUZZER
/* A small object by hand: header, two program headers, a dynamic section and its texts. */
#include <link.h>

static struct {
    ElfW(Ehdr) header;
    ElfW(Phdr) program[2];
    ElfW(Dyn) dynamic[6];
    char strings[64];
} object;

static void make_object(void) {
    const size_t dynamic = (size_t)((char *)object.dynamic - (char *)&object);
    const size_t strings = (size_t)((char *)object.strings - (char *)&object);
    FILE *self = fopen("/proc/self/exe", "rb");
    if (self == NULL || fread(&object.header, sizeof object.header, 1, self) != 1)
        abort();
    (void)fclose(self);
    object.header.e_type = ET_DYN;
    object.header.e_phoff = sizeof object.header;
    object.header.e_phnum = 2;
    object.program[0] = (ElfW(Phdr)){.p_type = PT_LOAD, .p_filesz = sizeof object};
    object.program[1] =
        (ElfW(Phdr)){.p_type = PT_DYNAMIC, .p_offset = dynamic, .p_filesz = sizeof object.dynamic};
    memcpy(object.strings, "\0libc.so.6\0/opt/lib\0", 20);
    object.dynamic[0] = (ElfW(Dyn)){DT_STRTAB, {strings}};
    object.dynamic[1] = (ElfW(Dyn)){DT_STRSZ, {sizeof object.strings}};
    object.dynamic[2] = (ElfW(Dyn)){DT_NEEDED, {1}};
    object.dynamic[3] = (ElfW(Dyn)){DT_NEEDED, {1}};
}

int main(int argc, char **argv) {
    make_object();
    if (check((const uint8_t *)&object, sizeof object) != NN_OK)
        return 1;
    const Seed seeds[] = {{(const char *)&object, sizeof object},
                          {"\x7f"
                           "ELF",
                           4}};
    return drive(argc, argv, "fuzz-elf", seeds, sizeof seeds / sizeof seeds[0]);
}
#endif
