/* What holds between the parts of a pod's spec. */
#include "proto/checker.h"

#include "base/map.h"
#include "base/mem.h"

/* Every mount names a volume of the pod. */
static void pod_mounts(struct checker *c, const struct map *volumes, struct mp containers,
                       const char *list)
{
    unsigned i = 0;
    for (struct mp_iter it = mp_items(containers); mp_iter_next(&it); i++) {
        unsigned k = 0;
        struct mp_iter mount = mp_items(mp_get(it.value, "volumeMounts"));
        for (; mp_iter_next(&mount); k++) {
            struct str name = mp_str(mp_get(mount.value, "name"));
            if (!name.n || map_get(volumes, name.p, name.n)) continue;
            mem_auto char *at = mem_printf("%s[%u].volumeMounts[%u].name", list, i, k);
            check_not_found(c, at, name);
        }
    }
}

static void pod_init_names(struct checker *c, struct mp containers, struct mp init)
{
    struct map names = {0};
    if (check_empty(init)) return;
    for (struct mp_iter it = mp_items(containers); mp_iter_next(&it);) {
        struct str name = mp_str(mp_get(it.value, "name"));
        if (name.n) map_put(&names, name.p, name.n, &names);
    }
    unsigned i = 0;
    for (struct mp_iter it = mp_items(init); mp_iter_next(&it); i++) {
        struct str name = mp_str(mp_get(it.value, "name"));
        if (!name.n || !map_get(&names, name.p, name.n)) continue;
        mem_auto char *at = mem_printf("initContainers[%u].name", i);
        check_duplicate(c, at, name);
    }
    map_free(&names);
}

/* Two containers cannot listen on one port of the host; on the host's network, every port is one.
 */
static void pod_host_ports(struct checker *c, struct mp containers, bool host)
{
    struct map seen = {0};
    unsigned i = 0;
    for (struct mp_iter it = mp_items(containers); mp_iter_next(&it); i++) {
        unsigned k = 0;
        struct mp_iter port = mp_items(mp_get(it.value, "ports"));
        for (; mp_iter_next(&port); k++) {
            struct mp inner = mp_get(port.value, "containerPort");
            int64_t outer = mp_i64(mp_get(port.value, "hostPort"), 0);
            if (host && mp_i64(inner, 0) != outer) {
                mem_auto char *at = mem_printf("containers[%u].ports[%u].containerPort", i, k);
                check_invalid(c, at, inner, "must match `hostPort` when `hostNetwork` is true");
            }
            if (!outer) continue;
            struct str protocol = mp_str(mp_get(port.value, "protocol"));
            struct str ip = mp_str(mp_get(port.value, "hostIP"));
            char *key = mem_printf("%.*s/%.*s/%lld", (int)protocol.n, protocol.n ? protocol.p : "",
                                   (int)ip.n, ip.n ? ip.p : "", (long long)outer);
            if (map_get(&seen, key, strlen(key))) {
                mem_auto char *at = mem_printf("containers[%u].ports[%u].hostPort", i, k);
                check_duplicate(c, at, str_of(key));
                mem_free(key);
            } else {
                map_put(&seen, key, strlen(key), key);
            }
        }
    }
    char *key;
    for (size_t at = 0; (key = map_next(&seen, &at));) mem_free(key);
    map_free(&seen);
}

check_fn check_pod_spec;
void check_pod_spec(struct checker *c, const struct check_scope *at)
{
    struct mp containers = check_get(at, "containers"), init = check_get(at, "initContainers");
    struct map volumes = {0};
    for (struct mp_iter it = mp_items(check_get(at, "volumes")); mp_iter_next(&it);) {
        struct str name = mp_str(mp_get(it.value, "name"));
        if (name.n) map_put(&volumes, name.p, name.n, &volumes);
    }
    pod_mounts(c, &volumes, containers, "containers");
    pod_mounts(c, &volumes, init, "initContainers");
    map_free(&volumes);
    pod_init_names(c, containers, init);
    pod_host_ports(c, containers, mp_bool(check_get(at, "hostNetwork"), false));
    check_pod_dns(c, at);
}

check_fn check_volume;
void check_volume(struct checker *c, const struct check_scope *at)
{
    unsigned sources = 0;
    for (struct mp_iter it = mp_items(at->object); mp_iter_next(&it);) {
        if (str_is(it.key, "name")) continue;
        if (!sources++) continue;
        mem_auto char *sub = mem_strndup(it.key.p, it.key.n);
        check_forbidden(c, sub, "may not specify more than 1 volume type");
    }
    if (!sources) check_required(c, "", "must specify a volume type");
}

check_fn check_toleration;
void check_toleration(struct checker *c, const struct check_scope *at)
{
    static const char *const operators[] = {"Equal", "Exists", NULL};
    struct mp op = check_get(at, "operator"), value = check_get(at, "value");
    struct mp effect = check_get(at, "effect");
    if (check_empty(check_get(at, "key")) && !mp_is(op, "Exists"))
        check_invalid(c, "operator", op,
                      "operator must be Exists when `key` is empty, which means \"match all values "
                      "and all keys\"");
    if (check_get(at, "tolerationSeconds").type != MP_END && !mp_is(effect, "NoExecute"))
        check_invalid(c, "effect", effect,
                      "effect must be 'NoExecute' when `tolerationSeconds` is set");
    if (mp_is(op, "Exists") && !check_empty(value))
        check_invalid(c, "operator", value, "value must be empty when `operator` is 'Exists'");
    else if (mp_is(op, "Equal") || check_empty(op)) {
        const char *wrong = name_check_label_value(mp_str(value));
        if (wrong) check_invalid(c, "operator", value, wrong);
    } else if (!mp_is(op, "Exists"))
        check_unsupported(c, "operator", mp_str(op), operators);
}
