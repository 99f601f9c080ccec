#include "api/route.h"

enum { SEGMENTS_MAX = 9 };

struct segments {
    struct str at[SEGMENTS_MAX];
    unsigned count;
    bool too_many;
};

static struct segments route_segments(struct str path)
{
    struct segments s = {.count = 0};
    struct str part;
    while (str_split(&path, '/', &part)) {
        if (part.n == 0) continue;
        if (s.count == SEGMENTS_MAX) {
            s.too_many = true;
            break;
        }
        s.at[s.count++] = part;
    }
    return s;
}

const struct subresource *route_subresource(const struct kind *kind, struct str name)
{
    for (unsigned i = 0; i < kind->subresource_count; i++)
        if (str_is(name, kind->subresources[i].name)) return &kind->subresources[i];
    return NULL;
}

static bool route_find_custom(struct route *r, const struct definitions *d, struct str resource)
{
    const struct definition_version *v = definitions_find(d, r->group, r->version, resource);
    if (!v) return false;
    r->kind = &v->kind;
    r->served = &v->served;
    return true;
}

static bool route_find_kind(struct route *r, const struct definitions *d, struct str resource)
{
    r->kind = kind_by_path(r->group, r->version, resource, &r->served);
    if (r->kind || route_find_custom(r, d, resource)) return true;
    if (r->group.n == 0 && str_is(resource, "bindings")) {
        r->kind = kind_by_path(r->group, r->version, STR("pods"), &r->served);
        r->bindings = r->kind != NULL;
    }
    return r->bindings;
}

/* What Kubernetes connects its clients to: with any path behind it. */
static bool route_connects(const struct kind *kind, struct str name)
{
    static const char *const of_pods[] = {"attach", "exec", "portforward", "proxy"};
    if (kind == kind_node || kind == kind_service) return str_is(name, "proxy");
    for (size_t i = 0; kind == kind_pod && i < sizeof of_pods / sizeof *of_pods; i++)
        if (str_is(name, of_pods[i])) return true;
    return false;
}

/* resource[/name[/subresource]], after the namespace was taken off. */
static bool route_resource(struct route *r, const struct definitions *d, const struct str *rest,
                           unsigned count)
{
    if (!route_find_kind(r, d, rest[0])) return false;
    if (r->ns.p && !r->kind->namespaced) return false;
    if (r->bindings && (count > 1 || !r->ns.p)) return false;
    if (count > 1) r->name = rest[1];
    if (r->name.p && r->kind->namespaced && !r->ns.p) return false;
    if (count < 3) return true;
    if (route_connects(r->kind, rest[2])) {
        r->connect = rest[2];
        return true;
    }
    if (count > 3) return false;
    r->sub = route_subresource(r->kind, rest[2]);
    return r->sub != NULL;
}

static bool route_below_version(struct route *r, const struct definitions *d,
                                const struct str *rest, unsigned count)
{
    if (str_is(rest[0], "watch")) {
        r->watch = true;
        rest++;
        if (--count == 0) return false;
    }
    bool in_namespace = count >= 3 && str_is(rest[0], "namespaces");
    if (in_namespace && count == 3 && r->group.n == 0 && route_subresource(kind_namespace, rest[2]))
        in_namespace = false;
    if (in_namespace) {
        r->ns = rest[1];
        rest += 2;
        count -= 2;
    }
    return route_resource(r, d, rest, count);
}

static bool route_version_exists(const struct route *r, const struct definitions *d)
{
    for (unsigned i = 0; i < kind_builtin_count(); i++) {
        const struct kind *k = kind_at(i);
        for (unsigned v = 0; v < k->version_count; v++)
            if (str_is(r->group, k->versions[v].group) &&
                str_is(r->version, k->versions[v].version))
                return true;
    }
    return definitions_have(d, r->group, r->version);
}

static bool route_group_exists(const struct route *r, const struct definitions *d)
{
    for (unsigned i = 0; i < kind_builtin_count(); i++)
        for (unsigned v = 0; v < kind_at(i)->version_count; v++)
            if (str_is(r->group, kind_at(i)->versions[v].group)) return true;
    return definitions_have(d, r->group, (struct str){0});
}

struct route route_parse(struct str path, const struct definitions *d)
{
    struct segments s = route_segments(path);
    struct route r = {.type = ROUTE_OTHER, .group = STR("")};
    bool core = s.count && str_is(s.at[0], "api"), grouped = s.count && str_is(s.at[0], "apis");
    if (!core && !grouped) return r;
    r.type = core ? ROUTE_CORE : ROUTE_GROUPS;
    unsigned used = 1;
    if (grouped && s.count > used) {
        r.group = s.at[used++];
        r.type = r.group.n && route_group_exists(&r, d) ? ROUTE_GROUP : ROUTE_UNKNOWN;
    }
    if (s.count > used) {
        r.version = s.at[used++];
        r.type = route_version_exists(&r, d) ? ROUTE_VERSION : ROUTE_UNKNOWN;
    }
    if (s.count > used && r.type == ROUTE_VERSION)
        r.type = route_below_version(&r, d, s.at + used, s.count - used) ? ROUTE_RESOURCE
                                                                         : ROUTE_UNKNOWN;
    if (s.too_many && !r.connect.n) r.type = ROUTE_UNKNOWN;
    return r;
}
