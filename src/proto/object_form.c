/* The Kubernetes form of an object: taken apart on the way in, put together on the way out. */
#include "proto/custom.h"
#include "proto/object.h"
#include "proto/timefmt.h"

#include <assert.h>

/* The fields of metadata that do not belong to the body. */
static const struct str form_own[] = {
    STR("name"),
    STR("namespace"),
    STR("uid"),
    STR("resourceVersion"),
    STR("generation"),
    STR("creationTimestamp"),
    STR("deletionTimestamp"),
    STR("deletionGracePeriodSeconds"),
    STR("selfLink"),
};
/* The fields that lead the body's metadata, in this order; the others follow as they came. */
static const struct str form_first[] = {STR("generateName"), STR("labels"), STR("annotations"),
                                        STR("ownerReferences"), STR("finalizers")};
enum { FORM_FIRST = sizeof form_first / sizeof *form_first };

static bool form_listed(struct str key, const struct str *list, size_t count, size_t *at)
{
    for (size_t i = 0; i < count; i++)
        if (str_eq(key, list[i])) {
            *at = i;
            return true;
        }
    return false;
}

/* No labels are none, as in Kubernetes. */
static bool form_empty(struct mp v)
{
    bool container = v.type == MP_MAP || v.type == MP_ARRAY;
    return v.type == MP_NIL || (container && v.count == 0);
}

static int form_put_metadata(struct mp metadata, struct buf *out, struct error *err)
{
    struct mp first[FORM_FIRST] = {0};
    size_t at, mark;
    uint32_t pairs = 0;
    mp_put_z(out, "metadata");
    mark = mp_begin(out);
    if (metadata.type != MP_MAP && metadata.type != MP_END && metadata.type != MP_NIL)
        return error_set(err, E_INVALID, "metadata: must be an object");
    for (struct mp_iter it = mp_items(metadata); mp_iter_next(&it);)
        if (!form_empty(it.value) && form_listed(it.key, form_first, FORM_FIRST, &at))
            first[at] = it.value;
    for (at = 0; at < FORM_FIRST; at++) {
        if (first[at].type == MP_END) continue;
        mp_put_str(out, form_first[at]);
        mp_put(out, first[at]);
        pairs++;
    }
    for (struct mp_iter it = mp_items(metadata); mp_iter_next(&it);) {
        if (it.value.type == MP_NIL || form_listed(it.key, form_first, FORM_FIRST, &at) ||
            form_listed(it.key, form_own, sizeof form_own / sizeof *form_own, &at))
            continue;
        mp_put_str(out, it.key);
        mp_put(out, it.value);
        pairs++;
    }
    mp_end_map(out, mark, pairs);
    return 0;
}

static int form_text(struct mp v, const char *path, struct str *out, struct error *err)
{
    if (v.type == MP_STR)
        *out = v.s.n ? v.s : (struct str){0};
    else if (v.type != MP_END && v.type != MP_NIL)
        return error_set(err, E_INVALID, "%s: must be a string", path);
    return 0;
}

/* In one pass: managedFields are long, and most of the names are not there. */
static int form_names(struct mp metadata, struct object_parts *out, struct error *err)
{
    const struct {
        struct str key;
        const char *path;
        struct str *slot;
    } texts[] = {{STR("name"), "metadata.name", &out->name},
                 {STR("namespace"), "metadata.namespace", &out->ns},
                 {STR("generateName"), "metadata.generateName", &out->generate_name},
                 {STR("uid"), "metadata.uid", &out->uid},
                 {STR("resourceVersion"), "metadata.resourceVersion", &out->resource_version}};
    enum { TEXTS = sizeof texts / sizeof *texts };
    bool seen[TEXTS + 1] = {false}; /* the first of a name counts, as for everybody else */
    int rc = 0;
    for (struct mp_iter it = mp_items(metadata); !rc && mp_iter_next(&it);) {
        size_t i = 0;
        while (i < TEXTS && !str_eq(it.key, texts[i].key)) i++;
        if (i == TEXTS && !str_is(it.key, "generation")) continue;
        if (seen[i]) continue;
        seen[i] = true;
        if (i < TEXTS)
            rc = form_text(it.value, texts[i].path, texts[i].slot, err);
        else
            out->generation = mp_i64(it.value, 0);
    }
    return rc;
}

/* A pod's spec without nodeName, which is not a matter of the template. */
static int form_put_pod_spec(struct mp spec, struct str *node, struct buf *out, struct error *err)
{
    uint32_t pairs = 0;
    size_t mark = mp_begin(out);
    int rc = 0;
    for (struct mp_iter it = mp_items(spec); !rc && mp_iter_next(&it);) {
        if (str_is(it.key, "nodeName")) {
            rc = form_text(it.value, "spec.nodeName", node, err);
            continue;
        }
        mp_put_str(out, it.key);
        mp_put(out, it.value);
        pairs++;
    }
    mp_end_map(out, mark, pairs);
    return rc;
}

/* The body goes to `out`; the rest of what the document says to parts and *status. */
static int form_put_body(const struct kind *kind, struct mp whole, struct object_parts *parts,
                         struct mp *status, struct buf *out, struct error *err)
{
    uint32_t pairs = 1;
    size_t mark = mp_begin(out);
    struct mp metadata = mp_get(whole, "metadata");
    bool apart = !kind->custom || kind->has_status;
    int rc = form_put_metadata(metadata, out, err);
    if (!rc) rc = form_names(metadata, parts, err);
    for (struct mp_iter it = mp_items(whole); !rc && mp_iter_next(&it);) {
        if (str_is(it.key, "metadata") || str_is(it.key, "apiVersion") || str_is(it.key, "kind"))
            continue;
        if (apart && str_is(it.key, "status")) {
            *status = it.value;
            continue;
        }
        mp_put_str(out, it.key);
        if (kind == kind_pod && it.value.type == MP_MAP && str_is(it.key, "spec"))
            rc = form_put_pod_spec(it.value, &parts->node, out, err);
        else
            mp_put(out, it.value);
        pairs++;
    }
    mp_end_map(out, mark, pairs);
    return rc;
}

int object_split(const struct kind *kind, struct mp whole, struct object_parts *out,
                 struct error *err)
{
    buf_auto struct buf body = BUF_INIT;
    struct object_parts parts = {0};
    struct mp status = {0};
    if (whole.type != MP_MAP) return error_set(err, E_INVALID, "must be an object");
    buf_reserve(&body, whole.raw.n);
    int rc = form_put_body(kind, whole, &parts, &status, &body, err);
    if (rc) return rc;
    if (status.type != MP_MAP && status.type != MP_END && status.type != MP_NIL)
        return error_set(err, E_INVALID, "status: must be an object");
    parts.body = doc_new(body.data, body.len);
    if (status.type == MP_MAP) parts.status = doc_new(status.raw.p, status.raw.n);
    *out = parts;
    return 0;
}

static void form_pair(struct buf *out, const char *key, struct str value)
{
    mp_put_z(out, key);
    mp_put_str(out, value);
}

static void form_pair_time(struct buf *out, const char *key, int64_t unix_s)
{
    char text[TIME_TEXT];
    time_format_s(unix_s, text);
    form_pair(out, key, str_of(text));
}

static void form_pair_decimal(struct buf *out, const char *key, uint64_t value)
{
    char text[24];
    size_t at = sizeof text;
    do {
        text[--at] = (char)('0' + value % 10);
        value /= 10;
    } while (value);
    form_pair(out, key, (struct str){text + at, sizeof text - at});
}

static void form_put_identity(const struct object *o, struct mp metadata, struct buf *out)
{
    char uid[UID_TEXT];
    struct mp generate_name = mp_get(metadata, "generateName");
    bool deleting = o->deleted_s != 0;
    /* metadata.count already has generateName; uid and creationTimestamp always are. */
    mp_put_map(out, metadata.count + (o->id->name_len > 0) + (o->id->ns != NULL) + 2 +
                        (o->revision > 0) + (o->generation > 0) + 2 * (uint32_t)deleting);
    if (o->id->name_len) form_pair(out, "name", object_name(o));
    if (generate_name.type != MP_END) {
        mp_put_z(out, "generateName");
        mp_put(out, generate_name);
    }
    if (o->id->ns) form_pair(out, "namespace", istr_str(o->id->ns));
    uid_text(&o->id->uid, uid);
    form_pair(out, "uid", str_of(uid));
    if (o->revision) form_pair_decimal(out, "resourceVersion", o->revision);
    if (o->generation) {
        mp_put_z(out, "generation");
        mp_put_uint(out, o->generation);
    }
    form_pair_time(out, "creationTimestamp", o->id->created_s);
    if (!deleting) return;
    form_pair_time(out, "deletionTimestamp", o->deleted_s);
    mp_put_z(out, "deletionGracePeriodSeconds");
    mp_put_int(out, o->grace_s);
}

/* The pairs of a map as they are encoded, without the map's header. */
static struct str form_pairs(struct mp map)
{
    struct mp_iter it = mp_items(map);
    return (struct str){it.c.p, it.c.p ? (size_t)(it.c.end - it.c.p) : 0};
}

static void form_put_metadata_out(const struct object *o, struct mp metadata, struct buf *out)
{
    form_put_identity(o, metadata, out);
    if (mp_get(metadata, "generateName").type == MP_END) {
        mp_put_raw(out, form_pairs(metadata));
        return;
    }
    for (struct mp_iter it = mp_items(metadata); mp_iter_next(&it);) {
        if (str_is(it.key, "generateName")) continue;
        mp_put_str(out, it.key);
        mp_put(out, it.value);
    }
}

static void form_put_bound_spec(struct mp spec, istr node, struct buf *out)
{
    mp_put_z(out, "spec");
    mp_put_map(out, spec.type == MP_MAP ? spec.count + 1 : 1);
    if (spec.type == MP_MAP) mp_put_raw(out, form_pairs(spec));
    form_pair(out, "nodeName", istr_str(node));
}

void object_put_doc(const struct object *o, const struct kind_version *version, struct buf *out)
{
    if (version && version->kind->custom)
        custom_put_doc(definition_of(version->kind), o, out);
    else
        object_put_stored(o, version, out);
}

void object_put_stored(const struct object *o, const struct kind_version *version, struct buf *out)
{
    struct mp body = doc_root(o->body);
    assert(body.type == MP_MAP);
    struct mp metadata = mp_get(body, "metadata"), spec = mp_get(body, "spec");
    if (metadata.type != MP_MAP) metadata = (struct mp){0};
    uint32_t pairs = body.count - (mp_get(body, "metadata").type != MP_END);
    if (!version) version = &o->id->kind->versions[0];
    bool status_apart =
        o->status && !(o->id->kind->custom && mp_get(body, "status").type != MP_END);
    buf_reserve(out, o->body->len + (o->status ? o->status->len : 0) + 512);
    bool spec_missing = o->node && spec.type == MP_END;
    mp_put_map(out, 3 + pairs + (uint32_t)spec_missing + (uint32_t)status_apart);
    form_pair(out, "apiVersion", str_of(version->api_version));
    form_pair(out, "kind", str_of(version->kind->kind));
    mp_put_z(out, "metadata");
    form_put_metadata_out(o, metadata, out);
    for (struct mp_iter it = mp_items(body); mp_iter_next(&it);) {
        if (str_is(it.key, "metadata")) continue;
        if (o->node && str_is(it.key, "spec")) {
            form_put_bound_spec(it.value, o->node, out);
            continue;
        }
        mp_put_str(out, it.key);
        mp_put(out, it.value);
    }
    if (spec_missing) form_put_bound_spec(spec, o->node, out);
    if (!status_apart) return;
    mp_put_z(out, "status");
    mp_put_raw(out, (struct str){o->status->bytes, o->status->len});
}
