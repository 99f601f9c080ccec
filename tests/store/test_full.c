/* A full disk: a small tmpfs in a mount namespace of the test's own (needs root, else skipped). */
#include "scratch.h"

#include "base/trace.h"
#include "store/committer.h"

#include <sched.h>
#include <sys/mount.h>
#include <sys/statvfs.h>

static int small_setup(void **state)
{
    if (scratch_setup(state)) return -1;
    struct scratch *t = *state;
    t->options.ballast_bytes = 1 << 20;
    return mount("logship-test", t->dir, "tmpfs", 0, "size=12m") ? -1 : 0;
}

static int small_teardown(void **state)
{
    struct scratch *t = *state;
    store_close(t->store);
    t->store = NULL;
    umount2(t->dir, MNT_DETACH);
    return scratch_teardown(state);
}

static char *filler(struct scratch *t)
{
    return mem_printf("%s/filler", t->dir);
}

/* Leaves nothing, not even for one page. */
static void disk_fill(struct scratch *t)
{
    mem_auto char *path = filler(t);
    static const char zeros[4096];
    int fd = open(path, O_WRONLY | O_CREAT | O_APPEND, 0600);
    while (write(fd, zeros, sizeof zeros) > 0) continue;
    close(fd);
}

static void disk_relieve(struct scratch *t)
{
    mem_auto char *path = filler(t);
    unlink(path);
}

/* Appends until it fails; returns the code, *last is how far it came. */
static int append_until_full(struct scratch *t, uint64_t *last)
{
    struct entry e;
    for (;;) {
        entry_make(&e, *last + 1, 1);
        int rc = store_append(t->store, &e.record, 1, &t->err);
        if (rc) return rc;
        ++*last;
    }
}

static void a_full_disk_refuses_appends_and_keeps_what_it_has(void **state)
{
    struct scratch *t = *state;
    uint64_t last = 10;
    scratch_open(t);
    scratch_append(t, 1, 10, 1, 10);
    for (int round = 0; round < 3; round++) {
        disk_fill(t);
        assert_int_equal(append_until_full(t, &last), E_FULL);
        assert_int_equal(
            store_append(t->store, &(struct record){.index = last + 1, .term = 1}, 1, NULL),
            E_FULL);
        assert_int_equal(store_bounds(t->store).last_index, last);
        scratch_expect(t, 1, last, 1);
        disk_relieve(t);
        scratch_append(t, last + 1, last + 20, 1, 10);
        last += 20;
    }
    scratch_reopen(t);
    scratch_expect(t, 1, last, 1);
}

static void term_and_vote_are_written_on_a_full_disk(void **state)
{
    struct scratch *t = *state;
    uint64_t term, vote;
    scratch_open(t);
    disk_fill(t);
    assert_ok(t, store_slot_set(t->store, 5, 0, &t->err));
    assert_ok(t, store_slot_set(t->store, 5, 3, &t->err));
    scratch_reopen(t); /* a master also starts on a full disk */
    store_slot_get(t->store, &term, &vote);
    assert_int_equal(term, 5);
    assert_int_equal(vote, 3);
}

static void running_low_is_said_before_the_end(void **state)
{
    struct scratch *t = *state;
    scratch_open(t);
    assert_false(store_usage(t->store).low);
    assert_false(store_usage(t->store).ballast_spent);
    disk_fill(t);
    struct store_usage u = store_usage(t->store);
    assert_true(u.low);
    assert_int_equal(u.disk_free_bytes, 0);
    assert_true(u.log_bytes > 0);
}

static void a_keyframe_that_does_not_fit_leaves_nothing(void **state)
{
    struct scratch *t = *state;
    struct keyframe_writer *w;
    const struct keyframe_meta meta = {.revision = 4, .index = 0};
    mem_auto char *record = mem_zalloc(100000);
    scratch_open(t);
    assert_ok(t, keyframe_create(t->store, &meta, &w, &t->err));
    int rc = 0;
    for (int i = 0; i < 400 && !rc; i++)
        rc = keyframe_add(w, (struct str){record, 100000}, &t->err);
    if (rc)
        keyframe_abandon(w);
    else
        rc = keyframe_finish(w, &t->err);
    assert_int_equal(rc, E_FULL);
    assert_int_equal(scratch_count(t, "keyframes", ""), 0);
    scratch_append(t, 1, 10, 1, 10);
}

struct waiting {
    struct disk_job job;
    struct entry entry;
    bool done;
    int status;
};

static void waiting_done(struct disk_job *job, int status)
{
    struct waiting *w = container_of(job, struct waiting, job);
    w->done = true;
    w->status = status;
}

static void waiting_submit(struct disk *d, struct waiting *w, uint64_t index)
{
    *w = (struct waiting){.job = {.type = DISK_APPEND, .count = 1, .done = waiting_done}};
    entry_make(&w->entry, index, 1);
    w->job.records = &w->entry.record;
    d->submit(d, &w->job);
}

static void the_committer_spends_the_ballast_and_then_waits(void **state)
{
    struct scratch *t = *state;
    struct inbox inbox;
    struct waiting w, next;
    uint64_t last = 10;
    scratch_open(t);
    scratch_append(t, 1, 10, 1, 10);
    disk_fill(t);
    assert_int_equal(append_until_full(t, &last), E_FULL);
    inbox_init(&inbox, NULL, NULL);
    struct disk *d = committer_start(t->store, &inbox);
    waiting_submit(d, &w, last + 1);
    while (!w.done) inbox_drain(&inbox), usleep(1000);
    assert_int_equal(w.status, 0); /* by the ballast */
    assert_true(store_usage(t->store).ballast_spent);
    last++;
    disk_fill(t);
    assert_int_equal(append_until_full(t, &last), E_FULL); /* the committer is idle */
    waiting_submit(d, &w, last + 1);
    while (d->stuck_ms(d) < 120) inbox_drain(&inbox), usleep(1000);
    assert_false(w.done);
    disk_relieve(t);
    while (!w.done) inbox_drain(&inbox), usleep(1000);
    assert_int_equal(w.status, 0);
    assert_int_equal(d->stuck_ms(d), 0);
    last++;
    disk_fill(t);
    assert_int_equal(append_until_full(t, &last), E_FULL);
    waiting_submit(d, &w, last + 1);
    usleep(20000);
    waiting_submit(d, &next, last + 2);
    committer_stop(d); /* a disk that is full at the end is no reason to hang */
    inbox_drain(&inbox);
    inbox_close(&inbox);
    assert_true(w.done && next.done);
    assert_int_equal(w.status, E_CLOSED);
    assert_int_equal(next.status, E_CLOSED); /* nor to try what comes behind it */
    scratch_reopen(t);
    scratch_expect(t, 1, last, 1);
}

static void what_is_full_can_still_be_truncated(void **state)
{
    struct scratch *t = *state;
    uint64_t last = 10;
    scratch_open(t);
    scratch_append(t, 1, 10, 1, 10);
    disk_fill(t);
    assert_int_equal(append_until_full(t, &last), E_FULL);
    mem_auto char *ballast = mem_printf("%s/ballast", t->dir);
    assert_int_equal(unlink(ballast), 0); /* as the committer does */
    assert_ok(t, store_truncate(t->store, 6, &t->err));
    scratch_reopen(t);
    assert_int_equal(store_bounds(t->store).last_index, 5);
    scratch_expect(t, 1, 5, 1);
}

#define small(name) cmocka_unit_test_setup_teardown(name, small_setup, small_teardown)

int main(void)
{
    void *probe = NULL;
    trace_level = TRACE_ERROR;
    if (unshare(CLONE_NEWNS) || mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) ||
        small_setup(&probe)) {
        printf("SKIPPED: a full disk needs a small tmpfs, and this user may not mount one\n");
        return 0;
    }
    small_teardown(&probe);
    const struct CMUnitTest tests[] = {
        small(a_full_disk_refuses_appends_and_keeps_what_it_has),
        small(term_and_vote_are_written_on_a_full_disk),
        small(running_low_is_said_before_the_end),
        small(a_keyframe_that_does_not_fit_leaves_nothing),
        small(the_committer_spends_the_ballast_and_then_waits),
        small(what_is_full_can_still_be_truncated),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
