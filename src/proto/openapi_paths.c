/* Which paths a kind has, and which operations each of them. */
#include "proto/openapi_paths.h"

#include "proto/openapi_operation.h"

/* The places of a kind's operations. */
static const struct path_shape {
    enum operation_place place;
    bool watch, everywhere, named; /* everywhere: in all namespaces */
} path_shapes[] = {
    {PLACE_COLLECTION, false, false, false}, {PLACE_OBJECT, false, false, true},
    {PLACE_EVERYWHERE, false, true, false},  {PLACE_WATCH, true, false, false},
    {PLACE_WATCH_OBJECT, true, false, true}, {PLACE_WATCH_EVERYWHERE, true, true, false},
};

static void path_text(const struct kind_version *v, const struct path_shape *shape, const char *sub,
                      struct buf *out)
{
    const struct kind *k = v->kind;
    buf_printf(out, "/%s/%s%s%s/", v->group[0] ? "apis" : "api", v->group, v->group[0] ? "/" : "",
               v->version);
    if (shape->watch) buf_puts(out, "watch/");
    if (k->namespaced && !shape->everywhere) buf_puts(out, "namespaces/{namespace}/");
    buf_puts(out, k->resource);
    if (shape->named) buf_puts(out, "/{name}");
    if (sub) buf_printf(out, "/%s", sub);
}

static void path_put_shared(struct spec *s, const struct kind *k, const struct path_shape *shape)
{
    unsigned sets = QUERY_ANY;
    if (k->namespaced && !shape->everywhere) sets |= PATH_NAMESPACE;
    if (shape->named) sets |= PATH_NAME;
    spec_key(s, "parameters");
    spec_list(s);
    openapi_put_parameters(s, sets);
    spec_end(s);
}

static void path_put(struct spec *s, const struct openapi_kind *k, const struct path_shape *shape,
                     const struct subresource *sub)
{
    const struct kind *kind = k->version->kind;
    enum operation_place place = sub ? PLACE_SUBRESOURCE : shape->place;
    uint32_t verbs = sub ? sub->verbs : kind->verbs;
    if (shape->everywhere && !kind->namespaced) return;
    if (!openapi_has_operations(place, verbs)) return;
    buf_auto struct buf path = BUF_INIT;
    path_text(k->version, shape, sub ? sub->name : NULL, &path);
    spec_key(s, path.data);
    spec_map(s);
    openapi_put_operations(s, k, place, sub);
    path_put_shared(s, kind, shape);
    spec_end(s);
}

void openapi_put_paths(struct spec *s, const struct openapi_kind *k)
{
    static const struct path_shape below = {PLACE_SUBRESOURCE, false, false, true};
    const struct kind *kind = k->version->kind;
    for (size_t i = 0; i < sizeof path_shapes / sizeof *path_shapes; i++)
        path_put(s, k, &path_shapes[i], NULL);
    for (unsigned i = 0; i < kind->subresource_count; i++)
        path_put(s, k, &below, &kind->subresources[i]);
}
