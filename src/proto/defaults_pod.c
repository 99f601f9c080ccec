/* Defaults of pods and of pod templates that depend on more than the field's own absence. */
#include "proto/schema_tables.h"

static bool defaults_in_pod(const struct default_scope *spec)
{
    return spec && spec->outer && !strcmp(spec->outer->type->name, "core.v1.Pod");
}

static struct str defaults_image_tag(struct str image)
{
    struct str tag = STR("latest");
    for (size_t i = 0; i < image.n; i++) {
        if (image.p[i] == '/') tag = STR("latest");
        if (image.p[i] == ':') tag = (struct str){image.p + i + 1, image.n - i - 1};
        if (image.p[i] == '@') return STR("");
    }
    return tag;
}

default_fn default_image_pull_policy;
bool default_image_pull_policy(const struct default_scope *at, struct mp given, struct buf *out)
{
    (void)given;
    struct str image = mp_str(mp_get(at->object, "image"));
    bool latest = image.n && str_is(defaults_image_tag(image), "latest");
    mp_put_z(out, latest ? "Always" : "IfNotPresent");
    return true;
}

default_fn default_host_port;
bool default_host_port(const struct default_scope *at, struct mp given, struct buf *out)
{
    (void)given;
    const struct default_scope *spec = at->outer ? at->outer->outer : NULL;
    struct mp port = mp_get(at->object, "containerPort");
    if (!spec || !mp_bool(mp_get(spec->object, "hostNetwork"), false) || port.type != MP_INT)
        return false;
    mp_put(out, port);
    return true;
}

default_fn default_service_links;
bool default_service_links(const struct default_scope *at, struct mp given, struct buf *out)
{
    (void)given;
    if (!defaults_in_pod(at)) return false;
    mp_put_bool(out, true);
    return true;
}

/* serviceAccount is the old name of serviceAccountName; both say the same. */
default_fn default_service_account;
bool default_service_account(const struct default_scope *at, struct mp given, struct buf *out)
{
    (void)given;
    struct str name = mp_str(mp_get(at->object, "serviceAccountName"));
    if (!name.n) name = mp_str(mp_get(at->object, "serviceAccount"));
    if (!name.n && defaults_in_pod(at)) name = STR("default");
    if (!name.n) return false;
    mp_put_str(out, name);
    return true;
}

/* What a pod may use at most it also requests, unless it says otherwise. */
default_fn default_requests;
bool default_requests(const struct default_scope *at, struct mp given, struct buf *out)
{
    struct mp limits = mp_get(at->object, "limits");
    const struct default_scope *spec = at->outer ? at->outer->outer : NULL;
    if (!defaults_in_pod(spec) || limits.type != MP_MAP) {
        if (given.type == MP_END) return false;
        mp_put(out, given);
        return true;
    }
    uint32_t count = 0;
    size_t begin = mp_begin(out);
    for (struct mp_iter it = mp_items(given); mp_iter_next(&it); count++) {
        mp_put_str(out, it.key);
        mp_put(out, it.value);
    }
    for (struct mp_iter it = mp_items(limits); mp_iter_next(&it);) {
        if (mp_get_str(given, it.key).type != MP_END) continue;
        mp_put_str(out, it.key);
        mp_put(out, it.value);
        count++;
    }
    mp_end_map(out, begin, count);
    return true;
}

static bool defaults_tolerates(struct mp tolerations, const char *key)
{
    for (struct mp_iter it = mp_items(tolerations); mp_iter_next(&it);) {
        struct str effect = mp_str(mp_get(it.value, "effect"));
        struct str has = mp_str(mp_get(it.value, "key"));
        if ((!has.n || str_is(has, key)) && (!effect.n || str_is(effect, "NoExecute"))) return true;
    }
    return false;
}

/* A pod stays five minutes on a node that is away, unless it says otherwise. */
default_fn default_tolerations;
bool default_tolerations(const struct default_scope *at, struct mp given, struct buf *out)
{
    static const char *const keys[] = {"node.kubernetes.io/not-ready",
                                       "node.kubernetes.io/unreachable"};
    enum { STAY_SECONDS = 300 };
    uint32_t count = 0;
    size_t begin = mp_begin(out);
    for (struct mp_iter it = mp_items(given); mp_iter_next(&it); count++) mp_put(out, it.value);
    for (size_t i = 0; defaults_in_pod(at) && i < sizeof keys / sizeof *keys; i++) {
        if (defaults_tolerates(given, keys[i])) continue;
        mp_put_map(out, 4);
        mp_put_z(out, "key");
        mp_put_z(out, keys[i]);
        mp_put_z(out, "operator");
        mp_put_z(out, "Exists");
        mp_put_z(out, "effect");
        mp_put_z(out, "NoExecute");
        mp_put_z(out, "tolerationSeconds");
        mp_put_int(out, STAY_SECONDS);
        count++;
    }
    mp_end_array(out, begin, count);
    return count || given.type != MP_END;
}

/* A volume without a source is an empty directory. */
default_fn default_volume_source;
bool default_volume_source(const struct default_scope *at, struct mp given, struct buf *out)
{
    (void)given;
    for (struct mp_iter it = mp_items(at->object); mp_iter_next(&it);)
        if (!str_is(it.key, "name")) return false;
    mp_put_map(out, 0);
    return true;
}
