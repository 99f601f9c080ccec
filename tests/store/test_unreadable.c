/* Disks that fail to read. What cannot be read is not damaged: nobody may be told to throw it away.
 */
#include "scratch.h"

#include <errno.h>
#include <signal.h>
#include <sys/syscall.h>

enum { ENTRIES = 1500 };

/* Reads of this file fail, from the given one on; LMDB's too: the program's symbols come first. */
static ino_t bad_inode;
static unsigned bad_after;
static pid_t bad_signals; /* in all other processes than this one it is a signal */

static bool is_bad(int fd)
{
    struct stat st;
    if (!bad_inode || fstat(fd, &st) || st.st_ino != bad_inode) return false;
    if (bad_after == 0) return true;
    bad_after--;
    return false;
}

ssize_t pread(int fd, void *bytes, size_t n, off_t offset)
{
    if (!is_bad(fd)) return syscall(SYS_pread64, fd, bytes, n, offset);
    if (bad_signals && bad_signals != getpid()) {
        signal(SIGBUS, SIG_DFL);
        raise(SIGBUS);
    }
    errno = EIO;
    return -1;
}

ssize_t pread64(int fd, void *bytes, size_t n, off64_t offset) __attribute__((alias("pread")));

static void turn_bad(const char *path, unsigned after)
{
    struct stat st;
    assert_int_equal(stat(path, &st), 0);
    bad_inode = st.st_ino;
    bad_after = after;
}

static char *first_segment(struct scratch *t)
{
    return mem_printf("%s/log/%020d.mdb", t->dir, 1);
}

static void nobody_hears(void *ctx, bool damage, const char *line)
{
    if (damage) snprintf(ctx, sizeof((struct error *)0)->text, "%s", line);
}

/* The old segments are looked at for their joints, by LMDB itself. */
static void log_make(struct scratch *t)
{
    bad_inode = bad_signals = 0;
    t->options.segment_bytes = 512 << 10;
    scratch_open(t);
    scratch_append(t, 1, ENTRIES, 1, 50);
    store_committed_set(t->store, ENTRIES);
    assert_true(scratch_count(t, "log", ".mdb") > 1);
    scratch_close(t);
}

static void expect_io(struct scratch *t, const char *name)
{
    assert_int_equal(store_open(&t->store, &t->options, &t->err), E_IO);
    assert_says(t, name);
    assert_says(t, "Input/output error");
    assert_says(t, "keep the directory");
    assert_null(strstr(t->err.text, "new id"));
}

static void an_old_segment_that_cannot_be_read_at_the_start_is_not_called_damaged(void **state)
{
    struct scratch *t = *state;
    log_make(t);
    mem_auto char *path = first_segment(t);
    turn_bad(path, 0);
    expect_io(t, "log/00000000000000000001.mdb");
    bad_inode = 0;
    scratch_open(t);
    scratch_expect(t, 1, ENTRIES, 1);
}

static void a_disk_that_fails_once_is_not_called_damaged_either(void **state)
{
    struct scratch *t = *state;
    log_make(t);
    mem_auto char *path = first_segment(t);
    t->options.no_fork = true; /* so that what fails is counted here */
    for (unsigned after = 0; after < 40; after++) {
        turn_bad(path, after);
        int rc = store_open(&t->store, &t->options, &t->err);
        if (rc) assert_int_equal(rc, E_IO);
        if (!rc) scratch_close(t);
    }
}

/* As when LMDB ends at a signal while it reads its map: plain reads decide what it was. */
static void a_child_that_ends_over_a_sector_that_cannot_be_read_found_no_damage(void **state)
{
    struct scratch *t = *state;
    struct error said = {0};
    log_make(t);
    mem_auto char *path = first_segment(t);
    turn_bad(path, 0);
    bad_signals = getpid();
    expect_io(t, "cannot read log/00000000000000000001.mdb");
    t->options.check_only = true;
    scratch_open(t);
    assert_int_equal(store_verify(t->store, nobody_hears, said.text, &t->err), E_CORRUPT);
    assert_non_null(strstr(said.text, "cannot read log/00000000000000000001.mdb: Input/output"));
    assert_null(strstr(said.text, "signal"));
    bad_inode = 0;
}

static void an_unreadable_hint_stops_the_start(void **state)
{
    struct scratch *t = *state;
    log_make(t);
    mem_auto char *path = mem_printf("%s/committed", t->dir);
    turn_bad(path, 0);
    expect_io(t, "committed");
    bad_inode = 0;
}

static void history_that_cannot_be_read_is_an_error_for_its_reader_and_comes_back(void **state)
{
    struct scratch *t = *state;
    struct store_cursor *c;
    struct record r;
    log_make(t);
    scratch_open(t);
    mem_auto char *path = first_segment(t);
    turn_bad(path, 0);
    assert_int_equal(store_cursor_open(t->store, 1, &c, &t->err), E_IO);
    assert_says(t, "log/00000000000000000001.mdb");
    turn_bad(path, 4);
    assert_int_equal(store_cursor_open(t->store, 1, &c, &t->err), E_IO);
    bad_inode = 0;
    assert_ok(t, store_cursor_open(t->store, 1, &c, &t->err));
    assert_ok(t, store_cursor_next(c, &r, &t->err));
    store_cursor_close(c);
    scratch_expect(t, 1, ENTRIES, 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        story(an_old_segment_that_cannot_be_read_at_the_start_is_not_called_damaged),
        story(a_disk_that_fails_once_is_not_called_damaged_either),
        story(a_child_that_ends_over_a_sector_that_cannot_be_read_found_no_damage),
        story(an_unreadable_hint_stops_the_start),
        story(history_that_cannot_be_read_is_an_error_for_its_reader_and_comes_back),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
