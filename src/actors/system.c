/* From commands to decisions: mailboxes, who leads, the turns. */
#include "actors/system_internal.h"
#include "base/mem.h"
#include "base/trace.h"

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

static void decision_release(struct decision *d)
{
    for (unsigned i = 0; i < d->count; i++) {
        doc_unref(d->events[i].body);
        doc_unref(d->events[i].status);
    }
}

static void system_decide(struct system *s, struct actor *a, struct command *c)
{
    if (command_answer_repeated(s, c)) return;
    struct decision d = {.result.http = c->op == COMMAND_CREATE ? 201 : 200, .result.reason = ""};
    c->actor = a;
    behavior_of(c->kind)->decide(s->world, a, c, batch_time(s), &d);
    if (d.result.http < 400 && d.count && !c->dry_run) {
        c->held = object_ref(a->object);
        a->persisting = c;
        admission_hold(s->admission, c, &d);
        batch_add(s, c, &d);
    } else if (d.result.http < 400 && d.count) {
        command_answer_dry_run(s, c, &d);
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

/* Gives the actor back after its command's outcome is known, and refuses or decides what waited. */
void actor_resume(struct system *s, struct actor *a, bool go_on)
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
        batch_give_up(s);
        command_refuse_all(&s->backlog, 503, "ServiceUnavailable", "the leader changed, try again");
        s->backlog_count = 0;
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
    if (s->leads && !s->in_flight && s->open.event_count) batch_propose(s);
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
