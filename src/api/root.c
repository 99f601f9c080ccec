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

static void root_put_groups(struct buf *json)
{
    const char *version;
    for (unsigned i = 0; i < kind_count(); i++) {
        const char *group = kind_at(i)->group;
        if (!group[0] || !discovery_first_of_group(i)) continue;
        if (!discovery_group_version(group, 0)) continue;
        root_put(json, "/apis/%s", group);
        for (unsigned n = 0; (version = discovery_group_version(group, n)); n++)
            root_put(json, "/apis/%s/%s", group, version);
    }
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
    root_put_groups(&json);
    for (size_t i = 0; i < sizeof plain / sizeof *plain; i++) root_put(&json, "%s", plain[i]);
    buf_puts(&json, "]}");
    reply_json(r, 200, &json);
}
