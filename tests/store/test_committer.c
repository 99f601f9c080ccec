#include "scratch.h"

#include "store/committer.h"

#include <sched.h>

/* The core of these tests: an inbox that the test itself drains. */
struct core {
    struct scratch *t;
    struct inbox inbox;
    struct disk *disk;
    uint64_t done; /* answered so far, in order */
    int last_status;
};

struct job {
    struct disk_job disk;
    struct core *core;
    struct entry entry;
    uint64_t number;
};

static void job_done(struct disk_job *job, int status)
{
    struct job *j = container_of(job, struct job, disk);
    assert_int_equal(j->number, j->core->done + 1);
    j->core->done = j->number;
    j->core->last_status = status;
    mem_free(j);
}

static struct job *job_new(struct core *core, uint64_t number, enum disk_job_type type)
{
    struct job *j = mem_new(struct job);
    j->core = core;
    j->number = number;
    j->disk.type = type;
    j->disk.done = job_done;
    return j;
}

static void submit_append(struct core *core, uint64_t number, uint64_t index, uint64_t term)
{
    struct job *j = job_new(core, number, DISK_APPEND);
    entry_make(&j->entry, index, term);
    j->disk.records = &j->entry.record;
    j->disk.count = 1;
    core->disk->submit(core->disk, &j->disk);
}

static void core_start(struct core *core, struct scratch *t)
{
    *core = (struct core){.t = t};
    inbox_init(&core->inbox, NULL, NULL);
    core->disk = committer_start(t->store, &core->inbox);
}

static void core_wait(struct core *core, uint64_t number)
{
    while (core->done < number)
        if (inbox_drain(&core->inbox) == 0) sched_yield();
}

static void core_stop(struct core *core)
{
    committer_stop(core->disk);
    inbox_drain(&core->inbox);
    inbox_close(&core->inbox);
}

static void jobs_are_answered_in_order_and_appends_share_commits(void **state)
{
    struct scratch *t = *state;
    struct core core;
    scratch_open(t);
    core_start(&core, t);
    assert_int_equal(core.disk->stuck_ms(core.disk), 0);
    struct timespec a, b;
    clock_gettime(CLOCK_MONOTONIC, &a);
    for (uint64_t n = 1; n <= 2000; n++) submit_append(&core, n, n, 1);
    core_wait(&core, 2000);
    clock_gettime(CLOCK_MONOTONIC, &b);
    assert_int_equal(core.last_status, 0);
    assert_int_equal(core.disk->stuck_ms(core.disk), 0);
    core_stop(&core);
    assert_ok(t, store_slot_set(t->store, 1, 0, &t->err));
    scratch_reopen(t);
    scratch_expect(t, 1, 2000, 1);
    double seconds = (double)(b.tv_sec - a.tv_sec) + (double)(b.tv_nsec - a.tv_nsec) / 1e9;
    print_message("2000 appends in %.3f s\n", seconds);
}

static int call_sees_the_log(struct disk_job *job, struct store *s)
{
    struct job *j = container_of(job, struct job, disk);
    return store_bounds(s).last_index == j->entry.record.index ? 0 : E_CONFLICT;
}

static void truncations_and_calls_keep_their_place(void **state)
{
    struct scratch *t = *state;
    struct core core;
    uint64_t number = 0;
    scratch_open(t);
    assert_ok(t, store_slot_set(t->store, 9, 0, &t->err));
    core_start(&core, t);
    for (uint64_t round = 1; round <= 5; round++) {
        for (uint64_t n = round * 10 + 1; n <= 100; n++)
            if (round == 1 || n > round * 10) submit_append(&core, ++number, n - 10, round);
        struct job *call = job_new(&core, ++number, DISK_CALL);
        call->entry.record.index = 90;
        call->disk.call = call_sees_the_log;
        core.disk->submit(core.disk, &call->disk);
        struct job *cut = job_new(&core, ++number, DISK_TRUNCATE);
        cut->disk.index = (round + 1) * 10 - 9;
        core.disk->submit(core.disk, &cut->disk);
        core_wait(&core, number - 1);
        assert_int_equal(core.last_status, 0);
    }
    struct job *reset = job_new(&core, ++number, DISK_RESET);
    reset->disk.index = 500;
    reset->disk.term = 7;
    core.disk->submit(core.disk, &reset->disk);
    submit_append(&core, ++number, 501, 8);
    core_stop(&core); /* finishes what was submitted */
    assert_int_equal(core.done, number);
    scratch_reopen(t);
    assert_int_equal(store_bounds(t->store).first_index, 501);
    scratch_expect(t, 501, 501, 8);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        story(jobs_are_answered_in_order_and_appends_share_commits),
        story(truncations_and_calls_keep_their_place),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
