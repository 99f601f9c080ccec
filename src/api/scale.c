#include "api/scale.h"

#include "api/edit.h"
#include "api/inner.h"
#include "proto/json.h"
#include "proto/selector.h"
#include "proto/timefmt.h"

#include <inttypes.h>
#include <stdio.h>

static void scale_pair(struct buf *out, const char *key, const char *text)
{
    mp_put_z(out, key);
    mp_put_z(out, text);
}

static void scale_put_metadata(const struct object *o, struct buf *out)
{
    char text[TIME_TEXT], uid[UID_TEXT], revision[24];
    uid_text(&o->id->uid, uid);
    time_format_s(o->id->created_s, text);
    snprintf(revision, sizeof revision, "%" PRIu64, o->revision);
    mp_put_map(out, o->id->ns ? 5 : 4);
    scale_pair(out, "name", o->id->name);
    if (o->id->ns) scale_pair(out, "namespace", o->id->ns);
    scale_pair(out, "uid", uid);
    scale_pair(out, "resourceVersion", revision);
    scale_pair(out, "creationTimestamp", text);
}

/* As kubectl and autoscalers read it: "app=web,tier in (a,b)". */
static void scale_put_selector(const struct object *o, struct buf *out)
{
    buf_auto struct buf text = BUF_INIT;
    struct mp from = doc_path(o->body, "spec.selector");
    struct selector *selector = NULL;
    int rc = o->id->kind == kind_rc ? selector_from_map(from, &selector, NULL)
                                    : selector_from_doc(from, &selector, NULL);
    if (rc == 0) selector_format(selector, &text);
    if (rc == 0) selector_free(selector);
    mp_put_str(out, (struct str){text.data ? text.data : "", text.len});
}

void scale_put_doc(const struct object *o, struct buf *out)
{
    mp_put_map(out, 5);
    scale_pair(out, "kind", "Scale");
    scale_pair(out, "apiVersion", "autoscaling/v1");
    mp_put_z(out, "metadata");
    scale_put_metadata(o, out);
    mp_put_z(out, "spec");
    mp_put_map(out, 1);
    mp_put_z(out, "replicas");
    mp_put_int(out, mp_i64(doc_path(o->body, "spec.replicas"), 0));
    mp_put_z(out, "status");
    mp_put_map(out, 2);
    mp_put_z(out, "replicas");
    mp_put_int(out, mp_i64(doc_path(o->status, "replicas"), 0));
    mp_put_z(out, "selector");
    scale_put_selector(o, out);
}

void scale_reply(struct request *r, const struct object *o)
{
    buf_auto struct buf doc = BUF_INIT, json = BUF_INIT;
    scale_put_doc(o, &doc);
    json_write(mp_read(doc.data, doc.len), &json);
    reply_json(r, 200, &json);
}

int scale_apply(struct mp whole, struct mp scale, struct buf *out, struct error *err)
{
    struct mp wanted = mp_path(scale, "spec.replicas");
    /* Absent is zero, as the type's default says. */
    int64_t replicas = wanted.type == MP_END || wanted.type == MP_NIL ? 0 : mp_i64(wanted, -1);
    if (replicas < 0 || replicas > INT32_MAX)
        return error_set(err, E_INVALID, "must be greater than or equal to 0");
    buf_auto struct buf number = BUF_INIT, spec = BUF_INIT;
    mp_put_int(&number, replicas);
    struct edit in_spec = {"replicas", edit_bytes(&number)};
    edit_map(mp_get(whole, "spec"), &in_spec, 1, &spec);
    struct edit in_whole = {"spec", edit_bytes(&spec)};
    edit_map(whole, &in_whole, 1, out);
    return 0;
}
