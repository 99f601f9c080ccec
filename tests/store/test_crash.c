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
    for (int round = 0; round < 12; round++) {
        int pipes[2];
        assert_int_equal(pipe(pipes), 0);
        pid_t child = fork();
        if (child == 0) child_appends(t, pipes[1]);
        close(pipes[1]);
        uint64_t answers = dice(&seed, 60) + 1, one;
        while (answers-- && read(pipes[0], &one, sizeof one) == sizeof one) acknowledged = one;
        usleep((useconds_t)dice(&seed, 3000));
        kill(child, SIGKILL);
        waitpid(child, NULL, 0);
        while (read(pipes[0], &one, sizeof one) == sizeof one) acknowledged = one;
        close(pipes[0]);
        scratch_open(t);
        assert_true(store_bounds(t->store).last_index >= acknowledged);
        scratch_expect(t, 1, store_bounds(t->store).last_index, 1);
        assert_ok(t, store_verify(t->store, nobody_hears, NULL, &t->err));
        scratch_close(t);
    }
    assert_true(acknowledged > 100);
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
    for (uint64_t n = 11; n <= all; n += 10) {
        scratch_append(t, n, n + 9 > all ? all : n + 9, 1, 10);
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
        story(another_process_reads_along_while_the_log_grows),
        story(cursors_in_other_threads_see_whole_prefixes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
