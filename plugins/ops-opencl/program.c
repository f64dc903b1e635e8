/* SPDX-License-Identifier: Apache-2.0 */
/* Programs: built once per device and kept while it is open; their binaries are kept on disk (cache.c). */
#include "device.h"

#include <stdlib.h>

#define OPTIONS "-cl-std=CL1.2"
#define LOG_SHOWN 700u

static size_t parts_of(const OclSource *source, const char *parts[NN_COUNT(source->parts)]) {
    size_t n = 0;
    for (size_t i = 0; i < NN_COUNT(source->parts); i++)
        if (source->parts[i])
            parts[n++] = source->parts[i];
    return n;
}

/* The first error that the compiler named. */
static int32_t not_built(NnDevice *d, const OclSource *source, cl_program program, cl_int code,
                         NnStatus *status) {
    size_t bytes = 0;
    char *log = NULL;
    if (d->cl->GetProgramBuildInfo(program, d->id, CL_PROGRAM_BUILD_LOG, 0, NULL, &bytes) == CL_SUCCESS &&
        bytes < (1u << 20))
        log = calloc(1, bytes + 1);
    if (log &&
        d->cl->GetProgramBuildInfo(program, d->id, CL_PROGRAM_BUILD_LOG, bytes, log, NULL) != CL_SUCCESS)
        log[0] = '\0';
    char said[OCL_SAID];
    const char *shown = log ? strstr(log, "error") : NULL;
    shown = shown ? shown : log && log[0] ? log : "its compiler says nothing";
    const size_t line = strcspn(shown, "\n");
    (void)nn_fail(d->nn, status, NN_ERROR, "device %s cannot build the program %s: %s: %.*s", d->name,
                  source->name, ocl_said(d, code, said), (int)(line < LOG_SHOWN ? line : LOG_SHOWN), shown);
    free(log);
    return NN_ERROR;
}

static cl_program from_cache(NnDevice *d, const uint64_t key[2], const char *what, const char *options) {
    unsigned char *binary;
    size_t bytes;
    if (!ocl_cache_read(d->nn, key, what, &binary, &bytes))
        return NULL;
    const unsigned char *const binaries[] = {binary};
    cl_int code, loaded = CL_SUCCESS;
    cl_program program = d->cl->CreateProgramWithBinary(
        d->context, 1, &d->id, &bytes, (const unsigned char **)(uintptr_t)binaries, &loaded, &code);
    if (program && (code != CL_SUCCESS || loaded != CL_SUCCESS ||
                    d->cl->BuildProgram(program, 1, &d->id, options, NULL, NULL) != CL_SUCCESS)) {
        (void)d->cl->ReleaseProgram(program);
        program = NULL;
    }
    free(binary);
    return code == CL_SUCCESS ? program : NULL;
}

static void to_cache(NnDevice *d, cl_program program, const uint64_t key[2], const char *what) {
    size_t bytes = 0;
    if (d->cl->GetProgramInfo(program, CL_PROGRAM_BINARY_SIZES, sizeof bytes, &bytes, NULL) != CL_SUCCESS ||
        bytes == 0)
        return;
    unsigned char *binary = malloc(bytes);
    unsigned char *binaries[] = {binary};
    if (binary &&
        d->cl->GetProgramInfo(program, CL_PROGRAM_BINARIES, sizeof binaries, binaries, NULL) == CL_SUCCESS)
        ocl_cache_write(d->nn, key, what, binary, bytes);
    free(binary);
}

static cl_program from_source(NnDevice *d, const OclSource *source, const char *options, NnStatus *status) {
    const char *parts[NN_COUNT(source->parts)];
    const size_t n = parts_of(source, parts);
    cl_int code;
    cl_program program = d->cl->CreateProgramWithSource(d->context, (cl_uint)n, parts, NULL, &code);
    if (program == NULL || code != CL_SUCCESS) {
        char said[OCL_SAID];
        (void)nn_fail(d->nn, status, NN_ERROR, "device %s takes no program: %s", d->name,
                      ocl_said(d, code, said));
        return NULL;
    }
    code = d->cl->BuildProgram(program, 1, &d->id, options, NULL, NULL);
    if (code == CL_SUCCESS)
        return program;
    (void)not_built(d, source, program, code, status);
    (void)d->cl->ReleaseProgram(program);
    return NULL;
}

cl_program ocl_program(NnDevice *d, const OclSource *source, NnStatus *status) {
    char options[512], what[1536], text[128];
    (void)snprintf(options, sizeof options, "%s%s%s%s", OPTIONS, d->service.cpu ? " -DCPU" : "",
                   source->options ? " " : "", source->options ? source->options : "");
    (void)snprintf(what, sizeof what, "%s\n%s\n%s\n%s\n", source->name, options, d->name, d->driver);
    uint64_t key[2];
    for (uint64_t k = 0; k < 2; k++) {
        key[k] = ocl_hash(k, what, strlen(what));
        for (size_t i = 0; i < NN_COUNT(source->parts); i++)
            if (source->parts[i])
                key[k] = ocl_hash(key[k], source->parts[i], strlen(source->parts[i]));
    }
    for (const OclProgram *p = d->programs; p; p = p->next)
        if (p->key[0] == key[0] && p->key[1] == key[1])
            return p->program;
    OclProgram *p = calloc(1, sizeof *p);
    if (p == NULL) {
        (void)nn_fail(d->nn, status, NN_OUT_OF_MEMORY, "no memory for the program %s", source->name);
        return NULL;
    }
    p->program = from_cache(d, key, what, options);
    if (p->program == NULL && (p->program = from_source(d, source, options, status)) != NULL) {
        (void)snprintf(text, sizeof text, "built the OpenCL program %s", source->name);
        d->nn->log(d->nn, 0, text);
        to_cache(d, p->program, key, what);
    }
    if (p->program == NULL) {
        free(p);
        return NULL;
    }
    memcpy(p->key, key, sizeof key);
    p->next = d->programs;
    d->programs = p;
    return p->program;
}

void ocl_programs_close(NnDevice *d) {
    for (OclProgram *p = d->programs, *next; p; p = next) {
        next = p->next;
        if (!d->hung)
            (void)d->cl->ReleaseProgram(p->program);
        free(p);
    }
    d->programs = NULL;
}
