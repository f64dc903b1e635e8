/* SPDX-License-Identifier: Apache-2.0 */
/* TAP 13 for programs that count tests, or one JSON object. A line is one check of one subject. */
#include "../print.h"
#include "kit.h"

#include <stdio.h>

struct Report {
    const KitOptions *options;
    bool json;
    uint32_t subjects, line, failed, passed, skipped;
    struct {
        uint32_t passed, failed, skipped;
    } checks[CHECK_COUNT];
};

static const char *const tiers[] = {"smoke", "ci", "all"};

Report *kit_report_new(const KitOptions *options, bool json) {
    Report *r = g_new0(Report, 1);
    r->options = options;
    r->json = json;
    if (json) {
        printf("{\"plugin\": ");
        print_json_string(options->target);
        printf(", \"tier\": \"%s\", \"subjects\": [", tiers[options->tier]);
    } else {
        printf("TAP version 13\n# conformance of %s, tier %s\n", options->target, tiers[options->tier]);
    }
    return r;
}

/* ---- one check of one subject ---- */

static void print_yaml(const char *key, const char *text) {
    char *quoted = g_strescape(text, NULL);
    printf("  %s: \"%s\"\n", key, quoted);
    g_free(quoted);
}

static void tap_check(Report *r, const char *title, Check c, const Verdict *v) {
    const bool judged = v->failed + v->passed > 0;
    printf("%s %u - %s: %s", v->failed ? "not ok" : "ok", ++r->line, title, kit_checks[c].name);
    if (!judged)
        printf(" # SKIP %s", v->skipped);
    putchar('\n');
    if (v->failed) {
        puts("  ---");
        print_yaml("right", kit_checks[c].asked);
        print_yaml("found", v->first);
        printf("  failed: %u\n  passed: %u\n  ...\n", v->failed, v->passed);
    }
}

static void json_check(const Report *r, bool first, Check c, const Verdict *v) {
    (void)r;
    printf("%s\n    {\"check\": \"%s\", \"failed\": %u, \"passed\": %u, \"found\": ", first ? "" : ",",
           kit_checks[c].name, v->failed, v->passed);
    print_json_string(v->failed ? v->first : NULL);
    printf(", \"skipped\": ");
    print_json_string(v->failed + v->passed ? NULL : v->skipped);
    putchar('}');
}

void kit_report_subject(Report *r, const char *kind, const char *title, const Findings *f) {
    bool first = true;
    if (r->json) {
        printf("%s\n  {\"kind\": ", r->subjects ? "," : "");
        print_json_string(kind);
        printf(", \"name\": ");
        print_json_string(title);
        printf(", \"checks\": [");
    }
    r->subjects++;
    for (Check c = 0; c < CHECK_COUNT; c++) {
        const Verdict *v = &f->verdicts[c];
        if (v->passed + v->failed == 0 && v->skipped[0] == '\0')
            continue;
        r->checks[c].passed += v->failed == 0 && v->passed > 0;
        r->checks[c].failed += v->failed > 0;
        r->checks[c].skipped += v->passed + v->failed == 0;
        r->failed += v->failed > 0;
        r->skipped += v->passed + v->failed == 0;
        r->passed += v->failed == 0 && v->passed > 0;
        if (r->json)
            json_check(r, first, c, v);
        else
            tap_check(r, title, c, v);
        first = false;
    }
    if (r->json)
        printf("], \"notes\": [");
    for (uint32_t i = 0; i < f->n_notes; i++)
        if (r->json) {
            printf("%s", i ? ", " : "");
            print_json_string(f->notes[i]);
        } else {
            printf("# %s: %s\n", title, f->notes[i]);
        }
    if (r->json)
        printf("]}");
    (void)fflush(stdout);
}

bool kit_report_end(Report *r, bool whole) {
    const bool good = whole && r->failed == 0 && r->passed > 0;
    if (r->json) {
        printf("],\n \"passed\": %u, \"failed\": %u, \"skipped\": %u, \"ok\": %s}\n", r->passed, r->failed,
               r->skipped, good ? "true" : "false");
    } else {
        printf("1..%u\n# %-28s %8s %8s %8s\n", r->line, "check", "passed", "failed", "skipped");
        for (Check c = 0; c < CHECK_COUNT; c++)
            if (r->checks[c].passed + r->checks[c].failed + r->checks[c].skipped)
                printf("# %-28s %8u %8u %8u\n", kit_checks[c].name, r->checks[c].passed, r->checks[c].failed,
                       r->checks[c].skipped);
        printf("# %u subjects, %u checks passed, %u failed, %u could not be made; %s\n", r->subjects,
               r->passed, r->failed, r->skipped,
               good        ? "it conforms"
               : r->failed ? "it does not conform"
               : r->passed ? "it was not judged to the end"
                           : "nothing was judged");
    }
    g_free(r);
    return good;
}
