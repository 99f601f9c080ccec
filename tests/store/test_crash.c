#include "scratch.h"

#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <sys/wait.h>

static void nobody_hears(void *ctx, bool damage, const char *line)
{
    (void)ctx;
    if (damage) print_error("%s\n", line);
}

/* Appends for ever, saying after each commit how far it came. */
static void child_appends(struct scratch *t, int out)
{
    scratch_is_child = true;
    scratch_open(t);
    uint64_t last = store_bounds(t->store).last_index;
    for (unsigned round = 1;; round++) {
        scratch_append(t, last + 1, last + 1 + round % 7, 1, 3);
        last += 1 + round % 7;
        if (write(out, &last, sizeof last) != sizeof last) _exit(1);
    }
}

static void a_killed_writer_loses_nothing_that_it_acknowledged(void **state)
{
    struct scratch *t = *state;
    uint64_t seed = scratch_seed(), acknowledged = 0;
    t->options.segment_bytes = 64 << 10; /* so that some kills hit a roll */
    for (int round = 0; round < scratch_trials(6); round++) {
        int pipes[2];
        assert_int_equal(pipe(pipes), 0);
        t->options.no_sync =
            round % 4 != 0; /* what the kernel has survives a kill: mostly save the time */
        pid_t child = fork();
        if (child == 0) child_appends(t, pipes[1]);
        close(pipes[1]);
        uint64_t answers = dice(&seed, 60) + 1, one;
        while (answers-- && read(pipes[0], &one, sizeof one) == sizeof one) acknowledged = one;
        usleep((useconds_t)dice(&seed, 3000));
        int status;
        kill(child, SIGKILL);
        waitpid(child, &status, 0);
        assert_true(WIFSIGNALED(status)); /* and did not fail by itself */
        while (read(pipes[0], &one, sizeof one) == sizeof one) acknowledged = one;
        close(pipes[0]);
        scratch_open(t);
        assert_true(store_bounds(t->store).last_index >= acknowledged);
        scratch_expect(t, 1, store_bounds(t->store).last_index, 1);
        assert_ok(t, store_verify(t->store, nobody_hears, NULL, &t->err));
        scratch_close(t);
    }
    assert_true(acknowledged > 20);
}

/* A step of the story below, told before it is taken and again when it is done. */
struct step {
    enum { APPEND, CUT, RESET } what;
    uint64_t index, last, term; /* append: [index, last]; cut: from index; reset: to index */
    bool done;
};

enum { MODEL_MAX = 20000 };
struct model {
    uint64_t first, last, term[MODEL_MAX]; /* of each entry */
};

static void model_take(struct model *m, const struct step *s)
{
    if (s->what == RESET) m->first = s->index + 1;
    m->last = s->what == APPEND ? s->last : s->what == CUT ? s->index - 1 : s->index;
    for (uint64_t i = s->index; s->what == APPEND && i <= s->last; i++) m->term[i] = s->term;
}

static struct step step_choose(struct store *store, uint64_t *seed)
{
    struct log_bounds b = store_bounds(store);
    uint64_t vote = 0, n = b.last_index + 1 - b.first_index, kind = dice(seed, 10);
    struct step s = {.what = APPEND, .index = b.last_index + 1, .last = 0};
    store_slot_get(store, &s.term, &vote);
    s.term++;
    s.last = s.index + dice(seed, 120);
    if (kind < 3 && n > 0) {
        s.what = CUT;
        s.index = b.last_index - dice(seed, n < 300 ? n : 300);
    } else if (kind == 3 && dice(seed, 3) == 0) {
        s.what = RESET;
        s.index = b.last_index + dice(seed, 10);
    }
    return s;
}

static void child_steps(struct scratch *t, uint64_t seed, int out)
{
    scratch_is_child = true;
    scratch_open(t);
    for (;;) {
        struct step s = step_choose(t->store, &seed);
        if (s.last >= MODEL_MAX - 200) pause();
        for (int i = 0; i < 2; i++) {
            s.done = i;
            if (write(out, &s, sizeof s) != sizeof s) _exit(1);
            if (s.done) break;
            if (s.what == APPEND) scratch_append(t, s.index, s.last, s.term, 1000);
            if (s.what == CUT) assert_ok(t, store_truncate(t->store, s.index, &t->err));
            if (s.what == RESET) {
                struct digest chain = digest_of(&s.index, sizeof s.index);
                assert_ok(t, store_slot_set(t->store, s.term, 0, &t->err));
                assert_ok(t, store_reset(t->store, s.index, s.term, &chain, &t->err));
            }
        }
    }
}

/* The log is as the steps left it; the one under way may have happened or not, or, cutting, in
 * part. */
static void model_check(struct scratch *t, struct model *m, const struct step *under_way)
{
    struct log_bounds b = store_bounds(t->store);
    bool before = b.first_index == m->first && b.last_index == m->last;
    if (under_way && !before) {
        bool part = under_way->what == CUT && b.first_index == m->first &&
                    b.last_index >= under_way->index && b.last_index < m->last;
        struct step s = *under_way;
        if (part) s.index = b.last_index + 1;
        model_take(m, &s);
    }
    assert_int_equal(b.first_index, m->first);
    assert_int_equal(b.last_index, m->last);
    struct store_cursor *c;
    assert_ok(t, store_cursor_open(t->store, m->first, &c, &t->err));
    for (uint64_t i = m->first; i <= m->last; i++) cursor_expect(t, c, i, i, m->term[i]);
    store_cursor_close(c);
    assert_ok(t, store_verify(t->store, nobody_hears, NULL, &t->err));
}

static void a_kill_at_any_step_leaves_the_log_before_or_after_it(void **state)
{
    struct scratch *t = *state;
    uint64_t seed = scratch_seed(), steps = 0;
    mem_auto struct model *m = mem_new(struct model);
    m->first = 1;
    t->options.segment_bytes = 64 << 10;
    t->options.no_sync = true;
    for (int round = 0; round < scratch_trials(12); round++) {
        int pipes[2];
        struct step s, under_way = {.done = true};
        assert_int_equal(pipe(pipes), 0);
        uint64_t childs = dice(&seed, UINT64_MAX) | 1;
        pid_t child = fork();
        if (child == 0) child_steps(t, childs, pipes[1]);
        close(pipes[1]);
        usleep((useconds_t)dice(&seed, 30000));
        int status;
        kill(child, SIGKILL);
        waitpid(child, &status, 0);
        assert_true(WIFSIGNALED(status)); /* and did not fail by itself */
        for (; read(pipes[0], &s, sizeof s) == sizeof s; steps++, under_way = s)
            if (s.done) model_take(m, &s);
        close(pipes[0]);
        scratch_open(t);
        model_check(t, m, under_way.done ? NULL : &under_way);
        scratch_close(t);
    }
    print_message("%" PRIu64 " steps\n", steps / 2);
    assert_true(steps > 5);
}

static void another_process_reads_along_while_the_log_grows(void **state)
{
    struct scratch *t = *state;
    const uint64_t all = 1500;
    scratch_open(t);
    scratch_append(t, 1, 10, 1, 10);
    pid_t child = fork();
    if (child == 0) {
        execl("/proc/self/exe", "reader", t->dir, (char *)NULL);
        _exit(9);
    }
    for (uint64_t n = 11; n <= all; n += 30) {
        scratch_append(t, n, n + 29 > all ? all : n + 29, 1, 30);
        store_committed_set(t->store, n);
        usleep(500);
    }
    store_committed_set(t->store, all);
    int status;
    waitpid(child, &status, 0);
    assert_int_equal(status, 0);
}

/* The reading process of the story above: follows until entry 1500 is committed. */
static int reader_main(const char *dir)
{
    struct scratch t = {.options = {.dir = dir, .read_only = true}};
    struct store_cursor *c;
    struct record r;
    struct entry e;
    if (store_open(&t.store, &t.options, &t.err)) return 2;
    if (store_cursor_open(t.store, 1, &c, &t.err)) return 3;
    for (uint64_t n = 1; n <= 1500; n++) {
        int rc, tries = 0;
        while ((rc = store_cursor_next(c, &r, &t.err)) == E_NOTFOUND && tries++ < 20000)
            usleep(500);
        if (rc) {
            fprintf(stderr, "entry %" PRIu64 ": %s\n", n, t.err.text);
            return 4;
        }
        entry_make(&e, n, 1);
        if (!entry_same(&r, &e.record)) return 5;
    }
    if (store_bounds(t.store).last_index < 1500) return 6;
    store_cursor_close(c);
    store_close(t.store);
    return 0;
}

struct reading {
    struct scratch *t;
    _Atomic bool stop, failed;
};

static void *reading_main(void *arg)
{
    struct reading *g = arg;
    struct entry e;
    while (!g->stop) {
        struct store_cursor *c;
        struct record r;
        struct error err;
        uint64_t n = 0;
        int rc = store_cursor_open(g->t->store, 1, &c, &err);
        if (rc) break;
        while ((rc = store_cursor_next(c, &r, &err)) == 0) {
            entry_make(&e, ++n, 1);
            if (!entry_same(&r, &e.record)) g->failed = true;
        }
        if (rc != E_NOTFOUND) {
            fprintf(stderr, "%s\n", err.text);
            g->failed = true;
        }
        store_cursor_close(c);
    }
    return NULL;
}

static void cursors_in_other_threads_see_whole_prefixes(void **state)
{
    struct scratch *t = *state;
    pthread_t threads[3];
    struct reading g = {.t = t};
    t->options.segment_bytes = 64 << 10;
    t->options.no_sync = true;
    scratch_open(t);
    for (int i = 0; i < 3; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, reading_main, &g), 0);
    scratch_append(t, 1, 1200, 1, 5);
    g.stop = true;
    for (int i = 0; i < 3; i++) pthread_join(threads[i], NULL);
    assert_false(g.failed);
    assert_true(scratch_count(t, "log", ".mdb") > 5);
}

int main(int argc, char **argv)
{
    if (argc == 2) return reader_main(argv[1]);
    const struct CMUnitTest tests[] = {
        story(a_killed_writer_loses_nothing_that_it_acknowledged),
        story(a_kill_at_any_step_leaves_the_log_before_or_after_it),
        story(another_process_reads_along_while_the_log_grows),
        story(cursors_in_other_threads_see_whole_prefixes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
