/* GET /: where everything is. */
#include "api/inner.h"

#include "api/discovery.h"

static void root_put(struct buf *json, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

static void root_put(struct buf *json, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    buf_puts(json, json->data[json->len - 1] == '[' ? "\"" : ",\"");
    buf_vprintf(json, format, args);
    buf_putc(json, '"');
    va_end(args);
}

static void root_put_groups(struct request *r, struct buf *json)
{
    struct discovery d;
    discovery_gather(r->api->definitions, &d);
    for (size_t i = 0; i < d.group_count; i++) {
        const struct discovery_group *g = &d.groups[i];
        if (!g->name[0]) continue;
        root_put(json, "/apis/%s", g->name);
        for (unsigned n = 0; n < g->count; n++)
            root_put(json, "/apis/%s/%s", g->name, g->versions[n]);
    }
    discovery_free(&d);
}

void serve_root(struct request *r)
{
    static const char *const plain[] = {"/healthz",    "/livez",  "/openapi/v2",
                                        "/openapi/v3", "/readyz", "/version"};
    buf_auto struct buf json = BUF_INIT;
    buf_puts(&json, "{\"paths\":[");
    root_put(&json, "/api");
    root_put(&json, "/api/v1");
    root_put(&json, "/apis");
    root_put(&json, "/apis/");
    root_put_groups(r, &json);
    for (size_t i = 0; i < sizeof plain / sizeof *plain; i++) root_put(&json, "%s", plain[i]);
    buf_puts(&json, "]}");
    reply_json(r, 200, &json);
}
