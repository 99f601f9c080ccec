#include "node/pod_env.h"

#include "base/mem.h"
#include "proto/base64.h"
#include "proto/nodewire.h"

static struct nodewire_need need_find(struct mp needs, const char *kind, struct str name)
{
    struct nodewire_need need;
    for (struct mp_iter it = mp_items(needs); nodewire_need_next(&it, &need);) {
        if (str_is(need.kind, kind) && str_eq(need.name, name)) return need;
    }
    return (struct nodewire_need){0};
}

struct mp pod_need_data(struct mp needs, const char *kind, struct str name)
{
    struct nodewire_need need = need_find(needs, kind, name);
    if (need.body.type != MP_MAP) return (struct mp){0};
    struct mp data = mp_get(need.body, "data");
    if (data.type == MP_MAP) return data;
    static const char empty[] = "\x80"; /* it is there, with nothing in it */
    return mp_read(empty, 1);
}

bool pod_need_value(struct mp needs, const char *kind, struct str name, struct str key,
                    struct buf *out)
{
    struct nodewire_need need = need_find(needs, kind, name);
    struct mp value = mp_get_str(mp_get(need.body, "data"), key);
    bool secret = !strcmp(kind, "secrets");
    if (!secret && value.type != MP_STR) {
        value = mp_get_str(mp_get(need.body, "binaryData"), key);
        secret = true;
    }
    if (value.type == MP_BIN || (value.type == MP_STR && !secret)) {
        buf_append(out, value.s.p, value.s.n);
        return true;
    }
    return value.type == MP_STR && base64_decode(value.s, out);
}

/* --- the list --- */

static struct str env_name(const char *item)
{
    return (struct str){item, strcspn(item, "=")};
}

static void env_set(struct pod_env *env, struct str name, struct str value)
{
    char *item = mem_printf("%.*s=%.*s", (int)name.n, name.p, (int)value.n, value.n ? value.p : "");
    for (size_t i = 0; i < env->count; i++) {
        if (!str_eq(env_name(env->items[i]), name)) continue;
        mem_free(env->items[i]);
        env->items[i] = item;
        return;
    }
    env->items = mem_resize(env->items, (env->count + 1) * sizeof *env->items);
    env->items[env->count++] = item;
}

static const char *env_get(const struct pod_env *env, struct str name)
{
    for (size_t i = 0; i < env->count; i++) {
        if (str_eq(env_name(env->items[i]), name)) return env->items[i] + name.n + 1;
    }
    return NULL;
}

void pod_env_free(struct pod_env *env)
{
    for (size_t i = 0; i < env->count; i++) mem_free(env->items[i]);
    mem_free(env->items);
    *env = (struct pod_env){0};
}

void pod_env_expand(const struct pod_env *env, struct str text, struct buf *out)
{
    for (size_t i = 0; i < text.n; i++) {
        const char *p = text.p + i;
        size_t left = text.n - i;
        const char *end = left > 2 && p[0] == '$' && p[1] == '(' ? memchr(p, ')', left) : NULL;
        if (left > 1 && p[0] == '$' && p[1] == '$') {
            buf_putc(out, '$');
            i++;
        } else if (end) {
            const char *value = env_get(env, (struct str){p + 2, (size_t)(end - p) - 2});
            if (value) {
                buf_puts(out, value);
            } else {
                buf_append(out, p, (size_t)(end - p) + 1);
            }
            i += (size_t)(end - p);
        } else {
            buf_putc(out, *p);
        }
    }
}

/* --- references --- */

static bool field_of_map(struct mp map, struct str key, struct buf *out)
{
    if (key.n < 3 || key.p[0] != '\'' || !str_ends(key, "']")) return false;
    struct str value = mp_str(mp_get_str(map, (struct str){key.p + 1, key.n - 3}));
    if (value.n) buf_append(out, value.p, value.n);
    return true;
}

bool pod_field(const struct pod_context *p, struct str path, struct buf *out)
{
    const struct {
        const char *path;
        struct str value;
    } fields[] = {
        {"metadata.name", p->name},
        {"metadata.namespace", p->ns},
        {"metadata.uid", p->uid},
        {"spec.nodeName", str_of(p->node)},
        {"spec.serviceAccountName", mp_str(mp_path(p->body, "spec.serviceAccountName"))},
        {"status.hostIP", str_of(p->host_ip)},
        {"status.podIP", str_of(p->pod_ip)},
        {"status.podIPs", str_of(p->pod_ip)},
    };
    for (size_t i = 0; i < sizeof(fields) / sizeof(fields[0]); i++) {
        if (!str_is(path, fields[i].path)) continue;
        if (fields[i].value.n) buf_append(out, fields[i].value.p, fields[i].value.n);
        return true;
    }
    static const char *const maps[] = {"metadata.labels", "metadata.annotations"};
    for (size_t i = 0; i < 2; i++) {
        size_t n = strlen(maps[i]);
        if (!str_starts(path, maps[i])) continue;
        struct mp map = mp_path(p->body, maps[i]);
        if (path.n > n && path.p[n] == '[') {
            return field_of_map(map, (struct str){path.p + n + 1, path.n - n - 1}, out);
        }
        for (struct mp_iter it = mp_items(map); mp_iter_next(&it);) {
            buf_printf(out, "%.*s=\"%.*s\"\n", (int)it.key.n, it.key.p, (int)mp_str(it.value).n,
                       mp_str(it.value).p);
        }
        return true;
    }
    return false;
}

static int env_missing(struct error *err, bool has_object, const char *what, struct str name,
                       struct str key)
{
    if (!has_object) {
        return error_set(err, E_NOTFOUND, "%s \"%.*s\" not found", what, (int)name.n, name.p);
    }
    return error_set(err, E_NOTFOUND, "couldn't find key %.*s in %s %.*s", (int)key.n, key.p, what,
                     (int)name.n, name.p);
}

/* From a key of a config map or secret. 0 with *set false: optional and absent. */
static int env_from_key(const struct pod_context *p, struct mp ref, const char *kind,
                        const char *what, struct buf *value, bool *set, struct error *err)
{
    struct str name = mp_str(mp_get(ref, "name")), key = mp_str(mp_get(ref, "key"));
    *set = pod_need_value(p->needs, kind, name, key, value);
    if (*set || mp_bool(mp_get(ref, "optional"), false)) return 0;
    return env_missing(err, pod_need_data(p->needs, kind, name).type != MP_END, what, name, key);
}

static int env_add(const struct pod_context *p, struct mp item, struct pod_env *env,
                   struct error *err)
{
    struct str name = mp_str(mp_get(item, "name"));
    struct mp from = mp_get(item, "valueFrom"), ref;
    struct buf buf_auto value = BUF_INIT;
    bool set = true;
    int rc = 0;
    if ((ref = mp_get(from, "secretKeyRef")).type == MP_MAP) {
        rc = env_from_key(p, ref, "secrets", "secret", &value, &set, err);
    } else if ((ref = mp_get(from, "configMapKeyRef")).type == MP_MAP) {
        rc = env_from_key(p, ref, "configmaps", "configmap", &value, &set, err);
    } else if ((ref = mp_get(from, "fieldRef")).type == MP_MAP) {
        pod_field(p, mp_str(mp_get(ref, "fieldPath")), &value);
    } else {
        pod_env_expand(env, mp_str(mp_get(item, "value")), &value);
    }
    if (rc == 0 && set) env_set(env, name, (struct str){value.data, value.len});
    return rc;
}

static int env_add_all(const struct pod_context *p, struct mp from, const char *kind,
                       const char *what, struct mp ref, struct pod_env *env, struct error *err)
{
    struct str name = mp_str(mp_get(ref, "name")), prefix = mp_str(mp_get(from, "prefix"));
    struct mp data = pod_need_data(p->needs, kind, name);
    if (data.type == MP_END) {
        if (mp_bool(mp_get(ref, "optional"), false)) return 0;
        return env_missing(err, false, what, name, name);
    }
    for (struct mp_iter it = mp_items(data); mp_iter_next(&it);) {
        struct buf buf_auto full = BUF_INIT, value = BUF_INIT;
        if (prefix.n) buf_append(&full, prefix.p, prefix.n);
        buf_append(&full, it.key.p, it.key.n);
        if (!pod_need_value(p->needs, kind, name, it.key, &value)) continue;
        env_set(env, (struct str){full.data, full.len}, (struct str){value.data, value.len});
    }
    return 0;
}

int pod_env_make(const struct pod_context *p, struct mp container, struct mp base,
                 struct pod_env *out, struct error *err)
{
    struct pod_env env = {0};
    int rc = 0;
    for (struct mp_iter it = mp_items(base); mp_iter_next(&it);) {
        struct str value = mp_str(it.value), name;
        if (str_split(&value, '=', &name)) env_set(&env, name, value);
    }
    env_set(&env, STR("HOSTNAME"), p->name);
    for (struct mp_iter it = mp_items(mp_get(container, "envFrom"));
         rc == 0 && mp_iter_next(&it);) {
        struct mp config = mp_get(it.value, "configMapRef"), secret = mp_get(it.value, "secretRef");
        if (config.type == MP_MAP) {
            rc = env_add_all(p, it.value, "configmaps", "configmap", config, &env, err);
        }
        if (rc == 0 && secret.type == MP_MAP) {
            rc = env_add_all(p, it.value, "secrets", "secret", secret, &env, err);
        }
    }
    for (struct mp_iter it = mp_items(mp_get(container, "env")); rc == 0 && mp_iter_next(&it);) {
        rc = env_add(p, it.value, &env, err);
    }
    if (rc < 0) {
        pod_env_free(&env);
        return rc;
    }
    *out = env;
    return 0;
}
