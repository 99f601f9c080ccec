/* The smallest story of a failure: fewer clients and nodes, then fewer faults, as long as the seed
 * fails in the same way. Each trial is a process of its own. Leaving a fault out moves what comes
 * after it, so a trial may also pass by chance; what is kept is always what has failed. */
#include "runner.h"

#include <ctype.h>
#include <unistd.h>

enum { TRIALS_MAX = 400, SECONDS_MAX = 120 };

struct shrinking {
    struct run run; /* the smallest that fails, so far */
    uint64_t seed;
    char *why;
    struct trial best;
    unsigned trials;
    uint64_t most_events;
    double began, told;
};

/* The last line says what is wrong; numbers and names in it differ from run to run. */
static char *shrink_why(const char *out)
{
    const char *at = out;
    for (const char *p = out; (p = strstr(p, "seed ")) != NULL; p++)
        if (p == out || p[-1] == '\n') at = p;
    char *why = mem_strdup(at), *to = why;
    for (const char *p = why; *p && *p != '\n'; p++)
        if (!isdigit((unsigned char)*p)) *to++ = *p;
    *to = 0;
    return why;
}

static bool shrink_over(const struct shrinking *k)
{
    return k->trials >= TRIALS_MAX || runner_wall_s() - k->began > SECONDS_MAX;
}

static uint64_t shrink_faults_of(const struct run *run, const struct trial *t)
{
    uint64_t n = t->totals.counts.faults;
    for (size_t i = 1; i < run->without_size && i <= t->totals.counts.faults; i++)
        n -= run->without[i];
    return n;
}

/* Fewer faults may take longer to fail: up to twice as many events as it took at first. */
static bool shrink_smaller(const struct shrinking *k, const struct run *run, const struct trial *t)
{
    uint64_t now = shrink_faults_of(run, t), before = shrink_faults_of(&k->run, &k->best);
    if (t->totals.counts.events > k->most_events) return false;
    return now < before ||
           (now == before && t->totals.counts.events < k->best.totals.counts.events);
}

/* A line now and then; on a terminal one line that changes. */
static void shrink_progress(struct shrinking *k)
{
    double now = runner_wall_s();
    bool terminal = isatty(1);
    if (now - k->told < (terminal ? 0.2 : 10)) return;
    k->told = now;
    printf("%sshrinking: %u trials, %.0f s, %llu faults, %llu events%s", terminal ? "\r" : "",
           k->trials, now - k->began, (unsigned long long)shrink_faults_of(&k->run, &k->best),
           (unsigned long long)k->best.totals.counts.events, terminal ? "   " : "\n");
    fflush(stdout);
}

/* True: it fails as before, and is the smallest now. */
static bool shrink_try(struct shrinking *k, const struct run *smaller)
{
    if (shrink_over(k)) return false;
    shrink_progress(k);
    k->trials++;
    struct trial t = runner_try(smaller, k->seed);
    mem_auto char *why = t.passed ? NULL : shrink_why(t.out);
    if (!why || strcmp(why, k->why) != 0 || !shrink_smaller(k, smaller, &t)) {
        mem_free(t.out);
        return false;
    }
    mem_free(k->best.out);
    k->best = t;
    k->run = *smaller;
    return true;
}

static void shrink_cluster(struct shrinking *k)
{
    static const unsigned sizes[] = {1, 2, 4};
    for (unsigned i = 0; i < sizeof sizes / sizeof *sizes; i++) {
        struct run smaller = k->run;
        smaller.clients = sizes[i];
        if (shrink_try(k, &smaller)) break;
    }
    for (unsigned i = 0; i < sizeof sizes / sizeof *sizes; i++) {
        struct run smaller = k->run;
        smaller.nodes = sizes[i];
        if (shrink_try(k, &smaller)) break;
    }
}

static bool shrink_leave_out(struct shrinking *k, size_t from, size_t n)
{
    struct run smaller = k->run;
    size_t size = k->best.totals.counts.faults + 1;
    if (size < k->run.without_size) size = k->run.without_size;
    unsigned char *without = mem_zalloc(size);
    if (k->run.without_size) memcpy(without, k->run.without, k->run.without_size);
    bool any = false;
    for (size_t i = from; i < from + n && i < size; i++) {
        any |= !without[i];
        without[i] = 1;
    }
    smaller.without = without;
    smaller.without_size = size;
    if (any && shrink_try(k, &smaller)) return true; /* the old set stays where it is: few bytes */
    mem_free(without);
    return false;
}

static void shrink_faults(struct shrinking *k)
{
    for (size_t n = k->best.totals.counts.faults; n > 0; n /= 2)
        for (size_t from = 1; from <= k->best.totals.counts.faults && !shrink_over(k); from += n)
            shrink_leave_out(k, from, n);
}

void shrink(const struct run *run, uint64_t seed, const struct trial *failed)
{
    struct shrinking k = {
        .run = *run, .seed = seed, .began = runner_wall_s(), .told = runner_wall_s()};
    k.why = shrink_why(failed->out);
    k.best = *failed;
    k.most_events = 2 * failed->totals.counts.events;
    k.best.out = mem_strdup(failed->out);
    shrink_cluster(&k);
    shrink_faults(&k);
    printf("\n%sshrunk in %u trials: %llu faults (of %llu), %llu events (of %llu)\nreplay: ",
           k.best.out, k.trials, (unsigned long long)shrink_faults_of(&k.run, &k.best),
           (unsigned long long)shrink_faults_of(run, failed),
           (unsigned long long)k.best.totals.counts.events,
           (unsigned long long)failed->totals.counts.events);
    report_command(&k.run, seed, stdout);
    mem_free(k.best.out);
    mem_free(k.why);
}

void without_parse(struct run *run, const char *ranges)
{
    for (const char *p = ranges; *p;) {
        char *end;
        size_t from = strtoull(p, &end, 10), to = from;
        if (*end == '-') to = strtoull(end + 1, &end, 10);
        if (to >= run->without_size && to < 1000000) {
            run->without = mem_resize(run->without, to + 1);
            memset(run->without + run->without_size, 0, to + 1 - run->without_size);
            run->without_size = to + 1;
        }
        for (size_t i = from; i <= to && i < run->without_size; i++) run->without[i] = 1;
        if (*end != ',') break;
        p = end + 1;
    }
}
