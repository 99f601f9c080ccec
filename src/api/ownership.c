#include "api/ownership.h"

#include "api/edit.h"
#include "proto/json.h"

#include <ctype.h>
#include <time.h>

static bool ownership_refuse(struct request *r, const char *reason, char *field, char *message)
{
    struct cause cause = {reason, field, message};
    reply_invalid_options(r, &(struct causes){&cause, 1, 1});
    return false;
}

/* Control characters, also those of two bytes: names are UTF-8. */
static bool ownership_printable(struct request *r, struct str name)
{
    for (size_t i = 0; i < name.n; i++) {
        unsigned char c = (unsigned char)name.p[i];
        bool wide = c == 0xc2 && i + 1 < name.n;
        if (wide) c = (unsigned char)name.p[i + 1];
        if (wide ? c >= 0xa0 : c >= 0x20 && c != 0x7f) continue;
        buf_auto struct buf message = BUF_INIT;
        buf_puts(&message, "Invalid value: ");
        json_write_str(name, &message);
        buf_printf(&message, ": invalid character U+%04X (at position %zu)", c, i);
        return ownership_refuse(r, "FieldValueInvalid", "fieldManager", message.data);
    }
    return true;
}

bool ownership_check(struct request *r, bool applies)
{
    struct str manager = http_param(r->x, "fieldManager"), force = http_param(r->x, "force");
    if (manager.n > MANAGER_NAME_MAX)
        return ownership_refuse(r, "FieldValueTooLong", "fieldManager",
                                "Too long: must have at most 128 bytes");
    if (!ownership_printable(r, manager)) return false;
    if (applies && !manager.n)
        return ownership_refuse(r, "FieldValueRequired", "fieldManager",
                                "Required value: is required for apply patch");
    if (!applies && force.p && str_is(http_method(r->x), "PATCH"))
        return ownership_refuse(r, "FieldValueForbidden", "force",
                                "Forbidden: may not be specified for non-apply patch");
    return true;
}

static struct str ownership_agent(struct request *r)
{
    struct str agent = http_header(r->x, "User-Agent"), first = {0};
    str_split(&agent, '/', &first);
    size_t n = 0;
    while (n < first.n && n < MANAGER_NAME_MAX && isprint((unsigned char)first.p[n])) n++;
    return n ? (struct str){first.p, n} : STR("unknown");
}

struct writer ownership_writer(struct request *r)
{
    struct str manager = http_param(r->x, "fieldManager");
    const char *sub = r->route.sub ? r->route.sub->name : NULL;
    bool status = sub && (!strcmp(sub, "status") || !strcmp(sub, "approval"));
    return (struct writer){
        .type = r->route.served->type,
        .served = r->route.served,
        .manager = manager.n ? manager : ownership_agent(r),
        .api_version = str_of(r->route.served->api_version),
        .subresource = str_of(sub),
        .scope = status                      ? WRITES_STATUS
                 : r->route.kind->has_status ? WRITES_BUT_STATUS
                                             : WRITES_ALL,
        .now_s = time(NULL),
    };
}

void ownership_put(struct mp doc, const struct buf *managed, struct buf *out)
{
    buf_auto struct buf metadata = BUF_INIT;
    struct edit fields = {"managedFields", edit_bytes(managed)};
    edit_map(mp_get(doc, "metadata"), &fields, 1, &metadata);
    struct edit edit = {"metadata", edit_bytes(&metadata)};
    edit_map(doc, &edit, 1, out);
}
