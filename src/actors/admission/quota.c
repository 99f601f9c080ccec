#include "actors/admission/quota.h"

#include "actors/admission/quota_scope.h"
#include "actors/deciding.h"
#include "base/mem.h"
#include "proto/quantity.h"

struct quota_space *quotas_space(const struct quotas *q, istr ns)
{
    return map_get(&q->spaces, &ns, sizeof ns);
}

static struct quota_space *space_make(struct quotas *q, istr ns)
{
    struct quota_space *space = quotas_space(q, ns);
    if (space) return space;
    space = mem_new(struct quota_space);
    space->ns = ns;
    space->all = q;
    list_init(&space->quotas);
    list_init(&space->holds);
    map_put(&q->spaces, &space->ns, sizeof space->ns, space);
    return space;
}

void quota_space_settle(struct quota_space *space)
{
    if (!list_empty(&space->quotas) || !list_empty(&space->holds)) return;
    map_del(&space->all->spaces, &space->ns, sizeof space->ns);
    mem_free(space);
}

struct quota *quotas_find(const struct quotas *q, istr ns, struct str name)
{
    struct quota_space *space = quotas_space(q, ns);
    if (!space) return NULL;
    list_each(it, &space->quotas)
    {
        struct quota *quota = container_of(it, struct quota, link);
        if (str_eq(object_name(quota->object), name)) return quota;
    }
    return NULL;
}

/* Pods of one template come in rows: what one takes is remembered for the next. */
void quota_measure(struct quota *q, const struct kind *kind, const struct doc *body)
{
    if (kind == kind_pod && q->seen == body) return;
    struct mp root = doc_root(body);
    bool mine = scope_takes(doc_path(q->object->body, "spec"), kind, root);
    for (unsigned i = 0; i < q->count; i++) {
        struct quota_line *line = &q->lines[i];
        bool counts = mine && measure_takes(&line->measure, kind);
        line->amount = counts ? measure_amount(&line->measure, root) : 0;
    }
    doc_unref(q->seen);
    q->seen = kind == kind_pod ? doc_ref((struct doc *)body) : NULL;
}

void quota_put(struct buf *out, const struct quota_line *line, quota_sum milli)
{
    if (milli > INT64_MAX) milli = INT64_MAX;
    quantity_format_like((int64_t)milli, measure_like(line->name, line->hard_text), out);
}

static void quota_use(struct quota *q, const struct object *o, int sign)
{
    bool finished = o->id->kind == kind_pod && pod_finished(o);
    quota_measure(q, o->id->kind, o->body);
    for (unsigned i = 0; i < q->count; i++) {
        struct quota_line *line = &q->lines[i];
        if (finished && measure_is_of_live_pods(&line->measure)) continue;
        line->used += sign * (quota_sum)line->amount;
    }
}

static bool quota_counts(const struct quota *q, const struct kind *kind)
{
    for (unsigned i = 0; i < q->count; i++)
        if (measure_takes(&q->lines[i].measure, kind)) return true;
    return false;
}

/* From nothing: what is there in its namespace, and what is on its way. */
static void quota_count_all(struct quotas *all, struct quota *q)
{
    istr ns = q->space->ns;
    for (unsigned k = 0; k < kind_count(); k++) {
        const struct kind *kind = kind_at(k);
        if (!kind->namespaced || !quota_counts(q, kind)) continue;
        for (struct actor *a = world_first(all->world, kind, ns); a; a = world_next(a, ns))
            quota_use(q, a->object, 1);
    }
    quota_apply_holds(q);
}

static void quota_parse(struct quota *q)
{
    struct mp hard = doc_path(q->object->body, "spec.hard");
    mem_free(q->lines);
    doc_unref(q->seen);
    q->seen = NULL;
    q->count = 0;
    q->lines = mem_zalloc((hard.count + 1) * sizeof *q->lines);
    for (struct mp_iter it = mp_items(hard); mp_iter_next(&it);) {
        struct quota_line *line = &q->lines[q->count++];
        line->name = it.key;
        line->hard_text = mp_str(it.value);
        line->measure = measure_parse(it.key);
        quantity_milli(line->hard_text, &line->hard);
    }
}

static struct quota *quota_new(struct quotas *all, struct object *o)
{
    struct quota *q = mem_new(struct quota);
    q->space = space_make(all, o->id->ns);
    struct list *before = &q->space->quotas;
    list_each(it, &q->space->quotas)
    {
        struct quota *other = container_of(it, struct quota, link);
        if (str_cmp(object_name(other->object), object_name(o)) < 0) continue;
        before = it;
        break;
    }
    list_push(before, &q->link);
    agenda_item_init(&q->agenda);
    return q;
}

/* Its space may be left with nothing in it. */
static void quota_free(struct quota *q)
{
    list_remove(&q->link);
    agenda_drop(&q->agenda);
    object_unref(q->object);
    doc_unref(q->seen);
    mem_free(q->lines);
    mem_free(q);
}

/* Its lines point into the body that they were made from. */
static void quota_now_is(struct quotas *all, struct object *o)
{
    struct quota *q = quotas_find(all, o->id->ns, object_name(o));
    bool same = q && q->object->body == o->body;
    if (!q) q = quota_new(all, o);
    object_ref(o);
    object_unref(q->object);
    q->object = o;
    if (!same) {
        quota_parse(q);
        quota_count_all(all, q);
    }
    agenda_soon(&all->agenda, &q->agenda);
}

static bool same_use(const struct object *before, const struct object *after)
{
    if (!before || !after || before->body != after->body) return false;
    if (before->id->kind != kind_pod || before->status == after->status) return true;
    return pod_finished(before) == pod_finished(after);
}

/* What was promised is now used. */
static void promise_kept(struct quotas *all, const struct object *o)
{
    struct quota_space *space = quotas_space(all, o->id->ns);
    if (!space || list_empty(&space->holds)) return;
    struct actor *a = world_actor(all->world, o->id->kind, o->id->ns, object_name(o));
    if (a && a->persisting) quotas_release(a->persisting);
}

/* Returns the quota when it is new: it has counted everything, itself included. */
static struct quota *quota_object_changed(struct quotas *all, const struct change *c)
{
    const struct object *any = c->after ? c->after : c->before;
    struct quota *known = quotas_find(all, any->id->ns, object_name(any));
    if (c->after) {
        quota_now_is(all, c->after);
        return known ? NULL : quotas_find(all, any->id->ns, object_name(any));
    }
    struct quota_space *space = known->space;
    quota_free(known);
    quota_space_settle(space);
    return NULL;
}

static void space_changed(struct quotas *all, struct quota_space *space, const struct change *c,
                          const struct quota *but)
{
    const struct kind *kind = (c->after ? c->after : c->before)->id->kind;
    list_each(it, &space->quotas)
    {
        struct quota *q = container_of(it, struct quota, link);
        if ((but && q == but) || !quota_counts(q, kind)) continue;
        if (c->before) quota_use(q, c->before, -1);
        if (c->after) quota_use(q, c->after, 1);
        agenda_soon(&all->agenda, &q->agenda);
    }
}

void quotas_changed(struct quotas *all, const struct change *c)
{
    const struct object *any = c->after ? c->after : c->before;
    if (!any->id->ns) return;
    promise_kept(all, any);
    const struct quota *born = any->id->kind == kind_quota ? quota_object_changed(all, c) : NULL;
    struct quota_space *space = quotas_space(all, any->id->ns);
    if (space && !same_use(c->before, c->after)) space_changed(all, space, c, born);
}

static void quotas_clear(struct quotas *all)
{
    struct quota_space *space;
    for (size_t i = 0; (space = map_next(&all->spaces, &i));) {
        quota_space_free_holds(space);
        list_each_safe(it, &space->quotas) quota_free(container_of(it, struct quota, link));
        quota_space_settle(space);
    }
}

void quotas_restored(struct quotas *all)
{
    quotas_clear(all);
    for (struct actor *a = world_first(all->world, kind_quota, NULL); a; a = world_next(a, NULL))
        quota_now_is(all, a->object);
}

void quotas_init(struct quotas *q, struct world *w)
{
    q->world = w;
    agenda_init(&q->agenda);
    quotas_restored(q);
}

void quotas_free(struct quotas *q)
{
    quotas_clear(q);
    map_free(&q->spaces);
}
