/* What is promised: decided, and not folded yet. */
#include "actors/admission/quota.h"

#include "base/mem.h"

/* What is given back is not free before it is folded. */
static void hold_apply(struct quota *q, const struct quota_hold *hold, int sign)
{
    quota_measure(q, hold->kind, hold->after);
    for (unsigned i = 0; i < q->count; i++) {
        struct quota_line *line = &q->lines[i];
        int64_t more = line->amount;
        if (hold->before)
            more -= measure_takes(&line->measure, hold->kind)
                        ? measure_amount(&line->measure, doc_root(hold->before))
                        : 0;
        if (more > 0) line->held += sign * (quota_sum)more;
    }
}

void quota_apply_holds(struct quota *q)
{
    list_each(it, &q->space->holds) hold_apply(q, container_of(it, struct quota_hold, link), 1);
}

void quotas_hold(struct quotas *all, struct command *c, struct doc *after)
{
    bool grows = c->op == COMMAND_UPDATE && quotas_watch_updates(c->kind);
    struct quota_space *space = c->ns && after ? quotas_space(all, c->ns) : NULL;
    if (!space || (c->op != COMMAND_CREATE && !grows)) return;
    struct quota_hold *hold = mem_new(struct quota_hold);
    *hold = (struct quota_hold){.space = space, .command = c, .kind = c->kind};
    hold->after = doc_ref(after);
    if (grows) hold->before = doc_ref(c->actor->object->body);
    list_push(&space->holds, &hold->link);
    c->hold = hold;
    list_each(it, &space->quotas) hold_apply(container_of(it, struct quota, link), hold, 1);
}

static void hold_free(struct quota_hold *hold)
{
    hold->command->hold = NULL;
    list_remove(&hold->link);
    doc_unref(hold->before);
    doc_unref(hold->after);
    mem_free(hold);
}

void quotas_release(struct command *c)
{
    struct quota_hold *hold = c->hold;
    if (!hold) return;
    list_each(it, &hold->space->quotas) hold_apply(container_of(it, struct quota, link), hold, -1);
    hold_free(hold);
}

void quota_space_free_holds(struct quota_space *space)
{
    list_each_safe(it, &space->holds) hold_free(container_of(it, struct quota_hold, link));
}
