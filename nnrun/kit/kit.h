/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The conformance kit, `nnrun plugin test`: it judges a built plug-in by what that publishes, without its
 * source. Each export is a subject. A subject is judged in a child process, as plug-ins crash, hang and
 * scribble; what the child finds stands in memory that both share, so that a finding outlives its finder. A
 * child that dies is charged with the case it was in, and another one goes on behind that case.
 *
 * A check is one class of defect and has its name (checks.c). Rooms: `judge-*.c` say what is asked of a kind
 * of export; `rig.c` runs a kernel under guard; `host.c`, `buffer.c` and `intercept.c` are what stands guard;
 * `sample.c` and `sizes.c` are the cases.
 */
#ifndef NNRUN_KIT_KIT_H
#define NNRUN_KIT_KIT_H

#include "nn/nn.h"
#include "nn/plugin.h"

#include <glib.h>

/* In the order of the report. Names and sentences are in checks.c. */
typedef enum Check {
    CRASHES_IN_LOAD,
    WRONG_ABI,
    WRONG_STRUCT_SIZE,
    LIES_IN_MANIFEST,
    WRONG_TABLE,
    CLAIMS_TOO_MUCH,
    REFUSES_ITS_CLAIM,
    WRONG_INFERENCE,
    WRONG_FORWARD,
    WRONG_TYPE,
    WRONG_ODD_SIZE,
    WRONG_STRIDE,
    WRONG_IN_PLACE,
    WRONG_SPECIAL_VALUE,
    WRONG_GRADIENT,
    WRONG_ROUND_TRIP,
    WRITES_PAST_BUFFER,
    WRITES_PAST_WORKSPACE,
    READS_PAST_BUFFER,
    CHANGES_INPUT,
    LEAVES_OUTPUT_UNWRITTEN,
    READS_UNINITIALISED,
    NOT_REPEATABLE,
    RACES,
    KEEPS_POINTER,
    ALLOCATES_IN_RUN,
    IGNORES_FAILED_ALLOCATION,
    LEAKS,
    CRASHES_IN_RUN,
    HANGS,
    CHECK_COUNT
} Check;

typedef struct CheckText {
    const char *name;  /* "wrong-forward" */
    const char *asked; /* one sentence: what is right */
} CheckText;
extern const CheckText kit_checks[CHECK_COUNT];

typedef enum Tier { TIER_SMOKE, TIER_CI, TIER_ALL } Tier;

typedef struct KitOptions {
    const char *target;    /* package, folder or object */
    const GPtrArray *only; /* names of exports; NULL: all */
    Tier tier;
    uint32_t timeout; /* seconds that one case may take */
    bool verbose;     /* what plug-ins print is shown */
} KitOptions;

/* Of an export: its entry in the manifest. */
typedef struct Subject {
    const char *kind, *name, *file, *device, *op;
    int32_t since, priority;
} Subject;

#define TEXT_MAX 480
#define NOTES_MAX 8

typedef struct Verdict {
    uint32_t passed, failed;
    char first[TEXT_MAX];   /* the first failure, its case in front */
    char skipped[TEXT_MAX]; /* why nothing was judged */
} Verdict;

/* Forward results by what is special about them; see kit_classify. */
#define TALLY_ODD 1u
#define TALLY_STRIDED 2u
#define TALLY_COUNT 4u
typedef struct Tally {
    uint32_t passed, failed;
    char first[TEXT_MAX];
} Tally;

/* What goes on, and so what a death is charged to. */
typedef enum Stage { STAGE_LOAD, STAGE_RUN, STAGE_WITHOUT_MEMORY } Stage;

/* Shared between the child that finds and the program that reports. */
typedef struct Findings {
    Verdict verdicts[CHECK_COUNT];
    Tally tallies[NN_TYPE_COUNT][TALLY_COUNT];
    uint32_t cases;          /* begun so far, by this child and those before it */
    volatile uint32_t beats; /* steps begun: as long as they go on, nothing hangs */
    int32_t stage;
    char where[TEXT_MAX]; /* the case that runs */
    char doing[64];       /* and the step of it: "plan", "run" */
    char notes[NOTES_MAX][TEXT_MAX];
    uint32_t n_notes;
    bool finished;
} Findings;

/* In a child. */
typedef struct Kit {
    const KitOptions *options;
    NnContext *context;
    const Subject *subject;
    Findings *findings;
    NnStatus *status;
    uint32_t seen, skip; /* cases met in this child; those that were begun before it */
} Kit;

/* ---- what judges call ---- */

/* Begins a case; false: a child before this one has begun it already. */
bool kit_case(Kit *, const char *format, ...) G_GNUC_PRINTF(2, 3);
void kit_doing(Kit *, const char *step);
void kit_pass(Kit *, Check);
/* The sentence says what is wrong; the case is put in front of it. */
void kit_fail(Kit *, Check, const char *format, ...) G_GNUC_PRINTF(3, 4);
void kit_skip(Kit *, Check, const char *format, ...) G_GNUC_PRINTF(3, 4);
bool kit_expect(Kit *, Check, bool good, const char *format, ...) G_GNUC_PRINTF(4, 5);
void kit_note(Kit *, const char *format, ...) G_GNUC_PRINTF(2, 3);
/* A comparison with the reference; wrong NULL: it is right. */
void kit_forward(Kit *, int32_t type, uint32_t features, const char *wrong);
/* Fails and ends the process: from a signal handler. */
void kit_die(Findings *, Check, const char *text) G_GNUC_NORETURN;
#define KIT_EXIT_CHARGED 99

/* ---- rooms ---- */

typedef void (*Judge)(Kit *);
/* judge.c: the judge of a kind, or NULL. */
Judge kit_judge_for(const char *kind);
void judge_operator(Kit *);
void judge_kernel(Kit *);
void judge_claim(Kit *);
void judge_device(Kit *);
void judge_format(Kit *);
void judge_optimizer(Kit *);
void judge_schedule(Kit *);
void judge_dataset(Kit *);
void judge_model(Kit *);
/* A settings table, of whatever has one: charged to wrong-table. */
void judge_settings(Kit *, const NnSetting *, uint32_t n, uint32_t stride, const char *what);

/* child.c: judges one subject, in as many children as that takes. */
void kit_run_child(const KitOptions *, NnContext *, const Subject *, void (*judge)(Kit *), Findings *);

/* The verdicts of wrong-forward, wrong-type, wrong-odd-size and wrong-stride, from the tallies. */
void kit_classify(Findings *);

/* report.c: prints what was found, subject by subject. */
typedef struct Report Report;
Report *kit_report_new(const KitOptions *, bool json);
void kit_report_subject(Report *, const char *kind, const char *title, const Findings *);
/* Prints the summary and frees; true: something was judged and nothing failed. */
bool kit_report_end(Report *, bool whole);

#endif
