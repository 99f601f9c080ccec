/* Every namespace has a ConfigMap with the cluster's CA, so that pods can know its masters. */
#include "actors/controllers/acting.h"
#include "actors/controllers/controllers.h"
#include "actors/controllers/lookout.h"
#include "actors/edit.h"
#include "actors/tokens.h"
#include "base/mem.h"

enum { LOOKS_PER_TURN = 200 };

#define ROOT_CA "kube-root-ca.crt"

struct root_ca {
    struct subscriber subscriber;
    struct lookout lookout; /* of namespaces */
    struct world *world;
    const struct token_mint *mint;
};

static struct root_ca *root_ca_of(struct subscriber *s)
{
    return container_of(s, struct root_ca, subscriber);
}

static struct doc *with_certificate(const struct root_ca *c, const struct doc *body)
{
    buf_auto struct buf data = BUF_INIT, out = BUF_INIT;
    mp_put_map(&data, 1);
    mp_put_z(&data, "ca.crt");
    mp_put_str(&data, c->mint->root_ca(c->mint));
    if (body) return edit_doc(body, "data", edit_value(&data));
    mp_put_map(&out, 2);
    mp_put_z(&out, "metadata");
    mp_put_map(&out, 0);
    mp_put_z(&out, "data");
    mp_put_raw(&out, edit_value(&data));
    return doc_from_buf(&out);
}

static void look_at_namespace(struct root_ca *c, struct look *look)
{
    const struct object *o = world_get(c->world, kind_namespace, NULL, look_name(look));
    if (!o || o->deleted_s) return;
    istr ns = istr_get(look_name(look));
    const struct object *map = world_get(c->world, kind_configmap, ns, STR(ROOT_CA));
    if (map && map->deleted_s) return;
    struct doc *body = with_certificate(c, map ? map->body : NULL);
    if (!map) {
        look_send(look, look_create(look, kind_configmap, ns, STR(ROOT_CA), body));
    } else if (!mp_same(doc_path(map->body, "data"), doc_path(body, "data"))) {
        struct command *update = acting_on(COMMAND_UPDATE, map, c->lookout.who, look->cause);
        update->body = body;
        look_send(look, update);
    } else {
        doc_unref(body);
    }
}

static void root_ca_changed(struct subscriber *s, const struct change *change)
{
    struct root_ca *c = root_ca_of(s);
    const struct object *any = change->after ? change->after : change->before;
    if (!c->mint || !system_leads(c->lookout.system)) return;
    if (any->id->kind == kind_namespace && !change->before)
        lookout_add(&c->lookout, kind_namespace, NULL, object_name(any), change->revision);
    else if (any->id->kind == kind_configmap && str_is(object_name(any), ROOT_CA))
        lookout_add(&c->lookout, kind_namespace, NULL, istr_str(any->id->ns), change->revision);
}

static void root_ca_lead(struct subscriber *s, bool leads)
{
    struct root_ca *c = root_ca_of(s);
    lookout_clear(&c->lookout);
    if (leads && c->mint) lookout_add_all(&c->lookout, kind_namespace);
}

static void root_ca_turn(struct subscriber *s, uint64_t now_ms)
{
    struct root_ca *c = root_ca_of(s);
    struct look *look;
    for (unsigned n = 0; n < LOOKS_PER_TURN && (look = lookout_take(&c->lookout, now_ms)); n++) {
        look_at_namespace(c, look);
        look_end(look);
    }
}

struct subscriber *root_ca_controller_new(struct system *s, const struct controller_times *times)
{
    (void)times;
    struct root_ca *c = mem_new(struct root_ca);
    c->subscriber = (struct subscriber){
        .name = "root-ca", .changed = root_ca_changed, .lead = root_ca_lead, .turn = root_ca_turn};
    lookout_init(&c->lookout, s, "system:serviceaccount:kube-system:root-ca-cert-publisher");
    c->world = system_world(s);
    c->mint = system_mint(s);
    world_subscribe(c->world, &c->subscriber);
    return &c->subscriber;
}

void root_ca_controller_free(struct subscriber *s)
{
    struct root_ca *c = root_ca_of(s);
    list_remove(&s->link);
    lookout_free(&c->lookout);
    mem_free(c);
}
