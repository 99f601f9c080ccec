/* Discovery: which groups, versions and resources there are, told from the table of kinds. */
#include "api/discovery.h"

#include "api/inner.h"
#include "proto/json.h"

/* Kinds of one group stand together nowhere: a group is named at its first kind. */
bool discovery_first_of_group(unsigned index)
{
    for (unsigned i = 0; i < index; i++)
        if (strcmp(kind_at(i)->group, kind_at(index)->group) == 0) return false;
    return true;
}

/* The nth version of a group in the order of its kinds' preference, or NULL. */
const char *discovery_group_version(const char *group, unsigned n)
{
    const char *seen[16];
    unsigned count = 0;
    for (unsigned i = 0; i < kind_count(); i++) {
        const struct kind *k = kind_at(i);
        if (strcmp(k->group, group) != 0) continue;
        for (unsigned v = 0; v < k->version_count && count < 16; v++) {
            unsigned s = 0;
            while (s < count && strcmp(seen[s], k->versions[v].version) != 0) s++;
            if (s < count) continue;
            if (count == n) return k->versions[v].version;
            seen[count++] = k->versions[v].version;
        }
    }
    return NULL;
}

const struct kind_version *discovery_kind_in(const struct kind *k, struct str group,
                                             struct str version)
{
    if (!str_is(group, k->group)) return NULL;
    for (unsigned v = 0; v < k->version_count; v++)
        if (str_is(version, k->versions[v].version)) return &k->versions[v];
    return NULL;
}

static void put_group_version(const char *group, const char *version, struct buf *json)
{
    buf_printf(json, "{\"groupVersion\":\"%s/%s\",\"version\":\"%s\"}", group, version, version);
}

static void put_group(const char *group, bool typed, struct buf *json)
{
    buf_putc(json, '{');
    if (typed) buf_puts(json, "\"kind\":\"APIGroup\",\"apiVersion\":\"v1\",");
    buf_printf(json, "\"name\":\"%s\",\"versions\":[", group);
    const char *version;
    for (unsigned n = 0; (version = discovery_group_version(group, n)); n++) {
        if (n) buf_putc(json, ',');
        put_group_version(group, version, json);
    }
    buf_puts(json, "],\"preferredVersion\":");
    put_group_version(group, discovery_group_version(group, 0), json);
    buf_putc(json, '}');
}

static bool discovery_answer_aggregated(struct request *r, bool core)
{
    const char *version = accept_aggregated(http_header(r->x, "Accept"));
    if (!version) return false;
    buf_auto struct buf json = BUF_INIT, type = BUF_INIT;
    discovery_put_aggregated(version, core, &json);
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
    bool first = true;
    for (unsigned i = 0; i < kind_count(); i++) {
        if (!kind_at(i)->group[0] || !discovery_first_of_group(i)) continue;
        if (!first) buf_putc(&json, ',');
        put_group(kind_at(i)->group, false, &json);
        first = false;
    }
    buf_puts(&json, "]}");
    reply_json(r, 200, &json);
}

void discovery_group(struct request *r)
{
    buf_auto struct buf json = BUF_INIT, group = BUF_INIT;
    buf_append(&group, r->route.group.p, r->route.group.n);
    put_group(group.data, true, &json);
    reply_json(r, 200, &json);
}

void discovery_version(struct request *r)
{
    buf_auto struct buf json = BUF_INIT;
    discovery_put_resources(r->route.group, r->route.version, &json);
    reply_json(r, 200, &json);
}
