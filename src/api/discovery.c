/* Discovery: the requests, and the groups. */
#include "api/discovery.h"

#include "api/inner.h"
#include "proto/json.h"

static void put_group_version(const char *group, const char *version, struct buf *json)
{
    buf_printf(json, "{\"groupVersion\":\"%s/%s\",\"version\":\"%s\"}", group, version, version);
}

/* Who asks group by group may be a client of 1.20, which takes the preferred version unasked and
 * knows no newer ones: to it, versions that came later are there but not preferred. */
static const char *group_preferred(const struct discovery_group *g)
{
    static const struct {
        const char *group, *version;
    } then[] = {{"autoscaling", "v1"},
                {"batch", "v1beta1"}, /* of CronJobs; Jobs have but one */
                {"discovery.k8s.io", "v1beta1"},
                {"policy", "v1beta1"}};
    for (size_t i = 0; i < sizeof then / sizeof *then; i++)
        if (!strcmp(g->name, then[i].group)) return then[i].version;
    return g->versions[0];
}

static void put_group(const struct discovery_group *g, bool typed, struct buf *json)
{
    buf_putc(json, '{');
    if (typed) buf_puts(json, "\"kind\":\"APIGroup\",\"apiVersion\":\"v1\",");
    buf_printf(json, "\"name\":\"%s\",\"versions\":[", g->name);
    for (unsigned n = 0; n < g->count; n++) {
        if (n) buf_putc(json, ',');
        put_group_version(g->name, g->versions[n], json);
    }
    buf_puts(json, "],\"preferredVersion\":");
    put_group_version(g->name, group_preferred(g), json);
    buf_putc(json, '}');
}

static bool discovery_answer_aggregated(struct request *r, bool core)
{
    const char *version = accept_aggregated(http_header(r->x, "Accept"));
    if (!version) return false;
    buf_auto struct buf json = BUF_INIT, type = BUF_INIT;
    struct discovery d;
    discovery_gather(r->api->definitions, &d);
    discovery_put_aggregated(&d, version, core, &json);
    discovery_free(&d);
    buf_printf(&type, "application/json;g=apidiscovery.k8s.io;v=%s;as=APIGroupDiscoveryList",
               version);
    http_reply(r->x, 200, type.data, NULL, json.data, json.len);
    return true;
}

void discovery_core(struct request *r)
{
    if (discovery_answer_aggregated(r, true)) return;
    buf_auto struct buf json = BUF_INIT;
    buf_puts(&json,
             "{\"kind\":\"APIVersions\",\"versions\":[\"v1\"],\"serverAddressByClientCIDRs\":"
             "[{\"clientCIDR\":\"0.0.0.0/0\",\"serverAddress\":");
    json_write_str(str_of(api_address(r->api)), &json);
    buf_puts(&json, "}]}");
    reply_json(r, 200, &json);
}

void discovery_groups(struct request *r)
{
    if (discovery_answer_aggregated(r, false)) return;
    buf_auto struct buf json = BUF_INIT;
    buf_puts(&json, "{\"kind\":\"APIGroupList\",\"apiVersion\":\"v1\",\"groups\":[");
    struct discovery d;
    discovery_gather(r->api->definitions, &d);
    bool first = true;
    for (size_t i = 0; i < d.group_count; i++) {
        if (!d.groups[i].name[0]) continue;
        if (!first) buf_putc(&json, ',');
        put_group(&d.groups[i], false, &json);
        first = false;
    }
    discovery_free(&d);
    buf_puts(&json, "]}");
    reply_json(r, 200, &json);
}

void discovery_group(struct request *r)
{
    buf_auto struct buf json = BUF_INIT;
    struct discovery d;
    discovery_gather(r->api->definitions, &d);
    put_group(discovery_group_called(&d, r->route.group), true, &json); /* the route found it */
    discovery_free(&d);
    reply_json(r, 200, &json);
}

void discovery_version(struct request *r)
{
    buf_auto struct buf json = BUF_INIT;
    struct discovery d;
    discovery_gather(r->api->definitions, &d);
    discovery_put_resources(&d, r->route.group, r->route.version, &json);
    discovery_free(&d);
    reply_json(r, 200, &json);
}
