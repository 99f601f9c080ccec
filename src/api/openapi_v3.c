/* /openapi/v3: a document for each group and version, and an index that names them by their hash,
 * so that clients keep what has not changed. */
#include "api/openapi.h"

#include "base/mem.h"

#include <time.h>

enum { OPENAPI_KEPT_S = 365 * 24 * 3600 };

/* The groups and versions that are served, each once. */
struct openapi_places {
    struct openapi_place {
        struct str group, version;
    } * list;
    size_t count, cap;
};

static void places_add(struct openapi_places *p, const char *group, const char *version)
{
    for (size_t i = 0; i < p->count; i++)
        if (str_is(p->list[i].group, group) && str_is(p->list[i].version, version)) return;
    if (p->count == p->cap) {
        p->cap = p->cap * 2 + 32;
        p->list = mem_resize(p->list, p->cap * sizeof *p->list);
    }
    p->list[p->count++] = (struct openapi_place){str_of(group), str_of(version)};
}

static void places_find(struct openapi_places *p, const struct openapi_customs *customs)
{
    for (unsigned i = 0; i < kind_builtin_count(); i++)
        for (unsigned v = 0; v < kind_at(i)->version_count; v++)
            places_add(p, kind_at(i)->group, kind_at(i)->versions[v].version);
    for (size_t i = 0; i < customs->count; i++)
        places_add(p, customs->kinds[i].version->kind->group, customs->kinds[i].version->version);
}

/* "api/v1", "apis/apps/v1" */
static void place_put(const struct openapi_place *p, struct buf *out)
{
    buf_puts(out, p->group.n ? "apis/" : "api");
    buf_append(out, p->group.p, p->group.n);
    buf_putc(out, '/');
    buf_append(out, p->version.p, p->version.n);
}

static struct openapi_text *place_text(struct request *r, const struct openapi_place *p,
                                       const struct openapi_customs *customs)
{
    return openapi_library_get(r->api->openapi, OPENAPI_V3, p->group, p->version, customs);
}

void openapi_v3(struct request *r)
{
    struct openapi_customs customs;
    struct openapi_places places = {0};
    buf_auto struct buf json = BUF_INIT;
    if (!openapi_reads(r)) return;
    openapi_customs(r, &customs);
    places_find(&places, &customs);
    buf_puts(&json, "{\"paths\":{");
    for (size_t i = 0; i < places.count; i++) {
        buf_auto struct buf name = BUF_INIT;
        place_put(&places.list[i], &name);
        struct openapi_text *text = place_text(r, &places.list[i], &customs);
        buf_printf(&json, "%s\"%s\":{\"serverRelativeURL\":\"/openapi/v3/%s?hash=%s\"}",
                   i ? "," : "", name.data, name.data, text->hash);
        openapi_text_unref(text);
    }
    buf_puts(&json, "}}");
    mem_free(places.list);
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
    struct openapi_places places = {0};
    if (!openapi_reads(r)) return;
    if (!v3_acceptable(http_header(r->x, "Accept"))) {
        reply_error(r, 406, NULL, "only the following media types are accepted: application/json");
        return;
    }
    openapi_customs(r, &customs);
    places_find(&places, &customs);
    struct str wanted = str_of(r->path);
    wanted.p += strlen("/openapi/v3/"), wanted.n -= strlen("/openapi/v3/");
    const struct openapi_place *found = NULL;
    for (size_t i = 0; i < places.count && !found; i++) {
        buf_auto struct buf name = BUF_INIT;
        place_put(&places.list[i], &name);
        if (str_is(wanted, name.data)) found = &places.list[i];
    }
    if (found)
        place_reply(r, found, place_text(r, found, &customs));
    else
        reply_no_such_path(r);
    mem_free(places.list);
}
