#include "actors/controllers/bootstrap.h"

#include "actors/tokens.h"

enum { HTTPS_PORT = 443 };

static void put(struct buf *b, const char *key, const char *value)
{
    mp_put_z(b, key);
    mp_put_z(b, value);
}

static void put_no_metadata(struct buf *b)
{
    mp_put_z(b, "metadata");
    mp_put_map(b, 0);
}

static struct doc *critical_class(int64_t value, const char *description)
{
    buf_auto struct buf b = BUF_INIT;
    mp_put_map(&b, 4);
    put_no_metadata(&b);
    mp_put_z(&b, "value");
    mp_put_int(&b, value);
    put(&b, "description", description);
    put(&b, "preemptionPolicy", "PreemptLowerPriority");
    return doc_from_buf(&b);
}

static struct doc *cluster_critical(const struct system_options *given)
{
    (void)given;
    return critical_class(2000000000, "For pods that the cluster cannot do without, on any node.");
}

static struct doc *node_critical(const struct system_options *given)
{
    (void)given;
    return critical_class(2000001000, "For pods that their node cannot do without.");
}

static bool port_of(const char *address, struct str *host, uint64_t *port)
{
    const char *colon = strrchr(address, ':');
    if (!colon || !str_to_u64(str_of(colon + 1), port)) return false;
    *host = (struct str){address, (size_t)(colon - address)};
    if (host->n > 2 && host->p[0] == '[') *host = (struct str){host->p + 1, host->n - 2};
    return true;
}

static void put_port(struct buf *b, uint64_t port, uint64_t target)
{
    mp_put_map(b, target ? 4 : 3);
    put(b, "name", "https");
    mp_put_z(b, "port");
    mp_put_uint(b, port);
    put(b, "protocol", "TCP");
    if (!target) return;
    mp_put_z(b, "targetPort");
    mp_put_uint(b, target);
}

static struct doc *masters_service(const struct system_options *given)
{
    struct str host;
    uint64_t port;
    if (!given->api_count || !port_of(given->api_addresses[0], &host, &port)) return NULL;
    buf_auto struct buf b = BUF_INIT;
    mp_put_map(&b, 2);
    mp_put_z(&b, "metadata");
    mp_put_map(&b, 1);
    mp_put_z(&b, "labels");
    mp_put_map(&b, 2);
    put(&b, "component", "apiserver");
    put(&b, "provider", "kubernetes");
    mp_put_z(&b, "spec");
    mp_put_map(&b, 5);
    put(&b, "clusterIP", BOOTSTRAP_SERVICE_IP);
    mp_put_z(&b, "clusterIPs");
    mp_put_array(&b, 1);
    mp_put_z(&b, BOOTSTRAP_SERVICE_IP);
    mp_put_z(&b, "ports");
    mp_put_array(&b, 1);
    put_port(&b, HTTPS_PORT, port);
    put(&b, "sessionAffinity", "None");
    put(&b, "type", "ClusterIP");
    return doc_from_buf(&b);
}

static void put_label(struct buf *b, const char *key, const char *value)
{
    mp_put_z(b, "metadata");
    mp_put_map(b, 1);
    mp_put_z(b, "labels");
    mp_put_map(b, 1);
    put(b, key, value);
}

/* Masters that serve at the same port share a subset. */
static struct doc *masters_endpoints(const struct system_options *given)
{
    buf_auto struct buf b = BUF_INIT;
    struct str host, other_host;
    uint64_t port, other;
    uint32_t subsets = 0;
    if (!given->api_count) return NULL;
    mp_put_map(&b, 2);
    put_label(&b, "endpointslice.kubernetes.io/skip-mirror", "true"); /* it has a slice of ours */
    mp_put_z(&b, "subsets");
    size_t all = mp_begin(&b);
    for (unsigned i = 0; i < given->api_count; i++) {
        bool told = !port_of(given->api_addresses[i], &host, &port);
        for (unsigned k = 0; k < i && !told; k++)
            told = port_of(given->api_addresses[k], &other_host, &other) && other == port;
        if (told) continue;
        uint32_t addresses = 0;
        mp_put_map(&b, 2);
        mp_put_z(&b, "addresses");
        size_t mark = mp_begin(&b);
        for (unsigned k = i; k < given->api_count; k++) {
            if (!port_of(given->api_addresses[k], &other_host, &other) || other != port) continue;
            mp_put_map(&b, 1);
            mp_put_z(&b, "ip");
            mp_put_str(&b, other_host);
            addresses++;
        }
        mp_end_array(&b, mark, addresses);
        mp_put_z(&b, "ports");
        mp_put_array(&b, 1);
        put_port(&b, port, 0);
        subsets++;
    }
    mp_end_array(&b, all, subsets);
    return doc_from_buf(&b);
}

/* A slice has one set of ports: that of the first master, and of those that serve at the same. */
static struct doc *masters_slice(const struct system_options *given)
{
    struct str host;
    uint64_t port, first = 0;
    uint32_t count = 0;
    if (!given->api_count || !port_of(given->api_addresses[0], &host, &first)) return NULL;
    buf_auto struct buf b = BUF_INIT;
    mp_put_map(&b, 4);
    put_label(&b, "kubernetes.io/service-name", "kubernetes");
    put(&b, "addressType", memchr(host.p, ':', host.n) ? "IPv6" : "IPv4");
    mp_put_z(&b, "endpoints");
    size_t mark = mp_begin(&b);
    for (unsigned i = 0; i < given->api_count; i++) {
        if (!port_of(given->api_addresses[i], &host, &port) || port != first) continue;
        mp_put_map(&b, 2);
        mp_put_z(&b, "addresses");
        mp_put_array(&b, 1);
        mp_put_str(&b, host);
        mp_put_z(&b, "conditions");
        mp_put_map(&b, 1);
        mp_put_z(&b, "ready");
        mp_put_bool(&b, true);
        count++;
    }
    mp_end_array(&b, mark, count);
    mp_put_z(&b, "ports");
    mp_put_array(&b, 1);
    put_port(&b, first, 0);
    return doc_from_buf(&b);
}

static struct doc *client_ca(const struct system_options *given)
{
    if (!given->mint) return NULL;
    buf_auto struct buf b = BUF_INIT;
    mp_put_map(&b, 2);
    put_no_metadata(&b);
    mp_put_z(&b, "data");
    mp_put_map(&b, 1);
    mp_put_z(&b, "client-ca-file");
    mp_put_str(&b, given->mint->root_ca(given->mint));
    return doc_from_buf(&b);
}

const struct first_object bootstrap_objects[] = {
    {&kind_priorityclass, NULL, "system-cluster-critical", cluster_critical, NULL},
    {&kind_priorityclass, NULL, "system-node-critical", node_critical, NULL},
    {&kind_service, "default", "kubernetes", masters_service, NULL},
    {&kind_endpoints, "default", "kubernetes", masters_endpoints, "subsets"},
    {&kind_endpointslice, "default", "kubernetes", masters_slice, "endpoints"},
    {&kind_configmap, "kube-system", "extension-apiserver-authentication", client_ca, "data"},
};
const unsigned bootstrap_count = sizeof bootstrap_objects / sizeof *bootstrap_objects;

const struct first_object *bootstrap_find(const struct kind *kind, istr ns, struct str name)
{
    for (unsigned i = 0; i < bootstrap_count; i++) {
        const struct first_object *f = &bootstrap_objects[i];
        if (*f->kind == kind && str_is(name, f->name) &&
            (f->ns ? ns && strcmp(f->ns, ns) == 0 : !ns))
            return f;
    }
    return NULL;
}
