/* Whoever runs the cluster. In most seeds somebody does: sooner or later a master whose disk was
 * lost, or that was refused, is replaced by an empty one under the next id of its seat
 * (src/raft/seats.h), whatever else goes wrong meanwhile; and it may happen to that one again. The
 * operator does what 'logship master replace' does, asks again when nothing came of it, and draws
 * from a source of its own, so that seeds in which no disk is lost stay what they were. */
#include "medium.h"

#include "raft/quorum.h"

enum { CALM_US = 200 * MS };

static uint64_t operator_below(struct sim *s, uint64_t n)
{
    uint64_t x = s->operator_random += 0x9e3779b97f4a7c15;
    x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9;
    x = (x ^ (x >> 27)) * 0x94d049bb133111eb;
    return (x ^ (x >> 31)) % n;
}

bool operator_works(const struct sim *s)
{
    return s->seed % 4 != 0 || s->profile.weight[FAULT_DISK_WIPED] > 5;
}

/* The new one has what its predecessors had: from now on nothing excuses it, but damage since. */
static void operator_trusts(struct sim_master *m)
{
    if (!m->renewed || !m->life || m->lost || m->replaced || !quorum_votes(m->life->core.quorum))
        return;
    m->renewed = false;
    m->tainted = m->scarred;
    sim_tell(m->sim, "%s has taken its place among the masters", m->name);
}

static void operator_installs(struct sim_master *m, uint64_t id)
{
    struct sim *s = m->sim;
    master_crash(m, "it is replaced");
    disk_renew(m);
    rules_forget(s, m->position);
    m->id = id;
    snprintf(m->name, sizeof m->name, "m%llu", (unsigned long long)id);
    m->lost = m->replaced = m->scarred = false;
    m->renewed = m->tainted = true;
    m->image_us = m->image_index = 0;
    m->scrub_calm = 0;
    s->counts.replaced++;
    sim_tell(s, "%s, empty, is to take the seat", m->name);
    master_boot_later(m, 1 * MS + operator_below(s, s->calm ? 100 * MS : 3 * US));
}

struct asked {
    struct life *leader;
    struct sim_master *lost;
    uint64_t id;
};

static void operator_answered(void *arg, int status, uint64_t index)
{
    struct sim *s = arg;
    sim_tell(s, "    the seat is %sgiven (entry %llu)", status ? "perhaps " : "",
             (unsigned long long)index);
}

static void operator_asks(void *arg)
{
    struct asked *a = arg;
    struct sim *s = a->leader->m->sim;
    struct error err = {0};
    uint64_t id = 0;
    if ((a->lost->lost || a->lost->replaced) && a->lost->id == a->id) {
        int rc = quorum_replace(a->leader->core.quorum, a->id, (int64_t)(s->now_us / MS), &id,
                                operator_answered, s, &err);
        life_wake(a->leader);
        if (rc == E_EXISTS)
            operator_installs(a->lost, id);
        else
            sim_tell(s, "%s is asked to replace %s: %s", a->leader->m->name, a->lost->name,
                     rc ? err.text : "it will");
    }
    mem_free(a);
}

static void operator_looks(void *arg)
{
    struct sim *s = arg;
    sim_after(s, NULL, s->calm ? CALM_US : 500 * MS + operator_below(s, 6 * US), operator_looks, s);
    struct sim_master *leader = sim_leader(s), *lost = NULL;
    for (unsigned i = 0; i < s->master_count; i++) {
        struct sim_master *m = &s->masters[i];
        operator_trusts(m);
        if (m->lost || m->replaced) lost = m;
    }
    if (!leader || !lost || (!s->calm && operator_below(s, 3))) return;
    struct asked *a = mem_new(struct asked);
    *a = (struct asked){leader->life, lost, lost->id};
    sim_after(s, leader->life, 0, operator_asks, a);
}

void operator_start(struct sim *s)
{
    s->operator_random = s->seed;
    if (operator_works(s)) operator_looks(s);
}

/* What is left of the cluster's repair at the end; NULL: nothing. */
const char *operator_busy(struct sim *s)
{
    for (unsigned i = 0; i < s->master_count; i++) {
        struct sim_master *m = &s->masters[i];
        if (!operator_works(s)) break;
        if (m->lost || m->replaced) return "a lost master is not replaced yet";
        if (m->life && !quorum_votes(m->life->core.quorum)) return "a new master does not vote yet";
    }
    return NULL;
}
