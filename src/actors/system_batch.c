/* The open batch and the one entry in flight: group commit by back-pressure. */
#include "actors/system_internal.h"

int64_t batch_time(struct system *s)
{
    if (!s->open_time_ms || !s->open.event_count) {
        int64_t now = s->options.host->wall_ms(s->options.host), last = s->world->time_ms;
        /* The log's time never goes back, whatever the wall clock does, while an entry is in flight
         * too. */
        if (s->in_flight && last < s->proposed_ms) last = s->proposed_ms;
        s->open_time_ms = now > last ? now : last;
    }
    return s->open_time_ms;
}

bool batch_full(const struct system *s)
{
    return entry_size(&s->open) >= s->options.batch_bytes ||
           s->open.event_count >= s->options.batch_events;
}

void batch_add(struct system *s, struct command *c, const struct decision *d)
{
    struct txn txn = {istr_str(c->who), c->request, c->cause};
    bool same = s->open.txn_count && s->open_txn.who.p == txn.who.p &&
                s->open_txn.cause == txn.cause &&
                memcmp(&s->open_txn.request, &txn.request, sizeof txn.request) == 0;
    if (!same) entry_txn(&s->open, &txn);
    s->open_txn = txn;
    for (unsigned i = 0; i < d->count; i++) entry_event(&s->open, &d->events[i]);
    list_push(&s->open_commands, &c->link);
}

static void batch_reset(struct system *s)
{
    entry_free(&s->open);
    entry_begin(&s->open);
    s->open_time_ms = 0;
    s->open_txn = (struct txn){0};
}

static void abandon(struct system *s, struct list *commands, int http, const char *reason,
                    const char *message)
{
    for (struct list *it; (it = list_shift(commands));) {
        struct command *c = container_of(it, struct command, link);
        struct actor *a = c->actor;
        command_refuse(c, http, reason, message);
        actor_resume(s, a, false);
    }
}

void batch_give_up(struct system *s)
{
    abandon(s, &s->open_commands, 503, "ServiceUnavailable", "the leader changed, try again");
    batch_reset(s);
}

static void answer_committed(struct system *s, struct command *c)
{
    struct actor *a = c->actor;
    struct result r = {.http = c->op == COMMAND_CREATE ? 201 : 200, .reason = ""};
    r.removed = a->object == NULL;
    r.object = a->object ? a->object : c->held;
    r.revision = a->object ? a->object->revision : world_request_revision(s->world, &c->request);
    if (!r.revision) r.revision = s->world->revision; /* a controller's: it asks for none */
    command_answer(c, &r);
    actor_resume(s, a, s->leads);
}

void system_proposed(struct system *s, int status)
{
    if (!s->in_flight) return;
    s->in_flight = false;
    s->flying_events = 0;
    struct list commands;
    list_init(&commands);
    for (struct list *it; (it = list_shift(&s->flying));) list_push(&commands, it);
    if (status == E_NOTLEADER) {
        abandon(s, &commands, 503, "ServiceUnavailable", "the leader changed, try again");
    } else if (status) {
        abandon(
            s, &commands, 504, "Timeout",
            "the leader was lost while this was being written: it may or may not have been done");
    } else {
        for (struct list *it; (it = list_shift(&commands));)
            answer_committed(s, container_of(it, struct command, link));
    }
}

void batch_propose(struct system *s)
{
    uint64_t first = s->world->revision + 1;
    s->flying_events = s->open.event_count;
    buf_clear(&s->entry);
    entry_finish(&s->open, batch_time(s), first, &s->entry);
    int64_t time_ms = s->proposed_ms = s->open_time_ms;
    batch_reset(s);
    for (struct list *it; (it = list_shift(&s->open_commands));) list_push(&s->flying, it);
    s->in_flight = true;
    s->options.propose(s->options.ctx, (struct str){s->entry.data, s->entry.len}, first, time_ms);
}
