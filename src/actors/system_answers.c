/* How a command ends: its answer, on the core thread, once. */
#include "actors/system_internal.h"
#include "base/mem.h"

void command_answer(struct command *c, const struct result *r)
{
    admission_release(c);
    if (c->done) c->done(c, r);
    command_free(c);
}

void command_refuse(struct command *c, int http, const char *reason, const char *message)
{
    struct result r = {0};
    result_refuse(&r, http, reason, "%s", message);
    if (http == 429 || http == 503) r.retry_after_s = 1;
    command_answer(c, &r);
}

void command_refuse_all(struct list *commands, int http, const char *reason, const char *message)
{
    for (struct list *it; (it = list_shift(commands));)
        command_refuse(container_of(it, struct command, link), http, reason, message);
}

/* What would have been has the revision of what is: none, when there is nothing. */
void command_answer_dry_run(struct system *s, struct command *c, struct decision *d)
{
    struct object *o = object_ref(c->actor->object);
    uint64_t revision = o ? o->revision : 0;
    for (unsigned i = 0; i < d->count; i++) {
        if (d->events[i].type == EVENT_CREATED)
            d->events[i].uid = world_uid(s->world, s->world->revision + 1);
        struct object *next = behavior_of(c->kind)->fold(o, &d->events[i], batch_time(s));
        object_unref(o);
        o = next;
        if (!o) break;
        if (!o->id->created_s) o->id->created_s = batch_time(s) / 1000;
        o->revision = revision;
        object_seal(o);
    }
    d->result.removed = d->count && !o;
    d->result.object = o ? o : c->actor->object;
    d->result.revision = s->world->revision;
    command_answer(c, &d->result);
    object_unref(o);
}

bool command_answer_repeated(struct system *s, struct command *c)
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
