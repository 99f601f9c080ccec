/* Rewriting the parts of documents that every kind has: status conditions and finalizers. */
#include "actors/behavior.h"

#include "actors/edit.h"
#include "proto/timefmt.h"

static void put_field(struct buf *out, uint32_t *pairs, const char *key, struct str text)
{
    if (!text.n) return;
    mp_put_z(out, key);
    mp_put_str(out, text);
    ++*pairs;
}

/* The condition as it will be; the moment of transition stays when the value does. */
static void put_condition(struct buf *out, struct mp old, const char *type, struct str value,
                          struct str reason, struct str message, const char *now, bool heartbeat)
{
    struct str since = mp_str(mp_get(old, "lastTransitionTime"));
    if (!since.n || !str_eq(mp_str(mp_get(old, "status")), value)) since = str_of(now);
    struct str beat = heartbeat ? str_of(now) : mp_str(mp_get(old, "lastHeartbeatTime"));
    uint32_t pairs = 0;
    size_t mark = mp_begin(out);
    put_field(out, &pairs, "type", str_of(type));
    put_field(out, &pairs, "status", value);
    put_field(out, &pairs, "lastHeartbeatTime", beat);
    put_field(out, &pairs, "lastTransitionTime", since);
    put_field(out, &pairs, "reason", reason);
    put_field(out, &pairs, "message", message);
    mp_end_map(out, mark, pairs);
}

struct doc *status_with_condition(struct doc *status, const char *type, struct str value,
                                  struct str reason, struct str message, int64_t now_s,
                                  bool heartbeat)
{
    char now[TIME_TEXT];
    time_format_s(now_s, now);
    buf_auto struct buf list = BUF_INIT;
    uint32_t count = 0;
    bool found = false;
    size_t mark = mp_begin(&list);
    struct mp conditions = doc_path(status, "conditions");
    for (struct mp_iter it = mp_items(conditions); mp_iter_next(&it); count++) {
        if (mp_is(mp_get(it.value, "type"), type)) {
            put_condition(&list, it.value, type, value, reason, message, now, heartbeat);
            found = true;
        } else {
            mp_put(&list, it.value);
        }
    }
    if (!found) {
        put_condition(&list, (struct mp){0}, type, value, reason, message, now, heartbeat);
        count++;
    }
    mp_end_array(&list, mark, count);
    return edit_doc(status, "conditions", edit_value(&list));
}

struct mp status_condition(const struct doc *status, const char *type)
{
    struct mp conditions = doc_path(status, "conditions");
    for (struct mp_iter it = mp_items(conditions); mp_iter_next(&it);)
        if (mp_is(mp_get(it.value, "type"), type)) return it.value;
    return (struct mp){0};
}

static bool is_listed(struct mp list, const char *text)
{
    for (struct mp_iter it = mp_items(list); mp_iter_next(&it);)
        if (mp_is(it.value, text)) return true;
    return false;
}

bool body_has_finalizer(const struct doc *body, const char *finalizer)
{
    return is_listed(doc_path(body, "metadata.finalizers"), finalizer);
}

bool body_has_finalizers(const struct doc *body)
{
    struct mp list = doc_path(body, "metadata.finalizers");
    return list.type == MP_ARRAY && list.count > 0;
}

struct doc *body_without_finalizer(struct doc *body, const char *finalizer)
{
    struct mp list = doc_path(body, "metadata.finalizers");
    if (!is_listed(list, finalizer)) return doc_ref(body);
    buf_auto struct buf rest = BUF_INIT;
    uint32_t count = 0;
    size_t mark = mp_begin(&rest);
    for (struct mp_iter it = mp_items(list); mp_iter_next(&it);) {
        if (mp_is(it.value, finalizer)) continue;
        mp_put(&rest, it.value);
        count++;
    }
    mp_end_array(&rest, mark, count);
    return edit_doc(body, "metadata.finalizers", count ? edit_value(&rest) : (struct str){0});
}

struct doc *body_with_finalizer(struct doc *body, const char *finalizer)
{
    struct mp list = doc_path(body, "metadata.finalizers");
    if (is_listed(list, finalizer)) return doc_ref(body);
    buf_auto struct buf more = BUF_INIT;
    uint32_t count = 1;
    size_t mark = mp_begin(&more);
    for (struct mp_iter it = mp_items(list); mp_iter_next(&it); count++) mp_put(&more, it.value);
    mp_put_z(&more, finalizer);
    mp_end_array(&more, mark, count);
    return edit_doc(body, "metadata.finalizers", edit_value(&more));
}
