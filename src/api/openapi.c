/* /openapi/v2: the whole API in one document, as JSON or in the protobuf form. */
#include "api/openapi.h"

#include "api/definitions.h"

bool openapi_is_json(const struct media *m)
{
    return str_is(m->type, "application/json") || str_is(m->type, "application/*") ||
           str_is(m->type, "*/*");
}

/* The type of the form that the client takes first; NULL: none. What the name of the protobuf form
 * says with an @ is no media type to Go's parser, which kubectl uses on the answer; so it is told
 * as bytes. */
static const char *openapi_choose(struct str accept, enum openapi_document *out)
{
    static const struct {
        const char *asked, *told;
    } forms[] = {
        {"application/com.github.proto-openapi.spec.v2@v1.0+protobuf", "application/octet-stream"},
        {"application/com.github.proto-openapi.spec.v2.v1.0+protobuf",
         "application/com.github.proto-openapi.spec.v2.v1.0+protobuf"},
    };
    struct media m;
    bool any = true;
    *out = OPENAPI_V2_JSON;
    for (; media_next(&accept, &m); any = false) {
        if (openapi_is_json(&m)) return "application/json";
        for (size_t i = 0; i < sizeof forms / sizeof *forms; i++)
            if (str_is(m.type, forms[i].asked)) {
                *out = OPENAPI_V2_PROTOBUF;
                return forms[i].told;
            }
    }
    return any ? "application/json" : NULL;
}

bool openapi_reads(struct request *r)
{
    struct str method = http_method(r->x);
    if (str_is(method, "GET") || str_is(method, "HEAD")) return true;
    reply_no_such_method(r);
    return false;
}

/* In memory of the exchange. */
void openapi_customs(struct request *r, struct openapi_customs *out)
{
    const struct definitions *all = r->api->definitions;
    size_t size = 0, n = 0;
    for (size_t i = 0; i < definitions_count(all); i++)
        size += definitions_at(all, i)->version_count;
    struct openapi_kind *kinds = http_alloc(r->x, size * sizeof *kinds);
    uint64_t *stamps = http_alloc(r->x, size * sizeof *stamps);
    for (size_t i = 0; i < definitions_count(all); i++) {
        const struct definition *d = definitions_at(all, i);
        for (unsigned v = 0; v < d->version_count; v++) {
            const struct definition_version *version = &d->versions[v];
            if (!version->is_served) continue;
            kinds[n] = (struct openapi_kind){&version->served, version->list_kind, version->schema};
            stamps[n++] = d->revision; /* of an object: no other has it */
        }
    }
    *out = (struct openapi_customs){kinds, stamps, n};
}

void openapi_v2(struct request *r)
{
    enum openapi_document which;
    struct openapi_customs customs;
    if (!openapi_reads(r)) return;
    const char *type = openapi_choose(http_header(r->x, "Accept"), &which);
    if (!type) {
        reply_error(r, 406, NULL, "only JSON and the protobuf form of OpenAPI can be served");
        return;
    }
    openapi_customs(r, &customs);
    struct openapi_text *text =
        openapi_library_get(r->api->openapi, which, STR(""), STR(""), &customs);
    openapi_send(r, text, type, openapi_may_change);
}
