/* The next version as a document: patched, put in its place, restricted to what the path may
 * change, and admitted. */
#include "api/edit.h"
#include "api/mutate.h"
#include "api/ownership.h"
#include "api/prepare.h"
#include "api/scale.h"
#include "api/versions.h"

#include "proto/patch.h"

static bool mutate_patched(struct request *r, struct attempt *a, struct mp target, struct buf *out)
{
    struct mutation *m = r->state;
    struct mp input = mp_read(m->input.data, m->input.len);
    const struct type *type =
        m->target == TARGET_SCALE ? type_by_name("autoscaling.v1.Scale") : r->route.served->type;
    int rc = 0;
    if (m->how == MUTATE_REPLACE)
        mp_put(out, input);
    else if (m->how == MUTATE_JSON)
        rc = patch_json(target, input, out, &a->err);
    else if (m->how == MUTATE_MERGE)
        rc = patch_merge(target, input, out, &a->err);
    else
        rc = patch_strategic(type, target, input, out, &a->err);
    if (rc == 0 && mp_read(out->data, out->len).type == MP_MAP) return true;
    bool unprocessable = m->how == MUTATE_JSON && rc && rc != E_TOOBIG;
    reply_error(r,
                unprocessable    ? 422
                : rc == E_TOOBIG ? 413
                                 : 400,
                unprocessable ? "Invalid" : NULL, "%s",
                rc ? a->err.text : "the patch does not leave an object");
    return false;
}

void mutate_conflict(struct request *r, const char *format, ...)
{
    buf_auto struct buf resource = BUF_INIT, why = BUF_INIT;
    va_list args;
    va_start(args, format);
    buf_vprintf(&why, format, args);
    va_end(args);
    status_resource(r->route.served, &resource);
    reply_error(r, 409, NULL, "Operation cannot be fulfilled on %s \"%.*s\": %s", resource.data,
                (int)r->route.name.n, r->route.name.p, why.data);
}

bool mutate_check_versions(struct request *r, const struct attempt *a, struct mp next)
{
    char uid[UID_TEXT];
    uint64_t revision = 0;
    struct str version = mp_str(mp_path(next, "metadata.resourceVersion"));
    struct str given = mp_str(mp_path(next, "metadata.uid"));
    if (version.n && !str_to_u64(version, &revision)) {
        reply_error(r, 400, NULL, "metadata.resourceVersion: Invalid value: \"%.*s\"",
                    (int)version.n, version.p);
        return false;
    }
    if (revision && revision != a->old->revision) {
        mutate_conflict(r, "the object has been modified; please apply your changes to the latest "
                           "version and try again");
        return false;
    }
    uid_text(&a->old->id->uid, uid);
    if (given.n && !str_is(given, uid)) {
        mutate_conflict(r, "Precondition failed: UID in precondition: %.*s, UID in object meta: %s",
                        (int)given.n, given.p, uid);
        return false;
    }
    return true;
}

static bool mutate_refuse_scale(struct request *r, struct attempt *a)
{
    struct cause cause = {"FieldValueInvalid", "spec.replicas", a->err.text};
    reply_invalid_as(r, "autoscaling", "Scale", r->route.name, &(struct causes){&cause, 1, 1});
    return false;
}

static bool mutate_scale(struct request *r, struct attempt *a)
{
    buf_auto struct buf scale = BUF_INIT, next = BUF_INIT;
    scale_put_doc(r->route.served, a->old, &scale);
    if (!mutate_patched(r, a, mp_read(scale.data, scale.len), &next)) return false;
    struct mp doc = mp_read(next.data, next.len), old = mp_read(a->old_doc.data, a->old_doc.len);
    if (!write_check_place(r, doc) || !mutate_check_versions(r, a, doc)) return false;
    if (scale_apply(r->route.served, old, doc, &a->next_doc, &a->err))
        return mutate_refuse_scale(r, a);
    /* The schema may know more about its numbers than that they are not negative. */
    struct mp scaled = mp_read(a->next_doc.data, a->next_doc.len);
    return !r->route.kind->custom || write_validate(r, scaled, old);
}

/* Whoever writes a status may write labels and annotations, too, as in Kubernetes; not of custom
 * objects and their definitions. */
static void mutate_put_notes(struct mp old, struct mp next, struct buf *out)
{
    struct edit notes[] = {{"labels", mp_get(next, "labels").raw},
                           {"annotations", mp_get(next, "annotations").raw}};
    edit_map(old, notes, 2, out);
}

/* `next` with only the part that this target may change; the rest as it was. */
static void mutate_restrict(const struct kind *kind, enum mutation_target target, struct mp next,
                            struct mp old, struct buf *out)
{
    buf_auto struct buf spec = BUF_INIT, metadata = BUF_INIT;
    if (target == TARGET_OBJECT && kind->custom && !kind->has_status) {
        mp_put(out, next); /* its status is a part like any other */
        return;
    }
    struct edit edit = {"status", mp_get(target == TARGET_STATUS ? next : old, "status").raw};
    if (target == TARGET_FINALIZERS) {
        struct edit finalizers = {"finalizers", mp_path(next, "spec.finalizers").raw};
        edit_map(mp_get(old, "spec"), &finalizers, 1, &spec);
        edit = (struct edit){"spec", edit_bytes(&spec)};
    }
    bool whole = target == TARGET_OBJECT || target == TARGET_SCALE;
    bool noted = target == TARGET_STATUS && !kind->custom && kind != kind_crd;
    if (noted) mutate_put_notes(mp_get(old, "metadata"), mp_get(next, "metadata"), &metadata);
    struct edit edits[] = {edit, {"metadata", edit_bytes(&metadata)}};
    edit_map(whole ? next : old, edits, 1 + (size_t)noted, out);
}

/* Patched or replaced, and right in structure; as the version shows it. */
static bool mutate_next(struct request *r, struct attempt *a, struct mp old, struct buf *out)
{
    struct mutation *m = r->state;
    buf_auto struct buf next = BUF_INIT;
    if (m->how == MUTATE_APPLY) return mutate_applied(r, a, old, out);
    if (!mutate_patched(r, a, old, &next)) return false;
    struct mp doc = mp_read(next.data, next.len);
    if (!write_check_kind(r, doc) || !write_check_place(r, doc)) return false;
    return write_structure(r, &m->options, doc, out);
}

static bool mutate_object(struct request *r, struct attempt *a, struct mp old, struct mp next)
{
    struct mutation *m = r->state;
    buf_auto struct buf placed = BUF_INIT, restricted = BUF_INIT, named = BUF_INIT;
    if (!mutate_check_versions(r, a, next)) return false;
    prepare_place(r->route.kind, next, r->route.name, r->route.ns, &placed);
    prepare_again(mp_read(placed.data, placed.len), old, &named);
    mutate_restrict(r->route.kind, m->target, mp_read(named.data, named.len), old, &restricted);
    return write_admit(r, mp_read(restricted.data, restricted.len), old, &a->next_doc);
}

/* Only who writes the object itself may say who owns what. */
static void mutate_track(struct request *r, struct attempt *a, struct mp old, struct mp given)
{
    struct mutation *m = r->state;
    struct writer writer = ownership_writer(r);
    buf_auto struct buf next = a->next_doc, own = BUF_INIT;
    struct mp doc = mp_read(next.data, next.len);
    struct mp shown = version_shown(r->route.served, doc, &own);
    a->next_doc = BUF_INIT;
    if (m->target != TARGET_OBJECT) given = (struct mp){0};
    if (m->how != MUTATE_APPLY) managed_track(&writer, old, shown, given, &a->managed);
    ownership_put(doc, &a->managed, &a->next_doc);
}

bool mutate_document(struct request *r, struct attempt *a)
{
    struct mutation *m = r->state;
    buf_auto struct buf next = BUF_INIT, before = BUF_INIT, stored = BUF_INIT;
    const struct kind_version *served = r->route.served;
    struct mp old = mp_read(a->old_doc.data, a->old_doc.len), doc = {0};
    struct mp shown = version_shown(served, old, &before);
    bool good;
    if (m->target == TARGET_SCALE && m->how != MUTATE_APPLY) {
        good = mutate_scale(r, a);
    } else {
        good = mutate_next(r, a, shown, &next);
        doc = mp_read(next.data, next.len);
        good = good && mutate_object(r, a, old, version_stored(served, doc, &stored));
    }
    if (good) mutate_track(r, a, shown, mp_path(doc, "metadata.managedFields"));
    return good;
}
