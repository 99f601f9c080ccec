/* What nobody may ask of libraft here, asked all the same: as another version of this program, or
 * of a peer, would. Two of the guards stand against that. A master that ends itself because of it
 * does what it should, and comes back. */
#include "sim.h"

#include "raft/internal.h"

struct misuse {
    enum fault kind;
    struct life *life, *other;
};

static void misuse_transferred(struct raft_transfer *req)
{
    mem_free(req);
}

static void misuse_changed(struct raft_change *req, int status)
{
    (void)status;
    mem_free(req);
}

static void misuse_transfer(struct quorum *q, uint64_t to)
{
    struct raft_transfer *req = mem_new(struct raft_transfer);
    int rc;
    RAFT_CALL(q, rc = raft_transfer(&q->raft, req, to, misuse_transferred));
    if (rc) mem_free(req);
}

static void misuse_demote(struct quorum *q, uint64_t whom)
{
    struct raft_change *req = mem_new(struct raft_change);
    int rc;
    RAFT_CALL(q, rc = raft_assign(&q->raft, req, whom, RAFT_SPARE, misuse_changed));
    if (rc) mem_free(req);
}

/* The message that a transfer sends; our own wire has none. */
static void misuse_timeout(struct quorum *q, struct quorum *leader)
{
    struct raft_message m = {.type = RAFT_IO_TIMEOUT_NOW,
                             .server_id = leader->options.id,
                             .server_address = leader->peers[leader->self].address};
    m.timeout_now =
        (struct raft_timeout_now){.term = leader->raft.current_term,
                                  .last_log_index = view_last_index(leader),
                                  .last_log_term = view_term(leader, view_last_index(leader))};
    RAFT_CALL(q, q->recv(&q->io, &m));
}

static void misuse_now(void *arg)
{
    struct misuse *u = arg;
    struct quorum *q = u->life->core.quorum;
    turn_begin(q);
    if (u->kind == FAULT_TRANSFER)
        misuse_transfer(q, u->other->m->position + 1);
    else if (u->kind == FAULT_MEMBERS)
        misuse_demote(q, u->other->m->position + 1);
    else if (!u->other->dead)
        misuse_timeout(q, u->other->core.quorum);
    turn_end(q);
    life_wake(u->life);
    mem_free(u);
}

/* In an event of that master, so that its end would be its own. */
void misuse_begin(struct sim_master *m, struct sim_master *other, enum fault kind)
{
    struct sim *s = m->sim;
    if (!m->life || !other->life) return;
    static const char *const asked[] = {[FAULT_TRANSFER] = "to hand over to",
                                        [FAULT_TIMEOUT_NOW] = "to campaign at once, by",
                                        [FAULT_MEMBERS] = "to take the vote of"};
    sim_tell(s, "%s is asked %s %s", m->name, asked[kind], other->name);
    struct misuse *u = mem_new(struct misuse);
    *u = (struct misuse){kind, m->life, other->life};
    sim_after(s, m->life, 0, misuse_now, u);
}

/* Frames that no honest peer sends: bytes without a meaning, a term from far in the future, a
 * sender that is not a master. */
static void misuse_junk_arrives(void *arg)
{
    struct misuse *u = arg;
    struct sim *s = u->life->m->sim;
    struct quorum *q = u->life->core.quorum;
    uint64_t from = u->other->m->position + 1;
    struct wire w = {.type = WIRE_VOTE, .term = q->raft.current_term + (1ull << 33)};
    struct buf buf_auto frame = BUF_INIT;
    wire_write(&frame, &w);
    switch (sim_below(s, 3)) {
    case 0:
        frame.data[sim_below(s, frame.len)] ^= (char)sim_between(s, 1, 255);
        break;
    case 1:
        from = 99;
        break;
    default:
        break;
    }
    quorum_deliver(q, from, frame.data, frame.len);
    life_wake(u->life);
    mem_free(u);
}

void misuse_junk(struct sim_master *m, struct sim_master *from)
{
    if (!m->life || !from->life) return;
    struct misuse *u = mem_new(struct misuse);
    *u = (struct misuse){FAULT_JUNK, m->life, from->life};
    sim_after(m->sim, m->life, 0, misuse_junk_arrives, u);
}

/* Is this end of a master one that a guard stands for, after such a request? */
bool misuse_ends(const struct sim *s, const char *why)
{
    static const struct {
        enum fault kind;
        const char *says;
    } ends[] = {{FAULT_TRANSFER, "a second vote in one term"},
                {FAULT_TIMEOUT_NOW, "a vote before it is one's to give"},
                {FAULT_MEMBERS, "libraft would write a change of the members"}};
    for (unsigned i = 0; i < sizeof ends / sizeof *ends; i++)
        if (s->counts.by_kind[ends[i].kind] &&
            strncmp(why, ends[i].says, strlen(ends[i].says)) == 0)
            return true;
    return false;
}
