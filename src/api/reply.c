#include "api/inner.h"

#include "api/encode.h"
#include "proto/json.h"
#include "proto/json_indent.h"
#include "proto/yaml_write.h"

#include <stdio.h>

const char *reply_headers(struct request *r)
{
    buf_puts(&r->headers, "Cache-Control: no-cache, private\r\n");
    return r->headers.data;
}

/* The clients that want YAML are few, and pay for it. */
static bool reply_as_yaml(struct request *r, int code, const struct buf *json)
{
    buf_auto struct buf doc = BUF_INIT, yaml = BUF_INIT;
    if (json_parse(json->data, json->len, &doc, NULL)) return false;
    if (yaml_write(mp_read(doc.data, doc.len), &yaml)) return false;
    http_reply(r->x, code, "application/yaml", reply_headers(r), yaml.data, yaml.len);
    return true;
}

static void reply_as(struct request *r, int code, const char *type, const struct buf *json)
{
    buf_auto struct buf pretty = BUF_INIT;
    if (r->form.yaml && reply_as_yaml(r, code, json)) return;
    if (r->form.pretty) {
        json_indent(&(struct json_indent){.depth = 0}, (struct str){json->data, json->len},
                    &pretty);
        json = &pretty;
    }
    http_reply(r->x, code, type, reply_headers(r), json->data, json->len);
}

void reply_formed(struct request *r, int code, const struct buf *json)
{
    reply_as(r, code, form_content_type(r->form), json);
}

void reply_json(struct request *r, int code, const struct buf *json)
{
    reply_as(r, code, "application/json", json);
}

void reply_text(struct request *r, int code, const char *text)
{
    http_reply(r->x, code, "text/plain; charset=utf-8", reply_headers(r), text, strlen(text));
}

void reply_object(struct request *r, int code, struct object *o)
{
    buf_auto struct buf json = BUF_INIT;
    struct encoder e = encoder_of(r->api, r->route.served, r->form);
    encode_object(&e, o, true, &json);
    reply_formed(r, code, &json);
}

void reply_status(struct request *r, const struct status *s)
{
    buf_auto struct buf json = BUF_INIT;
    status_put(s, &json);
    if (s->retry_after_s) buf_printf(&r->headers, "Retry-After: %u\r\n", s->retry_after_s);
    reply_json(r, s->code, &json);
}

/* The details that the route itself knows. */
static struct status reply_about_route(const struct request *r, int code, const char *reason)
{
    struct status s = {.code = code, .reason = reason};
    if (r->route.type == ROUTE_RESOURCE) {
        s.name = r->route.name;
        s.group = r->route.served->group;
        s.kind = r->route.kind->resource;
    }
    return s;
}

void reply_error(struct request *r, int code, const char *reason, const char *format, ...)
{
    buf_auto struct buf message = BUF_INIT;
    va_list args;
    va_start(args, format);
    buf_vprintf(&message, format, args);
    va_end(args);
    struct status s = {.code = code, .reason = reason};
    if (code == 404 || code == 409 || code == 403 || code == 429 || code >= 500)
        s = reply_about_route(r, code, reason);
    s.message = message.data;
    if (code == 429 || code == 503 || code == 504) s.retry_after_s = 1;
    reply_status(r, &s);
}

void reply_not_found(struct request *r)
{
    buf_auto struct buf resource = BUF_INIT;
    status_resource(r->route.served, &resource);
    reply_error(r, 404, NULL, "%s \"%.*s\" not found", resource.data, (int)r->route.name.n,
                r->route.name.p);
}

void reply_no_such_path(struct request *r)
{
    reply_error(r, 404, NULL, "the server could not find the requested resource");
}

void reply_no_such_method(struct request *r)
{
    reply_error(r, 405, NULL, "the server does not allow this method on the requested resource");
}

void reply_invalid_as(struct request *r, const char *group, const char *kind, struct str name,
                      const struct causes *causes)
{
    buf_auto struct buf message = BUF_INIT;
    status_invalid_message(group, kind, name, causes, &message);
    reply_status(r, &(struct status){.code = 422,
                                     .message = message.data,
                                     .name = name,
                                     .group = group,
                                     .kind = kind,
                                     .causes = causes});
}

void reply_invalid(struct request *r, struct str name, const struct causes *causes)
{
    reply_invalid_as(r, r->route.served->group, r->route.kind->kind, name, causes);
}

void reply_invalid_options(struct request *r, const struct causes *causes)
{
    static const char *const kinds[][2] = {{"POST", "CreateOptions"},
                                           {"PUT", "UpdateOptions"},
                                           {"PATCH", "PatchOptions"},
                                           {"DELETE", "DeleteOptions"}};
    size_t i = 0;
    while (i + 1 < sizeof kinds / sizeof *kinds && !str_is(http_method(r->x), kinds[i][0])) i++;
    reply_invalid_as(r, "meta.k8s.io", kinds[i][1], (struct str){0}, causes);
}

void reply_result(struct request *r, int code, const struct result *result)
{
    if (result->object)
        reply_object(r, code, result->object);
    else /* it was removed before this master could look */
        reply_status(r, &(struct status){.code = code,
                                         .name = r->route.name,
                                         .group = r->route.served->group,
                                         .kind = r->route.kind->resource});
}

void reply_refusal(struct request *r, struct str name, const struct result *result)
{
    struct status s = reply_about_route(
        r, result->http, result->reason && result->reason[0] ? result->reason : NULL);
    if (name.p) s.name = name;
    if (result->http == 422) s.kind = r->route.kind->kind; /* as in the message */
    s.message = result->message;
    s.retry_after_s = result->retry_after_s;
    struct cause cause = {result->cause.reason, (char *)result->cause.field,
                          (char *)result->cause.message};
    struct causes causes = {&cause, 1, 1};
    if (cause.reason) s.causes = &causes;
    if (!s.retry_after_s && result->http == 429) s.retry_after_s = 1;
    reply_status(r, &s);
}
