#include "api/prepare.h"

#include "api/edit.h"
#include "base/mem.h"
#include "proto/quantity.h"

#include <sodium.h>

/* Kubernetes: all containers have cpu and memory limits equal to their requests: Guaranteed; none
 * has any: BestEffort. Zero counts as absent. */
static const char *const qos_resources[] = {"cpu", "memory"};

static int64_t qos_amount(struct mp container, const char *what, const char *resource)
{
    int64_t milli = 0;
    struct mp resources = mp_get(container, "resources");
    quantity_milli(mp_str(mp_get(mp_get(resources, what), resource)), &milli);
    return milli;
}

const char *prepare_qos(struct mp pod_spec)
{
    bool guaranteed = true, any = false;
    static const char *const lists[] = {"containers", "initContainers"};
    for (size_t l = 0; l < 2; l++)
        for (struct mp_iter it = mp_items(mp_get(pod_spec, lists[l])); mp_iter_next(&it);)
            for (size_t i = 0; i < 2; i++) {
                int64_t request = qos_amount(it.value, "requests", qos_resources[i]);
                int64_t limit = qos_amount(it.value, "limits", qos_resources[i]);
                if (request > 0 || limit > 0) any = true;
                if (limit <= 0 || request != limit) guaranteed = false;
            }
    return !any ? "BestEffort" : guaranteed ? "Guaranteed" : "Burstable";
}

static void put_base64(struct str s, struct buf *out)
{
    size_t room = sodium_base64_encoded_len(s.n, sodium_base64_VARIANT_ORIGINAL);
    char *text = mem_alloc(room);
    sodium_bin2base64(text, room, (const unsigned char *)s.p, s.n, sodium_base64_VARIANT_ORIGINAL);
    mp_put_z(out, text);
    sodium_memzero(text, room);
    mem_free(text);
}

/* data with stringData laid over it. */
static void prepare_secret_data(struct mp doc, struct buf *out)
{
    struct mp data = mp_get(doc, "data"), clear = mp_get(doc, "stringData");
    size_t mark = mp_begin(out);
    uint32_t pairs = 0;
    for (struct mp_iter it = mp_items(data); mp_iter_next(&it);) {
        if (mp_get_str(clear, it.key).type == MP_STR) continue;
        mp_put_str(out, it.key);
        mp_put(out, it.value);
        pairs++;
    }
    for (struct mp_iter it = mp_items(clear); mp_iter_next(&it);) {
        mp_put_str(out, it.key);
        put_base64(mp_str(it.value), out);
        pairs++;
    }
    mp_end_map(out, mark, pairs);
}

void prepare_place(const struct kind *kind, struct mp doc, struct str name, struct str ns,
                   struct buf *out)
{
    buf_auto struct buf n = BUF_INIT, s = BUF_INIT, metadata = BUF_INIT, data = BUF_INIT;
    if (name.p) mp_put_str(&n, name);
    if (ns.p) mp_put_str(&s, ns);
    struct edit in_metadata[] = {{"managedFields", {0}},
                                 {"selfLink", {0}},
                                 {"namespace", edit_bytes(&s)},
                                 {"name", edit_bytes(&n)}};
    edit_map(mp_get(doc, "metadata"), in_metadata, name.p ? 4 : 3, &metadata);
    struct edit edits[] = {{"metadata", edit_bytes(&metadata)}, {"stringData", {0}}, {"data", {0}}};
    size_t count = 1;
    if (kind == kind_secret && mp_get(doc, "stringData").type == MP_MAP) {
        prepare_secret_data(doc, &data);
        edits[2].value = edit_bytes(&data);
        count = 3;
    }
    edit_map(doc, edits, count, out);
}

static void prepare_pod_status(struct mp doc, struct buf *out)
{
    mp_put_map(out, 2);
    mp_put_z(out, "phase");
    mp_put_z(out, "Pending");
    mp_put_z(out, "qosClass");
    mp_put_z(out, prepare_qos(mp_get(doc, "spec")));
}

static void prepare_namespace_status(struct mp doc, struct buf *out)
{
    (void)doc;
    mp_put_map(out, 1);
    mp_put_z(out, "phase");
    mp_put_z(out, "Active");
}

static void prepare_replicas_status(struct mp doc, struct buf *out)
{
    (void)doc;
    mp_put_map(out, 1);
    mp_put_z(out, "replicas");
    mp_put_int(out, 0);
}

static void prepare_service_status(struct mp doc, struct buf *out)
{
    (void)doc;
    mp_put_map(out, 1);
    mp_put_z(out, "loadBalancer");
    mp_put_map(out, 0);
}

/* A node comes with its status; others begin with one of ours, whatever the client says. */
static void prepare_node_status(struct mp doc, struct buf *out)
{
    struct mp given = mp_get(doc, "status");
    if (given.type == MP_MAP)
        mp_put(out, given);
    else
        mp_put_map(out, 0);
}

static const struct {
    const struct kind *const *kind;
    void (*status)(struct mp doc, struct buf *out);
} prepare_statuses[] = {
    {&kind_pod, prepare_pod_status},     {&kind_namespace, prepare_namespace_status},
    {&kind_node, prepare_node_status},   {&kind_replicaset, prepare_replicas_status},
    {&kind_rc, prepare_replicas_status}, {&kind_service, prepare_service_status},
};

static void prepare_namespace_spec(struct mp doc, struct buf *out)
{
    buf_auto struct buf finalizers = BUF_INIT;
    mp_put_array(&finalizers, 1);
    mp_put_z(&finalizers, "kubernetes");
    struct edit edit = {"finalizers", edit_bytes(&finalizers)};
    edit_map(mp_get(doc, "spec"), &edit, 1, out);
}

void prepare_new(const struct kind *kind, struct mp doc, struct buf *out)
{
    buf_auto struct buf status = BUF_INIT, spec = BUF_INIT;
    struct edit edits[2] = {{"status", {0}}};
    size_t count = kind->has_status;
    for (size_t i = 0; i < sizeof prepare_statuses / sizeof *prepare_statuses; i++)
        if (*prepare_statuses[i].kind == kind) prepare_statuses[i].status(doc, &status);
    if (status.len) edits[0].value = edit_bytes(&status);
    if (kind == kind_namespace) {
        prepare_namespace_spec(doc, &spec);
        edits[count++] = (struct edit){"spec", edit_bytes(&spec)};
    }
    edit_map(doc, edits, count, out);
}

void prepare_again(struct mp doc, struct mp old, struct buf *out)
{
    buf_auto struct buf metadata = BUF_INIT;
    struct edit name = {"generateName", mp_path(old, "metadata.generateName").raw};
    edit_map(mp_get(doc, "metadata"), &name, 1, &metadata);
    struct edit edit = {"metadata", edit_bytes(&metadata)};
    edit_map(doc, &edit, 1, out);
}
