/* The resources of one version: APIResourceList, and the aggregated form of current clients. */
#include "api/discovery.h"

#include "proto/base64.h"

#include <sodium.h>

static const struct {
    uint32_t bit;
    const char *name;
} discovery_verbs[] = {
    {VERB_CREATE, "create"}, {VERB_DELETE, "delete"}, {VERB_DELETECOLLECTION, "deletecollection"},
    {VERB_GET, "get"},       {VERB_LIST, "list"},     {VERB_PATCH, "patch"},
    {VERB_UPDATE, "update"}, {VERB_WATCH, "watch"},
};

static void put_verbs(uint32_t verbs, struct buf *json)
{
    bool first = true;
    buf_putc(json, '[');
    for (size_t i = 0; i < sizeof discovery_verbs / sizeof *discovery_verbs; i++) {
        if (!(verbs & discovery_verbs[i].bit)) continue;
        buf_printf(json, "%s\"%s\"", first ? "" : ",", discovery_verbs[i].name);
        first = false;
    }
    buf_putc(json, ']');
}

static void put_texts(const char *const *texts, struct buf *json)
{
    buf_putc(json, '[');
    for (size_t i = 0; texts && texts[i]; i++) buf_printf(json, "%s\"%s\"", i ? "," : "", texts[i]);
    buf_putc(json, ']');
}

/* What is on its way out takes nothing new. */
static uint32_t resource_verbs(const struct kind *k)
{
    bool goes = k->custom && definition_of(k)->definition->terminating;
    return goes ? k->verbs & ~(uint32_t)(VERB_CREATE | VERB_UPDATE | VERB_PATCH) : k->verbs;
}

/* The version that objects are stored in; NULL: none is stored, or none that is served. */
static const struct kind_version *resource_stored(const struct kind *k)
{
    const uint32_t stored = VERB_CREATE | VERB_GET;
    if (!k->custom) return (k->verbs & stored) == stored ? &k->versions[0] : NULL;
    const struct definition *d = definition_of(k)->definition;
    for (unsigned i = 0; i < d->version_count; i++)
        if (d->versions[i].is_storage && d->versions[i].is_served) return &d->versions[i].served;
    return NULL;
}

/* It changes when the stored version does: by it clients know that objects want migration. */
static void put_storage_hash(const struct kind *k, struct buf *json)
{
    enum { HASHED = 8 };
    unsigned char hash[crypto_hash_sha256_BYTES];
    const struct kind_version *v = resource_stored(k);
    if (!v) return;
    buf_auto struct buf text = BUF_INIT;
    buf_printf(&text, "%s/%s/%s", v->group, v->version, k->kind);
    crypto_hash_sha256(hash, (const unsigned char *)text.data, text.len);
    buf_puts(json, ",\"storageVersionHash\":\"");
    base64_encode((struct str){(const char *)hash, HASHED}, json);
    buf_putc(json, '"');
}

static void put_resource(const struct kind *k, struct buf *json)
{
    buf_printf(json, "{\"name\":\"%s\",\"singularName\":\"%s\",\"namespaced\":%s,\"kind\":\"%s\",",
               k->resource, k->singular, k->namespaced ? "true" : "false", k->kind);
    buf_puts(json, "\"verbs\":");
    put_verbs(resource_verbs(k), json);
    if (k->short_names && k->short_names[0]) {
        buf_puts(json, ",\"shortNames\":");
        put_texts(k->short_names, json);
    }
    if (k->categories && k->categories[0]) {
        buf_puts(json, ",\"categories\":");
        put_texts(k->categories, json);
    }
    put_storage_hash(k, json);
    buf_putc(json, '}');
}

static void put_subresource(const struct kind *k, const struct subresource *s, struct buf *json)
{
    buf_printf(json, ",{\"name\":\"%s/%s\",\"singularName\":\"\",\"namespaced\":%s,", k->resource,
               s->name, k->namespaced ? "true" : "false");
    if (s->group && s->group[0] && strcmp(s->group, k->group) != 0)
        buf_printf(json, "\"group\":\"%s\",\"version\":\"%s\",", s->group, s->version);
    buf_printf(json, "\"kind\":\"%s\",\"verbs\":", s->kind);
    put_verbs(s->verbs, json);
    buf_putc(json, '}');
}

static bool is_in(const struct kind_version *v, struct str group, struct str version)
{
    return str_is(group, v->group) && str_is(version, v->version);
}

void discovery_put_resources(const struct discovery *d, struct str group, struct str version,
                             struct buf *json)
{
    buf_printf(
        json,
        "{\"kind\":\"APIResourceList\",\"apiVersion\":\"v1\",\"groupVersion\":\"%.*s%s%.*s\","
        "\"resources\":[",
        (int)group.n, group.p, group.n ? "/" : "", (int)version.n, version.p);
    bool first = true;
    for (size_t i = 0; i < d->count; i++) {
        const struct kind *k = d->all[i]->kind;
        if (!is_in(d->all[i], group, version)) continue;
        if (!first) buf_putc(json, ',');
        first = false;
        put_resource(k, json);
        for (unsigned s = 0; s < k->subresource_count; s++)
            put_subresource(k, &k->subresources[s], json);
    }
    if (group.n == 0)
        buf_puts(json, ",{\"name\":\"bindings\",\"singularName\":\"\",\"namespaced\":true,"
                       "\"kind\":\"Binding\",\"verbs\":[\"create\"]}");
    buf_puts(json, "]}");
}

static void put_response_kind(const char *group, const char *version, const char *kind,
                              struct buf *json)
{
    buf_printf(json, "\"responseKind\":{\"group\":\"%s\",\"version\":\"%s\",\"kind\":\"%s\"}",
               group, version, kind);
}

static void put_aggregated_sub(const struct kind_version *v, const struct subresource *s,
                               struct buf *json)
{
    bool own = !s->group || !s->group[0];
    buf_printf(json, "{\"subresource\":\"%s\",", s->name);
    put_response_kind(own ? v->group : s->group, own ? v->version : s->version, s->kind, json);
    buf_puts(json, ",\"verbs\":");
    put_verbs(s->verbs, json);
    buf_putc(json, '}');
}

static void put_aggregated_resource(const struct kind_version *v, struct buf *json)
{
    const struct kind *k = v->kind;
    buf_printf(json, "{\"resource\":\"%s\",", k->resource);
    put_response_kind(v->group, v->version, k->kind, json);
    buf_printf(json, ",\"scope\":\"%s\",\"singularResource\":\"%s\",\"verbs\":",
               k->namespaced ? "Namespaced" : "Cluster", k->singular);
    put_verbs(resource_verbs(k), json);
    buf_puts(json, ",\"shortNames\":");
    put_texts(k->short_names, json);
    buf_puts(json, ",\"categories\":");
    put_texts(k->categories, json);
    buf_puts(json, ",\"subresources\":[");
    for (unsigned i = 0; i < k->subresource_count; i++) {
        if (i) buf_putc(json, ',');
        put_aggregated_sub(v, &k->subresources[i], json);
    }
    buf_puts(json, "]}");
}

static void put_aggregated_version(const struct discovery *d, const char *group,
                                   const char *version, struct buf *json)
{
    bool first = true;
    buf_printf(json, "{\"version\":\"%s\",\"freshness\":\"Current\",\"resources\":[", version);
    for (size_t i = 0; i < d->count; i++) {
        const struct kind_version *v = d->all[i];
        if (!is_in(v, str_of(group), str_of(version))) continue;
        if (!first) buf_putc(json, ',');
        first = false;
        put_aggregated_resource(v, json);
    }
    if (!group[0])
        buf_puts(json,
                 ",{\"resource\":\"bindings\",\"responseKind\":{\"group\":\"\",\"version\":\"v1\","
                 "\"kind\":\"Binding\"},\"scope\":\"Namespaced\",\"singularResource\":"
                 "\"binding\",\"verbs\":[\"create\"]}");
    buf_puts(json, "]}");
}

void discovery_put_aggregated(const struct discovery *d, const char *version, bool core,
                              struct buf *json)
{
    bool first = true;
    buf_printf(json,
               "{\"kind\":\"APIGroupDiscoveryList\",\"apiVersion\":\"apidiscovery.k8s.io/%s\","
               "\"metadata\":{},\"items\":[",
               version);
    for (size_t i = 0; i < d->group_count; i++) {
        const struct discovery_group *g = &d->groups[i];
        if ((g->name[0] == '\0') != core) continue;
        buf_printf(json,
                   "%s{\"metadata\":{\"name\":\"%s\",\"creationTimestamp\":null},\"versions\":[",
                   first ? "" : ",", g->name);
        first = false;
        for (unsigned n = 0; n < g->count; n++) {
            if (n) buf_putc(json, ',');
            put_aggregated_version(d, g->name, g->versions[n], json);
        }
        buf_puts(json, "]}");
    }
    buf_puts(json, "]}");
}
