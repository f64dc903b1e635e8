/* SPDX-License-Identifier: Apache-2.0 */
/* How far a training is: one line that is drawn anew on a terminal, a line now and then elsewhere. All of it
 * on stderr. */
#include "training.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#define REDRAW_US 100000
#define PLAIN_US 10000000

static int columns(void) {
    const char *given = getenv("COLUMNS");
    struct winsize size;
    const int n = given ? atoi(given) : 0;
    if (n > 0)
        return n;
    return ioctl(STDERR_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col ? size.ws_col : 80;
}

/* Lines are put together in memory of their own, so that a step that is shown takes none. */
typedef struct Line {
    char text[1024];
    size_t length;
} Line;

static void put(Line *line, const char *format, ...) G_GNUC_PRINTF(2, 3);
static void put(Line *line, const char *format, ...) {
    va_list args;
    va_start(args, format);
    const int n = vsnprintf(line->text + line->length, sizeof line->text - line->length, format, args);
    va_end(args);
    line->length = MIN(line->length + (size_t)MAX(n, 0), sizeof line->text - 1);
}

static void put_time(Line *line, double seconds) {
    if (isnan(seconds) || seconds > 1e7)
        return;
    const unsigned s = (unsigned)(seconds + 0.5);
    if (s >= 3600)
        put(line, "%u:%02u:%02u", s / 3600, s / 60 % 60, s % 60);
    else
        put(line, "%u:%02u", s / 60, s % 60);
}

static void put_metrics(Line *line, const NnTrainReport *r) {
    for (uint32_t i = 0; i < r->n_metrics; i++)
        if (!isnan(r->values[i]))
            put(line, "  %s %.4g", r->names[i], r->values[i]);
}

static void step_line(Line *line, const NnTrainReport *r) {
    const unsigned percent = r->steps_per_epoch ? (unsigned)(100 * r->position / r->steps_per_epoch) : 100;
    put(line, "epoch %u/%u %3u%%", r->epoch + 1, r->epochs, percent);
    put_metrics(line, r);
    put(line, "  %.0f samples/s", r->samples_per_second);
    if (!isnan(r->seconds_left)) {
        put(line, "  ");
        put_time(line, r->seconds_left);
        put(line, " left");
    }
}

void progress_clear(Progress *p) {
    if (p->drawn)
        fputs("\r\033[K", stderr);
    p->drawn = false;
}

static void draw(Progress *p, const char *text) {
    const int width = columns() - 1;
    fprintf(stderr, "\r\033[K%.*s", width, text);
    fflush(stderr);
    p->drawn = true;
}

static bool is_due(Progress *p) {
    const int64_t now = g_get_monotonic_time();
    if (now - p->last < (p->terminal ? REDRAW_US : PLAIN_US))
        return false;
    p->last = now;
    return true;
}

static void on_step(void *self, const NnTrainReport *r) {
    Progress *p = self;
    if (p->program->quiet || !is_due(p))
        return;
    Line line = {.length = 0};
    step_line(&line, r);
    if (p->terminal)
        draw(p, line.text);
    else
        fprintf(stderr, "%s\n", line.text);
}

static void on_epoch_end(void *self, const NnTrainReport *r) {
    Progress *p = self;
    Line line = {.length = 0};
    progress_clear(p);
    put(&line, "epoch %u/%u", r->epoch + 1, r->epochs);
    put_metrics(&line, r);
    put(&line, "  lr %.3g  %.0f samples/s  ", r->rate, r->samples_per_second);
    put_time(&line, r->seconds);
    nnrun_say(p->program, "%s", line.text);
    p->last = g_get_monotonic_time();
}

static void on_evaluating(void *self, uint64_t done, uint64_t total) {
    Progress *p = self;
    if (p->program->quiet || !p->terminal || !is_due(p))
        return;
    Line line = {.length = 0};
    put(&line, "evaluating %3u%%", (unsigned)(100 * done / (total ? total : 1)));
    draw(p, line.text);
}

static void on_say(void *self, const char *sentence) {
    Progress *p = self;
    progress_clear(p);
    nnrun_say(p->program, "%s", sentence);
}

NnTrainEvents progress_events(Progress *p, const Program *program) {
    const char *term = getenv("TERM");
    *p = (Progress){.program = program,
                    .terminal = isatty(STDERR_FILENO) && term && strcmp(term, "dumb") != 0,
                    .last = g_get_monotonic_time()};
    return (NnTrainEvents){.struct_size = sizeof(NnTrainEvents),
                           .self = p,
                           .step = on_step,
                           .epoch_end = on_epoch_end,
                           .evaluating = on_evaluating,
                           .say = on_say};
}
