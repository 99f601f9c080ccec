#include "actors/scheduler/pod_view.h"

#include "base/mem.h"

struct doc_view {
    struct pod_view pod;
};

static void pod_view_free(struct doc_view *view)
{
    mem_free(view);
}

static struct str raw_or_nothing(struct mp v)
{
    return (v.type == MP_MAP || v.type == MP_ARRAY) && v.count ? v.raw : (struct str){0};
}

static uint64_t owner_group(struct mp metadata)
{
    for (struct mp_iter it = mp_items(mp_get(metadata, "ownerReferences")); mp_iter_next(&it);) {
        if (!mp_bool(mp_get(it.value, "controller"), false)) continue;
        struct str uid = mp_str(mp_get(it.value, "uid"));
        uint64_t group = digest_of(uid.p, uid.n).lane[0];
        return group ? group : 1;
    }
    return 0;
}

const struct pod_view *pod_view(struct node_table *t, struct doc *body)
{
    if (body->view) return &body->view->pod;
    struct doc_view *view = mem_new(struct doc_view);
    struct pod_view *p = &view->pod;
    struct mp spec = doc_path(body, "spec");
    resource_row_of_pod(&t->names, spec, &p->requests);
    p->selector = raw_or_nothing(mp_get(spec, "nodeSelector"));
    p->tolerations = raw_or_nothing(mp_get(spec, "tolerations"));
    p->group = owner_group(doc_path(body, "metadata"));
    struct mp scheduler = mp_get(spec, "schedulerName");
    p->ours = scheduler.type != MP_STR || str_is(scheduler.s, "default-scheduler");
    struct digest_part parts[] = {{&p->requests, sizeof p->requests},
                                  {p->selector.p, p->selector.n},
                                  {"|", 1},
                                  {p->tolerations.p, p->tolerations.n},
                                  {&p->group, sizeof p->group}};
    p->shape = digest_of_parts(parts, sizeof parts / sizeof parts[0]);
    body->view = view;
    body->view_free = pod_view_free;
    return p;
}
