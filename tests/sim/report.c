#include "runner.h"

#include <unistd.h>

typedef unsigned long long ull;

struct totals totals_of(const struct sim *s)
{
    struct totals t = {
        .virtual_us = s->now_us,
        .operations = s->history.count,
        .acknowledged = s->history.acknowledged,
        .refused = s->history.refused,
        .open = s->history.open,
        .counts = s->counts,
    };
    marks_count(s, t.marks);
    return t;
}

void totals_add(struct totals *sum, const struct totals *t)
{
    uint64_t *a = (uint64_t *)sum;
    const uint64_t *b = (const uint64_t *)t;
    for (size_t i = 0; i < sizeof *sum / sizeof *a; i++) a[i] += b[i];
}

static double report_speed(const struct run *run)
{
    double wall = runner_wall_s() - run->began;
    return (double)run->totals.virtual_us / US / (wall > 0 ? wall : 1);
}

static double report_hours(const struct run *run)
{
    return (double)run->totals.virtual_us / US / 3600;
}

void report_progress(const struct run *run, bool last)
{
    const struct totals *t = &run->totals;
    double wall = runner_wall_s() - run->began;
    static double said;
    if (!last && !isatty(1) && wall - said < 10) return; /* into a file: now and then */
    said = wall;
    bool line = last || !isatty(1);
    printf("%s%llu seeds, %.2f virtual hours, %llu writes, %llu crashes, %llu elections, %.0f "
           "times the wall clock%s",
           line ? "" : "\r", (ull)run->passed, report_hours(run), (ull)t->acknowledged,
           (ull)t->counts.crashes, (ull)t->counts.elections, report_speed(run), line ? "\n" : "");
    fflush(stdout);
}

void report_summary(const struct run *run)
{
    const struct totals *t = &run->totals;
    printf("operations %llu: %llu writes acknowledged and checked, %llu refused, %llu reads, %llu "
           "open; %llu entries, %llu changes watched, %llu keyframes restored, %llu frames, %llu "
           "events\n",
           (ull)t->operations, (ull)t->acknowledged, (ull)t->refused, (ull)t->counts.reads,
           (ull)t->open, (ull)t->counts.entries, (ull)t->counts.watched, (ull)t->counts.restores,
           (ull)t->counts.frames, (ull)t->counts.events);
    printf("faults %llu:", (ull)t->counts.faults);
    for (unsigned i = FAULT_NONE + 1; i < FAULT_COUNT; i++)
        if (t->counts.by_kind[i]) printf(" %s=%llu", fault_names[i], (ull)t->counts.by_kind[i]);
    printf("; wall clocks forward %llu, back %llu: %llu events expired, %llu jobs outlived",
           (ull)t->counts.wall_forward, (ull)t->counts.wall_back, (ull)t->counts.expired,
           (ull)t->counts.outlived);
    printf("; masters that ended themselves as they should: %llu, that were told to stop: %llu\n",
           (ull)t->counts.designed_ends, (ull)t->counts.stops);
    marks_print(run);
}

void report_write(const struct run *run)
{
    FILE *f = fopen(run->summary, "w");
    if (!f) {
        perror(run->summary);
        return;
    }
    const struct totals *t = &run->totals;
    fprintf(f, "profile %s\nseeds %llu\nvirtual_hours %.3f\nspeed %.0f\n", run->profile,
            (ull)run->passed, report_hours(run), report_speed(run));
    fprintf(f, "operations %llu\nacknowledged_writes %llu\nrefused %llu\nopen %llu\n",
            (ull)t->operations, (ull)t->acknowledged, (ull)t->refused, (ull)t->open);
    fprintf(f, "crashes %llu\nelections %llu\nentries %llu\nevents %llu\nfaults %llu\n",
            (ull)t->counts.crashes, (ull)t->counts.elections, (ull)t->counts.entries,
            (ull)t->counts.events, (ull)t->counts.faults);
    for (unsigned i = FAULT_NONE + 1; i < FAULT_COUNT; i++) {
        fputs("fault.", f);
        for (const char *p = fault_names[i]; *p; p++) fputc(*p == ' ' ? '_' : *p, f);
        fprintf(f, " %llu\n", (ull)t->counts.by_kind[i]);
    }
    marks_write(run, f);
    fclose(f);
}

static void report_without(const struct run *run, FILE *out)
{
    const char *before = " --without-faults ";
    for (size_t i = 1; i < run->without_size; i++) {
        size_t end = i;
        while (end < run->without_size && run->without[end]) end++;
        if (end == i) continue;
        fprintf(out, end - i > 1 ? "%s%zu-%zu" : "%s%zu", before, i, end - 1);
        before = ",";
        i = end;
    }
}

void report_command(const struct run *run, uint64_t seed, FILE *out)
{
    fprintf(out, "build/logship-sim --seed %llu", (ull)seed);
    if (strcmp(run->profile, "swarm") != 0) fprintf(out, " --profile %s", run->profile);
    for (unsigned g = 1; g <= 8; g++)
        if (run->guards_off & (1u << (g - 1))) fprintf(out, " --guard-off S%u", g);
    if (run->lie) fprintf(out, " --lie %s", lie_name(run->lie));
    if (run->clients) fprintf(out, " --clients %u", run->clients);
    if (run->masters) fprintf(out, " --masters %u", run->masters);
    if (run->nodes) fprintf(out, " --nodes %u", run->nodes);
    report_without(run, out);
    fputc('\n', out);
}
