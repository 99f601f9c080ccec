#include "api/status.h"

#include "proto/json.h"

static const struct {
    int code;
    const char *reason;
} status_reasons[] = {
    {400, "BadRequest"},
    {401, "Unauthorized"},
    {403, "Forbidden"},
    {404, "NotFound"},
    {405, "MethodNotAllowed"},
    {406, "NotAcceptable"},
    {409, "Conflict"},
    {410, "Expired"},
    {413, "RequestEntityTooLarge"},
    {415, "UnsupportedMediaType"},
    {422, "Invalid"},
    {429, "TooManyRequests"},
    {500, "InternalError"},
    {503, "ServiceUnavailable"},
    {504, "Timeout"},
    {507, "InsufficientStorage"},
};

const char *status_reason(int code)
{
    for (size_t i = 0; i < sizeof status_reasons / sizeof *status_reasons; i++)
        if (status_reasons[i].code == code) return status_reasons[i].reason;
    return code >= 500 ? "InternalError" : "";
}

void status_resource(const struct kind_version *v, struct buf *out)
{
    buf_puts(out, v->kind->resource);
    if (v->group[0]) buf_printf(out, ".%s", v->group);
}

void status_invalid_message(const char *group, const char *kind, struct str name,
                            const struct causes *causes, struct buf *out)
{
    buf_printf(out, "%s%s%s \"%.*s\" is invalid: ", kind, group[0] ? "." : "", group, (int)name.n,
               name.p ? name.p : "");
    if (causes->count > 1) buf_putc(out, '[');
    for (size_t i = 0; i < causes->count; i++)
        buf_printf(out, "%s%s: %s", i ? ", " : "", causes->items[i].field,
                   causes->items[i].message);
    if (causes->count > 1) buf_putc(out, ']');
}

/* ,"key":"text" (or without the comma when it is the first of its map); nothing for an empty text.
 */
static void status_pair(struct buf *json, bool *first, const char *key, struct str text)
{
    if (text.n == 0) return;
    buf_printf(json, "%s\"%s\":", *first ? "" : ",", key);
    json_write_str(text, json);
    *first = false;
}

static void status_put_causes(const struct causes *causes, struct buf *json)
{
    for (size_t i = 0; i < causes->count; i++) {
        const struct cause *c = &causes->items[i];
        bool first = true;
        buf_puts(json, i ? ",{" : "{");
        status_pair(json, &first, "reason", str_of(c->reason));
        status_pair(json, &first, "message", str_of(c->message));
        status_pair(json, &first, "field", str_of(c->field));
        buf_putc(json, '}');
    }
}

static void status_put_details(const struct status *s, struct buf *json)
{
    bool causes = s->causes && s->causes->count;
    if (!s->name.n && !s->kind && !s->uid && !causes && !s->retry_after_s) return;
    bool first = true;
    buf_puts(json, ",\"details\":{");
    status_pair(json, &first, "name", s->name);
    status_pair(json, &first, "group", str_of(s->group));
    status_pair(json, &first, "kind", str_of(s->kind));
    status_pair(json, &first, "uid", str_of(s->uid));
    if (causes) {
        buf_puts(json, first ? "\"causes\":[" : ",\"causes\":[");
        status_put_causes(s->causes, json);
        buf_putc(json, ']');
        first = false;
    }
    if (s->retry_after_s)
        buf_printf(json, "%s\"retryAfterSeconds\":%u", first ? "" : ",", s->retry_after_s);
    buf_putc(json, '}');
}

void status_put(const struct status *s, struct buf *json)
{
    bool failed = s->code >= 400;
    const char *reason = s->reason || !failed ? s->reason : status_reason(s->code);
    bool first = false;
    buf_puts(json, "{\"kind\":\"Status\",\"apiVersion\":\"v1\",\"metadata\":{");
    status_pair(json, &(bool){true}, "continue", str_of(s->next));
    buf_puts(json, "},\"status\":");
    buf_puts(json, failed ? "\"Failure\"" : "\"Success\"");
    status_pair(json, &first, "message", str_of(s->message));
    status_pair(json, &first, "reason", str_of(reason));
    status_put_details(s, json);
    /* A plain success bears no code: kubectl prints what it finds. */
    if (failed || s->code != 200) buf_printf(json, ",\"code\":%d", s->code);
    buf_putc(json, '}');
}
