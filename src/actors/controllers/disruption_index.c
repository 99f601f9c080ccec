/* Which pods each budget selects, counted as they change. */
#include "actors/controllers/disruption.h"

#include "actors/behavior.h"
#include "base/mem.h"

bool budget_pod_healthy(const struct object *pod)
{
    return !pod->deleted_s &&
           mp_is(mp_get(status_condition(pod->status, "Ready"), "status"), "True");
}

void budget_look(struct budget *b, uint64_t revision)
{
    b->cause = revision;
    agenda_soon(&b->controller->agenda, &b->agenda);
}

/* --- pods --- */

/* Counts who controls the pod, by `sign`. */
static void budget_own(struct budget *b, const struct object *pod, int sign)
{
    struct mp owners = doc_path(pod->body, "metadata.ownerReferences");
    for (struct mp_iter it = mp_items(owners); mp_iter_next(&it);) {
        struct uid uid;
        if (!mp_bool(mp_get(it.value, "controller"), false) ||
            !uid_parse(mp_str(mp_get(it.value, "uid")), &uid))
            continue;
        struct budget_owner *owner = map_get(&b->owners, &uid, sizeof uid);
        if (!owner) {
            owner = mem_new(struct budget_owner);
            owner->uid = uid;
            map_put(&b->owners, &owner->uid, sizeof owner->uid, owner);
        }
        owner->pods += (uint32_t)sign;
        if (!owner->pods) {
            map_del(&b->owners, &owner->uid, sizeof owner->uid);
            mem_free(owner);
        }
        return;
    }
    b->unowned += (uint32_t)sign;
}

static void budget_count(struct budget *b, const struct object *pod, int sign)
{
    if (budget_pod_healthy(pod)) b->healthy += (uint32_t)sign;
}

/* This pod's version takes the place of the one that was counted; NULL: it is not selected. */
static void budget_pod(struct budget *b, const struct uid *uid, struct object *after,
                       uint64_t revision)
{
    struct object *was = map_get(&b->pods, uid, sizeof *uid);
    if (was == after) return;
    bool healthy = was && budget_pod_healthy(was), going = was && was->deleted_s;
    if (was) budget_count(b, was, -1);
    if (was && (!after || was->body != after->body)) budget_own(b, was, -1);
    if (after) budget_count(b, after, 1);
    if (after && (!was || was->body != after->body)) budget_own(b, after, 1);
    if (after)
        map_put(&b->pods, &after->id->uid, sizeof *uid, after);
    else
        map_del(&b->pods, uid, sizeof *uid);
    if (!was || !after || was->body != after->body || going != (after->deleted_s != 0) ||
        healthy != budget_pod_healthy(after))
        budget_look(b, revision);
}

struct pod_news {
    const struct uid *uid;
    struct object *after;
    uint64_t revision;
};

static void pod_told(void *ctx, struct selecting_entry *entry)
{
    const struct pod_news *n = ctx;
    struct budget *b = container_of(entry, struct budget, entry);
    bool is = n->after && selector_matches(b->selector, object_labels(n->after));
    budget_pod(b, n->uid, is ? n->after : NULL, n->revision);
}

void disruption_pod(struct disruption *c, const struct object *before, struct object *after,
                    uint64_t revision)
{
    const struct ident *id = (after ? after : before)->id;
    struct pod_news news = {&id->uid, after, revision};
    if (before && (!after || after->body != before->body))
        selecting_each(&c->index, id->ns, object_labels(before), pod_told, &news);
    if (after) selecting_each(&c->index, id->ns, object_labels(after), pod_told, &news);
}

/* --- budgets --- */

static void budget_empty(struct budget *b)
{
    struct budget_owner *owner;
    for (size_t i = 0; (owner = map_next(&b->owners, &i));) mem_free(owner);
    map_free(&b->owners);
    map_free(&b->pods);
    b->healthy = b->unowned = 0;
}

void budget_release(struct budget *b)
{
    if (b->object || b->flying) return;
    agenda_drop(&b->agenda);
    mem_free(b);
}

static void budget_forget(struct budget *b)
{
    struct disruption *c = b->controller;
    selecting_drop(&c->index, &b->entry);
    agenda_drop(&b->agenda);
    budget_empty(b);
    selector_free(b->selector);
    b->selector = NULL;
    b->object = NULL;
    budget_release(b);
}

/* A selector that is not there selects nothing. */
static void budget_select(struct budget *b)
{
    struct disruption *c = b->controller;
    struct mp given = doc_path(b->object->body, "spec.selector");
    selecting_drop(&c->index, &b->entry);
    selector_free(b->selector);
    b->selector = NULL;
    if (given.type != MP_MAP || selector_from_doc(given, &b->selector, NULL)) b->selector = NULL;
    selecting_put(&c->index, b->ns, b->selector, &b->entry);
}

static void budget_fill(struct budget *b, uint64_t revision)
{
    struct world *w = b->controller->world;
    budget_empty(b);
    for (struct actor *a = world_first(w, kind_pod, b->ns); a && b->selector;
         a = world_next(a, b->ns))
        if (selector_matches(b->selector, object_labels(a->object)))
            budget_pod(b, &a->object->id->uid, a->object, revision);
}

struct budget *budget_make(struct disruption *c, struct object *o)
{
    struct budget *b = mem_new(struct budget);
    b->controller = c;
    b->ns = o->id->ns;
    b->object = o;
    agenda_item_init(&b->agenda);
    map_put(&c->budgets, &o->id->uid, sizeof o->id->uid, b);
    budget_select(b);
    return b;
}

void disruption_budget(struct disruption *c, const struct object *before, struct object *after,
                       uint64_t revision)
{
    const struct ident *id = (after ? after : before)->id;
    struct budget *b = map_get(&c->budgets, &id->uid, sizeof id->uid);
    if (!after) {
        map_del(&c->budgets, &id->uid, sizeof id->uid);
        if (b) budget_forget(b);
        return;
    }
    bool fresh = !b;
    if (fresh) b = budget_make(c, after);
    b->object = after;
    map_put(&c->budgets, &after->id->uid, sizeof after->id->uid, b);
    if (!fresh && before->body != after->body) budget_select(b);
    if (fresh || before->body != after->body) budget_fill(b, revision);
    budget_look(b, revision);
}

static void set_told(void *ctx, struct selecting_entry *entry)
{
    budget_look(container_of(entry, struct budget, entry), *(uint64_t *)ctx);
}

/* A set that wants more or fewer pods: of interest to who selects pods as it makes them. */
void disruption_set(struct disruption *c, const struct object *before, const struct object *after,
                    uint64_t revision)
{
    const struct object *set = after ? after : before;
    struct mp labels = doc_path(set->body, "spec.template.metadata.labels");
    if (before != set && before && before->body == set->body) return;
    selecting_each(&c->index, set->id->ns, labels, set_told, &revision);
}

void disruption_forget(struct disruption *c)
{
    struct budget *b;
    for (size_t i = 0; (b = map_next(&c->budgets, &i));) budget_forget(b);
    map_free(&c->budgets);
}
