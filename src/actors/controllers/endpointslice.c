/* The endpoint slices part of the endpoints controller: which slices a service has, and what is to
 * be written so that they are as they have to be. Those of a service that is gone go with their
 * owner. */
#include "actors/controllers/acting.h"
#include "actors/controllers/service_sets.h"
#include "base/mem.h"
#include "proto/names.h"

#include <stdio.h>

enum { RETRY_MS = 1000 };

static struct service_set *slice_service(struct serving *c, const struct object *slice)
{
    struct mp owners = doc_path(slice->body, "metadata.ownerReferences");
    for (struct mp_iter it = mp_items(owners); mp_iter_next(&it);) {
        struct uid uid;
        if (!mp_is(mp_get(it.value, "kind"), "Service") ||
            !uid_parse(mp_str(mp_get(it.value, "uid")), &uid))
            continue;
        struct service_set *s = map_get(&c->services, &uid, sizeof uid);
        if (s && s->ns == slice->id->ns) return s;
    }
    return NULL;
}

void slices_changed(struct serving *c, const struct change *change)
{
    const struct object *any = change->after ? change->after : change->before;
    struct service_set *was = change->before ? slice_service(c, change->before) : NULL;
    struct service_set *is = change->after ? slice_service(c, change->after) : NULL;
    if (was && was != is) map_del(&was->slices, &any->id->uid, sizeof any->id->uid);
    if (is) map_put(&is->slices, &any->id->uid, sizeof any->id->uid, change->after);
    if (was && was != is) services_look(was, change->revision);
    if (is) services_look(is, change->revision);
}

void slices_known(struct serving *c, istr ns)
{
    for (struct actor *a = world_first(c->world, kind_endpointslice, ns); a;
         a = world_next(a, ns)) {
        struct service_set *s = slice_service(c, a->object);
        if (s) map_put(&s->slices, &a->object->id->uid, sizeof(struct uid), a->object);
    }
}

static void slice_written(struct command *command, const struct result *r)
{
    struct service_set *s = command->data;
    struct serving *c = s->controller;
    bool again = r->http >= 400;
    s->slices_flying--;
    if (s->object && (again || !s->slices_flying))
        agenda_at(&c->agenda, &s->agenda, again ? c->now_ms + RETRY_MS : s->write_at_ms);
    services_release(s);
}

static void slice_send(struct service_set *s, struct command *command)
{
    command->cause = s->cause;
    command->done = slice_written;
    command->data = s;
    s->slices_flying++;
    s->write_at_ms = s->controller->now_ms + s->controller->times.endpoints_every_ms;
    system_send(s->controller->system, command);
}

static struct command *slice_create(struct service_set *s, struct doc *body)
{
    struct serving *c = s->controller;
    struct host *host = system_host(c->system);
    struct str base = mp_str(doc_path(body, "metadata.generateName"));
    unsigned char random[8];
    char suffix[6], name[80];
    host->random(host, random, sizeof random);
    name_suffix(random, suffix);
    snprintf(name, sizeof name, "%.*s%s", (int)base.n, base.p, suffix);
    struct command *command =
        command_new(COMMAND_CREATE, kind_endpointslice, s->ns, str_of(name), c->slices_who);
    command->body = body;
    return command;
}

static int slice_compare(const void *left, const void *right)
{
    const struct object *a = *(struct object *const *)left, *b = *(struct object *const *)right;
    uint64_t first = a->id->created_revision, second = b->id->created_revision;
    if (first != second) return first < second ? -1 : 1;
    return str_cmp(object_name(a), object_name(b));
}

/* The oldest slice has the first addresses: so most slices stay as they are when pods come. */
void slices_write(struct service_set *s)
{
    struct serving *c = s->controller;
    if (s->slices_flying) return; /* the last answer makes us look again */
    struct slice_bodies want = slice_bodies_make(s);
    mem_auto struct object **have = mem_alloc((s->slices.count + 1) * sizeof(struct object *));
    size_t count = 0;
    struct object *o;
    for (size_t i = 0; (o = map_next(&s->slices, &i));)
        if (!o->deleted_s) have[count++] = o;
    qsort(have, count, sizeof(struct object *), slice_compare);
    for (size_t i = 0; i < want.count; i++) {
        struct doc *body = want.items[i];
        if (i < count && mp_same(doc_root(body), doc_root(have[i]->body))) continue;
        want.items[i] = NULL;
        struct command *command;
        if (i < count) {
            command = acting_on_version(COMMAND_UPDATE, have[i], c->slices_who, s->cause);
            command->body = body;
        } else {
            command = slice_create(s, body);
        }
        slice_send(s, command);
    }
    for (size_t i = want.count; i < count; i++)
        slice_send(s, acting_on_version(COMMAND_DELETE, have[i], c->slices_who, s->cause));
    slice_bodies_free(&want);
}
