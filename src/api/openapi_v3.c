/* /openapi/v3: a document for each group and version, and an index that names them by their hash,
 * so that clients keep what has not changed. */
#include "api/openapi.h"

#include "api/discovery.h"

#include <time.h>

enum { OPENAPI_KEPT_S = 365 * 24 * 3600 };

/* A group and version. */
struct openapi_place {
    struct str group, version;
};

/* "api/v1", "apis/apps/v1" */
static void place_put(const struct openapi_place *p, struct buf *out)
{
    buf_puts(out, p->group.n ? "apis/" : "api");
    buf_append(out, p->group.p, p->group.n);
    buf_putc(out, '/');
    buf_append(out, p->version.p, p->version.n);
}

static bool place_parse(struct str path, struct openapi_place *out)
{
    struct str root;
    *out = (struct openapi_place){.group = STR("")};
    if (!str_split(&path, '/', &root)) return false;
    if (str_is(root, "apis") && !str_split(&path, '/', &out->group)) return false;
    out->version = path;
    return out->group.n ? str_is(root, "apis") : str_is(root, "api");
}

static bool place_is_served(struct request *r, const struct openapi_place *p)
{
    struct discovery d;
    bool found = false;
    discovery_gather(r->api->definitions, &d);
    const struct discovery_group *g = discovery_group_called(&d, p->group);
    for (unsigned i = 0; g && i < g->count; i++) found |= str_is(p->version, g->versions[i]);
    discovery_free(&d);
    return found;
}

static struct openapi_text *place_text(struct request *r, const struct openapi_place *p,
                                       const struct openapi_customs *customs)
{
    return openapi_library_get(r->api->openapi, OPENAPI_V3, p->group, p->version, customs);
}

static void index_put(struct request *r, const struct openapi_place *p,
                      const struct openapi_customs *customs, struct buf *json)
{
    buf_auto struct buf name = BUF_INIT;
    place_put(p, &name);
    struct openapi_text *text = place_text(r, p, customs);
    if (json->data[json->len - 1] != '{') buf_putc(json, ',');
    buf_printf(json, "\"%s\":{\"serverRelativeURL\":\"/openapi/v3/%s?hash=%s\"}", name.data,
               name.data, text->hash);
    openapi_text_unref(text);
}

void openapi_v3(struct request *r)
{
    struct openapi_customs customs;
    struct discovery d;
    buf_auto struct buf json = BUF_INIT;
    if (!openapi_reads(r)) return;
    openapi_customs(r, &customs);
    discovery_gather(r->api->definitions, &d);
    buf_puts(&json, "{\"paths\":{");
    for (size_t i = 0; i < d.group_count; i++)
        for (unsigned v = 0; v < d.groups[i].count; v++) {
            struct openapi_place p = {str_of(d.groups[i].name), str_of(d.groups[i].versions[v])};
            index_put(r, &p, &customs, &json);
        }
    discovery_free(&d);
    buf_puts(&json, "}}");
    openapi_send(r, openapi_text_new(&json), "application/json", openapi_may_change);
}

static void put_date_in_a_year(struct buf *headers)
{
    char date[64];
    time_t then = time(NULL) + OPENAPI_KEPT_S;
    struct tm tm;
    gmtime_r(&then, &tm);
    strftime(date, sizeof date, "%a, %d %b %Y %H:%M:%S GMT", &tm);
    buf_printf(headers, "Cache-Control: public, immutable\r\nExpires: %s\r\n", date);
}

/* What is asked for by its hash never changes; by another hash: see the one that there is. */
static void place_reply(struct request *r, const struct openapi_place *p, struct openapi_text *text)
{
    struct str hash = http_param(r->x, "hash");
    buf_auto struct buf caching = BUF_INIT;
    if (hash.n && !str_is(hash, text->hash)) {
        buf_puts(&r->headers, openapi_may_change);
        buf_puts(&r->headers, "Location: /openapi/v3/");
        place_put(p, &r->headers);
        buf_printf(&r->headers, "?hash=%s\r\n", text->hash);
        reply_text(r, 301, "");
        openapi_text_unref(text);
        return;
    }
    if (hash.n)
        put_date_in_a_year(&caching);
    else
        buf_puts(&caching, openapi_may_change);
    openapi_send(r, text, "application/json", caching.data);
}

static bool v3_acceptable(struct str accept)
{
    struct media m;
    bool any = true;
    while (media_next(&accept, &m)) {
        if (openapi_is_json(&m)) return true;
        any = false;
    }
    return any;
}

void openapi_v3_document(struct request *r)
{
    struct openapi_customs customs;
    struct openapi_place place;
    if (!openapi_reads(r)) return;
    if (!v3_acceptable(http_header(r->x, "Accept"))) {
        reply_error(r, 406, NULL, "only the following media types are accepted: application/json");
        return;
    }
    struct str rest = str_of(r->path);
    rest.p += strlen("/openapi/v3/"), rest.n -= strlen("/openapi/v3/");
    if (!place_parse(rest, &place) || !place_is_served(r, &place)) {
        reply_no_such_path(r);
        return;
    }
    openapi_customs(r, &customs);
    place_reply(r, &place, place_text(r, &place, &customs));
}
