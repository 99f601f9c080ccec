/* Defaults of kinds other than pods that depend on more than the field's own absence. */
#include "proto/base64.h"
#include "proto/schema_tables.h"

static bool defaults_keep_or(struct mp given, struct mp otherwise, struct buf *out)
{
    if ((given.type != MP_MAP || !given.count) && otherwise.type == MP_MAP && otherwise.count)
        given = otherwise;
    if (given.type == MP_END) return false;
    mp_put(out, given);
    return true;
}

/* Replication controllers and jobs without labels bear those of their template. */
default_fn default_labels_of_template;
bool default_labels_of_template(const struct default_scope *at, struct mp given, struct buf *out)
{
    struct mp labels = {0};
    const char *of = at->outer ? at->outer->type->name : "";
    if (!strcmp(of, "core.v1.ReplicationController") || !strcmp(of, "batch.v1.Job"))
        labels = mp_path(at->outer->object, "spec.template.metadata.labels");
    return defaults_keep_or(given, labels, out);
}

default_fn default_selector_of_template;
bool default_selector_of_template(const struct default_scope *at, struct mp given, struct buf *out)
{
    return defaults_keep_or(given, mp_path(at->object, "template.metadata.labels"), out);
}

/* A namespace that is being deleted loses its finalizer for good. */
static bool defaults_deleted(const struct default_scope *at)
{
    while (at->outer) at = at->outer;
    return mp_path(at->object, "metadata.deletionTimestamp").type != MP_END;
}

default_fn default_namespace_finalizers;
bool default_namespace_finalizers(const struct default_scope *at, struct mp given, struct buf *out)
{
    (void)given;
    if (defaults_deleted(at)) return false;
    mp_put_array(out, 1);
    mp_put_z(out, "kubernetes");
    return true;
}

default_fn default_namespace_spec;
bool default_namespace_spec(const struct default_scope *at, struct mp given, struct buf *out)
{
    if (defaults_deleted(at)) return false;
    mp_put_map(out, 1);
    mp_put_z(out, "finalizers");
    return default_namespace_finalizers(at, given, out);
}

default_fn default_allocatable;
bool default_allocatable(const struct default_scope *at, struct mp given, struct buf *out)
{
    return defaults_keep_or(given, mp_get(at->object, "capacity"), out);
}

default_fn default_nothing;
bool default_nothing(const struct default_scope *at, struct mp given, struct buf *out)
{
    (void)at;
    (void)given;
    (void)out;
    return false;
}

/* stringData is a convenience of writers: its values become data, and win over it. */
default_fn default_secret_data;
bool default_secret_data(const struct default_scope *at, struct mp given, struct buf *out)
{
    struct mp plain = mp_get(at->object, "stringData");
    uint32_t count = 0;
    size_t begin = mp_begin(out);
    for (struct mp_iter it = mp_items(given); mp_iter_next(&it);) {
        if (mp_get_str(plain, it.key).type != MP_END) continue;
        mp_put_str(out, it.key);
        mp_put(out, it.value);
        count++;
    }
    struct buf text buf_auto = BUF_INIT;
    for (struct mp_iter it = mp_items(plain); mp_iter_next(&it); count++) {
        buf_clear(&text);
        base64_encode(mp_str(it.value), &text);
        mp_put_str(out, it.key);
        mp_put_str(out, (struct str){text.data, text.len});
    }
    mp_end_map(out, begin, count);
    return count || given.type != MP_END;
}

default_fn default_target_port;
bool default_target_port(const struct default_scope *at, struct mp given, struct buf *out)
{
    struct mp port = mp_get(at->object, "port");
    bool empty = given.type == MP_END || mp_is(given, "") || mp_i64(given, -1) == 0;
    if (empty && port.type == MP_END) return false;
    mp_put(out, empty ? port : given);
    return true;
}

default_fn default_traffic_policy;
bool default_traffic_policy(const struct default_scope *at, struct mp given, struct buf *out)
{
    (void)given;
    struct mp type = mp_get(at->object, "type");
    if (!mp_is(type, "NodePort") && !mp_is(type, "LoadBalancer")) return false;
    mp_put_z(out, "Cluster");
    return true;
}

default_fn default_affinity_config;
bool default_affinity_config(const struct default_scope *at, struct mp given, struct buf *out)
{
    enum { STICKY_SECONDS = 3 * 60 * 60 };
    if (!mp_is(mp_get(at->object, "sessionAffinity"), "ClientIP")) return false;
    if (mp_path(given, "clientIP.timeoutSeconds").type != MP_END) {
        mp_put(out, given);
        return true;
    }
    mp_put_map(out, 1);
    mp_put_z(out, "clientIP");
    mp_put_map(out, 1);
    mp_put_z(out, "timeoutSeconds");
    mp_put_int(out, STICKY_SECONDS);
    return true;
}
