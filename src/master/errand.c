/* What the leader does for another master: decide, and tell the outcome back.
 *
 * The asker sends a command again when it hears nothing, so copies of it may be on their way when
 * it is answered. What was carried out is remembered by the state machine; what was refused must
 * not be carried out afterwards by a late copy. So a command names the term it was sent in, and no
 * other leader takes it; and within its term a leader answers all copies as the first.
 *
 * An outcome that did not go through the log (a refusal, or nothing to change) was decided on what
 * this master holds, which is old when it was deposed and does not know yet. It counts once a read
 * point proves that the master led after it had decided. */
#include "master/core.h"

#include "base/mem.h"

enum { REFUSED_MAX = 4096 }; /* refusals remembered of a term */

struct errand {
    struct list link; /* in refused, once it is */
    struct core *core;
    uint64_t from, sequence, term;
    struct request_id request;
    bool refused;
    struct buf result; /* encoded */
};

bool errand_is_lost(const struct result *r)
{
    return r->http == 503 || r->http == 504;
}

bool errand_leads(struct core *core, uint64_t term)
{
    struct quorum_status q = quorum_status(core->quorum);
    return q.leads && q.term == term;
}

bool errand_wants_proof(const struct command *c, const struct result *r)
{
    bool committed = c->actor && c->actor->persisting == c;
    return !committed && !c->dry_run && !errand_is_lost(r);
}

static void errand_tell(struct core *core, const struct errand *e)
{
    buf_auto struct buf message = BUF_INIT;
    mp_put_array(&message, 4);
    mp_put_z(&message, "result");
    mp_put_uint(&message, e->sequence);
    mp_put_bin(&message, e->result.data, e->result.len);
    mp_put_uint(&message, e->term);
    quorum_tell(core->quorum, e->from, (struct str){message.data, message.len});
}

static void errand_free(struct errand *e)
{
    struct gate_master *g = &e->core->gate;
    if (map_get(&g->errands, &e->request, sizeof e->request) == e)
        map_del(&g->errands, &e->request, sizeof e->request);
    if (e->refused) {
        list_remove(&e->link);
        g->refused_count--;
    }
    buf_free(&e->result);
    mem_free(e);
}

static void errand_remember(struct errand *e)
{
    struct gate_master *g = &e->core->gate;
    e->refused = true;
    list_push(&g->refused, &e->link);
    if (++g->refused_count > REFUSED_MAX)
        errand_free(container_of(g->refused.next, struct errand, link));
}

static void errand_confirmed(void *arg, int status)
{
    struct errand *e = arg;
    bool proved = !status && errand_leads(e->core, e->term);
    if (!proved) {
        struct result r = {0};
        result_refuse(&r, 503, "ServiceUnavailable", "the leader changed, try again");
        buf_clear(&e->result);
        result_encode(&r, &e->result);
    }
    errand_tell(e->core, e);
    if (proved)
        errand_remember(e);
    else
        errand_free(e);
}

static void errand_done(struct command *c, const struct result *r)
{
    struct errand *e = c->data;
    result_encode(r, &e->result);
    if (errand_wants_proof(c, r)) {
        quorum_read(e->core->quorum, errand_confirmed, e);
        return;
    }
    errand_tell(e->core, e);
    errand_free(e);
}

static void errand_forget_term(struct gate_master *g, uint64_t term)
{
    list_each_safe(it, &g->refused)
    {
        struct errand *e = container_of(it, struct errand, link);
        if (e->term != term) errand_free(e);
    }
}

static void errand_begin(struct core *core, struct errand *e, struct command *c)
{
    struct errand *first = map_get(&core->gate.errands, &e->request, sizeof e->request);
    if (first && first->term == e->term) {
        if (first->refused) errand_tell(core, first);
        errand_free(e); /* the first copy, if it is under way, answers for all */
        command_free(c);
        return;
    }
    map_put(&core->gate.errands, &e->request, sizeof e->request, e);
    c->done = errand_done;
    c->data = e;
    system_send(core->system, c);
}

void errand_told(struct core *core, uint64_t from, uint64_t sequence, uint64_t term,
                 struct str bytes)
{
    struct command *c = NULL;
    if (command_decode(bytes, &c, NULL)) return;
    struct errand *e = mem_new(struct errand);
    *e = (struct errand){
        .core = core, .from = from, .sequence = sequence, .term = term, .request = c->request};
    if (errand_leads(core, term)) {
        errand_forget_term(&core->gate, term);
        errand_begin(core, e, c);
        return;
    }
    struct result r = {0};
    result_refuse(&r, 503, "ServiceUnavailable", "this master does not lead in that term");
    result_encode(&r, &e->result);
    errand_tell(core, e);
    errand_free(e);
    command_free(c);
}
