/* logship-sim: runs seeds, each in a process of its own. */
#include "sim.h"

#include "raft/guards.h"

#include <errno.h>
#include <ftw.h>
#include <getopt.h>
#include <signal.h>
#include <sys/personality.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

int __real_clock_gettime(clockid_t id, struct timespec *out);

struct totals { /* written by a child into its report, summed here */
    uint64_t virtual_us, events, crashes, elections, faults, frames, entries, reads, restores;
    uint64_t acknowledged, refused, open, operations, watched;
    uint64_t marks[SIM_MARKS_MAX];
};

struct run {
    uint64_t first, last, minutes;
    unsigned jobs;
    uint32_t guards_off;
    bool one, verbose;
    const char *profile;
    struct totals totals;
    uint64_t passed, next;
    double began;
};

struct child {
    pid_t pid;
    uint64_t seed;
    FILE *out, *report;
};

static double wall_s(void)
{
    struct timespec t;
    __real_clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static int main_unlink(const char *path, const struct stat *st, int type, struct FTW *ftw)
{
    (void)st, (void)type, (void)ftw;
    return remove(path);
}

static struct sim *play(const struct run *run, uint64_t seed)
{
    struct sim *s = mem_new(struct sim);
    s->guards_off = run->guards_off;
    s->verbose = run->verbose;
    profile_choose(s, run->profile);
    sim_open(s, seed);
    sim_play(s);
    return s;
}

static struct totals totals_of(const struct sim *s)
{
    struct totals t = {
        .virtual_us = s->now_us,
        .events = s->counts.events,
        .crashes = s->counts.crashes,
        .elections = s->counts.elections,
        .faults = s->counts.faults,
        .frames = s->counts.frames,
        .entries = s->counts.entries,
        .reads = s->counts.reads,
        .restores = s->counts.restores,
        .acknowledged = s->history.acknowledged,
        .refused = s->history.refused,
        .open = s->history.open,
        .operations = s->history.count,
        .watched = s->counts.watched,
    };
    memcpy(t.marks, s->marks, sizeof t.marks);
    return t;
}

static void totals_add(struct totals *sum, const struct totals *t)
{
    uint64_t *a = (uint64_t *)sum;
    const uint64_t *b = (const uint64_t *)t;
    for (size_t i = 0; i < sizeof *sum / sizeof *a; i++) a[i] += b[i];
}

static void child_start(struct child *c, const struct run *run, uint64_t seed)
{
    *c = (struct child){.seed = seed, .out = tmpfile(), .report = tmpfile()};
    fflush(NULL);
    c->pid = fork();
    if (c->pid) return;
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    dup2(fileno(c->out), 1);
    struct sim *s = play(run, seed);
    struct totals t = totals_of(s);
    fwrite(&t, sizeof t, 1, c->report);
    if (run->one) printf("trace hash %016llx\n", (unsigned long long)s->hash);
    fflush(NULL);
    _exit(0);
}

static void child_clean(const struct child *c)
{
    char root[80];
    snprintf(root, sizeof root, "%s/logship-sim-%ld",
             access("/dev/shm", W_OK) == 0 ? "/dev/shm" : "/tmp", (long)c->pid);
    nftw(root, main_unlink, 16, FTW_DEPTH | FTW_PHYS);
}

static void copy_out(FILE *from)
{
    char bytes[4096];
    rewind(from);
    for (size_t n; (n = fread(bytes, 1, sizeof bytes, from)) > 0;) fwrite(bytes, 1, n, stdout);
}

/* True: it passed. */
static bool child_end(struct child *c, struct run *run, int status)
{
    struct totals t;
    child_clean(c);
    bool passed = WIFEXITED(status) && WEXITSTATUS(status) == 0;
    rewind(c->report);
    if (passed && fread(&t, sizeof t, 1, c->report) == 1) totals_add(&run->totals, &t);
    if (!passed) {
        printf("\n");
        copy_out(c->out);
        if (WIFSIGNALED(status))
            printf("seed %llu died of signal %d\n", (unsigned long long)c->seed, WTERMSIG(status));
        char guards[32] = "";
        for (unsigned g = 1; g <= 8; g++)
            if (run->guards_off & (1u << (g - 1)))
                snprintf(guards, sizeof guards, " --guard-off S%u", g);
        printf("replay: build/logship-sim --seed %llu%s%s\n", (unsigned long long)c->seed,
               strcmp(run->profile, "harass") == 0 ? " --harass"
                                                   : mem_printf(" --profile %s", run->profile),
               guards);
    }
    run->passed += passed;
    fclose(c->out);
    fclose(c->report);
    c->pid = 0;
    return passed;
}

static void run_progress(const struct run *run, bool last)
{
    const struct totals *t = &run->totals;
    double wall = wall_s() - run->began, hours = (double)t->virtual_us / US / 3600;
    static double said;
    if (!last && !isatty(1) && wall - said < 10) return; /* into a file: now and then */
    said = wall;
    printf(
        "%s%llu seeds, %.2f virtual hours, %llu writes, %llu crashes, %llu elections, %.0f times "
        "the wall clock%s",
        last || !isatty(1) ? "" : "\r", (unsigned long long)run->passed, hours,
        (unsigned long long)t->acknowledged, (unsigned long long)t->crashes,
        (unsigned long long)t->elections, hours * 3600 / (wall > 0 ? wall : 1),
        last || !isatty(1) ? "\n" : "");
    fflush(stdout);
}

static void run_summary(const struct run *run)
{
    static const char *const names[] = {
#define X(name) #name,
        MARKS(X)
#undef X
    };
    const struct totals *t = &run->totals;
    printf("operations %llu: %llu writes acknowledged, %llu refused, %llu reads, %llu open; %llu "
           "entries, %llu changes watched, %llu keyframes restored, %llu frames, %llu faults, %llu "
           "events\n",
           (unsigned long long)t->operations, (unsigned long long)t->acknowledged,
           (unsigned long long)t->refused, (unsigned long long)t->reads,
           (unsigned long long)t->open, (unsigned long long)t->entries,
           (unsigned long long)t->watched, (unsigned long long)t->restores,
           (unsigned long long)t->frames, (unsigned long long)t->faults,
           (unsigned long long)t->events);
    printf("marks:");
    for (unsigned i = 0; i < MARK_COUNT; i++)
        printf(" %s=%llu", names[i], (unsigned long long)t->marks[i]);
    printf("\n");
}

static bool run_more(const struct run *run)
{
    if (run->next > run->last) return false;
    return !run->minutes || wall_s() - run->began < 60.0 * (double)run->minutes;
}

static int run_many(struct run *run)
{
    struct child *children = mem_zalloc(run->jobs * sizeof *children);
    unsigned alive = 0;
    bool failed = false;
    run->next = run->first;
    for (;;) {
        for (unsigned i = 0; i < run->jobs && !failed && run_more(run); i++)
            if (!children[i].pid) {
                child_start(&children[i], run, run->next++);
                alive++;
            }
        if (!alive) break;
        int status;
        pid_t pid = waitpid(-1, &status, 0);
        if (pid < 0 && errno == EINTR) continue;
        for (unsigned i = 0; i < run->jobs; i++)
            if (children[i].pid == pid) {
                alive--;
                if (!child_end(&children[i], run, status)) failed = true;
            }
        if (!failed) run_progress(run, false);
    }
    run_progress(run, true);
    if (!failed) run_summary(run);
    mem_free(children);
    return failed;
}

/* A seed by itself: its hash, so that two runs can be compared. */
static int run_one(struct run *run)
{
    struct child c;
    int status;
    child_start(&c, run, run->first);
    waitpid(c.pid, &status, 0);
    struct totals t = {0};
    rewind(c.report);
    if (fread(&t, sizeof t, 1, c.report) != 1) t.marks[0] = 0;
    FILE *out = c.out;
    c.out = tmpfile();
    bool passed = child_end(&c, run, status);
    copy_out(out);
    if (passed) {
        run_progress(run, true);
        run_summary(run);
    }
    return !passed;
}

static const char usage[] =
    "logship-sim --seed N [--verbose]             one seed; prints its trace hash\n"
    "logship-sim --seeds FROM..TO [--minutes M]   many, until one fails\n"
    "            [--jobs J]                       processes at a time (1)\n"
    "            [--harass]                       the profile that wears libraft down\n"
    "            [--guard-off S1..S8]             without one of the guards around libraft\n";

static bool main_options(struct run *run, int argc, char **argv)
{
    static const struct option options[] = {{"seed", required_argument, 0, 's'},
                                            {"seeds", required_argument, 0, 'r'},
                                            {"minutes", required_argument, 0, 'm'},
                                            {"jobs", required_argument, 0, 'j'},
                                            {"guard-off", required_argument, 0, 'g'},
                                            {"verbose", no_argument, 0, 'v'},
                                            {"harass", no_argument, 0, 'h'},
                                            {"profile", required_argument, 0, 'p'},
                                            {0, 0, 0, 0}};
    unsigned long long a, b;
    for (int c; (c = getopt_long(argc, argv, "", options, NULL)) != -1;) {
        if (c == 's' && sscanf(optarg, "%llu", &a) == 1) {
            run->one = true;
            run->first = run->last = a;
        } else if (c == 'r' && sscanf(optarg, "%llu..%llu", &a, &b) == 2) {
            run->first = a;
            run->last = b;
        } else if (c == 'm') {
            run->minutes = strtoull(optarg, NULL, 10);
            if (run->last == 0) run->last = UINT64_MAX;
        } else if (c == 'j') {
            run->jobs = (unsigned)strtoul(optarg, NULL, 10);
        } else if (c == 'g' && optarg[0] == 'S' && optarg[1] >= '1' && optarg[1] <= '8') {
            run->guards_off |= 1u << (optarg[1] - '1');
        } else if (c == 'h') {
            run->profile = "harass";
        } else if (c == 'p') {
            run->profile = optarg;
        } else if (c == 'v') {
            run->verbose = true;
        } else {
            return false;
        }
    }
    return run->last > 0 && run->jobs > 0 && run->jobs <= 256;
}

/* Memory that is never given back, so that everything after it lies elsewhere. */
static void shake_keep(size_t n)
{
    struct kept {
        struct kept *next;
    };
    static struct kept *all;
    struct kept *k = mem_alloc(n);
    k->next = all;
    all = k;
}

int main(int argc, char **argv)
{
    /* Addresses must not differ between two runs: some tables are keyed by them. */
    int persona = personality(0xffffffff);
    if (persona != -1 && !(persona & ADDR_NO_RANDOMIZE) &&
        personality((unsigned long)persona | ADDR_NO_RANDOMIZE) != -1)
        execv("/proc/self/exe", argv);
    struct run run = {.jobs = 1, .profile = "swarm"};
    const char *shake = getenv("LOGSHIP_SIM_SHAKE"); /* other addresses: nothing may change */
    for (int i = 0; shake && i < atoi(shake); i++) shake_keep(100 + (size_t)i * 7);
    if (!main_options(&run, argc, argv)) {
        fputs(usage, stderr);
        return 2;
    }
    run.began = wall_s();
    return run.one ? run_one(&run) : run_many(&run);
}
