/* Virtual time, the one source of randomness, and the story of what happened. */
#include "sim.h"

#include "base/mem.h"

#include <execinfo.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <unistd.h>
#include <xxhash.h>

struct sim *sim_now_running;

static bool event_before(const struct sim_event *a, const struct sim_event *b)
{
    return a->at != b->at ? a->at < b->at : a->order < b->order;
}

static void heap_push(struct sim *s, struct sim_event e)
{
    if (s->count == s->room) {
        s->room = s->room ? s->room * 2 : 1024;
        s->heap = mem_resize(s->heap, s->room * sizeof *s->heap);
    }
    size_t i = s->count++;
    for (; i > 0 && event_before(&e, &s->heap[(i - 1) / 2]); i = (i - 1) / 2)
        s->heap[i] = s->heap[(i - 1) / 2];
    s->heap[i] = e;
}

static struct sim_event heap_pop(struct sim *s)
{
    struct sim_event first = s->heap[0], last = s->heap[--s->count];
    size_t i = 0;
    for (size_t child; (child = 2 * i + 1) < s->count; i = child) {
        if (child + 1 < s->count && event_before(&s->heap[child + 1], &s->heap[child])) child++;
        if (!event_before(&s->heap[child], &last)) break;
        s->heap[i] = s->heap[child];
    }
    if (s->count) s->heap[i] = last;
    return first;
}

void sim_after(struct sim *s, struct life *life, uint64_t delay_us, void (*run)(void *), void *arg)
{
    heap_push(s, (struct sim_event){s->now_us + delay_us, s->order++, run, arg, life});
}

/* A stopped process finds what came meanwhile when it goes on. */
static bool event_waits(struct sim *s, struct sim_event *e)
{
    if (!e->life || e->life->paused_until <= s->now_us) return false;
    e->at = e->life->paused_until;
    e->order = s->order++;
    heap_push(s, *e);
    return true;
}

/* A process that ends itself (trace_fatal) leaves its event: nothing of it runs on. */
void sim_leave_event(struct sim *s)
{
    if (!s->running) sim_fail(s, "a master ends itself outside its own events");
    longjmp(s->escape, 1);
}

static void event_run(struct sim *s, const struct sim_event *e)
{
    s->running = e->life;
    if (setjmp(s->escape) == 0)
        e->run(e->arg);
    else
        master_ended(s);
    s->running = NULL;
}

bool sim_step(struct sim *s, uint64_t until_us)
{
    if (s->count == 0 || s->heap[0].at > until_us) {
        s->now_us = until_us;
        return false;
    }
    struct sim_event e = heap_pop(s);
    if (e.at > s->now_us) s->now_us = e.at;
    if ((e.life && e.life->dead) || event_waits(s, &e)) return true;
    s->counts.events++;
    event_run(s, &e);
    if (s->doomed) master_doomed(s);
    if (e.life && !e.life->dead) {
        truth_check_life(e.life);
        rules_check(e.life);
        plot_look(s);
    }
    return true;
}

void sim_run(struct sim *s, uint64_t us)
{
    for (uint64_t until = s->now_us + us; sim_step(s, until);) {
    }
}

uint64_t sim_random(struct sim *s)
{
    uint64_t z = (s->random += 0x9e3779b97f4a7c15ull);
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9ull;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebull;
    return z ^ (z >> 31);
}

uint64_t sim_below(struct sim *s, uint64_t n)
{
    return n ? sim_random(s) % n : 0;
}

uint64_t sim_between(struct sim *s, uint64_t a, uint64_t b)
{
    return a + sim_below(s, b - a + 1);
}

bool sim_chance(struct sim *s, unsigned per_mille)
{
    return per_mille && sim_below(s, 1000) < per_mille;
}

uint64_t sim_of_seed(const struct sim *s, const char *what)
{
    return XXH3_64bits_withSeed(what, strlen(what), s->seed);
}

void sim_mix(struct sim *s, const char *what, const void *bytes, size_t n)
{
    uint64_t head[3] = {s->hash, s->now_us, XXH3_64bits(what, strlen(what))};
    s->hash = XXH3_64bits_withSeed(bytes, n, XXH3_64bits(head, sizeof head));
    if (s->verbose)
        fprintf(stderr, "%12.6f %s %zu %016llx\n", (double)s->now_us / US, what, n,
                (unsigned long long)s->hash);
}

void sim_tell(struct sim *s, const char *format, ...)
{
    char text[700];
    va_list args;
    va_start(args, format);
    vsnprintf(text, sizeof text, format, args);
    va_end(args);
    size_t slot = s->told++ % (sizeof s->story / sizeof *s->story);
    mem_free(s->story[slot]);
    s->story[slot] = mem_printf("%11.6f  %s", (double)s->now_us / US, text);
    if (s->verbose) fprintf(stderr, "%s\n", s->story[slot]);
}

void sim_story(struct sim *s, FILE *out)
{
    enum { LINES = 120 };
    size_t from = s->told > LINES ? s->told - LINES : 0;
    for (size_t i = from; i < s->told; i++)
        fprintf(out, "%s\n", s->story[i % (sizeof s->story / sizeof *s->story)]);
}

static void fail_print(struct sim *s, const char *why)
{
    printf("seed %llu FAILED after %.3f s of virtual time: %s\n", (unsigned long long)s->seed,
           (double)s->now_us / US, why);
    printf("what came before:\n");
    sim_story(s, stdout);
    printf("seed %llu: %s\n", (unsigned long long)s->seed, why);
    if (s->ended) s->ended(s);
    fflush(NULL);
    if (getenv("LOGSHIP_SIM_CORE")) abort();
}

void sim_fail(struct sim *s, const char *format, ...)
{
    char why[900];
    va_list args;
    va_start(args, format);
    vsnprintf(why, sizeof why, format, args);
    va_end(args);
    signal(SIGABRT, SIG_DFL);
    fail_print(s, why);
    _exit(1);
}

static void clock_caught(int number)
{
    signal(number, SIG_DFL);
    void *frames[40];
    int n = backtrace(frames, 40);
    fflush(NULL);
    backtrace_symbols_fd(frames, n, 1);
    fail_print(sim_now_running, number == SIGABRT ? "the process would have ended itself (abort)"
                                                  : "a memory fault");
    _exit(1);
}

void sim_catch(struct sim *s)
{
    sim_now_running = s;
    void *warm[4];
    backtrace(warm, 4);
    signal(SIGABRT, clock_caught);
    signal(SIGSEGV, clock_caught);
    signal(SIGBUS, clock_caught);
    signal(SIGFPE, clock_caught);
}
