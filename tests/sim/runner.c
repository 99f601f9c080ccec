#include "runner.h"

#include <errno.h>
#include <ftw.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>
#ifdef LOGSHIP_COVERAGE
#include <gcov.h>
#endif

int __real_clock_gettime(clockid_t id, struct timespec *out);

struct child {
    pid_t pid;
    uint64_t seed;
    FILE *out, *report;
};

static FILE *runner_report; /* in a child: where its totals go */

double runner_wall_s(void)
{
    struct timespec t;
    __real_clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static void child_ended(struct sim *s)
{
    struct totals t = totals_of(s);
    fwrite(&t, sizeof t, 1, runner_report);
    fflush(runner_report);
}

static int child_unlink(const char *path, const struct stat *st, int type, struct FTW *ftw)
{
    (void)st, (void)type, (void)ftw;
    return remove(path);
}

/* What a process of this number leaves behind, or an earlier one has. */
static void child_clean(pid_t pid)
{
    char root[80];
    snprintf(root, sizeof root, "%s/logship-sim-%ld",
             access("/dev/shm", W_OK) == 0 ? "/dev/shm" : "/tmp", (long)pid);
    nftw(root, child_unlink, 16, FTW_DEPTH | FTW_PHYS);
}

static void child_play(const struct run *run, uint64_t seed)
{
    struct sim *s = mem_new(struct sim);
    s->guards_off = run->guards_off;
    s->verbose = run->verbose;
    s->at_most_clients = run->clients;
    s->at_most_nodes = run->nodes;
    s->exact_masters = run->masters;
    s->lie = run->lie;
    s->without = run->without;
    s->without_size = run->without_size;
    s->ended = child_ended;
    profile_choose(s, run->profile, seed);
    child_clean(getpid());
    sim_open(s, seed);
    sim_play(s);
    child_ended(s);
    if (run->one) printf("trace hash %016llx\n", (unsigned long long)s->hash);
}

static void child_start(struct child *c, const struct run *run, uint64_t seed)
{
    *c = (struct child){.seed = seed, .out = tmpfile(), .report = tmpfile()};
    fflush(NULL);
    c->pid = fork();
    if (c->pid) return;
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    dup2(fileno(c->out), 1);
    runner_report = c->report;
    child_play(run, seed);
    fflush(NULL);
#ifdef LOGSHIP_COVERAGE
    sim_now_running = NULL;
    __gcov_dump();
#endif
    _exit(0);
}

static char *child_printed(FILE *from)
{
    fseek(from, 0, SEEK_END);
    long n = ftell(from);
    char *text = mem_zalloc((size_t)n + 1);
    rewind(from);
    if (fread(text, 1, (size_t)n, from) != (size_t)n) text[0] = 0;
    return text;
}

static struct trial child_end(struct child *c, int status)
{
    struct trial t = {.passed = WIFEXITED(status) && WEXITSTATUS(status) == 0};
    child_clean(c->pid);
    rewind(c->report);
    if (fread(&t.totals, sizeof t.totals, 1, c->report) != 1) t.totals = (struct totals){0};
    t.out = child_printed(c->out);
    if (WIFSIGNALED(status)) {
        char *out = mem_printf("%sseed %llu died of signal %d\n", t.out,
                               (unsigned long long)c->seed, WTERMSIG(status));
        mem_free(t.out);
        t.out = out;
    }
    fclose(c->out);
    fclose(c->report);
    c->pid = 0;
    return t;
}

struct trial runner_try(const struct run *run, uint64_t seed)
{
    struct child c;
    int status;
    child_start(&c, run, seed);
    while (waitpid(c.pid, &status, 0) < 0 && errno == EINTR) continue;
    return child_end(&c, status);
}

/* True: it passed. */
static bool runner_took(struct run *run, uint64_t seed, struct trial *t)
{
    run->passed += t->passed;
    marks_took(run, seed, &t->totals);
    totals_add(&run->totals, &t->totals);
    if (!t->passed && run->shrink) {
        shrink(run, seed, t);
    } else if (!t->passed) {
        printf("\n%sreplay: ", t->out);
        report_command(run, seed, stdout);
    }
    mem_free(t->out);
    return t->passed;
}

static bool runner_more(const struct run *run)
{
    if (run->next > run->last || marks_enough(run)) return false;
    return !run->minutes || runner_wall_s() - run->began < 60.0 * (double)run->minutes;
}

static int runner_finish(struct run *run, bool failed)
{
    report_progress(run, true);
    report_summary(run);
    if (run->summary) report_write(run);
    return failed | marks_unreached(run);
}

int runner_many(struct run *run)
{
    struct child *children = mem_zalloc(run->jobs * sizeof *children);
    unsigned alive = 0;
    bool failed = false;
    run->next = run->first;
    for (;;) {
        for (unsigned i = 0; i < run->jobs && !failed && runner_more(run); i++)
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
                uint64_t seed = children[i].seed;
                struct trial t = child_end(&children[i], status);
                if (!runner_took(run, seed, &t)) failed = true;
            }
        if (!failed) report_progress(run, false);
    }
    mem_free(children);
    return runner_finish(run, failed);
}

/* A seed by itself: its hash, so that two runs can be compared. */
int runner_one(struct run *run)
{
    struct trial t = runner_try(run, run->first);
    if (t.passed) fputs(t.out, stdout);
    bool passed = runner_took(run, run->first, &t);
    return runner_finish(run, !passed);
}
