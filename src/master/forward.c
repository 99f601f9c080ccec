/* Commands on their way: from an edge's thread to the core, to the leader wherever it is, and back.
 * (What the leader does with them: errand.c.)
 *
 * A crossing keeps the command until its outcome is known here. While there is no leader, or it was
 * lost before it answered, the command is sent again under the same request id, which the state
 * machine remembers: it is carried out at most once. After CROSSING_MS the client is told that the
 * outcome is unknown. */
#include "master/core.h"

#include "base/mem.h"

#include <stdio.h>

enum { CROSSING_MS = 15000, RESEND_MS = 1000 };

struct crossing {
    struct list link; /* in forwarded or catching_up */
    struct note note;
    struct core *core;
    struct command *c; /* the asker's own */
    struct inbox *home;
    struct result result;
    struct object *object; /* a reference for the answer */
    uint64_t sequence, sent_to, sent_term, sent_ms, deadline_ms;
    bool sent, answered;
};

static void crossing_home(struct note *n)
{
    struct crossing *x = container_of(n, struct crossing, note);
    x->result.object = x->object;
    if (x->c->done) x->c->done(x->c, &x->result);
    command_free(x->c);
    object_unref(x->object);
    mem_free(x);
}

static void crossing_finish(struct crossing *x)
{
    list_remove(&x->link);
    map_del(&x->core->gate.by_sequence, &x->sequence, sizeof x->sequence);
    x->note.run = crossing_home;
    inbox_post(x->home, &x->note);
}

static void crossing_refuse(struct crossing *x, int http, const char *reason, const char *message)
{
    result_refuse(&x->result, http, reason, "%s", message);
    if (http == 503) x->result.retry_after_s = 1;
    crossing_finish(x);
}

/* The version that the command made, or what became of it since when this master got beyond it by
 * a keyframe: never another object of the same name. */
static struct object *crossing_made(const struct crossing *x, struct world *w)
{
    const struct command *c = x->c;
    struct object *o = feeder_recent(x->core->feeder, x->result.revision);
    bool same = o && o->id->kind == c->kind && o->id->ns == c->ns &&
                str_eq(object_name(o), str_of(c->name));
    if (same) return o;
    if (x->result.removed) return NULL;
    o = world_get(w, c->kind, c->ns, str_of(c->name));
    return o && o->id->created_revision <= x->result.revision ? o : NULL;
}

/* The answer is known; it is given once this master's own state has come so far. */
static void crossing_give(struct crossing *x)
{
    struct world *w = x->core->world;
    if (x->result.http < 400 && !x->c->dry_run && w->revision < x->result.revision) return;
    if (!x->object && x->result.http < 400) x->object = object_ref(crossing_made(x, w));
    crossing_finish(x);
}

static void crossing_answered(struct crossing *x)
{
    x->answered = true;
    list_remove(&x->link);
    list_push(&x->core->gate.catching_up, &x->link);
    crossing_give(x);
}

static void crossing_decided(struct crossing *x, bool lost)
{
    if (!lost || core_now_ms(x->core) >= x->deadline_ms) {
        crossing_answered(x);
        return;
    }
    object_unref(x->object);
    x->object = NULL;
    x->sent = false; /* the tick sends it to whoever leads next */
}

static void crossing_confirmed(void *arg, int status)
{
    struct crossing *x = arg;
    bool lost = status || !errand_leads(x->core, x->sent_term);
    if (lost) result_refuse(&x->result, 503, "ServiceUnavailable", "the leader changed, try again");
    crossing_decided(x, lost);
}

static void crossing_decided_here(struct command *c, const struct result *r)
{
    struct crossing *x = c->data;
    x->result = *r;
    x->object = object_ref(r->object);
    if (errand_wants_proof(c, r))
        quorum_read(x->core->quorum, crossing_confirmed, x);
    else
        crossing_decided(x, errand_is_lost(r));
}

static void crossing_send(struct crossing *x)
{
    struct core *core = x->core;
    struct quorum_status q = quorum_status(core->quorum);
    x->sent_ms = core_now_ms(core);
    x->sent_term = q.term;
    if (q.leads || x->c->dry_run) {
        struct command *copy = command_copy(x->c);
        copy->done = crossing_decided_here;
        copy->data = x;
        x->sent = true;
        x->sent_to = core->options.id;
        system_send(core->system, copy);
        return;
    }
    if (!q.leader_id || q.leader_id == core->options.id) return;
    buf_auto struct buf message = BUF_INIT, inner = BUF_INIT;
    command_encode(x->c, &inner);
    mp_put_array(&message, 4);
    mp_put_z(&message, "command");
    mp_put_uint(&message, x->sequence);
    mp_put_bin(&message, inner.data, inner.len);
    mp_put_uint(&message, q.term);
    x->sent = quorum_tell(core->quorum, q.leader_id, (struct str){message.data, message.len}) == 0;
    x->sent_to = q.leader_id;
}

static void crossing_begin(struct note *n)
{
    struct crossing *x = container_of(n, struct crossing, note);
    struct core *core = x->core;
    static const struct request_id none;
    if (memcmp(&x->c->request, &none, sizeof none) == 0)
        core->host->random(core->host, &x->c->request, sizeof x->c->request);
    x->sequence = ++core->gate.next_sequence;
    x->deadline_ms = core_now_ms(core) + CROSSING_MS;
    list_push(&core->gate.forwarded, &x->link);
    map_put(&core->gate.by_sequence, &x->sequence, sizeof x->sequence, x);
    crossing_send(x);
}

void forward_command(struct gate *gate, struct command *c, struct inbox *home)
{
    struct gate_master *g = container_of(gate, struct gate_master, gate);
    struct crossing *x = mem_new(struct crossing);
    *x = (struct crossing){.note.run = crossing_begin, .core = g->core, .c = c, .home = home};
    list_init(&x->link);
    inbox_post(g->core->inbox, &x->note);
}

void gate_master_tick(struct gate_master *g, uint64_t now_ms)
{
    uint64_t leader = quorum_status(g->core->quorum).leader_id;
    list_each_safe(it, &g->forwarded)
    {
        struct crossing *x = container_of(it, struct crossing, link);
        bool here = x->sent && x->sent_to == g->core->options.id;
        if (here) continue; /* the system will answer */
        if (now_ms >= x->deadline_ms && x->sent)
            crossing_refuse(x, 504, "Timeout",
                            "no answer from the leader: it may or may not have been done");
        else if (now_ms >= x->deadline_ms)
            crossing_refuse(x, 503, "ServiceUnavailable", "no quorum of masters has a leader now");
        else if (!x->sent || leader != x->sent_to || now_ms >= x->sent_ms + RESEND_MS)
            crossing_send(x);
    }
    list_each_safe(it, &g->catching_up)
    {
        struct crossing *x = container_of(it, struct crossing, link);
        if (now_ms < x->deadline_ms) continue;
        crossing_refuse(x, 504, "Timeout", "it was done, but this master has not seen it yet");
    }
}

void gate_master_committed(struct gate_master *g)
{
    list_each_safe(it, &g->catching_up) crossing_give(container_of(it, struct crossing, link));
}

/* Only the answer of the leader it was last sent to counts: what an earlier one refused, the next
 * may have done since. */
static void told_result(struct gate_master *g, uint64_t sequence, uint64_t term, struct str bytes)
{
    struct crossing *x = map_get(&g->by_sequence, &sequence, sizeof sequence);
    struct result r;
    if (!x || x->answered || term != x->sent_term || result_decode(bytes, &r, NULL)) return;
    x->result = r;
    crossing_decided(x, errand_is_lost(&r));
}

void gate_master_told(struct gate_master *g, uint64_t from, struct str bytes)
{
    struct mp v = mp_read(bytes.p, bytes.n);
    uint64_t sequence = (uint64_t)mp_i64(mp_at(v, 1), 0), term = (uint64_t)mp_i64(mp_at(v, 3), 0);
    struct str inner = mp_str(mp_at(v, 2));
    if (mp_is(mp_at(v, 0), "command")) errand_told(g->core, from, sequence, term, inner);
    if (mp_is(mp_at(v, 0), "result")) told_result(g, sequence, term, inner);
}
