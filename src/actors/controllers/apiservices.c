/* An APIService for every group and version that the masters serve themselves: the built-in ones,
 * and those of established definitions, which go with them. Whatever has no server of its own is
 * served here, and available. */
#include "actors/behavior.h"
#include "actors/controllers/acting.h"
#include "actors/controllers/api_priorities.h"
#include "actors/controllers/controllers.h"
#include "actors/controllers/lookout.h"
#include "base/mem.h"

enum { LOOKS_PER_TURN = 200 };

#define MANAGED "kube-aggregator.kubernetes.io/automanaged"
#define LOCALLY "Local APIServices are always available"

struct registrar {
    struct subscriber subscriber;
    struct lookout lookout; /* of API services */
    struct world *world;
};

/* "v1.apps", taken apart. */
struct served {
    struct str group, version;
    bool custom;
};

static struct registrar *registrar_of(struct subscriber *s)
{
    return container_of(s, struct registrar, subscriber);
}

/* Does the definition serve this version? */
static bool defines(const struct object *crd, const struct served *v)
{
    struct mp versions = doc_path(crd->body, "spec.versions");
    if (crd->deleted_s || !str_eq(mp_str(doc_path(crd->body, "spec.group")), v->group))
        return false;
    if (!mp_is(mp_get(status_condition(crd->status, "Established"), "status"), "True"))
        return false;
    for (struct mp_iter it = mp_items(versions); mp_iter_next(&it);)
        if (str_eq(mp_str(mp_get(it.value, "name")), v->version))
            return mp_bool(mp_get(it.value, "served"), false);
    return false;
}

/* "plural.group" */
static bool in_group(struct str name, struct str group)
{
    return name.n > group.n && memcmp(name.p + name.n - group.n, group.p, group.n) == 0;
}

static bool is_custom(const struct registrar *c, const struct served *v)
{
    for (struct actor *a = world_first(c->world, kind_crd, NULL); a; a = world_next(a, NULL))
        if (in_group(object_name(a->object), v->group) && defines(a->object, v)) return true;
    return false;
}

static bool is_built_in(const struct served *v)
{
    if (str_is(v->group, kind_apiservice->group)) return false; /* who asks knows that already */
    for (unsigned i = 0; i < kind_builtin_count(); i++)
        for (unsigned n = 0; n < kind_at(i)->version_count; n++)
            if (str_is(v->group, kind_at(i)->versions[n].group) &&
                str_is(v->version, kind_at(i)->versions[n].version))
                return true;
    return false;
}

static bool is_served(const struct registrar *c, struct str name, struct served *out)
{
    struct str rest = name;
    *out = (struct served){0};
    str_split(&rest, '.', &out->version);
    out->group = rest.p ? rest : STR("");
    if (is_built_in(out)) return true;
    out->custom = out->group.n && is_custom(c, out);
    return out->custom;
}

static void put_number(struct buf *b, const char *key, int64_t number)
{
    mp_put_z(b, key);
    mp_put_int(b, number);
}

static void put_text(struct buf *b, const char *key, struct str text)
{
    mp_put_z(b, key);
    mp_put_str(b, text);
}

static struct doc *service_body(const struct served *v)
{
    struct api_priority p = api_priority_of(v->group, v->version, v->custom);
    buf_auto struct buf b = BUF_INIT;
    mp_put_map(&b, 2);
    mp_put_z(&b, "metadata");
    mp_put_map(&b, 1);
    mp_put_z(&b, "labels");
    mp_put_map(&b, 1);
    put_text(&b, MANAGED, v->custom ? STR("true") : STR("onstart"));
    mp_put_z(&b, "spec");
    mp_put_map(&b, v->group.n ? 4 : 3);
    if (v->group.n) put_text(&b, "group", v->group);
    put_text(&b, "version", v->version);
    put_number(&b, "groupPriorityMinimum", p.group);
    put_number(&b, "versionPriority", p.version);
    return doc_from_buf(&b);
}

static bool is_available(const struct object *o)
{
    return mp_is(mp_get(status_condition(o->status, "Available"), "status"), "True");
}

static void say_available(struct registrar *c, struct look *look, const struct object *o)
{
    struct command *command = acting_on(COMMAND_CONDITION, o, c->lookout.who, look->cause);
    command->text[0] = mem_strdup("Available");
    command->text[1] = mem_strdup("True");
    command->text[2] = mem_strdup("Local");
    command->text[3] = mem_strdup(LOCALLY);
    look_send(look, command);
}

static void look_at(struct registrar *c, struct look *look)
{
    struct served v;
    const struct object *o = world_get(c->world, kind_apiservice, NULL, look_name(look));
    bool served = is_served(c, look_name(look), &v);
    if (o && o->deleted_s) return;
    if (!o && served) {
        struct command *create =
            look_create(look, kind_apiservice, NULL, look_name(look), service_body(&v));
        create->status =
            status_with_condition(NULL, "Available", STR("True"), STR("Local"), STR(LOCALLY),
                                  acting_wall_s(c->lookout.system), false);
        look_send(look, create);
        return;
    }
    if (!o) return;
    struct mp labels = object_labels(o);
    if (!served && mp_is(mp_get(labels, MANAGED), "true"))
        look_send(look, acting_on(COMMAND_DELETE, o, c->lookout.who, look->cause));
    else if (doc_path(o->body, "spec.service").type != MP_MAP && !is_available(o))
        say_available(c, look, o);
}

static void add(struct registrar *c, struct str version, struct str group, uint64_t cause)
{
    mem_auto char *name =
        mem_printf("%.*s.%.*s", (int)version.n, version.p, (int)group.n, group.n ? group.p : "");
    lookout_add(&c->lookout, kind_apiservice, NULL, str_of(name), cause);
}

static void add_definition(struct registrar *c, const struct object *crd, uint64_t cause)
{
    if (!crd) return;
    struct mp group = doc_path(crd->body, "spec.group");
    struct mp versions = doc_path(crd->body, "spec.versions");
    for (struct mp_iter it = mp_items(versions); mp_iter_next(&it);)
        add(c, mp_str(mp_get(it.value, "name")), mp_str(group), cause);
}

static void registrar_changed(struct subscriber *s, const struct change *change)
{
    struct registrar *c = registrar_of(s);
    const struct object *any = change->after ? change->after : change->before;
    if (!system_leads(c->lookout.system)) return;
    if (any->id->kind == kind_crd) {
        add_definition(c, change->before, change->revision);
        add_definition(c, change->after, change->revision);
    } else if (any->id->kind == kind_apiservice) {
        lookout_add(&c->lookout, kind_apiservice, NULL, object_name(any), change->revision);
    }
}

static void registrar_lead(struct subscriber *s, bool leads)
{
    struct registrar *c = registrar_of(s);
    lookout_clear(&c->lookout);
    if (!leads) return;
    for (unsigned i = 0; i < kind_builtin_count(); i++)
        for (unsigned v = 0; v < kind_at(i)->version_count; v++)
            add(c, str_of(kind_at(i)->versions[v].version), str_of(kind_at(i)->versions[v].group),
                0);
    for (struct actor *a = world_first(c->world, kind_crd, NULL); a; a = world_next(a, NULL))
        add_definition(c, a->object, 0);
    lookout_add_all(&c->lookout, kind_apiservice);
}

static void registrar_turn(struct subscriber *s, uint64_t now_ms)
{
    struct registrar *c = registrar_of(s);
    struct look *look;
    for (unsigned n = 0; n < LOOKS_PER_TURN && (look = lookout_take(&c->lookout, now_ms)); n++) {
        look_at(c, look);
        look_end(look);
    }
}

struct subscriber *apiservice_controller_new(struct system *s, const struct controller_times *times)
{
    (void)times;
    struct registrar *c = mem_new(struct registrar);
    c->subscriber = (struct subscriber){.name = "apiservices",
                                        .changed = registrar_changed,
                                        .lead = registrar_lead,
                                        .turn = registrar_turn};
    lookout_init(&c->lookout, s, "system:apiserver");
    c->world = system_world(s);
    world_subscribe(c->world, &c->subscriber);
    return &c->subscriber;
}

void apiservice_controller_free(struct subscriber *s)
{
    struct registrar *c = registrar_of(s);
    list_remove(&s->link);
    lookout_free(&c->lookout);
    mem_free(c);
}
