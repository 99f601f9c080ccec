/* The rules of Kubernetes that every event must keep, whoever caused it: finalizers, deletion,
 * owners, namespaces. Looked at when an event is folded for the first time, in the world of the
 * master that folds it. */
#include "sim.h"

#include "actors/behavior.h"

static const char *const collector = "system:serviceaccount:kube-system:generic-garbage-collector";

static const struct object *breach_object(const struct change *c)
{
    return c->after ? c->after : c->before;
}

static void __attribute__((noreturn))
breach(struct sim *s, const struct change *c, const char *what)
{
    const struct object *o = breach_object(c);
    sim_fail(s, "%s: %s %s/%s at revision %llu, %s by %.*s", what, o->id->kind->key,
             o->id->ns ? o->id->ns : "", o->id->name, (unsigned long long)c->revision,
             event_type_name(c->type), (int)c->txn->who.n, c->txn->who.p);
}

/* --- finalizers and deletion --- */

static bool list_has(struct mp list, struct mp wanted)
{
    for (struct mp_iter it = mp_items(list); mp_iter_next(&it);)
        if (mp_same(it.value, wanted)) return true;
    return false;
}

/* The two of the collector stand for a propagation: whoever deletes with another takes them away,
 * and with the last one the object goes at once. */
static bool is_held(struct sim *s, const struct change *c)
{
    const struct doc *body = c->before->body;
    struct mp list = doc_path(body, "metadata.finalizers"),
              spec = doc_path(body, "spec.finalizers");
    bool own = str_is(c->txn->who, collector);
    if (lie_now(s, LIE_FINALIZER)) return true;
    for (struct mp_iter it = mp_items(list); mp_iter_next(&it);)
        if (own || (!mp_is(it.value, "foregroundDeletion") && !mp_is(it.value, "orphan")))
            return true;
    return c->before->id->kind == kind_namespace && spec.type == MP_ARRAY && spec.count;
}

static void rule_finalizers(struct sim *s, const struct change *c)
{
    const struct object *before = c->before, *after = c->after;
    if (!after) {
        if (is_held(s, c)) breach(s, c, "removed with finalizers");
        return;
    }
    if (!before || !before->deleted_s) return;
    if (!after->deleted_s || lie_now(s, LIE_UNDELETED)) breach(s, c, "a deletion was undone");
    if (c->type == EVENT_DELETING) return; /* another propagation */
    struct mp list = doc_path(after->body, "metadata.finalizers");
    for (struct mp_iter it = mp_items(list); mp_iter_next(&it);)
        if (!list_has(doc_path(before->body, "metadata.finalizers"), it.value) ||
            lie_now(s, LIE_FINALIZER_LATE))
            breach(s, c, "a finalizer was added to what is being deleted");
}

/* --- namespaces --- */

static struct track *track_of_namespace(struct sim *s, istr ns)
{
    mem_auto char *key = mem_printf("namespaces//%s", ns);
    return map_get(&s->truth.tracks, key, strlen(key));
}

/* What is decided while an entry is on its way to the quorum does not see that: the entry after the
 * one that says that a namespace goes may still bring something. No later one. */
static void rule_created(struct sim *s, struct world *w, const struct change *c)
{
    struct object *ns = world_get(w, kind_namespace, NULL, istr_str(c->after->id->ns));
    if (!ns || lie_now(s, LIE_NAMESPACE_GONE))
        breach(s, c, "created in a namespace that is not there");
    bool late =
        ns->deleted_s && s->counts.entries > track_of_namespace(s, c->after->id->ns)->going + 1;
    if (late || lie_now(s, LIE_NAMESPACE_GOING))
        breach(s, c, "created in a namespace that is going");
}

static void rule_namespaces(struct sim *s, struct world *w, const struct change *c)
{
    const struct object *o = breach_object(c);
    if (!c->before && o->id->ns) rule_created(s, w, c);
    if (o->id->kind == kind_namespace && c->type == EVENT_DELETING)
        track_of_namespace(s, istr_get(object_name(o)))->going = s->counts.entries;
    if (c->after || o->id->kind != kind_namespace) return;
    istr ns = istr_get(object_name(o));
    for (unsigned i = 0; i < kind_count(); i++)
        if (kind_at(i)->namespaced &&
            (world_first(w, kind_at(i), ns) || lie_now(s, LIE_NAMESPACE_FULL)))
            breach(s, c, "a namespace went before what is in it");
}

/* --- definitions of custom kinds: as namespaces --- */

static void rule_definitions(struct sim *s, struct world *w, const struct change *c)
{
    const struct object *o = breach_object(c);
    const struct kind *kind = o->id->kind;
    if (kind->index >= kind_builtin_count() && !c->before) {
        struct object *crd = world_get(w, kind_crd, NULL, str_of(kind->key));
        bool late = crd && crd->deleted_s && s->counts.entries > log_track(s, crd)->going + 1;
        if (!crd || late || lie_now(s, LIE_DEFINITION_GONE))
            breach(s, c, "created of a kind that is not there, or goes");
    }
    if (kind != kind_crd) return;
    if (c->type == EVENT_DELETING) log_track(s, o)->going = s->counts.entries;
    struct str key = object_name(o);
    if (!c->after && kind_known(key) &&
        (world_first(w, kind_by_key(key), NULL) || s->lie == LIE_DEFINITION_FULL))
        breach(s, c, "a definition went before its objects");
}

/* --- owners --- */

static bool refers(const struct object *o, const struct uid *uid, bool blocking)
{
    struct mp list = doc_path(o->body, "metadata.ownerReferences");
    for (struct mp_iter it = mp_items(list); mp_iter_next(&it);) {
        struct uid owner;
        if (!uid_parse(mp_str(mp_get(it.value, "uid")), &owner) || !uid_equal(&owner, uid))
            continue;
        if (!blocking || mp_bool(mp_get(it.value, "blockOwnerDeletion"), false)) return true;
    }
    return false;
}

static bool has_dependents(struct world *w, const struct object *owner, bool blocking)
{
    for (unsigned i = 0; i < kind_count(); i++)
        for (struct actor *a = world_first(w, kind_at(i), owner->id->ns); a;
             a = world_next(a, owner->id->ns))
            if (refers(a->object, &owner->id->uid, blocking)) return true;
    return false;
}

static bool dropped(const struct change *c, const char *finalizer)
{
    return body_has_finalizer(c->before->body, finalizer) &&
           (!c->after || !body_has_finalizer(c->after->body, finalizer));
}

/* The collector lets an owner go when its dependents are gone, or free. */
static void rule_owner_goes(struct sim *s, struct world *w, const struct change *c)
{
    if (!c->before || !c->before->deleted_s || c->type == EVENT_DELETING) return;
    if (dropped(c, "foregroundDeletion") &&
        (has_dependents(w, c->before, true) || lie_now(s, LIE_OWNER_BLOCKED)))
        breach(s, c, "an owner goes before dependents that block it");
    if (dropped(c, "orphan") &&
        (has_dependents(w, c->before, false) || lie_now(s, LIE_OWNER_ORPHANS)))
        breach(s, c, "an owner goes before its dependents are free");
}

/* Who was ever being deleted in the foreground: its dependents go, whatever else holds it. */
static void note_foreground(struct sim *s, const struct change *c)
{
    const struct object *o = c->after;
    if (!o || !o->deleted_s || !body_has_finalizer(o->body, "foregroundDeletion")) return;
    map_put(&s->truth.foreground, &ident_ref(o->id)->uid, sizeof o->id->uid, o->id);
}

/* And it takes only what nobody holds any more. */
static void rule_dependent_goes(struct sim *s, struct world *w, const struct change *c)
{
    bool starts = !c->after || (c->after->deleted_s && !c->before->deleted_s);
    if (!starts) return;
    struct mp list = doc_path(c->before->body, "metadata.ownerReferences");
    for (struct mp_iter it = mp_items(list); mp_iter_next(&it);) {
        struct uid uid;
        if (!uid_parse(mp_str(mp_get(it.value, "uid")), &uid)) continue;
        struct actor *a = world_by_uid(w, &uid);
        const struct object *owner = a ? a->object : NULL;
        bool stays = owner && owner->id->ns == c->before->id->ns &&
                     !map_get(&s->truth.foreground, &uid, sizeof uid);
        if (lie_now(s, LIE_OWNER)) stays = true;
        if (stays) breach(s, c, "a dependent was collected that has an owner");
    }
}

void api_rules_check(struct life *l, const struct change *c)
{
    struct sim *s = l->m->sim;
    struct world *w = l->core.world;
    rule_finalizers(s, c);
    rule_namespaces(s, w, c);
    rule_definitions(s, w, c);
    note_foreground(s, c);
    if (!str_is(c->txn->who, collector)) return;
    rule_owner_goes(s, w, c);
    if (c->before) rule_dependent_goes(s, w, c);
}

/* At the end nothing is left for the collector, and nothing hangs in its deletion. */
const char *api_rules_left_over(struct sim *s, struct world *w)
{
    static char why[300];
    for (unsigned i = 0; i < kind_count(); i++)
        for (struct actor *a = world_first(w, kind_at(i), NULL); a; a = world_next(a, NULL)) {
            const struct object *o = a->object;
            struct mp list = doc_path(o->body, "metadata.ownerReferences");
            bool owned = false, any = false;
            for (struct mp_iter it = mp_items(list); mp_iter_next(&it);) {
                struct uid uid;
                any = true;
                owned |= uid_parse(mp_str(mp_get(it.value, "uid")), &uid) && world_by_uid(w, &uid);
            }
            if (s->lie == LIE_LEFT_OVER) any = true;
            if ((!any || owned) && !o->deleted_s) continue;
            snprintf(why, sizeof why, "%s %s/%s %s", o->id->kind->key, o->id->ns ? o->id->ns : "",
                     o->id->name, o->deleted_s ? "is still being deleted" : "has lost its owners");
            return why;
        }
    return NULL;
}
