/* Which pods belong to which set, counted as they change. */
#include "actors/controllers/replica_sets.h"

#include "base/mem.h"

#include <assert.h>

static struct replica_space *space_of(struct replica_controller *c, istr ns)
{
    struct replica_space *space = map_get(&c->spaces, ns, strlen(ns));
    if (space) return space;
    space = mem_new(struct replica_space);
    space->ns = ns;
    list_init(&space->sets);
    map_put(&c->spaces, ns, strlen(ns), space);
    return space;
}

static struct replica_set *set_of(struct replica_controller *c, const struct uid *uid, istr ns)
{
    struct replica_set *s = map_get(&c->sets, uid, sizeof *uid);
    if (s) return s;
    s = mem_new(struct replica_set);
    s->uid = *uid;
    s->controller = c;
    s->space = space_of(c, ns);
    list_init(&s->in_space);
    agenda_item_init(&s->agenda);
    map_put(&c->sets, &s->uid, sizeof s->uid, s);
    return s;
}

static void set_free(struct replica_set *s)
{
    agenda_drop(&s->agenda);
    list_remove(&s->in_space);
    selector_free(s->selector);
    map_free(&s->pods);
    doc_unref(s->seen_body);
    doc_unref(s->template_of);
    doc_unref(s->pod_body);
    mem_free(s->failure);
    replica_spare(s);
    mem_free(s);
}

void replica_set_release(struct replica_set *s)
{
    if (s->object || s->pods.count || s->creating || s->deleting || s->claiming || s->status_flying)
        return;
    map_del(&s->controller->sets, &s->uid, sizeof s->uid);
    set_free(s);
}

static void set_look(struct replica_set *s, uint64_t revision)
{
    s->cause = revision;
    if (s->object) agenda_soon(&s->controller->agenda, &s->agenda);
}

/* --- pods --- */

/* Finds the controlling owner in the body; true when there is one, *ours when it is of our kinds.
 */
static bool controlled(struct replica_controller *c, struct doc *body, struct uid *owner,
                       bool *ours)
{
    if (c->memo_body != body) {
        doc_unref(c->memo_body);
        c->memo_body = doc_ref(body);
        c->memo_controlled = c->memo_ours = false;
        struct mp owners = doc_path(body, "metadata.ownerReferences");
        for (struct mp_iter it = mp_items(owners); mp_iter_next(&it);) {
            if (!mp_bool(mp_get(it.value, "controller"), false)) continue;
            struct mp kind = mp_get(it.value, "kind");
            c->memo_controlled = true;
            c->memo_ours = (mp_is(kind, "ReplicaSet") || mp_is(kind, "ReplicationController")) &&
                           uid_parse(mp_str(mp_get(it.value, "uid")), &c->memo_owner);
            break;
        }
    }
    *owner = c->memo_owner;
    *ours = c->memo_ours;
    return c->memo_controlled;
}

static bool labels_within(struct mp wanted, struct mp labels)
{
    for (struct mp_iter it = mp_items(wanted); mp_iter_next(&it);)
        if (!str_eq(mp_str(mp_get_str(labels, it.key)), mp_str(it.value))) return false;
    return true;
}

static void set_see(struct replica_set *s, const struct object *pod)
{
    if (s->seen_body == pod->body) return;
    doc_unref(s->seen_body);
    s->seen_body = doc_ref(pod->body);
    struct mp labels = object_labels(pod);
    s->seen_selected = selector_matches(s->selector, labels);
    s->seen_labeled =
        labels_within(doc_path(s->object->body, "spec.template.metadata.labels"), labels);
}

/* Adds the pod to the set's counts, or takes it off them; exactly what was added for a version is
 * taken off with it. */
static void set_count(struct replica_set *s, const struct object *pod, int sign)
{
    if (!s->object) return;
    set_see(s, pod);
    if (!pod->deleted_s && !s->seen_selected) s->strangers += (uint32_t)sign;
    if (!replica_pod_active(pod, mp_str(doc_path(pod->status, "phase")))) return;
    s->active += (uint32_t)sign;
    if (s->seen_labeled) s->labeled += (uint32_t)sign;
    if (replica_pod_ready(pod)) s->ready += (uint32_t)sign;
}

static void set_recount(struct replica_set *s)
{
    s->active = s->labeled = s->ready = s->strangers = 0;
    struct object *pod;
    for (size_t i = 0; (pod = map_next(&s->pods, &i));) set_count(s, pod, 1);
}

static struct replica_set *set_of_pod(struct replica_controller *c, const struct object *pod,
                                      bool *orphan)
{
    struct uid owner;
    bool ours;
    *orphan = false;
    if (!pod) return NULL;
    if (controlled(c, pod->body, &owner, &ours))
        return ours ? set_of(c, &owner, pod->id->ns) : NULL;
    *orphan = replica_pod_active(pod, mp_str(doc_path(pod->status, "phase")));
    return NULL;
}

/* An orphan came, or changed its labels: whoever selects it should look. */
static void offer_orphan(struct replica_controller *c, struct replica_space *space,
                         const struct object *pod, uint64_t revision)
{
    (void)c;
    list_each(it, &space->sets)
    {
        struct replica_set *s = container_of(it, struct replica_set, in_space);
        if (!s->selector || !selector_matches(s->selector, object_labels(pod))) continue;
        s->claims = true;
        set_look(s, revision);
    }
}

static void index_orphan(struct replica_controller *c, const struct object *before, bool was,
                         struct object *after, bool is, uint64_t revision)
{
    if (!was && !is) return;
    const struct object *pod = is ? after : before;
    struct replica_space *space = space_of(c, pod->id->ns);
    if (is)
        map_put(&space->orphans, &pod->id->uid, sizeof pod->id->uid, after);
    else
        map_del(&space->orphans, &pod->id->uid, sizeof pod->id->uid);
    if (is && (!was || before->body != after->body)) offer_orphan(c, space, after, revision);
}

static void index_pod(struct replica_controller *c, const struct object *before,
                      struct object *after, uint64_t revision)
{
    bool was_orphan, is_orphan;
    struct replica_set *old = set_of_pod(c, before, &was_orphan);
    struct replica_set *new = set_of_pod(c, after, &is_orphan);
    uint32_t had = old ? old->active : 0;
    if (old) set_count(old, before, -1);
    if (old && old != new) map_del(&old->pods, &before->id->uid, sizeof before->id->uid);
    if (new) {
        map_put(&new->pods, &after->id->uid, sizeof after->id->uid, after);
        set_count(new, after, 1);
        set_look(new, revision);
    }
    index_orphan(c, before, was_orphan, after, is_orphan, revision);
    if (old && old->active < had) old->scale_cause = revision;
    if (old && old != new) {
        set_look(old, revision);
        replica_set_release(old);
    }
}

/* --- sets --- */

static void set_select(struct replica_set *s)
{
    struct mp selector = doc_path(s->object->body, "spec.selector");
    selector_free(s->selector);
    s->selector = NULL;
    doc_unref(s->seen_body);
    s->seen_body = NULL;
    int rc = replica_is_rc(s) ? selector_from_map(selector, &s->selector, NULL)
                              : selector_from_doc(selector, &s->selector, NULL);
    if (rc) s->selector = NULL; /* admission lets no such selector in; an older log may hold one */
}

static void index_set(struct replica_controller *c, const struct object *before,
                      struct object *after, uint64_t revision)
{
    const struct object *any = after ? after : before;
    struct replica_set *s = set_of(c, &any->id->uid, any->id->ns);
    s->object = after;
    if (!after) {
        agenda_drop(&s->agenda);
        list_remove(&s->in_space);
        replica_set_release(s);
        return;
    }
    if (!before) list_push(&s->space->sets, &s->in_space);
    if (!before || before->body != after->body) {
        set_select(s);
        set_recount(s);
        replica_spare(s);
        s->claims = true;
        s->scale_cause = revision;
        s->create_at_ms = 0; /* what failed may succeed with this body */
    }
    set_look(s, revision);
}

void replica_index_changed(struct replica_controller *c, const struct object *before,
                           struct object *after, uint64_t revision)
{
    const struct kind *kind = (after ? after : before)->id->kind;
    if (kind == kind_pod)
        index_pod(c, before, after, revision);
    else if (kind == kind_replicaset || kind == kind_rc)
        index_set(c, before, after, revision);
}

/* Commands on their way keep their set: their answers come later and find it empty. */
void replica_index_clear(struct replica_controller *c)
{
    struct replica_set *s;
    for (size_t i = 0; (s = map_next(&c->sets, &i));) {
        s->object = NULL;
        agenda_drop(&s->agenda);
        list_remove(&s->in_space);
        map_free(&s->pods);
        replica_set_release(s);
    }
    struct replica_space *space;
    for (size_t i = 0; (space = map_next(&c->spaces, &i));) map_free(&space->orphans);
    doc_unref(c->memo_body);
    c->memo_body = NULL;
}
