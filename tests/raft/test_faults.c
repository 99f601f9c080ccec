/* Random schedules of faults: loss, repeats, reordering, partitions, crashes, pauses, slow and
 * stuck disks, keyframes every few entries. After every event: one leader per term, equal entries
 * at equal indexes. In the end: everything acknowledged is there, on all masters alike. */
#include "cluster.h"

struct schedule {
    struct cluster c;
    uint64_t random;
    unsigned faults; /* bit set of kinds that this seed draws */
    unsigned pace;   /* milliseconds between things that happen */
    unsigned reads_open, reads_done;
};

static unsigned draw(struct schedule *s, unsigned below)
{
    return (unsigned)(fake_random(&s->random) % below);
}

enum {
    FAULT_LOSS,
    FAULT_REORDER,
    FAULT_CUT,
    FAULT_CRASH,
    FAULT_PAUSE,
    FAULT_DISK,
    FAULT_KEYFRAMES,
    FAULTS
};

struct promise {
    struct schedule *s;
    struct master *m;
    uint64_t life;
    size_t acked; /* when it was asked */
};

/* Linearizable: what was acknowledged before the read began is applied where it is served. */
static void schedule_read_done(void *arg, int status)
{
    struct promise *p = arg;
    p->s->reads_open--;
    if (status == 0) {
        p->s->reads_done++;
        for (size_t i = p->acked; i-- > 0 && p->acked - i < 50;)
            if (p->m->applied < p->s->c.acked[i].index)
                fail_msg("a read missed entry %llu", (unsigned long long)p->s->c.acked[i].index);
    }
    mem_free(p);
}

static void schedule_read(struct schedule *s)
{
    struct master *m = &s->c.masters[draw(s, s->c.count)];
    if (!m->q || m->paused) return;
    struct promise *p = mem_new(struct promise);
    *p = (struct promise){.s = s, .m = m, .acked = s->c.acked_count};
    s->reads_open++;
    quorum_read(m->q, schedule_read_done, p);
}

static void schedule_fault(struct schedule *s)
{
    struct cluster *c = &s->c;
    struct master *m = &c->masters[draw(s, c->count)], *leader = cluster_leader(c);
    if (leader && draw(s, 3) == 0) m = leader;
    unsigned kind = draw(s, FAULTS);
    if (!(s->faults & (1u << kind))) return;
    switch (kind) {
    case FAULT_LOSS:
        c->net.loss = draw(s, 3) ? draw(s, 150) : 0;
        c->net.repeat = draw(s, 50);
        break;
    case FAULT_REORDER:
        c->net.reorder = draw(s, 2);
        c->net.delay_max = c->net.delay_min + draw(s, 100);
        break;
    case FAULT_CUT: {
        unsigned other = draw(s, c->count);
        c->net.links[m->position][other].cut = draw(s, 2);
        if (draw(s, 2)) c->net.links[other][m->position].cut = c->net.links[m->position][other].cut;
        break;
    }
    case FAULT_CRASH:
        if (m->q)
            master_crash(m);
        else
            master_start(m);
        break;
    case FAULT_PAUSE:
        m->paused = m->q && !m->paused;
        break;
    case FAULT_DISK:
        if (!m->q) break;
        m->disk->stuck = draw(s, 6) == 0;
        m->disk->delay_max = m->disk->delay_min + draw(s, 200);
        break;
    default:
        break;
    }
}

static void schedule_heal(struct schedule *s)
{
    struct cluster *c = &s->c;
    c->net.loss = c->net.repeat = 0;
    c->net.reorder = false;
    c->net.delay_max = 2;
    for (unsigned a = 0; a < c->count; a++)
        for (unsigned b = 0; b < c->count; b++) c->net.links[a][b].cut = false;
    for (unsigned i = 0; i < c->count; i++) {
        struct master *m = &c->masters[i];
        m->paused = false;
        if (!m->q) master_start(m);
        m->disk->stuck = false;
        m->disk->delay_max = 3;
    }
}

/* Every master has every record, whatever it missed. */
static void schedule_histories(struct cluster *c)
{
    struct digest chains[FAKE_MAX];
    struct error err;
    uint64_t last = UINT64_MAX, fetched;
    for (unsigned i = 0; i < c->count; i++) {
        struct log_bounds bounds = store_bounds(c->masters[i].store);
        assert_int_equal(bounds.first_index, 1);
        if (bounds.last_index < last) last = bounds.last_index;
        assert_int_equal(store_backfill_get(c->masters[i].store, &fetched, &err), 0);
        assert_int_equal(fetched, 0);
    }
    for (unsigned i = 0; i < c->count; i++)
        assert_int_equal(store_chain_at(c->masters[i].store, last, &chains[i], &err), 0);
    for (unsigned i = 1; i < c->count; i++) assert_true(digest_equal(&chains[0], &chains[i]));
}

static unsigned long environment(const char *name, unsigned long otherwise)
{
    const char *text = getenv(name);
    return text ? strtoul(text, NULL, 10) : otherwise;
}

static uint64_t total_marks[MARK_COUNT], total_acked, total_reads;

static void schedule_run(uint64_t seed, unsigned minutes)
{
    struct schedule s = {.random = seed * 7919 + 1};
    struct cluster *c = &s.c;
    cluster_open(c, draw(&s, 4) == 0 ? 5 : 3, seed);
    c->options.guards_off = (uint32_t)environment("FAULT_GUARDS_OFF", 0);
    s.faults = (unsigned)fake_random(&s.random);
    s.pace = draw(&s, 2) ? 400 : 60;
    if (s.faults & (1u << FAULT_KEYFRAMES)) {
        c->options.keyframe_entries = 10 + draw(&s, 40);
        c->options.trailing_entries = 1 + draw(&s, 20);
        if (draw(&s, 3) == 0) c->value_bytes = 50000; /* histories of many pieces */
    }
    cluster_start(c);
    for (uint64_t end = c->world.now + minutes * 60000ull; c->world.now < end;) {
        cluster_run(c, 1 + draw(&s, s.pace));
        if (draw(&s, 2000) < s.pace) schedule_fault(&s);
        for (unsigned i = 0; i < c->count; i++)
            if (c->masters[i].leads_term) master_propose(&c->masters[i], NULL);
        if (draw(&s, 4) == 0) schedule_read(&s);
    }
    schedule_heal(&s);
    cluster_run(c, 8000);
    size_t before = c->acked_count;
    cluster_commit(c, 3, 20000);
    assert_true(c->acked_count >= before + 3);
    cluster_converge(c, 20000);
    schedule_histories(c);
    for (unsigned i = 0; i < c->count; i++) master_crash(&c->masters[i]);
    assert_int_equal(s.reads_open, 0);
    for (unsigned i = 0; i < MARK_COUNT; i++) total_marks[i] += c->marks[i];
    total_acked += c->acked_count;
    total_reads += s.reads_done;
    cluster_close(c);
}

/* FAULT_SEED and FAULT_SEEDS choose others. */
static void no_schedule_of_faults_breaks_the_promises(void **state)
{
    (void)state;
    unsigned long first = environment("FAULT_SEED", 1), count = environment("FAULT_SEEDS", 40);
    for (unsigned long seed = first; seed < first + count; seed++) {
        fprintf(stderr, "seed %lu\r", seed);
        schedule_run(seed, seed % 4 ? 1 : 3);
    }
    fprintf(stderr, "seeds %lu to %lu: %llu entries, %llu reads\n", first, first + count - 1,
            (unsigned long long)total_acked, (unsigned long long)total_reads);
}

/* The rare branches are only tested when they are taken. */
static void the_schedules_reach_the_rare_branches(void **state)
{
    (void)state;
    static const char *const names[] = {
#define X(name) #name,
        MARKS(X)
#undef X
    };
    if (getenv("FAULT_MARKS"))
        for (unsigned i = 0; i < MARK_COUNT; i++)
            fprintf(stderr, "%-24s %llu\n", names[i], (unsigned long long)total_marks[i]);
    static const enum mark reached[] = {
        MARK_S1_held,           MARK_S4_tick_withheld,  MARK_held_for_disk,    MARK_became_leader,
        MARK_lost_leadership,   MARK_read_round,        MARK_read_retried,     MARK_keyframe_done,
        MARK_install_delivered, MARK_leader_disk_stuck, MARK_leader_forgotten, MARK_send_failed,
        MARK_backfill_stored};
    for (size_t i = 0; i < sizeof reached / sizeof reached[0]; i++)
        if (total_marks[reached[i]] == 0) fail_msg("%s was never reached", names[reached[i]]);
}

int main(void)
{
    trace_level = TRACE_ERROR + 1;
    const struct CMUnitTest tests[] = {cmocka_unit_test(no_schedule_of_faults_breaks_the_promises),
                                       cmocka_unit_test(the_schedules_reach_the_rare_branches)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
