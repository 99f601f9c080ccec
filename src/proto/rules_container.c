/* What holds within a container. */
#include "proto/checker.h"

#include "base/map.h"
#include "base/mem.h"
#include "proto/quantity.h"

static bool container_is_init(const struct checker *c)
{
    const char *last = strrchr(path_text(&c->path), '.');
    return last && !strncmp(last, ".initContainers[", 16);
}

static void container_probes(struct checker *c, struct mp container)
{
    static const char *const probes[] = {"livenessProbe", "readinessProbe", "startupProbe"};
    for (size_t i = 0; i < sizeof probes / sizeof *probes; i++) {
        struct mp probe = mp_get(container, probes[i]);
        if (probe.type == MP_END) continue;
        if (container_is_init(c)) {
            check_invalid(c, probes[i], probe, "must not be set for init containers");
            continue;
        }
        int64_t successes = mp_i64(mp_get(probe, "successThreshold"), 1);
        if (strcmp(probes[i], "readinessProbe") == 0 || successes == 1) continue;
        mem_auto char *at = mem_printf("%s.successThreshold", probes[i]);
        check_add(c, "FieldValueInvalid", at, "Invalid value: %lld: must be 1",
                  (long long)successes);
    }
    struct mp lifecycle = mp_get(container, "lifecycle");
    if (lifecycle.type != MP_END && container_is_init(c))
        check_invalid(c, "lifecycle", lifecycle, "must not be set for init containers");
}

static void container_mounts(struct checker *c, struct mp mounts)
{
    struct map seen = {0};
    unsigned i = 0;
    for (struct mp_iter it = mp_items(mounts); mp_iter_next(&it); i++) {
        struct str at = mp_str(mp_get(it.value, "mountPath"));
        if (!at.n || !map_put(&seen, at.p, at.n, &seen)) continue;
        mem_auto char *sub = mem_printf("volumeMounts[%u].mountPath", i);
        check_invalid_str(c, sub, at, "must be unique");
    }
    map_free(&seen);
}

check_fn check_container;
void check_container(struct checker *c, const struct check_scope *at)
{
    struct str image = mp_str(check_get(at, "image"));
    if (image.n && (strchr(" \t\n", image.p[0]) || strchr(" \t\n", image.p[image.n - 1])))
        check_invalid_str(c, "image", image, "must not have leading or trailing whitespace");
    check_unique(c, "ports", check_get(at, "ports"), "name");
    container_mounts(c, check_get(at, "volumeMounts"));
    container_probes(c, at->object);
    check_container_resources(c, check_get(at, "resources"));
}

check_fn check_probe;
void check_probe(struct checker *c, const struct check_scope *at)
{
    static const char *const handlers[] = {"exec", "httpGet", "tcpSocket"};
    unsigned found = 0;
    for (size_t i = 0; i < sizeof handlers / sizeof *handlers; i++) {
        if (check_get(at, handlers[i]).type == MP_END) continue;
        if (found++) check_forbidden(c, handlers[i], "may not specify more than 1 handler type");
    }
    if (!found) check_required(c, "", "must specify a handler type");
}

check_fn check_env_var;
void check_env_var(struct checker *c, const struct check_scope *at)
{
    static const char *const sources[] = {"fieldRef", "resourceFieldRef", "configMapKeyRef",
                                          "secretKeyRef"};
    struct mp from = check_get(at, "valueFrom");
    if (from.type == MP_END) return;
    unsigned found = 0;
    for (size_t i = 0; i < sizeof sources / sizeof *sources; i++)
        found += mp_get(from, sources[i]).type != MP_END;
    if (!found)
        check_invalid_str(c, "valueFrom", STR(""),
                          "must specify one of: `fieldRef`, `resourceFieldRef`, `configMapKeyRef` "
                          "or `secretKeyRef`");
    else if (!check_empty(check_get(at, "value")))
        check_invalid_str(c, "valueFrom", STR(""),
                          "may not be specified when `value` is not empty");
    else if (found > 1)
        check_invalid_str(c, "valueFrom", STR(""),
                          "may not have more than one field specified at a time");
}

check_fn check_env_from;
void check_env_from(struct checker *c, const struct check_scope *at)
{
    bool map = check_get(at, "configMapRef").type != MP_END;
    bool secret = check_get(at, "secretRef").type != MP_END;
    if (!map && !secret)
        check_invalid_str(c, "", STR(""), "must specify one of: `configMapRef` or `secretRef`");
    else if (map && secret)
        check_invalid_str(c, "", STR(""), "may not have more than one field specified at a time");
}

/* Resources of which a node cannot promise more than it has: request and limit are one. */
static bool container_is_exact(struct str resource)
{
    if (str_starts(resource, "hugepages-")) return true;
    return memchr(resource.p, '/', resource.n) && !str_starts(resource, "kubernetes.io/");
}

check_fn check_requests_within_limits;
void check_requests_within_limits(struct checker *c, const struct check_scope *at)
{
    struct mp limits = check_get(at, "limits");
    for (struct mp_iter it = mp_items(check_get(at, "requests")); mp_iter_next(&it);) {
        struct mp limit = mp_get_str(limits, it.key);
        int64_t asked, most;
        bool exact = it.key.n && container_is_exact(it.key);
        if (limit.type == MP_END) {
            if (exact)
                check_required(c, "limits", "Limit must be set for non overcommitable resources");
            continue;
        }
        if (!quantity_milli(mp_str(it.value), &asked) || !quantity_milli(mp_str(limit), &most))
            continue;
        if (asked <= most && !(exact && asked != most)) continue;
        mem_auto char *why =
            mem_printf("must be %s %.*s limit", exact ? "equal to" : "less than or equal to",
                       (int)it.key.n, it.key.p);
        check_invalid(c, "requests", it.value, why);
    }
}
