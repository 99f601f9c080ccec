/* From commands to entries: mailboxes, the open batch, and the one entry in flight. */
#include "actors/system.h"

#include "actors/admission/admission.h"
#include "actors/behavior.h"
#include "base/mem.h"
#include "base/trace.h"

#include <assert.h>
#include <stdio.h>

struct system {
    struct system_options options;
    struct world *world;
    struct admission *admission;
    bool leads, low_space, in_flight;
    struct entry_writer open;  /* what gathers for the next entry */
    struct list open_commands; /* the commands it answers */
    int64_t open_time_ms;      /* the time it will bear; 0: nothing gathered */
    struct txn open_txn;       /* the last one begun in it */
    struct list flying;        /* commands of the entry in flight */
    struct list backlog;       /* commands that found the batch full */
    uint32_t backlog_count, flying_events;
    uint64_t entries, events;
    struct buf entry;
};

struct system *system_new(const struct system_options *options)
{
    struct system *s = mem_new(struct system);
    s->options = *options;
    if (!s->options.batch_bytes) s->options.batch_bytes = 1 << 20;
    if (!s->options.batch_events) s->options.batch_events = 16384;
    if (!s->options.mailbox_max) s->options.mailbox_max = 1024;
    if (!s->options.backlog_max) s->options.backlog_max = 262144;
    s->world = options->world;
    s->admission = admission_new(s->world, options->mint);
    list_init(&s->open_commands);
    list_init(&s->flying);
    list_init(&s->backlog);
    entry_begin(&s->open);
    return s;
}

static void command_answer(struct command *c, const struct result *r)
{
    admission_release(c);
    if (c->done) c->done(c, r);
    command_free(c);
}

static void command_refuse(struct command *c, int http, const char *reason, const char *message)
{
    struct result r = {0};
    result_refuse(&r, http, reason, "%s", message);
    if (http == 429 || http == 503) r.retry_after_s = 1;
    command_answer(c, &r);
}

static void refuse_all(struct list *commands, int http, const char *reason, const char *message)
{
    for (struct list *it; (it = list_shift(commands));)
        command_refuse(container_of(it, struct command, link), http, reason, message);
}

void system_free(struct system *s)
{
    if (!s) return;
    system_lead(s, false);
    system_proposed(s, E_UNKNOWN);
    entry_free(&s->open);
    buf_free(&s->entry);
    admission_free(s->admission);
    mem_free(s);
}

struct world *system_world(struct system *s)
{
    return s->world;
}
struct host *system_host(struct system *s)
{
    return s->options.host;
}
const struct token_mint *system_mint(const struct system *s)
{
    return s->options.mint;
}
const struct system_options *system_given(const struct system *s)
{
    return &s->options;
}
bool system_leads(const struct system *s)
{
    return s->leads;
}
void system_set_low_space(struct system *s, bool low)
{
    s->low_space = low;
}

static int64_t batch_time(struct system *s)
{
    if (!s->open_time_ms || !s->open.event_count) {
        int64_t now = s->options.host->wall_ms(s->options.host);
        /* The log's time never goes back, whatever the wall clock does. */
        s->open_time_ms = now > s->world->time_ms ? now : s->world->time_ms;
    }
    return s->open_time_ms;
}

static bool batch_full(const struct system *s)
{
    return entry_size(&s->open) >= s->options.batch_bytes ||
           s->open.event_count >= s->options.batch_events;
}

static void batch_add(struct system *s, struct command *c, const struct decision *d)
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

static void decision_release(struct decision *d)
{
    for (unsigned i = 0; i < d->count; i++) {
        doc_unref(d->events[i].body);
        doc_unref(d->events[i].status);
    }
}

/* Answers a dry run with the version that would have come to be. */
static void answer_dry_run(struct system *s, struct command *c, struct decision *d)
{
    struct object *o = object_ref(c->actor->object);
    for (unsigned i = 0; i < d->count; i++) {
        struct object *next = behavior_of(c->kind)->fold(o, &d->events[i], batch_time(s));
        object_unref(o);
        o = next;
        if (!o) break;
        o->revision = s->world->revision;
        object_seal(o);
    }
    d->result.removed = d->count && !o;
    d->result.object = o ? o : c->actor->object;
    d->result.revision = s->world->revision;
    command_answer(c, &d->result);
    object_unref(o);
}

/* A command that was already carried out (its answer was lost) is answered, not repeated. */
static bool answer_repeated(struct system *s, struct command *c)
{
    uint64_t revision = world_request_revision(s->world, &c->request);
    if (!revision) return false;
    struct object *o = world_get(s->world, c->kind, c->ns, str_of(c->name));
    if (o && o->id->created_revision > revision) o = NULL; /* another one of that name, since */
    struct result r = {.http = c->op == COMMAND_CREATE ? 201 : 200,
                       .reason = "",
                       .revision = revision,
                       .object = o,
                       .removed = !o};
    command_answer(c, &r);
    return true;
}

static void system_decide(struct system *s, struct actor *a, struct command *c)
{
    if (answer_repeated(s, c)) return;
    struct decision d = {.result.http = c->op == COMMAND_CREATE ? 201 : 200, .result.reason = ""};
    c->actor = a;
    behavior_of(c->kind)->decide(s->world, a, c, batch_time(s), &d);
    if (d.result.http < 400 && d.count && !c->dry_run) {
        c->held = object_ref(a->object);
        a->persisting = c;
        admission_hold(s->admission, c, &d);
        batch_add(s, c, &d);
    } else if (d.result.http < 400 && d.count) {
        answer_dry_run(s, c, &d);
    } else {
        if (a->object && d.result.http < 400) {
            d.result.object = a->object;
            d.result.revision = a->object->revision;
        }
        command_answer(c, &d.result);
    }
    decision_release(&d);
}

static void system_route(struct system *s, struct command *c)
{
    struct actor *a = world_actor_make(s->world, c->kind, c->ns, str_of(c->name));
    if (!a->persisting) {
        a->waiting++; /* an answer may send to this very actor */
        system_decide(s, a, c);
        a->waiting--;
        world_actor_settle(s->world, a);
    } else if (a->waiting >= s->options.mailbox_max) {
        command_refuse(c, 429, "TooManyRequests", "too many requests wait for this object");
    } else {
        list_push(&a->mailbox, &c->link);
        a->waiting++;
    }
}

void system_send(struct system *s, struct command *c)
{
    if (c->dry_run) {
        system_route(s, c); /* writes nothing, so any master may decide it */
    } else if (!s->leads) {
        command_refuse(c, 503, "ServiceUnavailable", "this master does not lead");
    } else if (s->low_space && (c->op == COMMAND_CREATE || c->op == COMMAND_UPDATE)) {
        command_refuse(c, 507, "InsufficientStorage",
                       "the masters' disk is nearly full: only deletes and status changes are "
                       "accepted until space is freed");
    } else if (!batch_full(s) && list_empty(&s->backlog)) {
        system_route(s, c);
    } else if (s->backlog_count >= s->options.backlog_max) {
        command_refuse(c, 429, "TooManyRequests", "the masters are overloaded, try again later");
    } else {
        list_push(&s->backlog, &c->link);
        s->backlog_count++;
    }
}

static void batch_reset(struct system *s)
{
    entry_free(&s->open);
    entry_begin(&s->open);
    s->open_time_ms = 0;
    s->open_txn = (struct txn){0};
}

/* Gives the actor back after its command's outcome is known, and refuses or decides what waited. */
static void actor_resume(struct system *s, struct actor *a, bool go_on)
{
    a->persisting = NULL;
    while (!list_empty(&a->mailbox) && !a->persisting) {
        struct command *next = container_of(list_shift(&a->mailbox), struct command, link);
        if (go_on)
            system_decide(s, a, next);
        else
            command_refuse(next, 503, "ServiceUnavailable", "the leader changed, try again");
        a->waiting--;
    }
    world_actor_settle(s->world, a);
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

static void system_act(struct system *s, bool leads)
{
    list_each(it, &s->world->subscribers)
    {
        struct subscriber *sub = container_of(it, struct subscriber, link);
        if (sub->lead) sub->lead(sub, leads);
    }
}

void system_lead(struct system *s, bool leads)
{
    if (s->leads == leads) return;
    s->leads = leads;
    if (!leads) {
        abandon(s, &s->open_commands, 503, "ServiceUnavailable", "the leader changed, try again");
        refuse_all(&s->backlog, 503, "ServiceUnavailable", "the leader changed, try again");
        s->backlog_count = 0;
        batch_reset(s);
    }
    system_act(s, leads);
}

void system_committed(struct system *s, uint64_t index, struct str entry)
{
    struct error err = {0};
    uint64_t before = s->world->revision;
    if (world_fold(s->world, index, entry, &err))
        trace_fatal("system", "a committed entry cannot be folded: %s", err.text);
    s->entries++;
    s->events += s->world->revision - before;
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

static void system_propose(struct system *s)
{
    uint64_t first = s->world->revision + 1;
    s->flying_events = s->open.event_count;
    buf_clear(&s->entry);
    entry_finish(&s->open, batch_time(s), first, &s->entry);
    int64_t time_ms = s->open_time_ms;
    batch_reset(s);
    for (struct list *it; (it = list_shift(&s->open_commands));) list_push(&s->flying, it);
    s->in_flight = true;
    s->options.propose(s->options.ctx, (struct str){s->entry.data, s->entry.len}, first, time_ms);
}

void system_turn(struct system *s, uint64_t now_ms)
{
    if (s->leads) {
        list_each(it, &s->world->subscribers)
        {
            struct subscriber *sub = container_of(it, struct subscriber, link);
            if (sub->turn) sub->turn(sub, now_ms);
        }
    }
    while (s->leads && !batch_full(s) && !list_empty(&s->backlog)) {
        struct command *c = container_of(list_shift(&s->backlog), struct command, link);
        s->backlog_count--;
        system_route(s, c);
    }
    if (s->leads && !s->in_flight && s->open.event_count) system_propose(s);
}

bool system_restless(const struct system *s)
{
    return s->leads && !s->in_flight && (s->open.event_count || !list_empty(&s->backlog));
}

struct system_load system_load(const struct system *s)
{
    return (struct system_load){s->backlog_count, s->flying_events, s->open.event_count, s->entries,
                                s->events};
}
