/* How many pods the sets behind a budget want to have. */
#include "actors/controllers/disruption.h"
#include "base/mem.h"

bool budget_is_scaled(const struct disruption *c, const struct kind *kind)
{
    return kind == kind_replicaset || kind == kind_rc || kind == c->kind_deployment ||
           kind == c->kind_statefulset;
}

static const struct object *controller_of(const struct disruption *c, const struct object *o)
{
    struct mp owners = doc_path(o->body, "metadata.ownerReferences");
    for (struct mp_iter it = mp_items(owners); mp_iter_next(&it);) {
        struct uid uid;
        if (!mp_bool(mp_get(it.value, "controller"), false) ||
            !uid_parse(mp_str(mp_get(it.value, "uid")), &uid))
            continue;
        struct actor *a = world_by_uid(c->world, &uid);
        return a ? a->object : NULL;
    }
    return NULL;
}

bool budget_scale(const struct budget *b, int64_t *out, const char **why)
{
    const struct disruption *c = b->controller;
    struct map counted = {0}; /* sets of one deployment count once, as what it wants */
    struct budget_owner *owner;
    int64_t sum = 0;
    *why = b->unowned ? "a pod has no controller" : NULL;
    for (size_t i = 0; !*why && (owner = map_next(&b->owners, &i));) {
        struct actor *a = world_by_uid(c->world, &owner->uid);
        const struct object *set = a ? a->object : NULL;
        const struct object *above =
            set && set->id->kind == kind_replicaset ? controller_of(c, set) : NULL;
        if (above && above->id->kind == c->kind_deployment) set = above;
        if (!set)
            *why = "the controller of a pod is gone";
        else if (!budget_is_scaled(c, set->id->kind))
            *why = "the controller of a pod has no scale";
        else if (!map_put(&counted, &set->id->uid, sizeof set->id->uid, owner))
            sum += mp_i64(doc_path(set->body, "spec.replicas"), 1);
    }
    map_free(&counted);
    *out = sum;
    return !*why;
}
