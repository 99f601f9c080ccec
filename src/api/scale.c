#include "api/scale.h"

#include "actors/edit.h"
#include "api/inner.h"
#include "proto/definition.h"
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

static struct definition_scale scale_paths(const struct kind_version *version)
{
    if (version->kind->custom) return definition_of(version->kind)->scale;
    return (struct definition_scale){"spec.replicas", "status.replicas", NULL};
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

void scale_put_doc(const struct kind_version *version, const struct object *o, struct buf *out)
{
    struct definition_scale paths = scale_paths(version);
    buf_auto struct buf whole = BUF_INIT;
    object_put_doc(o, version, &whole);
    struct mp doc = mp_read(whole.data, whole.len);
    mp_put_map(out, 5);
    scale_pair(out, "kind", "Scale");
    scale_pair(out, "apiVersion", "autoscaling/v1");
    mp_put_z(out, "metadata");
    scale_put_metadata(o, out);
    mp_put_z(out, "spec");
    mp_put_map(out, 1);
    mp_put_z(out, "replicas");
    mp_put_int(out, mp_i64(mp_path(doc, paths.spec_replicas), 0));
    mp_put_z(out, "status");
    mp_put_map(out, 2);
    mp_put_z(out, "replicas");
    mp_put_int(out, mp_i64(mp_path(doc, paths.status_replicas), 0));
    mp_put_z(out, "selector");
    if (version->kind->custom)
        mp_put_str(out, paths.selector ? mp_str(mp_path(doc, paths.selector)) : STR(""));
    else
        scale_put_selector(o, out);
}

void scale_reply(struct request *r, const struct object *o)
{
    buf_auto struct buf doc = BUF_INIT, json = BUF_INIT;
    scale_put_doc(r->route.served, o, &doc);
    json_write(mp_read(doc.data, doc.len), &json);
    reply_json(r, 200, &json);
}

int scale_apply(const struct kind_version *version, struct mp whole, struct mp scale,
                struct buf *out, struct error *err)
{
    struct mp wanted = mp_path(scale, "spec.replicas");
    /* Absent is zero, as the type's default says. */
    int64_t replicas = wanted.type == MP_END || wanted.type == MP_NIL ? 0 : mp_i64(wanted, -1);
    if (replicas < 0 || replicas > INT32_MAX)
        return error_set(err, E_INVALID, "Invalid value: %lld: must be greater than or equal to 0",
                         (long long)replicas);
    buf_auto struct buf number = BUF_INIT;
    mp_put_int(&number, replicas);
    edit_put(out, whole, scale_paths(version).spec_replicas, edit_value(&number));
    return 0;
}
