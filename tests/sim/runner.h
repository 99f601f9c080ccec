/* Runs of many seeds, each in a process of its own.
 *
 *   main.c     the command line          report.c  what is told of a run
 *   runner.c   processes                 shrink.c  the smallest story of a failure
 *   marks.c    which rare branches were reached */
#ifndef LOGSHIP_TESTS_RUNNER_H
#define LOGSHIP_TESTS_RUNNER_H

#include "sim.h"

#include <sys/types.h>

struct totals { /* uint64_t only: written by a child into its report, summed by the runner */
    uint64_t virtual_us, operations, acknowledged, refused, open;
    struct counts counts;
    uint64_t marks[SIM_MARKS_MAX];
};

struct run {
    uint64_t first, last, minutes;
    unsigned jobs;
    bool one, verbose, shrink, require_marks;
    const char *profile, *summary;
    const char *reach, *except; /* marks: to go on until they are reached; that need not be */
    uint32_t guards_off;
    enum lie lie;
    unsigned clients, nodes, masters; /* clients: at most; 0: as drawn */
    unsigned char *without;           /* faults to leave out, by number */
    size_t without_size;
    struct totals totals;
    uint64_t passed, next, reached_at[SIM_MARKS_MAX]; /* by which seed */
    double began;
};

/* --- runner.c --- */
struct trial { /* one seed that has ended */
    bool passed;
    struct totals totals;
    char *out; /* what it printed */
};
double runner_wall_s(void);
struct trial runner_try(const struct run *run, uint64_t seed);
int runner_one(struct run *run);
int runner_many(struct run *run);

/* --- report.c --- */
struct totals totals_of(const struct sim *s);
void totals_add(struct totals *sum, const struct totals *t);
void report_progress(const struct run *run, bool last);
void report_summary(const struct run *run);
void report_write(const struct run *run); /* run->summary: lines of key and value */
void report_command(const struct run *run, uint64_t seed, FILE *out); /* that replays it */

/* --- marks.c: with these, kinds of faults may be named too --- */
void marks_count(const struct sim *s, uint64_t marks[SIM_MARKS_MAX]);
void marks_took(struct run *run, uint64_t seed, const struct totals *t); /* before they are added */
void marks_print(const struct run *run);
void marks_write(const struct run *run, FILE *f);
bool marks_known(const char *list);
bool marks_enough(const struct run *run);    /* run->reach is reached */
bool marks_unreached(const struct run *run); /* tells which are missing that must not be */

/* --- shrink.c --- */
void shrink(const struct run *run, uint64_t seed, const struct trial *failed);
void without_parse(struct run *run, const char *ranges); /* "3,5-9" */

#endif
