#include "scratch.h"

#include <signal.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>

enum { ENTRIES = 1500 };

struct findings {
    int count;
    char line[400]; /* the last one */
};

static void findings_add(void *ctx, bool damage, const char *line)
{
    struct findings *f = ctx;
    if (!damage) return;
    f->count++;
    snprintf(f->line, sizeof f->line, "%s", line);
}

static void log_make(struct scratch *t)
{
    scratch_open(t);
    scratch_append(t, 1, ENTRIES, 1, 50);
    store_committed_set(t->store, ENTRIES);
    scratch_close(t);
}

/* Path of the n-th segment. */
static char *segment_path(struct scratch *t, unsigned n)
{
    mem_auto char *command = mem_printf("ls %s/log/*.mdb | sed -n %up", t->dir, n);
    char path[300];
    FILE *p = popen(command, "r");
    assert_int_equal(fscanf(p, "%299s", path), 1);
    pclose(p);
    return mem_strdup(path);
}

/* Flips a bit in the payload of an entry, wherever a version of its page stands in the file. */
static void entry_spoil(const char *path, uint64_t index)
{
    struct entry e;
    entry_make(&e, index, 1);
    const uint64_t fields[] = {index, 1, e.record.first_revision, (uint64_t)e.record.time_ms};
    uint64_t n = scratch_size(path);
    int fd = open(path, O_RDWR);
    char *bytes = mmap(NULL, n, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0), *at = bytes;
    int copies = 0;
    for (; (at = memmem(at, n - (size_t)(at - bytes), fields, sizeof fields)); at++, copies++)
        at[sizeof fields + 8 + sizeof(struct digest)] ^= 1; /* behind length and previous digest */
    assert_true(copies > 0);
    munmap(bytes, n);
    close(fd);
}

static void damage_in_the_newest_segment_stops_the_start(void **state)
{
    struct scratch *t = *state;
    log_make(t);
    mem_auto char *path = segment_path(t, scratch_count(t, "log", ".mdb"));
    entry_spoil(path, ENTRIES);
    assert_int_equal(store_open(&t->store, &t->options, &t->err), E_CORRUPT);
    assert_says(t, "log/000000000000");
    assert_says(t, ".mdb: entry 1500: checksum mismatch");
    assert_says(t, "under a new id");
    struct findings found = {0};
    t->options.check_only = true;
    scratch_open(t);
    assert_int_equal(store_verify(t->store, findings_add, &found, &t->err), E_CORRUPT);
    assert_int_equal(found.count, 1);
    assert_non_null(strstr(found.line, ".mdb: entry 1500: checksum mismatch"));
}

static void damage_in_an_old_segment_is_named_and_not_served(void **state)
{
    struct scratch *t = *state;
    log_make(t);
    mem_auto char *path = segment_path(t, 1);
    entry_spoil(path, 77);
    scratch_open(t);
    struct findings found = {0};
    assert_int_equal(store_verify(t->store, findings_add, &found, &t->err), E_CORRUPT);
    assert_int_equal(found.count, 1);
    assert_string_equal(found.line, "log/00000000000000000001.mdb: entry 77: checksum mismatch");
    struct store_cursor *c;
    struct record r;
    assert_ok(t, store_cursor_open(t->store, 1, &c, &t->err));
    cursor_expect(t, c, 1, 76, 1);
    for (int i = 0; i < 3; i++) /* it does not get past it by asking again */
        assert_int_equal(store_cursor_next(c, &r, &t->err), E_CORRUPT);
    assert_says(t, "log/00000000000000000001.mdb: entry 77: checksum mismatch");
    store_cursor_close(c);
    scratch_expect(t, 78, ENTRIES, 1);
    struct digest chain;
    assert_int_equal(store_chain_at(t->store, 77, &chain, &t->err), E_CORRUPT);
}

static void a_missing_segment_is_noticed(void **state)
{
    struct scratch *t = *state;
    log_make(t);
    mem_auto char *second = segment_path(t, 2);
    unlink(second);
    assert_int_equal(store_open(&t->store, &t->options, &t->err), E_CORRUPT);
    assert_says(t, "but the segment before it ends with");
}

static void a_missing_end_is_noticed(void **state)
{
    struct scratch *t = *state;
    log_make(t);
    mem_auto char *last = segment_path(t, scratch_count(t, "log", ".mdb"));
    unlink(last);
    assert_int_equal(store_open(&t->store, &t->options, &t->err), E_CORRUPT);
    assert_says(t, "but entry 1500 was committed");
    struct findings found = {0};
    t->options.check_only = true;
    scratch_open(t);
    assert_int_equal(store_verify(t->store, findings_add, &found, &t->err), E_CORRUPT);
    assert_non_null(strstr(found.line, "but entry 1500 was committed"));
}

static void a_segment_of_another_log_is_noticed(void **state)
{
    struct scratch *t = *state;
    log_make(t);
    mem_auto char *first = segment_path(t, 1);
    mem_auto char *kept = mem_printf("%s/kept", t->dir);
    assert_int_equal(rename(first, kept), 0);
    mem_auto char *log = mem_printf("%s/log", t->dir);
    scratch_remove(log);
    mem_auto char *others = mem_printf("%s/committed", t->dir);
    unlink(others);
    scratch_open(t);
    struct entry *entries = mem_alloc(50 * sizeof *entries);
    struct record records[50];
    for (uint64_t n = 0; n < 50; n++) {
        entry_make(&entries[n], n + 1, 1);
        records[n] = entries[n].record;
    }
    records[20].type = 3; /* otherwise the same log */
    assert_ok(t, store_append(t->store, records, 50, &t->err));
    mem_free(entries);
    scratch_append(t, 51, ENTRIES, 1, 50);
    scratch_close(t);
    assert_int_equal(rename(kept, first), 0);
    assert_int_equal(store_open(&t->store, &t->options, &t->err), E_CORRUPT);
    assert_says(t, "does not continue the chain");
}

/* In this process: LMDB must not see such a page. */
static void a_damaged_page_of_an_old_segment_is_an_error_for_its_reader(void **state)
{
    struct scratch *t = *state;
    uint64_t seed = scratch_seed();
    unsigned met = 0;
    t->options.no_sync = t->options.no_fork = true;
    log_make(t);
    mem_auto char *path = segment_path(t, 1), *kept = mem_printf("%s/kept", t->dir);
    mem_auto char *copy = mem_printf("cp %s %s", path, kept),
                  *back = mem_printf("cp %s %s", kept, path);
    assert_int_equal(system(copy), 0);
    for (uint64_t page = 2; page < scratch_size(kept) / 4096; page++) {
        struct store_cursor *c = NULL;
        struct record r;
        struct entry e;
        scratch_open(t); /* while it is whole: only its joints are looked at */
        for (unsigned i = 0; i < 3; i++)
            scratch_flip(path, page * 4096 + dice(&seed, 40), (uint8_t)(1 << dice(&seed, 8)));
        int rc = store_cursor_open(t->store, 1, &c, &t->err);
        for (uint64_t n = 1; !rc && n <= ENTRIES; n++) {
            rc = store_cursor_next(c, &r, &t->err);
            entry_make(&e, n, 1);
            if (!rc) assert_true(entry_same(&r, &e.record));
        }
        if (rc) {
            assert_int_equal(rc, E_CORRUPT);
            assert_says(t, "log/00000000000000000001.mdb: ");
            met++;
        }
        store_cursor_close(c);
        scratch_close(t);
        assert_int_equal(system(back), 0);
    }
    assert_true(met > 20);
}

/* Reads all; the right entries or an error, which is told by its code. */
static int read_or_fail(struct scratch *t)
{
    struct store_cursor *c = NULL;
    struct record r;
    struct entry e;
    int rc = store_cursor_open(t->store, 1, &c, &t->err);
    for (uint64_t n = 1; !rc && n <= ENTRIES; n++) {
        rc = store_cursor_next(c, &r, &t->err);
        entry_make(&e, n, 1);
        if (!rc) assert_true(entry_same(&r, &e.record));
    }
    store_cursor_close(c);
    return rc;
}

/* The places of nodes in every page: LMDB would follow them out of the file. */
static void pages_spoil(const char *path)
{
    for (uint64_t page = 2; page < scratch_size(path) / 4096; page++)
        for (unsigned i = 16; i < 64; i += 2) scratch_flip(path, page * 4096 + i, 0x70);
}

static void a_segment_that_was_just_filled_is_walked_before_it_is_read(void **state)
{
    struct scratch *t = *state;
    t->options.no_sync = true;
    scratch_open(t);
    scratch_append(t, 1, ENTRIES, 1, 50);
    mem_auto char *path = segment_path(t, 1);
    pages_spoil(path);
    assert_int_equal(read_or_fail(t), E_CORRUPT);
    assert_says(t, "log/00000000000000000001.mdb: page ");
    scratch_expect(t, ENTRIES - 10, ENTRIES, 1);
    scratch_append(t, ENTRIES + 1, ENTRIES + 50, 1, 50);
}

/* A reader beside a master that runs: another process has the lock. */
static void a_reader_beside_a_running_master_walks_old_segments_too(void **state)
{
    struct scratch *t = *state;
    int up[2];
    log_make(t);
    mem_auto char *path = segment_path(t, 1);
    assert_int_equal(pipe(up), 0);
    pid_t master = fork();
    if (master == 0) {
        prctl(PR_SET_PDEATHSIG, SIGKILL);
        int rc = store_open(&t->store, &t->options, &t->err);
        if (write(up[1], &rc, sizeof rc) == sizeof rc) pause();
        _exit(0);
    }
    int rc = -1;
    if (read(up[0], &rc, sizeof rc) != sizeof rc) rc = E_IO;
    t->options.read_only = true;
    if (!rc) rc = store_open(&t->store, &t->options, &t->err);
    pages_spoil(path);
    if (!rc) rc = read_or_fail(t);
    kill(master, SIGKILL);
    waitpid(master, NULL, 0);
    assert_int_equal(rc, E_CORRUPT);
    assert_says(t, "log/00000000000000000001.mdb: page ");
    scratch_expect(t, ENTRIES - 10, ENTRIES, 1);
    close(up[0]);
    close(up[1]);
}

/* What a reader may meet is: the right entry, or an error; a crash inside LMDB only after verify
 * has said so. Runs in a child, since LMDB may indeed crash. */
static int read_all(struct scratch *t, struct findings *found)
{
    struct store_cursor *c;
    struct record r;
    struct entry e;
    if (freopen("/dev/null", "w", stderr) == NULL) return 2;
    int rc = store_open(&t->store, &t->options, &t->err);
    if (rc) { /* then verify must find it as well */
        if (rc != E_CORRUPT) return 3;
        t->options.check_only = true;
        rc = store_open(&t->store, &t->options, &t->err);
        if (!rc) rc = store_verify(t->store, findings_add, found, &t->err);
        return rc == E_CORRUPT && found->count ? 0 : 9;
    }
    rc = store_verify(t->store, findings_add, found, &t->err);
    if ((rc != 0) != (found->count != 0)) return 4;
    if (store_cursor_open(t->store, 1, &c, &t->err)) return found->count ? 0 : 5;
    for (uint64_t n = 1; n <= ENTRIES; n++) {
        rc = store_cursor_next(c, &r, &t->err);
        if (rc) return found->count ? 0 : 6;
        entry_make(&e, n, 1);
        if (!entry_same(&r, &e.record)) return 7;
    }
    return store_bounds(t->store).last_index == ENTRIES || found->count ? 0 : 8;
}

static void spoil(const char *path, uint64_t *seed, char *what, size_t n)
{
    uint64_t size = scratch_size(path), pages = size / 4096, at = dice(seed, pages) * 4096;
    unsigned kind = (unsigned)dice(seed, 5);
    char page[4096] = {0};
    int fd = open(path, O_RDWR);
    if (kind == 0) {
        at = dice(seed, size);
        scratch_flip(path, at, (uint8_t)(1 << dice(seed, 8)));
    } else if (kind == 1) { /* in a page header or its table of nodes */
        at += dice(seed, 48);
        scratch_flip(path, at, (uint8_t)(1 << dice(seed, 8)));
    } else if (kind == 2) { /* in one of the two first pages */
        at = dice(seed, 2) * 4096 + dice(seed, 168);
        scratch_flip(path, at, (uint8_t)(1 << dice(seed, 8)));
    } else if (kind == 3) {
        for (size_t i = 0; i < sizeof page; i++) page[i] = (char)dice(seed, 256);
        assert_int_equal(pwrite(fd, page, sizeof page, (off_t)at), sizeof page);
    } else {
        assert_int_equal(ftruncate(fd, (off_t)at), 0);
    }
    close(fd);
    static const char *const kinds[] = {"bit", "bit of a page header", "bit of the first pages",
                                        "random page", "cut"};
    snprintf(what, n, "%s: %s at %" PRIu64, path, kinds[kind], at);
}

static void copy_file(const char *from, const char *to)
{
    mem_auto char *command = mem_printf("cp --sparse=never %s %s", from, to);
    assert_int_equal(system(command), 0);
}

static void whatever_rots_is_detected_and_nothing_wrong_is_served(void **state)
{
    struct scratch *t = *state;
    uint64_t seed = scratch_seed();
    log_make(t);
    struct findings *found =
        mmap(NULL, sizeof *found, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    mem_auto char *kept = mem_printf("%s/kept", t->dir);
    unsigned segments = scratch_count(t, "log", ".mdb");
    int detected = 0, trials = scratch_trials(20);
    for (int trial = 0; trial < trials; trial++) {
        char what[400];
        mem_auto char *path = segment_path(t, (unsigned)dice(&seed, segments) + 1);
        copy_file(path, kept);
        spoil(path, &seed, what, sizeof what);
        memset(found, 0, sizeof *found);
        pid_t child = fork();
        if (child == 0) _exit(read_all(t, found));
        int status;
        waitpid(child, &status, 0);
        if (WIFSIGNALED(status) ? !found->count : WEXITSTATUS(status) != 0)
            fail_msg("%s: status %x, findings %d %s", what, status, found->count, found->line);
        if (getenv("LOGSHIP_TRIALS")) print_message("%s: %s\n", what, found->line);
        detected += found->count != 0;
        copy_file(kept, path);
    }
    print_message("%d of %d were found, the others hit nothing that is in use\n", detected, trials);
    assert_true(detected > trials / 3);
    munmap(found, sizeof *found);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        story(damage_in_the_newest_segment_stops_the_start),
        story(damage_in_an_old_segment_is_named_and_not_served),
        story(a_damaged_page_of_an_old_segment_is_an_error_for_its_reader),
        story(a_segment_that_was_just_filled_is_walked_before_it_is_read),
        story(a_reader_beside_a_running_master_walks_old_segments_too),
        story(a_missing_segment_is_noticed),
        story(a_missing_end_is_noticed),
        story(a_segment_of_another_log_is_noticed),
        story(whatever_rots_is_detected_and_nothing_wrong_is_served),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
