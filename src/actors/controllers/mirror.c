/* The mirroring controller: Endpoints that somebody wrote by hand, for a Service without a
 * selector, are told as EndpointSlices too, so that a client may read slices only. */
#include "actors/controllers/mirror.h"

#include "actors/controllers/acting.h"
#include "actors/controllers/controllers.h"
#include "actors/controllers/lookout.h"
#include "base/mem.h"

enum { LOOKS_PER_TURN = 200, MIRROR_MAX = 1000 };

static const char manager[] = "endpointslicemirroring-controller.k8s.io";

struct mirror_slices { /* those that are labelled as the mirror of one Endpoints object */
    istr ns;
    struct map by_uid; /* uid -> struct object */
    uint32_t key_len;
    char key[]; /* namespace, NUL, name */
};

struct mirror {
    struct subscriber subscriber;
    struct lookout lookout; /* of Endpoints */
    struct world *world;
    struct map slices; /* by key: struct mirror_slices */
};

static struct mirror *mirror_of(struct subscriber *s)
{
    return container_of(s, struct mirror, subscriber);
}

/* --- the slices that there are --- */

static struct mirror_slices *slices_of(struct mirror *c, istr ns, struct str name, bool make)
{
    size_t ns_len = strlen(ns) + 1, n = ns_len + name.n;
    struct mirror_slices *m = mem_zalloc(sizeof *m + n);
    memcpy(m->key, ns, ns_len);
    memcpy(m->key + ns_len, name.p, name.n);
    m->key_len = (uint32_t)n;
    m->ns = ns;
    struct mirror_slices *known = map_get(&c->slices, m->key, n);
    if (!known && make) {
        map_put(&c->slices, m->key, n, m);
        return m;
    }
    mem_free(m);
    return known;
}

static void slices_release(struct mirror *c, struct mirror_slices *m)
{
    if (m->by_uid.count) return;
    map_del(&c->slices, m->key, m->key_len);
    map_free(&m->by_uid);
    mem_free(m);
}

static void slices_clear(struct mirror *c)
{
    struct mirror_slices *m;
    for (size_t i = 0; (m = map_next(&c->slices, &i));) {
        map_free(&m->by_uid);
        mem_free(m);
    }
    map_free(&c->slices);
}

/* The name of the Endpoints that this slice mirrors, or nothing. */
static struct str mirrored(const struct object *slice)
{
    if (!slice) return (struct str){0};
    struct mp labels = object_labels(slice);
    if (!mp_is(mp_get(labels, "endpointslice.kubernetes.io/managed-by"), manager))
        return (struct str){0};
    return mp_str(mp_get(labels, "kubernetes.io/service-name"));
}

static void see(struct mirror *c, istr ns, struct str name, uint64_t cause)
{
    if (system_leads(c->lookout.system)) lookout_add(&c->lookout, kind_endpoints, ns, name, cause);
}

static void slice_changed(struct mirror *c, struct object *before, struct object *after,
                          uint64_t cause)
{
    const struct ident *id = (after ? after : before)->id;
    struct str was = mirrored(before), is = mirrored(after);
    if (was.n && !str_eq(was, is)) {
        struct mirror_slices *m = slices_of(c, id->ns, was, false);
        map_del(&m->by_uid, &id->uid, sizeof id->uid);
        slices_release(c, m);
        see(c, id->ns, was, cause);
    }
    if (is.n) {
        map_put(&slices_of(c, id->ns, is, true)->by_uid, &id->uid, sizeof id->uid, after);
        see(c, id->ns, is, cause);
    }
}

/* --- what they have to be --- */

static bool wants_mirror(const struct object *endpoints, const struct object *service)
{
    static const char skip[] = "endpointslice.kubernetes.io/skip-mirror",
                      election[] = "control-plane.alpha.kubernetes.io/leader";
    if (!endpoints || endpoints->deleted_s || !service || service->deleted_s) return false;
    return !doc_path(service->body, "spec.selector").count &&
           !mp_is(mp_get(object_labels(endpoints), skip), "true") &&
           mp_get(doc_path(endpoints->body, "metadata.annotations"), election).type == MP_END;
}

static void send(void *ctx, struct command *command)
{
    look_send(ctx, command);
}

static void look_at(struct mirror *c, struct look *look)
{
    static const struct map none;
    const struct object *o = world_get(c->world, kind_endpoints, look->ns, look_name(look));
    struct mirror_slices *have = slices_of(c, look->ns, look_name(look), false);
    if (wants_mirror(o, world_get(c->world, kind_service, look->ns, look_name(look)))) {
        struct slice_wishes wishes = mirror_wishes(o);
        struct slice_job job = {.system = c->lookout.system,
                                .who = c->lookout.who,
                                .owner = o,
                                .manager = str_of(manager),
                                .annotated = true,
                                .have = have ? &have->by_uid : &none,
                                .want = &wishes,
                                .max = MIRROR_MAX,
                                .send = send,
                                .ctx = look};
        slices_reconcile(&job);
        slice_wishes_free(&wishes);
        return;
    }
    struct object *slice;
    for (size_t i = 0; have && (slice = map_next(&have->by_uid, &i));)
        if (!slice->deleted_s)
            look_send(look, acting_on(COMMAND_DELETE, slice, c->lookout.who, look->cause));
}

/* --- the subscriber --- */

static void mirror_changed(struct subscriber *s, const struct change *change)
{
    struct mirror *c = mirror_of(s);
    const struct object *any = change->after ? change->after : change->before;
    const struct kind *kind = any->id->kind;
    if (kind == kind_endpointslice)
        slice_changed(c, change->before, change->after, change->revision);
    else if (kind == kind_endpoints ||
             (kind == kind_service &&
              (!change->before || !change->after || change->before->body != change->after->body ||
               change->after->deleted_s)))
        see(c, any->id->ns, object_name(any), change->revision);
}

static void mirror_restored(struct subscriber *s)
{
    struct mirror *c = mirror_of(s);
    slices_clear(c);
    for (struct actor *a = world_first(c->world, kind_endpointslice, NULL); a;
         a = world_next(a, NULL))
        slice_changed(c, NULL, a->object, a->object->revision);
}

/* What a leader before did not come to: Endpoints without their slices, slices without Endpoints.
 */
static void mirror_lead(struct subscriber *s, bool leads)
{
    struct mirror *c = mirror_of(s);
    lookout_clear(&c->lookout);
    if (!leads) return;
    lookout_add_all(&c->lookout, kind_endpoints);
    struct mirror_slices *m;
    for (size_t i = 0; (m = map_next(&c->slices, &i));) {
        size_t at = strlen(m->key) + 1;
        lookout_add(&c->lookout, kind_endpoints, m->ns, (struct str){m->key + at, m->key_len - at},
                    0);
    }
}

static void mirror_turn(struct subscriber *s, uint64_t now_ms)
{
    struct mirror *c = mirror_of(s);
    struct look *look;
    for (unsigned n = 0; n < LOOKS_PER_TURN && acting_budget(c->lookout.system) &&
                         (look = lookout_take(&c->lookout, now_ms));
         n++) {
        look_at(c, look);
        look_end(look);
    }
}

struct subscriber *mirror_controller_new(struct system *s, const struct controller_times *times)
{
    (void)times;
    struct mirror *c = mem_new(struct mirror);
    c->subscriber = (struct subscriber){.name = "endpointslice-mirroring",
                                        .changed = mirror_changed,
                                        .restored = mirror_restored,
                                        .lead = mirror_lead,
                                        .turn = mirror_turn};
    lookout_init(&c->lookout, s,
                 "system:serviceaccount:kube-system:endpointslicemirroring-controller");
    c->world = system_world(s);
    mirror_restored(&c->subscriber);
    world_subscribe(c->world, &c->subscriber);
    return &c->subscriber;
}

void mirror_controller_free(struct subscriber *s)
{
    struct mirror *c = mirror_of(s);
    list_remove(&s->link);
    lookout_free(&c->lookout);
    slices_clear(c);
    mem_free(c);
}
