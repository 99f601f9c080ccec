/* The parts of the control plane as componentstatuses: the scheduler and the controllers, which run
 * wherever the leader is, and every master's copy of the log. Nothing of it is stored: each master
 * tells what it sees. */
#include "api/filter.h"
#include "api/inner.h"

#include "base/mem.h"

#include <stdio.h>

enum { COMPONENTS_MAX = GATE_MEMBERS_MAX + 2 };

static struct doc *component_body(const char *error)
{
    buf_auto struct buf out = BUF_INIT;
    mp_put_map(&out, 2);
    mp_put_z(&out, "metadata");
    mp_put_map(&out, 0);
    mp_put_z(&out, "conditions");
    mp_put_array(&out, 1);
    mp_put_map(&out, 3);
    mp_put_z(&out, "type");
    mp_put_z(&out, "Healthy");
    mp_put_z(&out, "status");
    mp_put_z(&out, error ? "False" : "True");
    mp_put_z(&out, error ? "error" : "message");
    mp_put_z(&out, error ? error : "ok");
    return doc_from_buf(&out);
}

/* `error`: what is wrong with it, or NULL. */
static struct object *component_new(const char *name, const char *error)
{
    struct ident *id = ident_new(kind_component, NULL, str_of(name));
    return object_new(id, component_body(error), NULL);
}

static struct object *component_master(const struct gate_status *facts, unsigned i)
{
    char name[24], error[128];
    const struct gate_member *m = &facts->members[i];
    snprintf(name, sizeof name, "etcd-%u", i);
    snprintf(error, sizeof error, "%s has no connection to %s", facts->self, m->name);
    return component_new(name, m->up ? NULL : error);
}

/* In the order of their names. */
static size_t components_make(const struct gate_status *facts, struct object **out)
{
    size_t count = 0;
    const char *error = facts->leader[0] ? NULL : "there is no leader among the masters";
    if (!facts->member_count) return 0; /* of the past */
    out[count++] = component_new("controller-manager", error);
    for (unsigned i = 0; i < facts->member_count; i++) out[count++] = component_master(facts, i);
    out[count++] = component_new("scheduler", error);
    return count;
}

static void component_answer(struct request *r, struct fetch *f)
{
    struct object *all[COMPONENTS_MAX];
    struct object *found = NULL;
    size_t count = components_make(&f->facts, all);
    for (size_t i = 0; i < count; i++)
        if (str_eq(object_name(all[i]), r->route.name)) found = all[i];
    if (found)
        reply_object(r, 200, found);
    else
        reply_not_found(r);
    for (size_t i = 0; i < count; i++) object_unref(all[i]);
}

static void components_answer(struct request *r, struct fetch *f)
{
    struct filter filter;
    struct object *all[COMPONENTS_MAX];
    if (!filter_parse(r, &filter)) return;
    size_t count = components_make(&f->facts, all), kept = 0;
    struct object **objects = mem_alloc((count + 1) * sizeof(struct object *));
    for (size_t i = 0; i < count; i++)
        if (filter_matches(&filter, all[i]))
            objects[kept++] = all[i];
        else
            object_unref(all[i]);
    filter_free(&filter);
    list_reply(r, f->revision, objects, kept);
}

/* Any master answers for itself, also without a leader. */
void serve_components(struct request *r)
{
    fetch_start(r, NULL, (struct str){0}, (struct str){0}, FRESH_ANY,
                r->route.name.p ? component_answer : components_answer);
}
