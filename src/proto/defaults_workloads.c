/* Defaults of workloads, limits, policies and roles that depend on their neighbours. */
#include "proto/schema_tables.h"

static void defaults_pair(struct buf *out, const char *key, const char *text)
{
    mp_put_z(out, key);
    mp_put_z(out, text);
}

/* A rolling update has settings; other strategies have none. */
static bool defaults_rolls(const struct default_scope *at)
{
    struct mp type = mp_get(at->object, "type");
    return type.type == MP_END || mp_is(type, "") || mp_is(type, "RollingUpdate");
}

default_fn default_rolling_deployment;
bool default_rolling_deployment(const struct default_scope *at, struct mp given, struct buf *out)
{
    (void)given;
    if (!defaults_rolls(at)) return false;
    mp_put_map(out, 2);
    defaults_pair(out, "maxSurge", "25%");
    defaults_pair(out, "maxUnavailable", "25%");
    return true;
}

static bool defaults_rolling_number(const struct default_scope *at, const char *key, int64_t n,
                                    struct buf *out)
{
    if (!defaults_rolls(at)) return false;
    mp_put_map(out, 1);
    mp_put_z(out, key);
    mp_put_int(out, n);
    return true;
}

default_fn default_rolling_daemons;
bool default_rolling_daemons(const struct default_scope *at, struct mp given, struct buf *out)
{
    (void)given;
    return defaults_rolling_number(at, "maxUnavailable", 1, out);
}

default_fn default_rolling_ordered;
bool default_rolling_ordered(const struct default_scope *at, struct mp given, struct buf *out)
{
    (void)given;
    return defaults_rolling_number(at, "partition", 0, out);
}

/* One pod is the job, unless its pods agree among themselves when it is done. */
default_fn default_completions;
bool default_completions(const struct default_scope *at, struct mp given, struct buf *out)
{
    (void)given;
    if (mp_get(at->object, "parallelism").type != MP_END) return false;
    mp_put_int(out, 1);
    return true;
}

/* The pairs of `maps`; where several have a key, the first of them says its value. */
static bool defaults_union(const struct mp *maps, size_t count, struct buf *out)
{
    uint32_t pairs = 0;
    size_t mark = mp_begin(out);
    for (size_t i = 0; i < count; i++)
        for (struct mp_iter it = mp_items(maps[i]); mp_iter_next(&it);) {
            size_t before = 0;
            while (before < i && mp_get_str(maps[before], it.key).type == MP_END) before++;
            if (before < i) continue;
            mp_put_str(out, it.key);
            mp_put(out, it.value);
            pairs++;
        }
    mp_end_map(out, mark, pairs);
    return pairs > 0;
}

static bool defaults_keep(struct mp given, struct buf *out)
{
    if (given.type == MP_END) return false;
    mp_put(out, given);
    return true;
}

default_fn default_limits;
bool default_limits(const struct default_scope *at, struct mp given, struct buf *out)
{
    if (!mp_is(mp_get(at->object, "type"), "Container")) return defaults_keep(given, out);
    const struct mp from[] = {given, mp_get(at->object, "max")};
    return defaults_union(from, 2, out);
}

default_fn default_limit_requests;
bool default_limit_requests(const struct default_scope *at, struct mp given, struct buf *out)
{
    if (!mp_is(mp_get(at->object, "type"), "Container")) return defaults_keep(given, out);
    const struct mp from[] = {given, mp_get(at->object, "default"), mp_get(at->object, "max"),
                              mp_get(at->object, "min")};
    return defaults_union(from, 4, out);
}

default_fn default_policy_types;
bool default_policy_types(const struct default_scope *at, struct mp given, struct buf *out)
{
    (void)given;
    struct mp egress = mp_get(at->object, "egress");
    bool both = egress.type == MP_ARRAY && egress.count > 0;
    mp_put_array(out, both ? 2 : 1);
    mp_put_z(out, "Ingress");
    if (both) mp_put_z(out, "Egress");
    return true;
}

default_fn default_subject_group;
bool default_subject_group(const struct default_scope *at, struct mp given, struct buf *out)
{
    (void)given;
    struct mp kind = mp_get(at->object, "kind");
    if (!mp_is(kind, "User") && !mp_is(kind, "Group")) return false;
    mp_put_z(out, "rbac.authorization.k8s.io");
    return true;
}
