/* The status that a new pod begins with. */
#include "actors/deciding.h"

#include "proto/quantity.h"

struct quality {
    bool any;        /* something is requested or limited */
    bool guaranteed; /* everything is limited, and requested just so */
};

static void quality_of_container(struct mp container, struct quality *q)
{
    static const char *const resources[] = {"cpu", "memory"};
    struct mp requests = mp_path(container, "resources.requests");
    struct mp limits = mp_path(container, "resources.limits");
    for (unsigned i = 0; i < 2; i++) {
        int64_t request = 0, limit = 0;
        struct mp r = mp_get(requests, resources[i]), l = mp_get(limits, resources[i]);
        if (r.type == MP_STR) quantity_milli(mp_str(r), &request);
        if (l.type == MP_STR) quantity_milli(mp_str(l), &limit);
        q->any |= request || limit;
        if (!limit || (r.type == MP_STR && request != limit)) q->guaranteed = false;
    }
}

const char *pod_quality(struct mp spec)
{
    static const char *const lists[] = {"containers", "initContainers"};
    struct quality q = {.guaranteed = true};
    for (unsigned i = 0; i < 2; i++) {
        struct mp containers = mp_get(spec, lists[i]);
        for (struct mp_iter it = mp_items(containers); mp_iter_next(&it);)
            quality_of_container(it.value, &q);
    }
    if (!q.any) return "BestEffort";
    return q.guaranteed ? "Guaranteed" : "Burstable";
}

struct doc *pod_first_status(const struct command *c, const struct doc *body)
{
    (void)c;
    buf_auto struct buf b = BUF_INIT;
    mp_put_map(&b, 2);
    mp_put_z(&b, "phase");
    mp_put_z(&b, "Pending");
    mp_put_z(&b, "qosClass");
    mp_put_z(&b, pod_quality(doc_path(body, "spec")));
    return doc_from_buf(&b);
}
