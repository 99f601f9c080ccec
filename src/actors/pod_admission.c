/* What Kubernetes' admission adds to every new pod, and the status it begins with. */
#include "actors/deciding.h"

#include "actors/edit.h"
#include "base/mem.h"
#include "proto/quantity.h"

enum { TOLERATION_S = 300 };

static const char *const pod_patience[] = {"node.kubernetes.io/not-ready",
                                           "node.kubernetes.io/unreachable"};

static bool tolerates_no_execute(struct mp tolerations, const char *key)
{
    for (struct mp_iter it = mp_items(tolerations); mp_iter_next(&it);) {
        struct str k = mp_str(mp_get(it.value, "key"));
        struct str effect = mp_str(mp_get(it.value, "effect"));
        if ((!k.n || str_is(k, key)) && (!effect.n || str_is(effect, "NoExecute"))) return true;
    }
    return false;
}

static void put_toleration(struct buf *out, const char *key)
{
    mp_put_map(out, 4);
    mp_put_z(out, "key");
    mp_put_z(out, key);
    mp_put_z(out, "operator");
    mp_put_z(out, "Exists");
    mp_put_z(out, "effect");
    mp_put_z(out, "NoExecute");
    mp_put_z(out, "tolerationSeconds");
    mp_put_int(out, TOLERATION_S);
}

static struct doc *with_tolerations(struct doc *body)
{
    struct mp old = doc_path(body, "spec.tolerations");
    buf_auto struct buf list = BUF_INIT;
    uint32_t count = 0;
    size_t mark = mp_begin(&list);
    for (struct mp_iter it = mp_items(old); mp_iter_next(&it); count++) mp_put(&list, it.value);
    uint32_t given = count;
    for (unsigned i = 0; i < sizeof pod_patience / sizeof *pod_patience; i++) {
        if (tolerates_no_execute(old, pod_patience[i])) continue;
        put_toleration(&list, pod_patience[i]);
        count++;
    }
    mp_end_array(&list, mark, count);
    return count == given ? doc_ref(body) : edit_doc(body, "spec.tolerations", edit_value(&list));
}

static struct doc *with_default(struct doc *body, const char *path, struct buf *value)
{
    if (doc_path(body, path).type != MP_END) return body;
    struct doc *more = edit_doc(body, path, edit_value(value));
    doc_unref(body);
    return more;
}

/* Pods made from a template come with all of it: one look over the spec finds that out. */
static bool is_admitted(const struct doc *body)
{
    struct mp spec = doc_path(body, "spec"), tolerations = {0};
    unsigned found = 0;
    for (struct mp_iter it = mp_items(spec); mp_iter_next(&it);) {
        if (str_is(it.key, "tolerations")) tolerations = it.value;
        found += str_is(it.key, "serviceAccountName") || str_is(it.key, "serviceAccount") ||
                 str_is(it.key, "priority");
    }
    return found == 3 && tolerates_no_execute(tolerations, pod_patience[0]) &&
           tolerates_no_execute(tolerations, pod_patience[1]);
}

struct doc *pod_admitted(struct doc *body)
{
    if (is_admitted(body)) return doc_ref(body);
    struct doc *d = with_tolerations(body);
    buf_auto struct buf value = BUF_INIT;
    mp_put_z(&value, "default");
    d = with_default(d, "spec.serviceAccountName", &value);
    struct mp account = doc_path(d, "spec.serviceAccountName");
    buf_clear(&value);
    mp_put(&value, account);
    d = with_default(d, "spec.serviceAccount", &value);
    buf_clear(&value);
    mp_put_int(&value, 0);
    return with_default(d, "spec.priority", &value);
}

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

static const char *quality_class(const struct doc *body)
{
    static const char *const lists[] = {"spec.containers", "spec.initContainers"};
    struct quality q = {.guaranteed = true};
    for (unsigned i = 0; i < 2; i++) {
        struct mp containers = doc_path(body, lists[i]);
        for (struct mp_iter it = mp_items(containers); mp_iter_next(&it);)
            quality_of_container(it.value, &q);
    }
    if (!q.any) return "BestEffort";
    return q.guaranteed ? "Guaranteed" : "Burstable";
}

struct doc *pod_first_status(const struct doc *body)
{
    buf_auto struct buf b = BUF_INIT;
    mp_put_map(&b, 2);
    mp_put_z(&b, "phase");
    mp_put_z(&b, "Pending");
    mp_put_z(&b, "qosClass");
    mp_put_z(&b, quality_class(body));
    return doc_from_buf(&b);
}
