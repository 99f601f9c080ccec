#include "scratch.h"

#include <signal.h>
#include <sys/wait.h>

static void assert_slot(struct scratch *t, uint64_t term, uint64_t vote)
{
    uint64_t a, b;
    store_slot_get(t->store, &a, &b);
    assert_int_equal(a, term);
    assert_int_equal(b, vote);
}

static void term_and_vote_survive_a_restart(void **state)
{
    struct scratch *t = *state;
    scratch_open(t);
    assert_slot(t, 0, 0);
    assert_ok(t, store_slot_set(t->store, 7, 0, &t->err));
    assert_ok(t, store_slot_set(t->store, 7, 2, &t->err));
    scratch_reopen(t);
    assert_slot(t, 7, 2);
    assert_ok(t, store_slot_set(t->store, 7, 2, &t->err));
    assert_int_equal(store_slot_set(t->store, 6, 0, &t->err), E_INVALID);
    assert_ok(t, store_slot_set(t->store, 8, 3, &t->err));
    assert_slot(t, 8, 3);
}

static void a_second_different_vote_in_a_term_stops_the_process(void **state)
{
    struct scratch *t = *state;
    scratch_open(t);
    assert_ok(t, store_slot_set(t->store, 7, 2, &t->err));
    pid_t child = fork();
    if (child == 0) {
        int null = open("/dev/null", O_WRONLY);
        dup2(null, 2);
        signal(SIGABRT, SIG_DFL);
        store_slot_set(t->store, 7, 3, NULL);
        _exit(0);
    }
    int status;
    waitpid(child, &status, 0);
    assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGABRT);
    scratch_reopen(t);
    assert_slot(t, 7, 2);
}

/* Writes `new` over the file as if the power had failed after n bytes of it. */
static void tear(struct scratch *t, const char *old, const char *fresh, size_t n)
{
    mem_auto char *path = mem_printf("%s/slots", t->dir);
    int fd = open(path, O_WRONLY | O_TRUNC);
    assert_int_equal(write(fd, fresh, n), n);
    assert_int_equal(write(fd, old + n, 1024 - n), 1024 - n);
    close(fd);
}

static void read_slots(struct scratch *t, char out[1024])
{
    mem_auto char *path = mem_printf("%s/slots", t->dir);
    int fd = open(path, O_RDONLY);
    assert_int_equal(read(fd, out, 1024), 1024);
    close(fd);
}

static void a_write_torn_at_any_byte_leaves_the_old_or_the_new_value(void **state)
{
    struct scratch *t = *state;
    char old[1024], fresh[1024], now[1024];
    t->options.no_sync = true;
    scratch_open(t);
    assert_ok(t, store_slot_set(t->store, 7, 2, &t->err));
    read_slots(t, old);
    assert_ok(t, store_slot_set(t->store, 9, 1, &t->err));
    read_slots(t, fresh);
    /* Beyond its first 40 bytes a slot is zeros: a few places there will do. */
    for (size_t n = 0; n <= 1024; n += n % 512 < 44 ? 1 : 39) {
        scratch_close(t);
        tear(t, old, fresh, n);
        scratch_open(t);
        uint64_t term, vote;
        store_slot_get(t->store, &term, &vote);
        bool is_old = term == 7 && vote == 2, is_new = term == 9 && vote == 1;
        if (!is_old && !is_new) fail_msg("torn at %zu: term %" PRIu64, n, term);
        if (n >= 512) assert_true(is_new);
        read_slots(t, now); /* and both copies are whole again */
        assert_memory_equal(now, now + 512, 512);
    }
}

static void one_rotten_copy_is_repaired_and_two_are_an_error(void **state)
{
    struct scratch *t = *state;
    uint64_t seed = scratch_seed();
    mem_auto char *path = mem_printf("%s/slots", t->dir);
    t->options.no_sync = true;
    scratch_open(t);
    assert_ok(t, store_slot_set(t->store, 7, 2, &t->err));
    for (int i = 0; i < 50; i++) {
        scratch_close(t);
        scratch_flip(path, dice(&seed, 1024), (uint8_t)(1 << dice(&seed, 8)));
        scratch_open(t);
        assert_slot(t, 7, 2);
    }
    scratch_close(t);
    scratch_flip(path, dice(&seed, 512), 4);
    scratch_flip(path, 512 + dice(&seed, 512), 1);
    assert_int_equal(store_open(&t->store, &t->options, &t->err), E_CORRUPT);
    assert_says(t, "slots: both copies of term and vote are damaged");
    assert_int_equal(truncate(path, 600), 0);
    assert_int_equal(store_open(&t->store, &t->options, &t->err), E_CORRUPT);
    assert_says(t, "600 bytes");
    unlink(path);
    assert_int_equal(store_open(&t->store, &t->options, &t->err), E_CORRUPT);
    assert_says(t, "slots: the file is missing");
}

static void a_term_behind_the_log_is_damage(void **state)
{
    struct scratch *t = *state;
    char old[1024];
    scratch_open(t);
    read_slots(t, old);
    scratch_append(t, 1, 10, 5, 10);
    scratch_close(t);
    tear(t, old, old, 0);
    assert_int_equal(store_open(&t->store, &t->options, &t->err), E_CORRUPT);
    assert_says(t, "the term is 0, but the log has entries of term 5");
}

static void an_identity_is_written_once(void **state)
{
    struct scratch *t = *state;
    struct store_identity id = {"0b6c1c9e-7a0e-4a43-9a0f-3f6d3b0f4f5d", 3}, got;
    scratch_open(t);
    assert_int_equal(store_identity_get(t->store, &got, &t->err), E_NOTFOUND);
    assert_ok(t, store_identity_set(t->store, &id, &t->err));
    assert_ok(t, store_identity_set(t->store, &id, &t->err));
    scratch_reopen(t);
    assert_ok(t, store_identity_get(t->store, &got, &t->err));
    assert_string_equal(got.cluster, id.cluster);
    assert_int_equal(got.server_id, 3);
    id.server_id = 4;
    assert_int_equal(store_identity_set(t->store, &id, &t->err), E_CONFLICT);
    mem_auto char *path = mem_printf("%s/identity", t->dir);
    uint64_t size = scratch_size(path);
    for (uint64_t i = 0; i < size; i++) {
        scratch_flip(path, i, 1);
        int rc = store_identity_get(t->store, &got, &t->err);
        if (rc != E_CORRUPT && rc != E_UNSUPPORTED) fail_msg("byte %" PRIu64 ": %d", i, rc);
        scratch_flip(path, i, 1);
    }
}

static void a_directory_has_one_owner(void **state)
{
    struct scratch *t = *state;
    struct store *second;
    scratch_open(t);
    assert_int_equal(store_open(&second, &t->options, &t->err), E_LOCKED);
    assert_says(t, t->dir);
    assert_says(t, "in this process");
    scratch_close(t);
    int ready[2], go[2];
    char byte;
    assert_int_equal(pipe(ready) | pipe(go), 0);
    pid_t child = fork();
    if (child == 0) {
        int rc = store_open(&second, &t->options, NULL);
        ssize_t n = write(ready[1], "x", 1);
        n += read(go[0], &byte, 1);
        _exit(rc || n != 2);
    }
    assert_int_equal(read(ready[0], &byte, 1), 1);
    assert_int_equal(store_open(&second, &t->options, &t->err), E_LOCKED);
    mem_auto char *pid = mem_printf("(pid %d)", child);
    assert_says(t, t->dir);
    assert_says(t, pid);
    t->options.read_only = true; /* beside the owner */
    scratch_open(t);
    scratch_close(t);
    t->options.read_only = false;
    kill(child, SIGKILL); /* the lock goes with its owner */
    waitpid(child, NULL, 0);
    scratch_open(t);
}

static void nothing_is_made_unless_asked(void **state)
{
    struct scratch *t = *state;
    t->options.create = false;
    assert_int_equal(store_open(&t->store, &t->options, &t->err), E_NOTFOUND);
    assert_says(t, "holds no store");
    t->options.read_only = true;
    assert_int_equal(store_open(&t->store, &t->options, &t->err), E_NOTFOUND);
    t->options.dir = "/nowhere/at/all";
    assert_int_equal(store_open(&t->store, &t->options, &t->err), E_NOTFOUND);
}

int main(void)
{
    trace_level = TRACE_ERROR; /* repairs are announced as warnings */
    const struct CMUnitTest tests[] = {
        story(term_and_vote_survive_a_restart),
        story(a_second_different_vote_in_a_term_stops_the_process),
        story(a_write_torn_at_any_byte_leaves_the_old_or_the_new_value),
        story(one_rotten_copy_is_repaired_and_two_are_an_error),
        story(a_term_behind_the_log_is_damage),
        story(an_identity_is_written_once),
        story(a_directory_has_one_owner),
        story(nothing_is_made_unless_asked),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
