/* One defect of libraft after the other: a single master is fed the messages that lead into it,
 * once with its guard and once without. Without the guard the defect must show, or the test proves
 * nothing. */
#include "cluster.h"

#include "raft/seats.h"

#include <sys/wait.h>

struct lone {
    struct cluster c;
    struct master *m;
    struct wire last[WIRE_RECORDS + 1]; /* what it last sent to a peer, by type */
    unsigned sent[WIRE_RECORDS + 1];
    char *bytes; /* of a keyframe file that we serve */
    uint64_t size;
};

static void lone_sniff(void *arg, unsigned from, unsigned to, const void *bytes, size_t n)
{
    struct lone *l = container_of((struct cluster *)arg, struct lone, c);
    struct wire w;
    (void)from, (void)to;
    assert_int_equal(wire_read((struct str){bytes, n}, &w, NULL), 0);
    l->last[w.type] = w;
    l->sent[w.type]++;
}

static void lone_open(struct lone *l, unsigned guard_off)
{
    memset(l, 0, sizeof *l);
    cluster_open(&l->c, 3, 41);
    l->c.net.sniff = lone_sniff;
    if (guard_off) l->c.options.guards_off = 1u << (guard_off - 1);
    l->m = &l->c.masters[0];
    master_start(l->m);
}

static void lone_close(struct lone *l)
{
    cluster_close(&l->c);
    mem_free(l->bytes);
}

static void lone_get(struct lone *l, uint64_t from, const struct wire *w)
{
    struct buf buf_auto frame = BUF_INIT;
    wire_write(&frame, w);
    quorum_deliver(l->m->q, from, frame.data, frame.len);
}

/* AppendEntries with n commands of one term after prev. */
static void lone_append(struct lone *l, uint64_t from, uint64_t term, uint64_t prev,
                        uint64_t prev_term, uint64_t commit, unsigned n, uint64_t entry_term)
{
    char payload[ENTRY_HEADER + 8] = {0};
    struct raft_entry entries[32];
    assert_true(n <= 32);
    payload[ENTRY_HEADER] = (char)entry_term;
    for (unsigned i = 0; i < n; i++)
        entries[i] = (struct raft_entry){
            .term = entry_term, .type = RAFT_COMMAND, .buf = {payload, sizeof payload}};
    struct wire w = {.type = WIRE_APPEND, .term = term};
    w.append.prev_index = prev;
    w.append.prev_term = prev_term;
    w.append.commit = commit;
    struct buf buf_auto frame = BUF_INIT;
    wire_write_append(&frame, &w, entries, n);
    quorum_deliver(l->m->q, from, frame.data, frame.len);
}

static void lone_grant(struct lone *l, uint64_t from)
{
    struct wire w = {.type = WIRE_VOTED, .term = l->last[WIRE_VOTE].term};
    w.voted.granted = true;
    w.voted.pre = l->last[WIRE_VOTE].vote.pre;
    lone_get(l, from, &w);
}

static void lone_win_election(struct lone *l)
{
    for (unsigned i = 0; i < 100 && l->m->q->raft.state != RAFT_CANDIDATE; i++)
        cluster_run(&l->c, 100);
    lone_grant(l, 2); /* pre-vote */
    l->m->disk->stuck = true;
    lone_grant(l, 2);
    assert_int_equal(l->m->q->raft.state, RAFT_LEADER);
}

static uint64_t s1_commit(unsigned off)
{
    struct lone l;
    lone_open(&l, off);
    lone_append(&l, 2, 2, 1, 1, 1, 1, 2); /* an entry of term 2, not committed */
    cluster_run(&l.c, 20);
    assert_int_equal(l.m->q->raft.last_stored, 2);
    lone_win_election(&l); /* its barrier stays on the way to the disk */
    struct wire w = {.type = WIRE_APPENDED, .term = l.m->q->raft.current_term};
    w.appended.last_index = 2;
    lone_get(&l, 3, &w);
    uint64_t commit = l.m->q->raft.commit_index;
    if (!off) { /* and the confirmation is not lost: it counts once the barrier is durable */
        assert_int_equal(l.m->q->marks[MARK_held_for_disk], 1);
        l.m->disk->stuck = false;
        w.appended.last_index = 3;
        cluster_run(&l.c, 20);
        lone_get(&l, 3, &w);
        assert_int_equal(l.m->q->raft.commit_index, 3);
    }
    lone_close(&l);
    return commit;
}

static void s1_entries_of_an_older_term_are_not_committed_by_counting(void **state)
{
    (void)state;
    assert_int_equal(s1_commit(0), 1);
    assert_int_equal(s1_commit(1), 2);
}

static uint64_t s2_confirmed(unsigned off)
{
    struct lone l;
    lone_open(&l, off);
    lone_append(&l, 2, 2, 1, 1, 1, 4, 2); /* 2 to 5, of the old leader */
    cluster_run(&l.c, 20);
    lone_append(&l, 3, 3, 2, 2, 1, 0, 3); /* the new one has checked up to 2 */
    assert_int_equal(l.last[WIRE_APPENDED].appended.rejected, 0);
    uint64_t confirmed = l.last[WIRE_APPENDED].appended.last_index;
    lone_close(&l);
    return confirmed;
}

static void s2_only_what_this_leader_checked_is_confirmed(void **state)
{
    (void)state;
    assert_int_equal(s2_confirmed(0), 2);
    assert_int_equal(s2_confirmed(2), 5);
}

static uint64_t s3_confirmed(unsigned off)
{
    struct lone l;
    lone_open(&l, off);
    l.m->disk->stuck = true;
    lone_append(&l, 2, 2, 1, 1, 1, 3, 2);
    lone_append(&l, 3, 3, 50, 3, 1, 0, 3); /* a new leader, whose log we do not match */
    assert_int_equal(l.last[WIRE_APPENDED].appended.rejected, 50);
    l.m->disk->stuck = false;
    cluster_run(&l.c, 20);
    assert_int_equal(l.last[WIRE_APPENDED].appended.rejected, 0);
    assert_int_equal(l.last[WIRE_APPENDED].term, 3);
    uint64_t confirmed = l.last[WIRE_APPENDED].appended.last_index;
    lone_close(&l);
    return confirmed;
}

static void s3_entries_of_the_old_leader_are_not_confirmed_to_the_new_one(void **state)
{
    (void)state;
    assert_int_equal(s3_confirmed(0), 0);
    assert_int_equal(s3_confirmed(3), 4);
}

static unsigned s4_votes(unsigned off, uint64_t *out_last_index)
{
    struct lone l;
    lone_open(&l, off);
    l.m->disk->stuck = true;
    lone_append(&l, 2, 2, 1, 1, 1, 3, 2);
    cluster_run(&l.c, 5000);
    unsigned votes = l.sent[WIRE_VOTE];
    *out_last_index = l.last[WIRE_VOTE].vote.last_index;
    l.m->disk->stuck = false;
    cluster_run(&l.c, 5000);
    if (!off) {
        assert_true(l.sent[WIRE_VOTE] > 0);
        assert_int_equal(l.last[WIRE_VOTE].vote.last_index, 4);
    }
    lone_close(&l);
    return votes;
}

static void s4_nobody_campaigns_on_what_is_not_on_its_disk(void **state)
{
    (void)state;
    uint64_t last;
    assert_int_equal(s4_votes(0, &last), 0);
    assert_true(s4_votes(4, &last) > 0);
    assert_int_equal(last, 4); /* none of which would survive a crash now */
}

/* Even where a tick got through, a vote is asked for with what is stored. */
static void s4_a_request_for_votes_names_what_is_stored(void **state)
{
    (void)state;
    struct lone l;
    lone_open(&l, 0);
    l.m->disk->stuck = true;
    lone_append(&l, 2, 2, 1, 1, 1, 3, 2);
    struct raft_request_vote v = {.term = 3, .last_log_index = 4, .last_log_term = 2};
    guard_s4_request_vote(l.m->q, &v);
    assert_int_equal(v.last_log_index, 1);
    assert_int_equal(v.last_log_term, 1);
    l.m->disk->stuck = false;
    lone_close(&l);
}

static void s5_a_second_vote_in_a_term_stops_the_process(void **state)
{
    (void)state;
    struct lone l;
    lone_open(&l, 0);
    struct raft_io *io = &l.m->q->io;
    assert_int_equal(io->set_term(io, 7), 0);
    assert_int_equal(io->set_vote(io, 2), 0);
    assert_int_equal(io->set_vote(io, 2), 0);
    assert_false(guard_s5_second_vote(l.m->q, 2));
    assert_true(guard_s5_second_vote(l.m->q, 3));
    pid_t child = fork();
    if (child == 0) {
        fclose(stderr);
        signal(SIGABRT, SIG_DFL);
        io->set_vote(io, 3);
        _exit(0);
    }
    int status = 0;
    waitpid(child, &status, 0);
    assert_true(WIFSIGNALED(status) || WEXITSTATUS(status) != 0);
    assert_int_equal(io->set_term(io, 8), 0); /* a new term, a new vote */
    assert_int_equal(io->set_vote(io, 3), 0);
    lone_close(&l);
}

static uint64_t s6_commit(unsigned off)
{
    struct lone l;
    lone_open(&l, off);
    lone_append(&l, 2, 2, 1, 1, 1, 4, 2); /* 2 to 5, which nobody else has */
    cluster_run(&l.c, 20);
    lone_append(&l, 3, 3, 1, 1, 5, 0, 3); /* the first piece of a longer message proves only 1 */
    uint64_t commit = l.m->q->raft.commit_index;
    lone_close(&l);
    return commit;
}

static void s6_nothing_beyond_what_a_message_proved_is_committed(void **state)
{
    (void)state;
    assert_int_equal(s6_commit(0), 1);
    assert_int_equal(s6_commit(6), 5);
}

/* A keyframe of index 4, term 3 as another master would have it. */
static void lone_make_keyframe(struct lone *l)
{
    struct store *s;
    struct error err = {0};
    struct store_options so = {
        .dir = l->c.masters[1].dir, .create = true, .no_sync = true, .ballast_bytes = 4096};
    assert_int_equal(store_open(&s, &so, &err), 0);
    size_t n;
    void *conf = configuration_write(&l->m->q->raft.configuration, &n);
    struct keyframe_meta meta = {.revision = 4,
                                 .index = 4,
                                 .term = 3,
                                 .configuration_index = 1,
                                 .configuration = {conf, n},
                                 .chain.lane = {1, 2, 3, 4}};
    struct keyframe_writer *w;
    assert_int_equal(keyframe_create(s, &meta, &w, &err), 0);
    char record[64] = {42};
    assert_int_equal(keyframe_add(w, (struct str){record, sizeof record}, &err), 0);
    assert_int_equal(keyframe_finish(w, &err), 0);
    struct keyframe *k;
    assert_int_equal(keyframe_open(s, UINT64_MAX, &k, &err), 0);
    assert_int_equal(keyframe_file_size(k, &l->size, &err), 0);
    l->bytes = mem_alloc(l->size);
    for (size_t at = 0, got; at < l->size; at += got)
        assert_int_equal(keyframe_file_read(k, at, l->bytes + at, l->size - at, &got, &err), 0);
    keyframe_close(k);
    store_close(s);
    raft_free(conf);
}

static void lone_offer(struct lone *l, uint64_t from, uint64_t term)
{
    size_t n;
    void *conf = configuration_write(&l->m->q->raft.configuration, &n);
    struct wire w = {.type = WIRE_OFFER, .term = term};
    w.offer.stream = 99;
    w.offer.revision = w.offer.index = 4;
    w.offer.index_term = 3;
    w.offer.size = l->size;
    w.offer.conf_index = 1;
    w.offer.conf = (struct str){conf, n};
    struct buf buf_auto seats = BUF_INIT;
    seats_put(l->m->q, &seats);
    w.offer.seats = (struct str){seats.data, seats.len};
    lone_get(l, from, &w);
    raft_free(conf);
    for (unsigned i = 0; i < 200 && !l->m->restores; i++) {
        cluster_run(&l->c, 5);
        if (l->sent[WIRE_FETCH]) { /* made up, so there is no history before it */
            w = (struct wire){.type = WIRE_RECORDS, .log = {.stream = 99, .verdict = RECORDS_GONE}};
            w.log.after = l->last[WIRE_FETCH].log.after;
            w.log.records = mp_read("\x90", 1);
            lone_get(l, from, &w);
        }
        uint64_t at = l->last[WIRE_PULL].chunk.offset;
        if (!l->sent[WIRE_PULL] || at >= l->size) continue;
        w = (struct wire){.type = WIRE_CHUNK};
        w.chunk.stream = 99;
        w.chunk.offset = at;
        w.chunk.bytes.p = l->bytes + at;
        w.chunk.bytes.n = l->size - at < CHUNK_BYTES ? l->size - at : CHUNK_BYTES;
        lone_get(l, from, &w);
    }
    cluster_run(&l->c, 20);
}

static uint64_t s7_term_at_4(unsigned off)
{
    struct lone l;
    lone_open(&l, off);
    lone_append(&l, 2, 5, 1, 1, 1, 5, 5); /* 2 to 6, term 5, never committed */
    cluster_run(&l.c, 20);
    lone_make_keyframe(&l);
    lone_offer(&l, 3, 6);
    uint64_t term = view_term(l.m->q, 4);
    assert_int_equal(l.m->restores, off ? 0 : 1);
    assert_int_equal(l.last[WIRE_APPENDED].appended.rejected, 0); /* success, rightly or not */
    if (!off) {
        assert_int_equal(view_last_index(l.m->q), 4);
        assert_int_equal(l.last[WIRE_APPENDED].appended.last_index, 4);
        assert_int_equal(l.m->state.values[0], 42);
        lone_append(&l, 3, 6, 4, 3, 5, 1, 6); /* and the log goes on */
        cluster_run(&l.c, 20);
        assert_int_equal(l.m->q->raft.commit_index, 5);
        assert_int_equal(store_bounds(l.m->store).last_index, 5);
    }
    l.c.truth.count = 0; /* made up histories do not fit together */
    lone_close(&l);
    return term;
}

static void s7_a_conflicting_suffix_gives_way_to_the_keyframe(void **state)
{
    (void)state;
    assert_int_equal(s7_term_at_4(0), 3);
    assert_int_equal(s7_term_at_4(7), 5);
}

static uint64_t s8_last_index(unsigned off)
{
    struct lone l;
    lone_open(&l, off);
    struct raft_configuration conf;
    raft_configuration_init(&conf);
    raft_configuration_add(&conf, 1, "a:1", RAFT_VOTER);
    raft_configuration_add(&conf, 9, "z:1", RAFT_VOTER);
    size_t n;
    void *bytes = configuration_write(&conf, &n);
    struct raft_entry entry = {.term = 2, .type = RAFT_CHANGE, .buf = {bytes, n}};
    struct wire w = {.type = WIRE_APPEND, .term = 2};
    w.append.prev_index = w.append.prev_term = 1;
    struct buf buf_auto frame = BUF_INIT;
    wire_write_append(&frame, &w, &entry, 1);
    quorum_deliver(l.m->q, 2, frame.data, frame.len);
    cluster_run(&l.c, 20);
    uint64_t last = view_last_index(l.m->q);
    if (off) assert_int_equal(l.m->q->raft.configuration_uncommitted_index, 2);
    raft_free(bytes);
    raft_configuration_close(&conf);
    lone_close(&l);
    return last;
}

static void s8_a_change_of_members_is_refused_at_the_door(void **state)
{
    (void)state;
    assert_int_equal(s8_last_index(0), 1);
    assert_int_equal(s8_last_index(8), 2);
}

/* libraft tells writes apart by index and term only: entries wait while a truncation is under way.
 */
static void entries_wait_for_a_truncation(void **state)
{
    (void)state;
    struct lone l;
    lone_open(&l, 0);
    l.m->disk->stuck = true;
    lone_append(&l, 2, 2, 1, 1, 1, 2, 2);
    lone_append(&l, 3, 3, 1, 1, 1, 1, 3); /* truncates 2 and 3 */
    lone_append(&l, 3, 3, 2, 3, 1, 1, 3);
    assert_int_equal(l.m->q->held_count, 1);
    assert_int_equal(view_last_index(l.m->q), 2);
    l.m->disk->stuck = false;
    cluster_run(&l.c, 50);
    assert_int_equal(l.m->q->held_count, 0);
    assert_int_equal(l.m->q->raft.last_stored, 3);
    assert_int_equal(store_bounds(l.m->store).last_term, 3);
    lone_close(&l);
}

/* libraft forgets what is before a keyframe, and would append it a second time. */
static void what_was_forgotten_is_not_appended_again(void **state)
{
    (void)state;
    struct lone l;
    lone_open(&l, 0);
    l.m->q->options.keyframe_entries = 10;
    l.m->q->options.trailing_entries = 1;
    lone_append(&l, 2, 2, 1, 1, 1, 20, 2); /* 2 to 21 */
    cluster_run(&l.c, 20);
    lone_append(&l, 2, 2, 21, 2, 21, 0, 2); /* committed: a keyframe is written */
    cluster_run(&l.c, 50);
    assert_int_equal(l.m->q->raft.log.offset, 20);
    lone_append(&l, 2, 2, 4, 2, 21, 5, 2); /* all of it long known */
    assert_int_equal(l.last[WIRE_APPENDED].appended.rejected, 0);
    assert_int_equal(l.last[WIRE_APPENDED].appended.last_index, 21);
    lone_append(&l, 2, 2, 10, 2, 21, 14, 2); /* 11 to 24: three are new */
    cluster_run(&l.c, 20);
    assert_int_equal(l.last[WIRE_APPENDED].appended.last_index, 24);
    assert_int_equal(view_last_index(l.m->q), 24);
    assert_int_equal(store_bounds(l.m->store).last_index, 24);
    lone_append(&l, 2, 2, 0, 0, 21, 3, 2); /* from the very first */
    assert_int_equal(view_last_index(l.m->q), 24);
    assert_int_equal(l.m->q->marks[MARK_append_trimmed], 3);
    lone_close(&l);
}

/* The master must not stop, and not change its mind, whatever bytes arrive. */
static void damaged_frames_change_nothing(void **state)
{
    (void)state;
    struct lone l;
    lone_open(&l, 0);
    lone_append(&l, 2, 2, 1, 1, 1, 4, 2);
    cluster_run(&l.c, 20);
    uint64_t random = 5;
    char payload[ENTRY_HEADER + 4] = {0};
    struct raft_entry entries[2] = {
        {.term = 2, .type = RAFT_COMMAND, .buf = {payload, sizeof payload}},
        {.term = 2, .type = RAFT_BARRIER}};
    struct wire w = {.type = WIRE_APPEND, .term = 2};
    w.append.prev_index = 5;
    w.append.prev_term = 2;
    struct buf buf_auto frame = BUF_INIT;
    wire_write_append(&frame, &w, entries, 2);
    for (unsigned i = 0; i < 3000; i++) {
        struct buf buf_auto broken = BUF_INIT;
        buf_append(&broken, frame.data, frame.len);
        size_t n = fake_random(&random) % frame.len; /* cut short */
        quorum_deliver(l.m->q, 2, broken.data, n);
        broken.data[0] =
            (char)fake_random(&random); /* not an array of six any more, or hardly ever */
        if (((unsigned char)broken.data[0]) != 0x96)
            quorum_deliver(l.m->q, 2, broken.data, broken.len);
    }
    assert_int_equal(view_last_index(l.m->q), 5);
    w.term = UINT64_MAX >> 3; /* one bogus term must not be the last one */
    lone_get(&l, 2, &w);
    assert_int_equal(l.m->q->raft.current_term, 2);
    assert_int_equal(l.m->q->marks[MARK_term_jump], 1);
    quorum_deliver(l.m->q, 77, frame.data, frame.len);
    quorum_deliver(l.m->q, 1, frame.data, frame.len); /* ourselves */
    assert_int_equal(l.m->q->marks[MARK_unknown_sender], 2);
    lone_close(&l);
}

int main(void)
{
    trace_level = TRACE_ERROR + 1;
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(s1_entries_of_an_older_term_are_not_committed_by_counting),
        cmocka_unit_test(s2_only_what_this_leader_checked_is_confirmed),
        cmocka_unit_test(s3_entries_of_the_old_leader_are_not_confirmed_to_the_new_one),
        cmocka_unit_test(s4_nobody_campaigns_on_what_is_not_on_its_disk),
        cmocka_unit_test(s4_a_request_for_votes_names_what_is_stored),
        cmocka_unit_test(s5_a_second_vote_in_a_term_stops_the_process),
        cmocka_unit_test(s6_nothing_beyond_what_a_message_proved_is_committed),
        cmocka_unit_test(s7_a_conflicting_suffix_gives_way_to_the_keyframe),
        cmocka_unit_test(s8_a_change_of_members_is_refused_at_the_door),
        cmocka_unit_test(entries_wait_for_a_truncation),
        cmocka_unit_test(what_was_forgotten_is_not_appended_again),
        cmocka_unit_test(damaged_frames_change_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
