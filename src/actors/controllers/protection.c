/* Claims and volumes that are to go stay while they are in use: their finalizer is taken off when
 * no placed pod mentions the claim, when no claim is bound to the volume. */
#include "actors/behavior.h"
#include "actors/controllers/acting.h"
#include "actors/controllers/controllers.h"
#include "actors/controllers/lookout.h"
#include "base/mem.h"

enum { LOOKS_PER_TURN = 200 };

struct use { /* of a claim, by pods that have a node */
    uint32_t pods;
    uint32_t key_len;
    char key[]; /* namespace, by address, and name */
};

struct protection {
    struct subscriber subscriber;
    struct lookout lookout;
    struct world *world;
    struct map uses;
    struct doc *plain; /* the last pod body seen that mentions no claim: pods come in rows */
};

static struct protection *protection_of(struct subscriber *s)
{
    return container_of(s, struct protection, subscriber);
}

/* --- who uses what --- */

static struct use *use_make(istr ns, struct str claim)
{
    struct use *use = mem_zalloc(sizeof *use + sizeof ns + claim.n);
    memcpy(use->key, &ns, sizeof ns);
    memcpy(use->key + sizeof ns, claim.p, claim.n);
    use->key_len = (uint32_t)(sizeof ns + claim.n);
    return use;
}

static bool is_used(const struct protection *c, istr ns, struct str claim)
{
    struct use *probe = use_make(ns, claim);
    bool used = map_get(&c->uses, probe->key, probe->key_len) != NULL;
    mem_free(probe);
    return used;
}

static void use_add(struct protection *c, istr ns, struct str claim)
{
    struct use *fresh = use_make(ns, claim);
    struct use *known = map_get(&c->uses, fresh->key, fresh->key_len);
    if (known)
        mem_free(fresh);
    else
        map_put(&c->uses, fresh->key, fresh->key_len, known = fresh);
    known->pods++;
}

static void use_end(struct protection *c, istr ns, struct str claim, uint64_t revision)
{
    struct use *probe = use_make(ns, claim);
    struct use *use = map_get(&c->uses, probe->key, probe->key_len);
    mem_free(probe);
    if (!use || --use->pods) return;
    map_del(&c->uses, use->key, use->key_len);
    mem_free(use);
    if (system_leads(c->lookout.system)) lookout_add(&c->lookout, kind_pvc, ns, claim, revision);
}

static void pod_uses(struct protection *c, const struct object *pod, bool begins, uint64_t revision)
{
    if (!pod || !pod->node || pod->body == c->plain) return;
    bool any = false;
    struct mp volumes = doc_path(pod->body, "spec.volumes");
    for (struct mp_iter it = mp_items(volumes); mp_iter_next(&it);) {
        struct str claim = mp_str(mp_path(it.value, "persistentVolumeClaim.claimName"));
        if (!claim.n) continue;
        any = true;
        if (begins)
            use_add(c, pod->id->ns, claim);
        else
            use_end(c, pod->id->ns, claim, revision);
    }
    if (any) return;
    doc_unref(c->plain);
    c->plain = doc_ref(pod->body);
}

static void uses_clear(struct protection *c)
{
    struct use *use;
    for (size_t i = 0; (use = map_next(&c->uses, &i));) {
        map_del(&c->uses, use->key, use->key_len);
        mem_free(use);
    }
}

/* --- letting go --- */

static const char *finalizer_of(const struct kind *kind)
{
    return kind == kind_pvc ? "kubernetes.io/pvc-protection" : "kubernetes.io/pv-protection";
}

static void look_at(struct protection *c, struct look *look)
{
    const struct object *o = world_get(c->world, look->kind, look->ns, look_name(look));
    if (!o || !o->deleted_s || !body_has_finalizer(o->body, finalizer_of(look->kind))) return;
    bool used = look->kind == kind_pvc ? is_used(c, look->ns, look_name(look))
                                       : mp_is(doc_path(o->status, "phase"), "Bound");
    if (used) return;
    struct command *update = acting_on_version(COMMAND_UPDATE, o, c->lookout.who, look->cause);
    update->body = body_without_finalizer(o->body, finalizer_of(look->kind));
    look_send(look, update);
}

/* --- the subscriber --- */

static void protection_changed(struct subscriber *s, const struct change *change)
{
    struct protection *c = protection_of(s);
    const struct object *before = change->before, *after = change->after;
    const struct kind *kind = (after ? after : before)->id->kind;
    if (kind == kind_pod) {
        if (before && after && before->body == after->body && before->node == after->node) return;
        pod_uses(c, after, true, change->revision); /* first: what goes on is never unused */
        pod_uses(c, before, false, change->revision);
    } else if ((kind == kind_pvc || kind == kind_pv) && after && after->deleted_s &&
               system_leads(c->lookout.system)) {
        lookout_add(&c->lookout, kind, after->id->ns, object_name(after), change->revision);
    }
}

static void protection_restored(struct subscriber *s)
{
    struct protection *c = protection_of(s);
    uses_clear(c);
    for (struct actor *a = world_first(c->world, kind_pod, NULL); a; a = world_next(a, NULL))
        pod_uses(c, a->object, true, a->object->revision);
}

static void protection_lead(struct subscriber *s, bool leads)
{
    struct protection *c = protection_of(s);
    lookout_clear(&c->lookout);
    if (!leads) return;
    lookout_add_all(&c->lookout, kind_pvc);
    lookout_add_all(&c->lookout, kind_pv);
}

static void protection_turn(struct subscriber *s, uint64_t now_ms)
{
    struct protection *c = protection_of(s);
    struct look *look;
    for (unsigned n = 0; n < LOOKS_PER_TURN && (look = lookout_take(&c->lookout, now_ms)); n++) {
        look_at(c, look);
        look_end(look);
    }
}

struct subscriber *protection_controller_new(struct system *s, const struct controller_times *times)
{
    (void)times;
    struct protection *c = mem_new(struct protection);
    c->subscriber = (struct subscriber){.name = "protection",
                                        .changed = protection_changed,
                                        .restored = protection_restored,
                                        .lead = protection_lead,
                                        .turn = protection_turn};
    lookout_init(&c->lookout, s, "system:serviceaccount:kube-system:pvc-protection-controller");
    c->world = system_world(s);
    protection_restored(&c->subscriber);
    world_subscribe(c->world, &c->subscriber);
    return &c->subscriber;
}

void protection_controller_free(struct subscriber *s)
{
    struct protection *c = protection_of(s);
    list_remove(&s->link);
    lookout_free(&c->lookout);
    uses_clear(c);
    map_free(&c->uses);
    doc_unref(c->plain);
    mem_free(c);
}
