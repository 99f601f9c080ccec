#include "actors/scheduler/pod_view.h"

#include "base/mem.h"

struct doc_view {
    struct pod_view pod;
};

static void pod_view_free(struct doc_view *view)
{
    host_ports_free(&view->pod.ports);
    mem_free(view);
}

static struct mp filled_or_nothing(struct mp v)
{
    return (v.type == MP_MAP || v.type == MP_ARRAY) && v.count ? v : (struct mp){0};
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

static int32_t priority_of(struct mp spec)
{
    int64_t priority = mp_i64(mp_get(spec, "priority"), 0);
    return priority > INT32_MAX ? INT32_MAX : priority < INT32_MIN ? INT32_MIN : (int32_t)priority;
}

/* Each part with its length before it, so that no two different pods read the same. */
static struct digest shape_of(const struct pod_view *p)
{
    struct str part[] = {{(const char *)&p->requests, sizeof p->requests},
                         p->unplaced,
                         p->selector.raw,
                         p->affinity.raw,
                         p->tolerations.raw,
                         {(const char *)p->ports.at, p->ports.count * sizeof *p->ports.at}};
    enum { PARTS = sizeof part / sizeof part[0] };
    struct digest_part parts[2 * PARTS];
    for (unsigned i = 0; i < PARTS; i++) {
        parts[2 * i] = (struct digest_part){&part[i].n, sizeof part[i].n};
        parts[2 * i + 1] = (struct digest_part){part[i].p, part[i].n};
    }
    return digest_of_parts(parts, 2 * PARTS);
}

const struct pod_view *pod_view(struct resource_names *names, struct doc *body)
{
    if (body->view) return &body->view->pod;
    struct doc_view *view = mem_new(struct doc_view);
    struct pod_view *p = &view->pod;
    struct mp spec = doc_path(body, "spec");
    p->unplaced = resource_row_of_pod(names, spec, &p->requests);
    p->selector = filled_or_nothing(mp_get(spec, "nodeSelector"));
    p->affinity = filled_or_nothing(mp_path(spec, "affinity.nodeAffinity"));
    p->tolerations = filled_or_nothing(mp_get(spec, "tolerations"));
    host_ports_of_pod(spec, &p->ports);
    p->group = owner_group(doc_path(body, "metadata"));
    p->priority = priority_of(spec);
    struct str scheduler = mp_str(mp_get(spec, "schedulerName"));
    p->ours = !scheduler.n || str_is(scheduler, "default-scheduler");
    p->shape = shape_of(p);
    body->view = view;
    body->view_free = pod_view_free;
    return p;
}
