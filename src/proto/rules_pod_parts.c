/* What holds within the smaller parts of a pod: fields it tells itself, its DNS, its privileges. */
#include "proto/checker.h"

#include "base/mem.h"

static const char *const field_labels[] = {"metadata.annotations", "metadata.labels",
                                           "metadata.name",        "metadata.namespace",
                                           "metadata.uid",         "spec.nodeName",
                                           "spec.restartPolicy",   "spec.serviceAccountName",
                                           "spec.schedulerName",   "status.phase",
                                           "status.hostIP",        "status.podIP",
                                           "status.podIPs",        NULL};
static const char *const field_env[] = {"metadata.name", "metadata.namespace",      "metadata.uid",
                                        "spec.nodeName", "spec.serviceAccountName", "status.hostIP",
                                        "status.podIP",  "status.podIPs",           NULL};
static const char *const field_file[] = {"metadata.annotations", "metadata.labels", "metadata.name",
                                         "metadata.namespace",   "metadata.uid",    NULL};

static bool field_among(struct str path, const char *const *names)
{
    for (; *names; names++)
        if (str_is(path, *names)) return true;
    return false;
}

/* metadata.labels['key']: takes the key off; false: it has none. */
static bool field_subscript(struct str *path, struct str *key)
{
    const char *open = memchr(path->p, '[', path->n);
    if (!open || path->n < 4 || memcmp(path->p + path->n - 2, "']", 2) != 0 || open[1] != '\'')
        return false;
    size_t at = (size_t)(open - path->p);
    *key = (struct str){open + 2, path->n - at - 4};
    path->n = at;
    return true;
}

check_fn check_field_selector;
void check_field_selector(struct checker *c, const struct check_scope *at)
{
    struct mp field = check_get(at, "fieldPath");
    struct str path = mp_str(field), key = {0};
    const char *const *supported =
        strstr(path_text(&c->path), ".valueFrom.") ? field_env : field_file;
    if (!path.n) return;
    if (field_subscript(&path, &key)) {
        bool map = str_is(path, "metadata.annotations") || str_is(path, "metadata.labels");
        const char *wrong = map ? name_check_qualified(key) : "does not support subscript";
        if (wrong) check_invalid_str(c, "fieldPath", map ? key : path, wrong);
    } else if (!field_among(path, field_labels)) {
        mem_auto char *why = mem_printf(
            "error converting fieldPath: field label not supported: %.*s", (int)path.n, path.p);
        check_invalid(c, "fieldPath", field, why);
    } else if (!field_among(path, supported)) {
        check_unsupported(c, "fieldPath", path, supported);
    }
}

check_fn check_security_context;
void check_security_context(struct checker *c, const struct check_scope *at)
{
    if (mp_bool(check_get(at, "privileged"), false) &&
        !mp_bool(check_get(at, "allowPrivilegeEscalation"), true))
        check_invalid(c, "", at->object,
                      "cannot set `allowPrivilegeEscalation` to false and `privileged` to true");
}

check_fn check_seccomp;
void check_seccomp(struct checker *c, const struct check_scope *at)
{
    struct mp profile = check_get(at, "localhostProfile");
    bool local = mp_is(check_get(at, "type"), "Localhost");
    if (local && profile.type == MP_END)
        check_required(c, "localhostProfile", "must be set when seccomp type is Localhost");
    else if (local && name_check_inner_path(mp_str(profile)))
        check_invalid(c, "localhostProfile", profile, name_check_inner_path(mp_str(profile)));
    else if (!local && profile.type != MP_END)
        check_invalid(c, "localhostProfile", profile,
                      "can only be set when seccomp type is Localhost");
}

check_fn check_dns_config;
void check_dns_config(struct checker *c, const struct check_scope *at)
{
    enum { SERVERS_MAX = 3, SEARCHES_MAX = 6 };
    struct mp servers = check_get(at, "nameservers"), searches = check_get(at, "searches");
    if (servers.count > SERVERS_MAX)
        check_invalid(c, "nameservers", servers, "must not have more than 3 nameservers");
    if (searches.count > SEARCHES_MAX)
        check_invalid(c, "searches", searches, "must not have more than 6 search paths");
    unsigned i = 0;
    for (struct mp_iter it = mp_items(servers); mp_iter_next(&it); i++) {
        mem_auto char *sub = mem_printf("nameservers[%u]", i);
        const char *wrong = name_check_ip(mp_str(it.value));
        if (wrong) check_invalid(c, sub, it.value, wrong);
    }
}

void check_pod_dns(struct checker *c, const struct check_scope *at)
{
    struct mp config = check_get(at, "dnsConfig");
    if (!mp_is(check_get(at, "dnsPolicy"), "None")) return;
    if (config.type == MP_END)
        check_required(c, "dnsConfig", "must provide `dnsConfig` when `dnsPolicy` is None");
    else if (!mp_get(config, "nameservers").count)
        check_required(c, "dnsConfig.nameservers",
                       "must provide at least one DNS nameserver when `dnsPolicy` is None");
}

static void resource_names(struct checker *c, struct mp amounts, const char *field)
{
    static const char *const own[] = {"cpu", "memory", "ephemeral-storage", NULL};
    for (struct mp_iter it = mp_items(amounts); mp_iter_next(&it);) {
        bool qualified = it.key.n && memchr(it.key.p, '/', it.key.n);
        if (qualified || field_among(it.key, own) || str_starts(it.key, "hugepages-")) continue;
        mem_auto char *sub =
            mem_printf("resources.%s[%.*s]", field, (int)it.key.n, it.key.n ? it.key.p : "");
        check_resource_name(c, sub, it.key);
        check_invalid_str(c, sub, it.key, "must be a standard resource for containers");
    }
}

void check_container_resources(struct checker *c, struct mp resources)
{
    resource_names(c, mp_get(resources, "limits"), "limits");
    resource_names(c, mp_get(resources, "requests"), "requests");
}
