/* /openapi/v2: the whole API in one document, as JSON or in the protobuf form. */
#include "api/openapi.h"

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
    struct media m;
    bool any = true;
    *out = OPENAPI_V2_JSON;
    while (media_next(&accept, &m)) {
        any = false;
        if (openapi_is_json(&m)) return "application/json";
        *out = OPENAPI_V2_PROTOBUF;
        if (str_is(m.type, "application/com.github.proto-openapi.spec.v2@v1.0+protobuf"))
            return "application/octet-stream";
        if (str_is(m.type, "application/com.github.proto-openapi.spec.v2.v1.0+protobuf"))
            return "application/com.github.proto-openapi.spec.v2.v1.0+protobuf";
    }
    *out = OPENAPI_V2_JSON;
    return any ? "application/json" : NULL;
}

bool openapi_reads(struct request *r)
{
    struct str method = http_method(r->x);
    if (str_is(method, "GET") || str_is(method, "HEAD")) return true;
    reply_no_such_method(r);
    return false;
}

void openapi_customs(struct request *r, struct openapi_customs *out)
{
    (void)r;
    *out = (struct openapi_customs){0};
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
