/* Services and endpoints. */
#include "proto/checker.h"

#include "base/map.h"
#include "base/mem.h"

static void service_ports(struct checker *c, struct mp spec)
{
    struct mp ports = mp_get(spec, "ports"), type = mp_get(spec, "type");
    bool headless = mp_is(mp_get(spec, "clusterIP"), "None");
    if (check_empty(ports) && !headless && !mp_is(type, "ExternalName"))
        check_required(c, "ports", NULL);
    unsigned i = 0;
    for (struct mp_iter it = mp_items(ports); mp_iter_next(&it); i++) {
        mem_auto char *name = mem_printf("ports[%u].name", i);
        if (ports.count > 1 && check_empty(mp_get(it.value, "name"))) check_required(c, name, NULL);
        mem_auto char *node_port = mem_printf("ports[%u].nodePort", i);
        if (mp_is(type, "ClusterIP") && !check_empty(mp_get(it.value, "nodePort")))
            check_forbidden(c, node_port, "may not be used when `type` is 'ClusterIP'");
    }
}

/* One node port and protocol is one service port. */
static void service_node_port_pairs(struct checker *c, struct mp ports)
{
    struct map seen = {0};
    unsigned i = 0;
    char *key;
    for (struct mp_iter it = mp_items(ports); mp_iter_next(&it); i++) {
        struct mp node_port = mp_get(it.value, "nodePort");
        struct str protocol = mp_str(mp_get(it.value, "protocol"));
        if (check_empty(node_port)) continue;
        key = mem_printf("%.*s/%lld", (int)protocol.n, protocol.n ? protocol.p : "",
                         (long long)mp_i64(node_port, 0));
        if (!map_get(&seen, key, strlen(key))) {
            map_put(&seen, key, strlen(key), key);
            continue;
        }
        mem_free(key);
        mem_auto char *at = mem_printf("ports[%u].nodePort", i);
        check_add(c, "FieldValueDuplicate", at, "Duplicate value: %s", check_go(c, node_port));
    }
    for (size_t k = 0; (key = map_next(&seen, &k));) mem_free(key);
    map_free(&seen);
}

/* One port and protocol is one service port. */
static void service_port_pairs(struct checker *c, struct mp ports)
{
    struct map seen = {0};
    unsigned i = 0;
    char *key;
    for (struct mp_iter it = mp_items(ports); mp_iter_next(&it); i++) {
        struct str protocol = mp_str(mp_get(it.value, "protocol"));
        long long port = (long long)mp_i64(mp_get(it.value, "port"), 0);
        key = mem_printf("%.*s/%lld", (int)protocol.n, protocol.n ? protocol.p : "", port);
        if (!map_get(&seen, key, strlen(key))) {
            map_put(&seen, key, strlen(key), key);
            continue;
        }
        mem_free(key);
        mem_auto char *at = mem_printf("ports[%u]", i);
        check_add(c, "FieldValueDuplicate", at,
                  "Duplicate value: core.ServicePort{Name:\"\", Protocol:\"%.*s\", "
                  "AppProtocol:(*string)(nil), Port:%lld, TargetPort:intstr.IntOrString{Type:0, "
                  "IntVal:0, StrVal:\"\"}, NodePort:0}",
                  (int)protocol.n, protocol.n ? protocol.p : "", port);
    }
    for (size_t k = 0; (key = map_next(&seen, &k));) mem_free(key);
    map_free(&seen);
}

static void service_headless(struct checker *c, const struct check_scope *at)
{
    struct mp type = check_get(at, "type");
    bool outside = mp_is(type, "NodePort") || mp_is(type, "LoadBalancer");
    if (!outside || !mp_is(check_get(at, "clusterIP"), "None")) return;
    mem_auto char *why = mem_printf("may not be set to 'None' for %.*s services",
                                    (int)mp_str(type).n, mp_str(type).p);
    check_invalid_str(c, "clusterIPs[0]", STR("None"), why);
}

static void service_cluster_ip(struct checker *c, const struct check_scope *at)
{
    struct mp now = check_get(at, "clusterIP"), old = mp_get(at->old, "clusterIP");
    if (mp_is(check_get(at, "type"), "ExternalName")) {
        if (!check_empty(now) || !check_empty(check_get(at, "clusterIPs")))
            check_forbidden(c, "clusterIPs", "may not be set for ExternalName services");
        return;
    }
    const char *wrong =
        check_empty(now) || mp_is(now, "None") ? NULL : name_check_endpoint_ip(mp_str(now));
    if (wrong && str_starts(str_of(wrong), "must be")) check_invalid(c, "clusterIP", now, wrong);
    if (!check_is_update(c) || mp_is(mp_get(at->old, "type"), "ExternalName")) return;
    if (!check_empty(old) && !check_empty(now) && !mp_same(now, old))
        check_add(c, "FieldValueInvalid", "clusterIPs[0]",
                  "Invalid value: []string{%s}: may not change once set", check_go(c, now));
}

static void service_cluster_ips(struct checker *c, const struct check_scope *at)
{
    struct mp one = check_get(at, "clusterIP"), all = check_get(at, "clusterIPs");
    if (check_empty(all) || mp_is(check_get(at, "type"), "ExternalName")) return;
    if (check_empty(one))
        check_invalid(c, "clusterIPs", all, "must be empty when clusterIP is empty");
    else if (!mp_same(mp_at(all, 0), one))
        check_invalid(c, "clusterIPs", all, "element [0] must match clusterIP");
}

/* What is for traffic from outside only. */
static void service_traffic_policy(struct checker *c, const struct check_scope *at)
{
    struct mp type = check_get(at, "type"), policy = check_get(at, "externalTrafficPolicy");
    if (check_empty(policy)) return;
    if (!mp_is(policy, "Local") && !mp_is(policy, "Cluster"))
        check_invalid(c, "externalTrafficPolicy", policy,
                      "ExternalTrafficPolicy must be empty, Cluster or Local");
    else if (!mp_is(type, "LoadBalancer") && !mp_is(type, "NodePort"))
        check_invalid(c, "externalTrafficPolicy", policy,
                      "ExternalTrafficPolicy can only be set on NodePort and LoadBalancer service");
}

static void service_health_port(struct checker *c, const struct check_scope *at)
{
    struct mp port = check_get(at, "healthCheckNodePort");
    struct mp had = mp_get(at->old, "healthCheckNodePort");
    bool local = mp_is(check_get(at, "type"), "LoadBalancer") &&
                 mp_is(check_get(at, "externalTrafficPolicy"), "Local");
    const char *wrong = NULL;
    if (check_empty(port)) return;
    if (mp_i64(port, 0) < 0)
        wrong = "HealthCheckNodePort must be not less than 0";
    else if (!local)
        wrong = "HealthCheckNodePort can only be set on LoadBalancer service with "
                "ExternalTrafficPolicy=Local";
    else if (!check_empty(had) && !mp_same(had, port))
        wrong = "cannot change healthCheckNodePort on loadBalancer service with "
                "externalTraffic=Local during update";
    if (wrong) check_invalid(c, "healthCheckNodePort", port, wrong);
}

check_fn check_service_spec;
void check_service_spec(struct checker *c, const struct check_scope *at)
{
    struct mp name = check_get(at, "externalName");
    service_ports(c, at->object);
    service_port_pairs(c, check_get(at, "ports"));
    service_node_port_pairs(c, check_get(at, "ports"));
    service_cluster_ip(c, at);
    service_cluster_ips(c, at);
    service_traffic_policy(c, at);
    service_health_port(c, at);
    service_headless(c, at);
    if (!mp_is(check_get(at, "type"), "ExternalName")) return;
    const char *wrong = check_empty(name) ? NULL : name_check_dns_subdomain(mp_str(name));
    if (check_empty(name))
        check_required(c, "externalName", NULL);
    else if (wrong)
        check_invalid(c, "externalName", name, wrong);
}

check_fn check_endpoint_subset;
void check_endpoint_subset(struct checker *c, const struct check_scope *at)
{
    struct mp ports = check_get(at, "ports");
    if (check_empty(check_get(at, "addresses")) && check_empty(check_get(at, "notReadyAddresses")))
        check_required(c, "", "must specify `addresses` or `notReadyAddresses`");
    unsigned i = 0;
    for (struct mp_iter it = mp_items(ports); mp_iter_next(&it); i++) {
        mem_auto char *name = mem_printf("ports[%u].name", i);
        if (ports.count > 1 && check_empty(mp_get(it.value, "name"))) check_required(c, name, NULL);
    }
}
