#include "plot.h"

#include "medium.h"

#include "raft/internal.h"

#include <assert.h>

enum { ACTORS = 6, PATIENCE = 10 /* election timeouts */ };

struct plot {
    struct sim *sim;
    const struct beat *beats;
    unsigned at; /* the beat whose cue is awaited */
    bool acting; /* its deeds come in a moment */
    uint64_t play, since_us, noted, noted_term;
    int bound[ACTORS]; /* position, or -1 */
    bool stuck[MASTERS_MAX];
};

static struct sim_master *plot_actor(struct plot *p, char who)
{
    int position = who ? p->bound[who - 'A'] : -1;
    return position < 0 ? NULL : &p->sim->masters[position];
}

static bool plot_has_part(const struct plot *p, unsigned position)
{
    for (unsigned i = 0; i < ACTORS; i++)
        if (p->bound[i] == (int)position) return true;
    return false;
}

static struct quorum *plot_quorum(const struct sim_master *m)
{
    return m && m->life ? m->life->core.quorum : NULL;
}

static bool plot_true(struct plot *p, const struct beat *b, struct sim_master *m)
{
    struct quorum *q = plot_quorum(m);
    if (b->cue == CUE_NONE) return true;
    if (!q) return false;
    const struct raft *r = &q->raft;
    const struct sim_master *whom = plot_actor(p, b->whom);
    switch (b->cue) {
    case CUE_NONE:
        break;
    case CUE_LEADS:
        return r->state == RAFT_LEADER;
    case CUE_READY:
        return is_ready(q);
    case CUE_TAIL:
        return r->last_stored > r->commit_index && r->last_stored == view_last_index(q);
    case CUE_WRITES:
        return q->writes > 0;
    case CUE_CAMPAIGNS:
        return r->state == RAFT_CANDIDATE && !r->candidate_state.in_pre_vote;
    case CUE_FOLLOWS:
        return whom && view_leader(q) == whom->position + 1;
    case CUE_COMMITS:
        return r->commit_index >= p->noted;
    case CUE_KEYFRAME:
        return q->keyframe_index == p->noted;
    case CUE_RECEIVES:
        return q->target != NULL;
    case CUE_COMPLETES:
        return q->ahead;
    case CUE_INSTALLS:
        return q->installing;
    case CUE_STORES:
        return r->last_stored >= p->noted && view_term(q, p->noted) == p->noted_term;
    }
    return true;
}

/* An actor without a part yet is whoever the cue is true of. */
static bool plot_cue(struct plot *p, const struct beat *b)
{
    struct sim *s = p->sim;
    assert(s);
    if (!b->who || plot_actor(p, b->who)) return plot_true(p, b, plot_actor(p, b->who));
    for (unsigned i = 0; i < s->master_count; i++) {
        if (plot_has_part(p, i) || !plot_true(p, b, &s->masters[i])) continue;
        p->bound[b->who - 'A'] = (int)i;
        return true;
    }
    return false;
}

static void plot_cut(struct sim *s, unsigned a, unsigned b, bool cut)
{
    net_cut(s, a, b, cut);
    net_cut(s, b, a, cut);
}

static void plot_cut_off(struct sim *s, const struct sim_master *m, bool cut)
{
    for (unsigned i = 0; i < s->master_count; i++)
        if (i != m->position) plot_cut(s, m->position, i, cut);
}

/* A stuck disk is stuck for a moment, again and again. */
struct stick {
    struct plot *plot;
    struct life *life;
};

static void plot_keep_stuck(void *arg)
{
    struct stick *k = arg;
    struct sim *s = k->plot->sim;
    if (s->calm || !k->plot->stuck[k->life->m->position]) {
        mem_free(k);
        return;
    }
    k->life->disk.stuck_until = s->now_us + 3 * MS;
    sim_after(s, k->life, 2 * MS, plot_keep_stuck, k);
}

static void plot_stick(struct plot *p, struct sim_master *m)
{
    if (!m->life || p->stuck[m->position]) return;
    p->stuck[m->position] = true;
    struct stick *k = mem_new(struct stick);
    *k = (struct stick){p, m->life};
    plot_keep_stuck(k);
}

static void plot_bind(struct plot *p, char who)
{
    struct sim *s = p->sim;
    unsigned from = (unsigned)sim_below(s, s->master_count);
    for (unsigned n = 0; n < s->master_count; n++) {
        unsigned i = (from + n) % s->master_count;
        if (plot_has_part(p, i)) continue;
        p->bound[who - 'A'] = (int)i;
        return;
    }
}

static void plot_note(struct plot *p, struct sim_master *m)
{
    struct quorum *q = plot_quorum(m);
    p->noted = q ? view_last_index(q) : 0;
    p->noted_term = q ? view_term(q, p->noted) : 0;
}

static void plot_do(struct plot *p, const struct act *a)
{
    static const enum fault kinds[] = {
        [DEED_ISOLATE] = FAULT_ISOLATE,   [DEED_PART] = FAULT_BRIDGE,
        [DEED_TEAR] = FAULT_DISK_CRASH,   [DEED_SCRATCH] = FAULT_DISK_ROTS,
        [DEED_LOSE] = FAULT_DISK_ROTS,    [DEED_FADE] = FAULT_DISK_ROTS,
        [DEED_CRASH] = FAULT_CRASH,       [DEED_STICK] = FAULT_DISK_STUCK,
        [DEED_TRANSFER] = FAULT_TRANSFER, [DEED_TIMEOUT] = FAULT_TIMEOUT_NOW,
        [DEED_DEMOTE] = FAULT_MEMBERS};
    struct sim *s = p->sim;
    struct sim_master *m = plot_actor(p, a->who), *other = plot_actor(p, a->whom);
    if (a->deed == DEED_BIND) plot_bind(p, a->who);
    if (!m || (a->whom && !other)) return;
    enum fault kind = a->deed < sizeof kinds / sizeof *kinds ? kinds[a->deed] : FAULT_NONE;
    if (kind != FAULT_NONE && !fault_begins(s, kind)) return;
    switch (a->deed) {
    case DEED_NONE:
    case DEED_BIND:
        break;
    case DEED_NOTE:
        plot_note(p, m);
        break;
    case DEED_ISOLATE:
        sim_tell(s, "%s is cut off", m->name);
        plot_cut_off(s, m, true);
        break;
    case DEED_REJOIN:
        sim_tell(s, "%s is back among the others", m->name);
        plot_cut_off(s, m, false);
        break;
    case DEED_PART:
    case DEED_MEET:
        sim_tell(s, "%s and %s %s", m->name, other->name,
                 a->deed == DEED_PART ? "are cut from each other" : "reach each other again");
        plot_cut(s, m->position, other->position, a->deed == DEED_PART);
        break;
    case DEED_CRASH:
        master_crash(m, "killed");
        break;
    case DEED_START:
        master_boot(m);
        break;
    case DEED_STICK:
        sim_tell(s, "%s: its disk is stuck", m->name);
        plot_stick(p, m);
        break;
    case DEED_FREE:
        sim_tell(s, "%s: its disk goes on", m->name);
        p->stuck[m->position] = false;
        break;
    case DEED_TEAR:
        if (m->life) medium_freeze(m->medium, sim_below(s, 25));
        break;
    case DEED_SCRATCH:
        disk_scratch(s, m);
        break;
    case DEED_LOSE:
        if (disk_may_taint(s, m) && disk_lose_segment(s, m)) disk_taint(m);
        break;
    case DEED_FADE:
        disk_fade_keyframes(s, m);
        break;
    case DEED_TRANSFER:
    case DEED_TIMEOUT:
    case DEED_DEMOTE:
        misuse_begin(m, other, kind);
        break;
    }
}

static void plot_begin(struct plot *p)
{
    struct sim *s = p->sim;
    for (unsigned i = 0; i < ACTORS; i++) p->bound[i] = -1;
    for (unsigned i = 0; i < s->master_count; i++) {
        p->stuck[i] = false;
        plot_cut_off(s, &s->masters[i], false);
        if (!s->masters[i].life) master_boot(&s->masters[i]);
    }
    p->at = 0;
    p->acting = false;
    p->play++;
    p->since_us = s->now_us;
    if (p->play > 1) sim_tell(s, "--- the plot begins anew");
}

struct moment_of { /* when the deeds of a beat are done: unless it has begun anew */
    struct plot *plot;
    uint64_t play;
};

static void plot_act(void *arg)
{
    struct moment_of *moment = arg;
    struct plot *p = moment->plot;
    bool now = moment->play == p->play && !p->sim->calm;
    mem_free(moment);
    if (!now) return;
    const struct beat *b = &p->beats[p->at++];
    for (unsigned i = 0; i < sizeof b->acts / sizeof *b->acts; i++) plot_do(p, &b->acts[i]);
    p->acting = false;
    p->since_us = p->sim->now_us;
}

/* The end of the list: time for what was done to show, then from the beginning. */
static bool plot_over(const struct plot *p)
{
    const struct beat *b = &p->beats[p->at];
    return b->cue == CUE_NONE && b->acts[0].deed == DEED_NONE;
}

void plot_look(struct sim *s)
{
    struct plot *p = s->plot;
    if (!p || s->calm || p->acting) return;
    uint64_t waited = s->now_us - p->since_us, election_us = (uint64_t)s->election_ms * MS;
    if (plot_over(p) ? waited > 4 * election_us : waited > PATIENCE * election_us) {
        plot_begin(p);
        return;
    }
    if (plot_over(p) || !plot_cue(p, &p->beats[p->at])) return;
    struct moment_of *moment = mem_new(struct moment_of);
    *moment = (struct moment_of){p, p->play};
    p->acting = true;
    uint64_t late_us = (uint64_t)p->beats[p->at].late_ms * MS;
    if (late_us)
        sim_after(s, NULL, sim_below(s, late_us), plot_act, moment);
    else
        plot_act(moment);
}

void plot_start(struct sim *s)
{
    if (!s->staging) return;
    struct plot *p = mem_new(struct plot);
    p->sim = s;
    p->beats = s->staging->beats;
    s->plot = p;
    plot_begin(p);
}
