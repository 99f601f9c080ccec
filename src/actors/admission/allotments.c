#include "actors/admission/allotments.h"

#include "base/mem.h"

typedef void slot_fn(struct slots *s, uint32_t n);

static void one(struct slots *s, uint32_t index, slot_fn *fn)
{
    if (index != SLOTS_NONE) fn(s, index);
}

/* Everything that the body names. A number outside of the ranges was taken before they were kept,
 * and is nobody's to give. */
static void each_number(struct allotments *a, const struct doc *body, slot_fn *fn)
{
    struct mp spec = doc_path(body, "spec"), ports = mp_get(spec, "ports");
    one(&a->addresses, service_address_index(mp_str(mp_get(spec, "clusterIP"))), fn);
    one(&a->ports, service_port_index(mp_i64(mp_get(spec, "healthCheckNodePort"), 0)), fn);
    for (struct mp_iter it = mp_items(ports); mp_iter_next(&it);)
        one(&a->ports, service_port_index(mp_i64(mp_get(it.value, "nodePort"), 0)), fn);
}

void allotments_changed(struct allotments *a, const struct change *c)
{
    const struct object *any = c->after ? c->after : c->before;
    if (any->id->kind != kind_service) return;
    if (c->after) each_number(a, c->after->body, slots_take);
    if (c->before) each_number(a, c->before->body, slots_give);
}

/* The masters' address is never anybody else's, also before their Service is there. */
void allotments_restored(struct allotments *a)
{
    slots_clear(&a->addresses);
    slots_clear(&a->ports);
    slots_take(&a->addresses, SERVICE_MASTERS);
    for (struct actor *s = world_first(a->world, kind_service, NULL); s; s = world_next(s, NULL))
        each_number(a, s->object->body, slots_take);
    list_each(it, &a->holds)
        each_number(a, container_of(it, struct allotment_hold, link)->body, slots_take);
}

void allotments_init(struct allotments *a, struct world *w)
{
    a->world = w;
    slots_init(&a->addresses, SERVICE_ADDRESSES);
    slots_init(&a->ports, SERVICE_PORT_COUNT);
    list_init(&a->holds);
    allotments_restored(a);
}

void allotments_hold(struct allotments *a, struct command *c, struct doc *body)
{
    if (c->kind != kind_service || !body) return;
    struct allotment_hold *hold = mem_new(struct allotment_hold);
    *hold = (struct allotment_hold){.all = a, .command = c, .body = doc_ref(body)};
    list_push(&a->holds, &hold->link);
    c->allotted = hold;
    each_number(a, body, slots_take);
}

static void hold_free(struct allotment_hold *hold)
{
    hold->command->allotted = NULL;
    list_remove(&hold->link);
    doc_unref(hold->body);
    mem_free(hold);
}

void allotments_release(struct command *c)
{
    if (!c->allotted) return;
    each_number(c->allotted->all, c->allotted->body, slots_give);
    hold_free(c->allotted);
}

void allotments_free(struct allotments *a)
{
    list_each_safe(it, &a->holds) hold_free(container_of(it, struct allotment_hold, link));
    slots_free(&a->addresses);
    slots_free(&a->ports);
}
