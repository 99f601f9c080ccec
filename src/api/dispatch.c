/* From a request to the function that answers it: tables of plain paths, verbs and subresources. */
#include "api/account_auth.h"
#include "api/impersonate.h"
#include "api/inner.h"

#include "base/mem.h"

typedef void handler(struct request *r);

static const struct {
    const char *path;
    bool open; /* answered without knowing who asks */
    handler *handle;
} dispatch_plain[] = {
    {"/version", true, health_version},
    {"/healthz", true, health_live},
    {"/livez", true, health_live},
    {"/readyz", true, health_ready},
    {"/", false, serve_root},
    {"/openapi/v2", false, openapi_v2},
    {"/openapi/v3", false, openapi_v3},
    {"/openapi/v3/", false, openapi_v3_document}, /* and everything below */
    {"/logship/digest", false, logship_digest},
    {"/logship/status", false, logship_status},
};

/* Verbs on whole objects and collections. */
static const struct {
    const char *method;
    bool named;
    uint32_t verb;
    handler *handle;
} dispatch_verbs[] = {
    {"GET", true, VERB_GET, serve_get},
    {"GET", false, VERB_LIST, serve_list},
    {"POST", false, VERB_CREATE, serve_create},
    {"PUT", true, VERB_UPDATE, serve_update},
    {"PATCH", true, VERB_PATCH, serve_patch},
    {"DELETE", true, VERB_DELETE, serve_delete},
    {"DELETE", false, VERB_DELETECOLLECTION, serve_delete_collection},
};

static const struct {
    const char *sub, *method;
    handler *handle;
} dispatch_subs[] = {
    {"status", "GET", serve_get},      {"status", "PUT", serve_update},
    {"status", "PATCH", serve_patch},  {"approval", "GET", serve_get},
    {"approval", "PUT", serve_update}, {"approval", "PATCH", serve_patch},
    {"scale", "GET", serve_get_scale}, {"scale", "PUT", serve_update},
    {"scale", "PATCH", serve_patch},   {"finalize", "PUT", serve_update},
    {"token", "POST", serve_token},    {"binding", "POST", serve_bind},
    {"log", "GET", serve_log},         {"eviction", "POST", serve_evict},
};

#define COUNT(table) (sizeof(table) / sizeof *(table))

static void dispatch_subresource(struct request *r, struct str method)
{
    for (size_t i = 0; i < COUNT(dispatch_subs); i++)
        if (str_is(str_of(r->route.sub->name), dispatch_subs[i].sub) &&
            str_is(method, dispatch_subs[i].method)) {
            dispatch_subs[i].handle(r);
            return;
        }
    reply_no_such_method(r);
}

/* Connections into containers, and through this API to others, are not carried. */
static void dispatch_connect(struct request *r)
{
    const struct route *route = &r->route;
    reply_error(r, 405, NULL, "%.*s is not supported on resources of kind \"%s\"",
                (int)route->connect.n, route->connect.p, route->kind->resource);
}

static void dispatch_resource(struct request *r)
{
    struct str method = http_method(r->x);
    if (str_is(method, "HEAD")) method = STR("GET");
    const struct route *route = &r->route;
    bool reads = str_is(method, "GET");
    const char *read_only = r->api->options.gate->read_only;
    request_warn(r);
    if (read_only && !reads && route->kind->verbs != VERB_CREATE) {
        reply_error(r, 403, "Forbidden", "%s", read_only);
    } else if (route->connect.n) {
        dispatch_connect(r);
    } else if (route->sub) {
        dispatch_subresource(r, method);
    } else if (route->kind->verbs == VERB_CREATE) { /* questions, not objects */
        str_is(method, "POST") && !route->name.p ? serve_review(r) : reply_no_such_method(r);
    } else if (route->kind == kind_component && reads && !request_watches(r)) {
        serve_components(r);
    } else if (route->bindings) {
        str_is(method, "POST") ? serve_bind(r) : reply_no_such_method(r);
    } else if (reads && request_watches(r)) {
        route->kind->verbs &VERB_WATCH ? serve_watch(r) : reply_no_such_method(r);
    } else {
        for (size_t i = 0; i < COUNT(dispatch_verbs); i++) {
            if (!str_is(method, dispatch_verbs[i].method) ||
                dispatch_verbs[i].named != (route->name.p != NULL) ||
                !(route->kind->verbs & dispatch_verbs[i].verb))
                continue;
            dispatch_verbs[i].handle(r);
            return;
        }
        reply_no_such_method(r);
    }
}

static bool dispatch_hook(struct request *r)
{
    struct str path = str_of(r->path);
    for (size_t i = 0; i < r->api->options.hook_count; i++) {
        const struct api_hook *hook = &r->api->options.hooks[i];
        if (!str_is(path, hook->path)) continue;
        struct http_exchange *x = r->x;
        http_set_data(x, NULL, NULL); /* the exchange is the hook's own now */
        r->x = NULL;
        request_unref(r);
        hook->handle(hook->ctx, x);
        return true;
    }
    return false;
}

static void dispatch_discovery(struct request *r)
{
    static handler *const by_type[] = {
        [ROUTE_CORE] = discovery_core,
        [ROUTE_GROUPS] = discovery_groups,
        [ROUTE_GROUP] = discovery_group,
        [ROUTE_VERSION] = discovery_version,
    };
    if (!str_is(http_method(r->x), "GET") && !str_is(http_method(r->x), "HEAD"))
        reply_no_such_method(r);
    else
        by_type[r->route.type](r);
}

/* Without a trailing slash or "/name" (readyz/etcd): the plain path. */
static handler *dispatch_find_plain(struct str path, bool *open)
{
    while (path.n > 1 && path.p[path.n - 1] == '/') path.n--;
    for (size_t i = 0; i < COUNT(dispatch_plain); i++) {
        const char *plain = dispatch_plain[i].path;
        bool tree = plain[1] && str_ends(str_of(plain), "/") && str_starts(path, plain);
        if (!tree && !str_is(path, plain)) continue;
        *open = dispatch_plain[i].open;
        return dispatch_plain[i].handle;
    }
    return NULL;
}

/* The read that confirmed that we are up to date is done, and with it the feed is. */
static void dispatch_sought(struct request *r, struct fetch *f)
{
    (void)f;
    request_route(r);
    flow_leave(&r->seat);
    request_queue(r);
}

/* Another master may know a custom kind already that we are about to hear of. */
static bool dispatch_seeks(struct request *r)
{
    struct str group = r->route.group;
    if (r->sought || !group.n || !memchr(group.p, '.', group.n)) return false;
    r->sought = true;
    fetch_start(r, NULL, (struct str){0}, (struct str){0}, FRESH_LINEARIZABLE, dispatch_sought);
    return true;
}

static void dispatch_known(struct request *r, const struct account_user *who)
{
    if (who) r->user = who->name;
    if (!r->user)
        reply_error(r, 401, NULL, "Unauthorized");
    else if (!dispatch_hook(r) && impersonate(r))
        request_queue(r);
}

static void dispatch(struct request *r)
{
    bool open = false;
    handler *plain = dispatch_find_plain(str_of(r->path), &open);
    if (plain && open) {
        plain(r);
        return;
    }
    struct str token = account_bearer(http_header(r->x, "Authorization"));
    if (r->user || !account_identify(r, token, (struct mp){0}, dispatch_known))
        dispatch_known(r, NULL);
}

/* Who reads for himself is known by his program, where he does not say. */
static bool dispatch_wants_pretty(struct request *r)
{
    static const char *const of_people[] = {"curl", "Wget", "Mozilla/5.0"};
    static const char *const yes[] = {"1", "t", "T", "true", "TRUE", "True"};
    struct str value = http_param(r->x, "pretty"), agent = http_header(r->x, "User-Agent");
    for (size_t i = 0; value.n && i < COUNT(yes); i++)
        if (str_is(value, yes[i])) return true;
    for (size_t i = 0; !value.n && i < COUNT(of_people); i++)
        if (str_starts(agent, of_people[i])) return true;
    return false;
}

void request_serve(struct request *r)
{
    bool open;
    handler *plain =
        r->route.type == ROUTE_OTHER ? dispatch_find_plain(str_of(r->path), &open) : NULL;
    struct str include = http_param(r->x, "includeObject");
    bool acceptable = (request_watches(r) ? accept_stream : accept_form)(
        http_header(r->x, "Accept"), include, &r->form);
    r->form.pretty = dispatch_wants_pretty(r);
    /* Logs are text, and OpenAPI has types of its own. */
    bool picky = r->route.type == ROUTE_RESOURCE &&
                 !(r->route.sub && str_is(str_of(r->route.sub->name), "log"));
    if (picky && !acceptable)
        reply_error(r, 406, NULL, "only the following media types are accepted: application/json");
    else if (r->route.type == ROUTE_RESOURCE)
        dispatch_resource(r);
    else if (r->route.type == ROUTE_UNKNOWN && dispatch_seeks(r))
        return;
    else if (r->route.type == ROUTE_UNKNOWN)
        reply_no_such_path(r);
    else if (r->route.type != ROUTE_OTHER)
        dispatch_discovery(r);
    else if (plain)
        plain(r);
    else
        reply_no_such_path(r);
}

static void request_gone(struct http_exchange *x, void *data)
{
    (void)x;
    struct request *r = data;
    r->x = NULL;
    turns_remove(&r->turn);
    if (!r->seat.seated) flow_leave(&r->seat); /* what has begun goes on, in its seat */
    request_unref(r);
}

void request_begin(struct api *a, struct http_exchange *x)
{
    struct request *r = mem_new(struct request);
    struct str path = http_path(x);
    r->refs = 1; /* the exchange's */
    r->api = a;
    r->x = x;
    r->path = mem_strndup(path.p, path.n);
    request_route(r);
    list_init(&r->turn.link);
    r->masters = true;
    r->user = a->options.tls
                  ? auth_user(a->auth, http_peer(x), http_header(x, "Authorization"), &r->masters)
                  : istr_of("system:admin");
    http_set_data(x, r, request_gone);
    request_ref(r);
    dispatch(r);
    request_unref(r);
}
