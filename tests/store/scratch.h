/* What the store's tests share: a directory that goes away, a log with known content, a dice. */
#ifndef LOGSHIP_TESTS_STORE_SCRATCH_H
#define LOGSHIP_TESTS_STORE_SCRATCH_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/mem.h"
#include "base/trace.h"
#include "store/keyframe.h"
#include "store/store.h"

#include <fcntl.h>
#include <ftw.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

struct scratch {
    char dir[200];
    struct store *store;
    struct error err;
    struct store_options options;
};

static int scratch_remove_one(const char *path, const struct stat *st, int type, struct FTW *ftw)
{
    (void)st;
    (void)type;
    (void)ftw;
    return remove(path);
}

__attribute__((unused)) static void scratch_remove(const char *dir)
{
    nftw(dir, scratch_remove_one, 16, FTW_DEPTH | FTW_PHYS);
}

__attribute__((unused)) static int scratch_setup(void **state)
{
    struct scratch *t = mem_new(struct scratch);
    const char *tmp = getenv("TMPDIR");
    snprintf(t->dir, sizeof t->dir, "%s/logship-store-XXXXXX", tmp ? tmp : "/tmp");
    if (!mkdtemp(t->dir)) return -1;
    t->options = (struct store_options){
        .dir = t->dir, .create = true, .segment_bytes = 256 << 10, .ballast_bytes = 64 << 10};
    *state = t;
    return 0;
}

__attribute__((unused)) static int scratch_teardown(void **state)
{
    struct scratch *t = *state;
    store_close(t->store);
    scratch_remove(t->dir);
    mem_free(t);
    return 0;
}

/* In a forked child a failed check must not run on into the parent's tests. */
__attribute__((unused)) static bool scratch_is_child;

#define assert_ok(t, call)                                                                         \
    do {                                                                                           \
        int rc_ = (call);                                                                          \
        if (rc_) print_error("%s: %d %s\n", #call, rc_, (t)->err.text);                            \
        if (rc_ && scratch_is_child) _exit(3);                                                     \
        assert_int_equal(rc_, 0);                                                                  \
    } while (0)
#define assert_says(t, words) /* the error's sentence has this part */                             \
    do {                                                                                           \
        if (!strstr((t)->err.text, words)) fail_msg("\"%s\" lacks \"%s\"", (t)->err.text, words);  \
    } while (0)

__attribute__((unused)) static void scratch_open(struct scratch *t)
{
    assert_ok(t, store_open(&t->store, &t->options, &t->err));
}

__attribute__((unused)) static void scratch_close(struct scratch *t)
{
    store_close(t->store);
    t->store = NULL;
}

__attribute__((unused)) static void scratch_reopen(struct scratch *t)
{
    scratch_close(t);
    scratch_open(t);
}

/* Entry n of a test log in term `term`: its payload can be told from n and term alone. Every tenth
 * entry is a barrier; the others hold three revisions each. */
struct entry {
    struct record record;
    char payload[1024];
};

__attribute__((unused)) static void entry_make(struct entry *e, uint64_t index, uint64_t term)
{
    size_t n = 16 + (index * 37 + term * 11) % 900;
    for (size_t i = 0; i < n; i++) e->payload[i] = (char)(index * 31 + term * 7 + i);
    bool barrier = index % 10 == 1;
    e->record = (struct record){.index = index,
                                .term = term,
                                .type = barrier ? 2 : 1,
                                .first_revision = barrier ? 0 : index * 3,
                                .time_ms = barrier ? 0 : (int64_t)(1000000 + index * 10),
                                .payload = {e->payload, n}};
}

/* Appends [from, to] in batches of `batch`. */
__attribute__((unused)) static void scratch_append(struct scratch *t, uint64_t from, uint64_t to,
                                                   uint64_t term, size_t batch)
{
    mem_auto struct entry *entries = mem_alloc(batch * sizeof *entries);
    mem_auto struct record *records = mem_alloc(batch * sizeof *records);
    uint64_t stored, vote;
    store_slot_get(t->store, &stored, &vote);
    if (stored < term) assert_ok(t, store_slot_set(t->store, term, 0, &t->err));
    while (from <= to) {
        size_t n = 0;
        for (; n < batch && from <= to; n++, from++) {
            entry_make(&entries[n], from, term);
            records[n] = entries[n].record;
        }
        assert_ok(t, store_append(t->store, records, n, &t->err));
    }
}

__attribute__((unused)) static bool entry_same(const struct record *a, const struct record *b)
{
    return a->index == b->index && a->term == b->term && a->type == b->type &&
           a->first_revision == b->first_revision && a->time_ms == b->time_ms &&
           str_eq(a->payload, b->payload);
}

/* Reads on from the cursor: entries [from, to] must be those of `term`. */
__attribute__((unused)) static void cursor_expect(struct scratch *t, struct store_cursor *c,
                                                  uint64_t from, uint64_t to, uint64_t term)
{
    struct record r;
    mem_auto struct entry *e = mem_new(struct entry);
    for (; from <= to; from++) {
        assert_ok(t, store_cursor_next(c, &r, &t->err));
        entry_make(e, from, term);
        if (!entry_same(&r, &e->record))
            fail_msg("entry %" PRIu64 " is not what was written", from);
    }
}

__attribute__((unused)) static void scratch_expect(struct scratch *t, uint64_t from, uint64_t to,
                                                   uint64_t term)
{
    struct store_cursor *c;
    assert_ok(t, store_cursor_open(t->store, from, &c, &t->err));
    cursor_expect(t, c, from, to, term);
    store_cursor_close(c);
}

__attribute__((unused)) static unsigned scratch_count(struct scratch *t, const char *sub,
                                                      const char *suffix)
{
    mem_auto char *command = mem_printf("ls %s/%s | grep -c '%s$'", t->dir, sub, suffix);
    FILE *p = popen(command, "r");
    unsigned n = 0;
    assert_non_null(p);
    assert_int_equal(fscanf(p, "%u", &n), 1);
    pclose(p);
    return n;
}

__attribute__((unused)) static void scratch_flip(const char *path, uint64_t offset, uint8_t mask)
{
    int fd = open(path, O_RDWR);
    uint8_t byte;
    assert_true(fd >= 0);
    assert_int_equal(pread(fd, &byte, 1, (off_t)offset), 1);
    byte ^= mask;
    assert_int_equal(pwrite(fd, &byte, 1, (off_t)offset), 1);
    close(fd);
}

__attribute__((unused)) static uint64_t scratch_size(const char *path)
{
    struct stat st;
    assert_int_equal(stat(path, &st), 0);
    return (uint64_t)st.st_size;
}

/* A seed from LOGSHIP_SEED, or one that is printed so that the run can be repeated. */
__attribute__((unused)) static uint64_t scratch_seed(void)
{
    const char *given = getenv("LOGSHIP_SEED");
    uint64_t seed = given ? strtoull(given, NULL, 10) : 20260118;
    print_message("seed %" PRIu64 " (LOGSHIP_SEED)\n", seed);
    return seed ? seed : 1;
}

/* How often a story with dice in it is told; LOGSHIP_TRIALS for more. */
__attribute__((unused)) static int scratch_trials(int usual)
{
    const char *given = getenv("LOGSHIP_TRIALS");
    return given ? atoi(given) : usual;
}

__attribute__((unused)) static uint64_t dice(uint64_t *seed, uint64_t sides)
{
    *seed ^= *seed << 13;
    *seed ^= *seed >> 7;
    *seed ^= *seed << 17;
    return *seed % sides;
}

#define story(name) cmocka_unit_test_setup_teardown(name, scratch_setup, scratch_teardown)

#endif
