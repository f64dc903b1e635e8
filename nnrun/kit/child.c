/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Children. A plug-in runs in a process of its own, under limits and a clock that starts anew with each step
 * of a case. One that dies is charged with the step it was in; the next child goes on behind that case.
 */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include "guard.h"
#include "kit.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define DEATHS_MAX 4u /* after which a subject is left alone */

/* ---- in the child: what judges call ---- */

static void put(char *to, size_t size, const char *format, va_list args) {
    (void)vsnprintf(to, size, format, args);
    for (char *c = to; *c; c++)
        if ((unsigned char)*c < ' ')
            *c = ' ';
}

bool kit_case(Kit *k, const char *format, ...) {
    Findings *f = k->findings;
    if (k->seen++ < k->skip)
        return false;
    va_list args;
    va_start(args, format);
    put(f->where, sizeof f->where, format, args);
    va_end(args);
    f->doing[0] = '\0';
    f->cases = k->seen;
    f->beats++;
    return true;
}

void kit_doing(Kit *k, const char *step) {
    (void)g_strlcpy(k->findings->doing, step, sizeof k->findings->doing);
    k->findings->beats++;
}

void kit_pass(Kit *k, Check check) { k->findings->verdicts[check].passed++; }

void kit_fail(Kit *k, Check check, const char *format, ...) {
    Verdict *v = &k->findings->verdicts[check];
    if (v->failed++)
        return;
    char text[TEXT_MAX];
    va_list args;
    va_start(args, format);
    put(text, sizeof text, format, args);
    va_end(args);
    (void)g_snprintf(v->first, sizeof v->first, "%s%s%s", k->findings->where,
                     k->findings->where[0] ? ": " : "", text);
}

bool kit_expect(Kit *k, Check check, bool good, const char *format, ...) {
    if (good) {
        kit_pass(k, check);
        return true;
    }
    char text[TEXT_MAX];
    va_list args;
    va_start(args, format);
    put(text, sizeof text, format, args);
    va_end(args);
    kit_fail(k, check, "%s", text);
    return false;
}

void kit_skip(Kit *k, Check check, const char *format, ...) {
    va_list args;
    va_start(args, format);
    put(k->findings->verdicts[check].skipped, TEXT_MAX, format, args);
    va_end(args);
}

void kit_note(Kit *k, const char *format, ...) {
    Findings *f = k->findings;
    if (f->n_notes == NOTES_MAX)
        return;
    va_list args;
    va_start(args, format);
    put(f->notes[f->n_notes++], TEXT_MAX, format, args);
    va_end(args);
}

void kit_forward(Kit *k, int32_t type, uint32_t features, const char *wrong) {
    Tally *t = &k->findings->tallies[type][features];
    t->passed += wrong == NULL;
    if (wrong && t->failed++ == 0)
        (void)g_snprintf(t->first, sizeof t->first, "%s: %s", k->findings->where, wrong);
}

void kit_die(Findings *f, Check check, const char *text) {
    Verdict *v = &f->verdicts[check];
    if (v->failed++ == 0)
        (void)g_snprintf(v->first, sizeof v->first, "%s: %s%s%s", f->where, f->doing, f->doing[0] ? ": " : "",
                         text);
    _exit(KIT_EXIT_CHARGED);
}

static void limit(int what, rlim_t most) {
    struct rlimit now;
    if (getrlimit(what, &now) == 0) {
        now.rlim_cur = MIN(most, now.rlim_max);
        (void)setrlimit(what, &now);
    }
}

static void confine(const KitOptions *options) {
    (void)prctl(PR_SET_PDEATHSIG, SIGKILL);
    limit(RLIMIT_CORE, 0);
    limit(RLIMIT_FSIZE, (rlim_t)1 << 30);
#if !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)
    limit(RLIMIT_DATA, (rlim_t)16 << 30);
#endif
    const int nowhere = open("/dev/null", O_RDWR | O_CLOEXEC);
    if (nowhere >= 0) {
        (void)dup2(nowhere, STDIN_FILENO);
        (void)dup2(options->verbose ? STDERR_FILENO : nowhere, STDOUT_FILENO);
        if (!options->verbose)
            (void)dup2(nowhere, STDERR_FILENO);
    }
}

static void be_child(const KitOptions *options, NnContext *context, const Subject *subject,
                     void (*judge)(Kit *), Findings *f) {
    Kit k = {.options = options,
             .context = context,
             .subject = subject,
             .findings = f,
             .status = nn_status_new(),
             .skip = f->cases};
    confine(options);
    guard_begin(f);
    judge(&k);
    f->finished = true;
    /* Not exit(): what the plug-in left to be done at the end is none of the kit's business. */
    _exit(0);
}

/* ---- in the program ---- */

static int64_t milliseconds(void) {
    struct timespec t;
    (void)clock_gettime(CLOCK_MONOTONIC, &t);
    return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

/* Waits for the child's end; false: it had to be killed. `end` is open in the child as long as it lives. */
static bool watch(pid_t child, int end, const Findings *f, uint32_t seconds, int *code) {
    uint32_t beats = f->beats;
    int64_t since = milliseconds();
    bool killed = false;
    for (;;) {
        struct pollfd p = {.fd = end, .events = POLLIN};
        if (poll(&p, 1, 100) > 0)
            break;
        if (f->beats != beats) {
            beats = f->beats;
            since = milliseconds();
        } else if (milliseconds() - since > (int64_t)seconds * 1000) {
            (void)kill(child, SIGKILL);
            killed = true;
            break;
        }
    }
    while (waitpid(child, code, 0) < 0 && errno == EINTR)
        continue;
    return !killed;
}

static void charge(Findings *f, Check check, const char *format, ...) G_GNUC_PRINTF(3, 4);
static void charge(Findings *f, Check check, const char *format, ...) {
    Verdict *v = &f->verdicts[check];
    char text[TEXT_MAX];
    va_list args;
    if (v->failed++)
        return;
    va_start(args, format);
    put(text, sizeof text, format, args);
    va_end(args);
    (void)g_snprintf(v->first, sizeof v->first, "%s%s%s%s%s", f->where, f->where[0] ? ": " : "", f->doing,
                     f->doing[0] ? ": " : "", text);
}

/* What a plug-in may have scribbled over is made readable again. */
static void terminate(Findings *f) {
    f->where[TEXT_MAX - 1] = f->doing[sizeof f->doing - 1] = '\0';
    f->n_notes = MIN(f->n_notes, NOTES_MAX);
    for (uint32_t i = 0; i < NOTES_MAX; i++)
        f->notes[i][TEXT_MAX - 1] = '\0';
    for (uint32_t i = 0; i < CHECK_COUNT; i++)
        f->verdicts[i].first[TEXT_MAX - 1] = f->verdicts[i].skipped[TEXT_MAX - 1] = '\0';
    for (uint32_t i = 0; i < NN_TYPE_COUNT * TALLY_COUNT; i++)
        f->tallies[i / TALLY_COUNT][i % TALLY_COUNT].first[TEXT_MAX - 1] = '\0';
}

void kit_run_child(const KitOptions *options, NnContext *context, const Subject *subject,
                   void (*judge)(Kit *), Findings *f) {
    for (uint32_t deaths = 0; deaths < DEATHS_MAX && !f->finished; deaths++) {
        int ends[2], code = 0;
        const uint32_t before = f->cases;
        f->where[0] = f->doing[0] = '\0';
        if (pipe2(ends, O_CLOEXEC) != 0)
            return;
        (void)fflush(NULL);
        const pid_t child = fork();
        if (child == 0) {
            close(ends[0]);
            be_child(options, context, subject, judge, f);
        }
        close(ends[1]);
        const bool in_time = child > 0 && watch(child, ends[0], f, options->timeout, &code);
        close(ends[0]);
        terminate(f);
        if (child < 0) {
            charge(f, CRASHES_IN_LOAD, "no process could be started for it: %s", g_strerror(errno));
            return;
        }
        const Check crash = f->stage == STAGE_LOAD  ? CRASHES_IN_LOAD
                            : f->stage == STAGE_RUN ? CRASHES_IN_RUN
                                                    : IGNORES_FAILED_ALLOCATION;
        if (!in_time)
            charge(f, HANGS, "it did not end within %u s", options->timeout);
        else if (WIFSIGNALED(code))
            charge(f, crash, "signal %d (%s)", WTERMSIG(code), strsignal(WTERMSIG(code)));
        else if (!f->finished && WEXITSTATUS(code) != KIT_EXIT_CHARGED)
            charge(f, crash, "it ended the process with status %d", WEXITSTATUS(code));
        if (f->cases == before && !f->finished)
            return; /* before the first case: there is nothing behind it to go on with */
    }
}

/* ---- forward results, by what the wrong ones have in common ---- */

static const Tally *first_wrong(const Findings *f, int32_t type, uint32_t features) {
    const Tally *t = &f->tallies[type][features];
    return t->failed ? t : NULL;
}

static void settle(Findings *f, Check check, uint32_t failed, uint32_t passed, const Tally *first) {
    f->verdicts[check].failed += failed;
    f->verdicts[check].passed += passed;
    if (first && failed)
        (void)g_strlcpy(f->verdicts[check].first, first->first, TEXT_MAX);
}

void kit_classify(Findings *f) {
    uint32_t passed[TALLY_COUNT] = {0}, failed[TALLY_COUNT] = {0}, types = 0, right_types = 0,
             type_passed = 0;
    const Tally *first[TALLY_COUNT] = {NULL};
    for (int32_t t = 0; t < NN_TYPE_COUNT; t++) {
        uint32_t p = 0, w = 0;
        for (uint32_t k = 0; k < TALLY_COUNT; k++) {
            passed[k] += f->tallies[t][k].passed;
            failed[k] += f->tallies[t][k].failed;
            first[k] = first[k] ? first[k] : first_wrong(f, t, k);
            p += k & TALLY_STRIDED ? 0 : f->tallies[t][k].passed;
            w += k & TALLY_STRIDED ? 0 : f->tallies[t][k].failed;
        }
        types += p + w > 0;
        right_types += p > 0 && w == 0;
        type_passed += p;
    }
    const uint32_t wrong = failed[0] + failed[TALLY_ODD];
    const Tally *example = first[0] ? first[0] : first[TALLY_ODD];
    const uint32_t strided = failed[TALLY_STRIDED] + failed[TALLY_STRIDED | TALLY_ODD];
    settle(f, WRONG_STRIDE, strided, passed[TALLY_STRIDED] + passed[TALLY_STRIDED | TALLY_ODD],
           first[TALLY_STRIDED] ? first[TALLY_STRIDED] : first[TALLY_STRIDED | TALLY_ODD]);
    const bool by_type = wrong && types > 1 && right_types > 0;
    const bool by_size = wrong && !by_type && failed[0] == 0 && passed[0] > 0;
    settle(f, WRONG_TYPE, by_type ? wrong : 0, types > 1 ? type_passed : 0, example);
    settle(f, WRONG_ODD_SIZE, by_size ? wrong : 0, passed[TALLY_ODD], example);
    /* What is wrong with ordinary numbers is so with special ones. */
    if (wrong)
        f->verdicts[WRONG_SPECIAL_VALUE] = (Verdict){.skipped = "ordinary values are wrong already"};
    settle(f, WRONG_FORWARD, wrong && !by_type && !by_size ? wrong : 0, passed[0] + passed[TALLY_ODD],
           example);
}
