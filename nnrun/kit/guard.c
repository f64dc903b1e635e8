/* SPDX-License-Identifier: Apache-2.0 */
/* The signals. The handler runs on a stack of its own, so that a call without end is told as well. */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include "guard.h"

#include <signal.h>
#include <stdio.h>
#include <sys/mman.h>
#include <ucontext.h>
#include <unistd.h>

#define FORBIDDEN_MAX 1024u

typedef struct Forbidden {
    const char *start;
    size_t bytes;
    Check read, write;
    char what[64];
} Forbidden;

static Forbidden forbidden[FORBIDDEN_MAX];
static Findings *findings;

static bool was_write(const void *context) {
#if defined(__x86_64__)
    const ucontext_t *c = context;
    return (c->uc_mcontext.gregs[REG_ERR] & 2) != 0;
#else
    (void)context;
    return true;
#endif
}

static void on_fault(int number, siginfo_t *info, void *context) {
    const char *at = info->si_addr;
    if (torn_fault(at))
        return;
    for (uint32_t i = 0; i < FORBIDDEN_MAX; i++)
        if (forbidden[i].start && at >= forbidden[i].start && at < forbidden[i].start + forbidden[i].bytes) {
            const bool write = was_write(context);
            char text[128];
            (void)snprintf(text, sizeof text, "it %s %s", write ? "writes to" : "reads from",
                           forbidden[i].what);
            kit_die(findings, write ? forbidden[i].write : forbidden[i].read, text);
        }
    if (memory_has_failed())
        kit_die(findings, IGNORES_FAILED_ALLOCATION, "it crashes when it gets no memory");
    (void)signal(number, SIG_DFL);
    (void)raise(number);
}

void guard_begin(Findings *f) {
    static const int numbers[] = {SIGSEGV, SIGBUS};
    const size_t bytes = 1 << 16;
    /* Not of the heap, whose pages may be what is watched. */
    void *memory = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    stack_t stack = {.ss_sp = memory, .ss_size = bytes};
    struct sigaction action = {.sa_sigaction = on_fault, .sa_flags = SA_SIGINFO | SA_ONSTACK | SA_NODEFER};
    findings = f;
    if (memory != MAP_FAILED)
        (void)sigaltstack(&stack, NULL);
    (void)sigemptyset(&action.sa_mask);
    for (size_t i = 0; i < sizeof numbers / sizeof numbers[0]; i++)
        (void)sigaction(numbers[i], &action, NULL);
}

void guard_forbid(void *start, size_t bytes, Check read, Check write, const char *what) {
    for (uint32_t i = 0; i < FORBIDDEN_MAX; i++)
        if (forbidden[i].start == NULL) {
            forbidden[i] = (Forbidden){.start = start, .bytes = bytes, .read = read, .write = write};
            (void)g_strlcpy(forbidden[i].what, what, sizeof forbidden[i].what);
            return;
        }
}

void guard_allow(const void *start) {
    for (uint32_t i = 0; i < FORBIDDEN_MAX; i++)
        if (forbidden[i].start == start)
            forbidden[i].start = NULL;
}
