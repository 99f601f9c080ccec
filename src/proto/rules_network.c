/* Ingresses and network policies. */
#include "proto/checker.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>

check_fn check_ingress;
void check_ingress(struct checker *c, const struct check_scope *at)
{
    if (check_empty(check_get(at, "rules")) && check_empty(check_get(at, "defaultBackend")))
        check_invalid(c, "", at->object, "either `defaultBackend` or `rules` must be specified");
}

static void ingress_host(struct checker *c, const char *sub, struct mp host)
{
    struct str text = mp_str(host);
    if (!text.n) return;
    if (!name_check_ip(text)) {
        check_invalid(c, sub, host, "must be a DNS name, not an IP address");
        return;
    }
    if (str_starts(text, "*.")) text = (struct str){text.p + 2, text.n - 2};
    const char *wrong = name_check_dns_subdomain(text);
    if (wrong) check_invalid(c, sub, host, wrong);
}

check_fn check_ingress_rule;
void check_ingress_rule(struct checker *c, const struct check_scope *at)
{
    ingress_host(c, "host", check_get(at, "host"));
}

check_fn check_ingress_tls;
void check_ingress_tls(struct checker *c, const struct check_scope *at)
{
    unsigned i = 0;
    for (struct mp_iter it = mp_items(check_get(at, "hosts")); mp_iter_next(&it); i++) {
        char sub[24];
        snprintf(sub, sizeof sub, "hosts[%u]", i);
        ingress_host(c, sub, it.value);
    }
}

/* Kubernetes refuses what proxies may read in two ways. */
static void ingress_strict_path(struct checker *c, struct str path)
{
    static const char *const parts[] = {"//", "/./", "/../", "%2f", "%2F"};
    static const char *const ends[] = {"/..", "/."};
    char why[48];
    for (size_t i = 0; i < sizeof parts / sizeof *parts; i++) {
        if (!path.n || !memmem(path.p, path.n, parts[i], strlen(parts[i]))) continue;
        snprintf(why, sizeof why, "must not contain '%s'", parts[i]);
        check_invalid_str(c, "path", path, why);
    }
    for (size_t i = 0; i < sizeof ends / sizeof *ends; i++) {
        size_t n = strlen(ends[i]);
        if (path.n < n || memcmp(path.p + path.n - n, ends[i], n) != 0) continue;
        snprintf(why, sizeof why, "cannot end with '%s'", ends[i]);
        check_invalid_str(c, "path", path, why);
    }
}

check_fn check_ingress_path;
void check_ingress_path(struct checker *c, const struct check_scope *at)
{
    static const char *const types[] = {"Exact", "ImplementationSpecific", "Prefix", NULL};
    struct mp type = check_get(at, "pathType"), path = check_get(at, "path");
    bool exact = mp_is(type, "Exact") || mp_is(type, "Prefix");
    if (type.type == MP_END)
        check_required(c, "pathType", "pathType must be specified");
    else if (!exact && !mp_is(type, "ImplementationSpecific"))
        check_unsupported(c, "pathType", mp_str(type), types);
    if ((exact || mp_str(path).n) && !str_starts(mp_str(path), "/"))
        check_invalid_str(c, "path", mp_str(path), "must be an absolute path");
    else if (exact)
        ingress_strict_path(c, mp_str(path));
}

check_fn check_ingress_backend;
void check_ingress_backend(struct checker *c, const struct check_scope *at)
{
    struct mp service = check_get(at, "service"), resource = check_get(at, "resource");
    if (service.type == MP_END && resource.type == MP_END) {
        check_required(c, "", "no service or resource backend specified");
        return;
    }
    if (service.type != MP_END && resource.type != MP_END) {
        check_invalid(c, "", at->object, "cannot set both resource and service backends");
        return;
    }
    if (service.type != MP_MAP) return;
    struct mp name = mp_get(service, "name"), port = mp_get(service, "port");
    const char *wrong = check_empty(name) ? NULL : name_check_dns_1035(mp_str(name));
    if (check_empty(name)) check_required(c, "service.name", NULL);
    if (wrong) check_invalid(c, "service.name", name, wrong);
    struct mp named = mp_get(port, "name"), number = mp_get(port, "number");
    int64_t n = mp_i64(number, 0);
    if (check_empty(named) && n == 0)
        check_required(c, "service", "port name or number is required");
    else if (!check_empty(named) && n != 0)
        check_invalid(c, "service", service, "cannot set both port name & port number");
    else if (check_empty(named) && (n < 1 || n > 65535))
        check_invalid(c, "service.port.number", number, "must be between 1 and 65535, inclusive");
}

/* ---- network policies */

static bool block_parse(struct str text, unsigned char address[16], int *family, long *bits)
{
    char copy[64], *slash;
    if (text.n >= sizeof copy) return false;
    snprintf(copy, sizeof copy, "%.*s", (int)text.n, text.n ? text.p : "");
    slash = strchr(copy, '/');
    if (!slash || slash[1] < '0' || slash[1] > '9') return false;
    *slash = '\0';
    char *end;
    *bits = strtol(slash + 1, &end, 10);
    *family = strchr(copy, ':') ? AF_INET6 : AF_INET;
    long most = *family == AF_INET ? 32 : 128;
    return !*end && *bits <= most && inet_pton(*family, copy, address) == 1;
}

static bool block_within(struct str inner, struct str outer)
{
    unsigned char a[16] = {0}, b[16] = {0};
    int family = 0, other = 0;
    long bits = 0, fewer = 0;
    if (!block_parse(inner, a, &family, &bits) || !block_parse(outer, b, &other, &fewer))
        return false;
    if (family != other || bits <= fewer) return false;
    for (long i = 0; i < fewer; i++)
        if ((a[i / 8] ^ b[i / 8]) & (0x80 >> i % 8)) return false;
    return true;
}

check_fn check_ip_block;
void check_ip_block(struct checker *c, const struct check_scope *at)
{
    unsigned char address[16];
    int family;
    long bits;
    struct mp cidr = check_get(at, "cidr");
    if (check_empty(cidr)) return;
    if (!block_parse(mp_str(cidr), address, &family, &bits)) {
        check_invalid(c, "cidr", cidr, "not a valid CIDR");
        return;
    }
    unsigned i = 0;
    for (struct mp_iter it = mp_items(check_get(at, "except")); mp_iter_next(&it); i++) {
        char sub[24];
        snprintf(sub, sizeof sub, "except[%u]", i);
        if (!block_parse(mp_str(it.value), address, &family, &bits))
            check_invalid(c, sub, it.value, "not a valid CIDR");
        else if (!block_within(mp_str(it.value), mp_str(cidr)))
            check_invalid(c, sub, it.value, "must be a strict subset of `cidr`");
    }
}

check_fn check_policy_peer;
void check_policy_peer(struct checker *c, const struct check_scope *at)
{
    bool block = check_get(at, "ipBlock").type != MP_END;
    bool others = check_get(at, "podSelector").type != MP_END ||
                  check_get(at, "namespaceSelector").type != MP_END;
    if (!block && !others)
        check_required(c, "", "must specify a peer");
    else if (block && others)
        check_forbidden(c, "", "may not specify both ipBlock and another peer");
}

check_fn check_policy_types;
void check_policy_types(struct checker *c, const struct check_scope *at)
{
    static const char *const types[] = {"Egress", "Ingress", NULL};
    unsigned i = 0;
    for (struct mp_iter it = mp_items(check_get(at, "policyTypes")); mp_iter_next(&it); i++) {
        char sub[24];
        snprintf(sub, sizeof sub, "policyTypes[%u]", i);
        if (!mp_is(it.value, "Ingress") && !mp_is(it.value, "Egress"))
            check_unsupported(c, sub, mp_str(it.value), types);
    }
}
