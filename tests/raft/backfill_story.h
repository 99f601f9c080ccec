/* A follower that is left so far behind that it gets a keyframe, and its log afterwards. */
#ifndef LOGSHIP_TESTS_RAFT_BACKFILL_STORY_H
#define LOGSHIP_TESTS_RAFT_BACKFILL_STORY_H

#include "cluster.h"

#include "store/inside.h"

#include <signal.h>
#include <sys/wait.h>

enum { VALUE = 16000 };

static inline void backfill_setup(struct cluster *c, uint64_t seed)
{
    cluster_open(c, 3, seed);
    c->options.keyframe_entries = 50;
    c->options.trailing_entries = 10;
    c->value_bytes = VALUE;
    cluster_start(c);
}

/* A follower that stays away for about 16 KB times so many entries. */
static inline struct master *backfill_leave_behind(struct cluster *c, size_t entries)
{
    struct master *leader = cluster_elect(c, 5000);
    struct master *behind = &c->masters[(leader->position + 1) % 3];
    cluster_commit(c, 10, 5000);
    master_crash(behind);
    cluster_commit(c, entries, 60000);
    return behind;
}

static inline void backfill_check(struct cluster *c, struct master *behind)
{
    cluster_commit(c, 5, 10000);
    cluster_converge(c, 10000);
    cluster_run(c, 500);
    struct master *other = &c->masters[(behind->position + 1) % 3];
    struct log_bounds bounds = store_bounds(behind->store);
    struct digest ours, theirs;
    struct error err;
    uint64_t fetched;
    assert_int_equal(bounds.first_index, 1);
    for (uint64_t i = 1; i <= bounds.last_index; i += 17) {
        assert_int_equal(store_chain_at(behind->store, i, &ours, &err), 0);
        assert_int_equal(store_chain_at(other->store, i, &theirs, &err), 0);
        assert_true(digest_equal(&ours, &theirs));
    }
    assert_int_equal(store_backfill_get(behind->store, &fetched, &err), 0);
    assert_int_equal(fetched, 0);
    assert_false(behind->q->ahead);
    assert_int_equal(cluster_mark(c, MARK_install_reset), 0);
    assert_int_equal(cluster_mark(c, MARK_keyframe_ahead_of_log), 0);
    assert_true(cluster_mark(c, MARK_backfill_done) >= 1);
}

static inline void backfill_wait_stored(struct cluster *c, struct master *behind, uint64_t pieces)
{
    uint64_t end = c->world.now + 10000;
    while (behind->q->marks[MARK_backfill_stored] < pieces && c->world.now < end) cluster_run(c, 1);
    assert_true(behind->q->marks[MARK_backfill_stored] >= pieces);
}

#endif
