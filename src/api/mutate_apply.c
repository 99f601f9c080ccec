/* Server-side apply: the client's configuration in place of a patch. */
#include "api/create.h"
#include "api/edit.h"
#include "api/mutate.h"
#include "api/ownership.h"
#include "api/prepare.h"
#include "api/scale.h"

#include "proto/apply.h"

/* What this path does not write is no part of the configuration. */
static void apply_restrict(const struct request *r, enum mutation_target target, struct mp doc,
                           struct buf *out)
{
    bool keeps = target == TARGET_STATUS || !r->route.kind->has_status;
    struct edit edits[] = {{"status", keeps ? mp_get(doc, "status").raw : (struct str){0}},
                           {"metadata", mp_get(doc, "metadata").raw}};
    if (target == TARGET_STATUS)
        edit_map((struct mp){0}, edits, 2, out);
    else
        edit_map(doc, edits, 1, out);
}

/* A Scale tells one field of the object. */
static bool apply_read_scale(struct request *r, struct mp doc, struct buf *out)
{
    struct error err = {0};
    if (!mp_is(mp_get(doc, "kind"), "Scale")) {
        reply_error(r, 400, NULL, "the object provided is no Scale");
        return false;
    }
    if (!write_check_place(r, doc)) return false;
    if (scale_apply(r->route.served, (struct mp){0}, doc, out, &err) == 0) return true;
    reply_error(r, 422, NULL, "Scale.autoscaling \"%.*s\" is invalid: spec.replicas: %s",
                (int)r->route.name.n, r->route.name.p, err.text);
    return false;
}

static bool apply_check(struct request *r, struct mp doc)
{
    struct mp metadata = mp_get(doc, "metadata");
    struct str version = mp_str(mp_get(doc, "apiVersion"));
    const struct mutation *m = r->state;
    const char *expected =
        m->target == TARGET_SCALE ? "autoscaling/v1" : r->route.served->api_version;
    if (!str_is(version, expected))
        reply_error(r, 400, NULL,
                    "Incorrect version specified in apply patch. Specified patch version: %.*s, "
                    "expected: %s",
                    (int)version.n, version.p ? version.p : "", expected);
    else if (mp_str(mp_get(doc, "kind")).n == 0)
        reply_error(r, 400, NULL, "Object 'Kind' is missing in the configuration");
    else if (mp_get(metadata, "managedFields").type != MP_END)
        reply_error(r, 400, NULL, "metadata.managedFields must be nil");
    else
        return true;
    return false;
}

/* The configuration, admitted in structure and in its place. What is no field is always refused: it
 * could not be owned. */
static bool apply_read_config(struct request *r, struct buf *out)
{
    struct mutation *m = r->state;
    struct write_options strict = m->options;
    buf_auto struct buf pruned = BUF_INIT, placed = BUF_INIT;
    struct mp doc = mp_read(m->input.data, m->input.len);
    strict.unknown_fields = FIELDS_STRICT;
    if (!apply_check(r, doc)) return false;
    if (m->target == TARGET_SCALE) return apply_read_scale(r, doc, out);
    if (!write_check_kind(r, doc) || !write_check_place(r, doc)) return false;
    if (!write_structure(r, &strict, doc, &pruned)) return false;
    doc = mp_read(pruned.data, pruned.len);
    prepare_place(r->route.kind, doc, r->route.name, r->route.ns, &placed);
    apply_restrict(r, m->target, mp_read(placed.data, placed.len), out);
    return true;
}

static void apply_refuse(struct request *r, const struct causes *conflicts, const char *text)
{
    buf_auto struct buf message = BUF_INIT;
    if (!conflicts->count) {
        reply_error(r, 400, NULL, "failed to create typed patch object: %s", text);
        return;
    }
    apply_conflict_message(conflicts, &message);
    reply_status(r, &(struct status){.code = 409, .message = message.data, .causes = conflicts});
}

static bool apply_run(struct request *r, struct mp live, struct mp config, struct buf *out,
                      struct buf *managed)
{
    struct apply apply = {ownership_writer(r), request_flag(r, "force"), live, config};
    struct causes conflicts = {0};
    struct error err = {0};
    bool good = apply_config(&apply, out, managed, &conflicts, &err) == 0;
    if (!good) apply_refuse(r, &conflicts, err.text);
    causes_free(&conflicts);
    return good;
}

bool mutate_applied(struct request *r, struct attempt *a, struct mp live, struct buf *out)
{
    buf_auto struct buf config = BUF_INIT;
    if (!apply_read_config(r, &config)) return false;
    struct mp doc = mp_read(config.data, config.len);
    if (!mutate_check_versions(r, a, doc)) return false;
    return apply_run(r, live, doc, out, &a->managed);
}

void mutate_apply_new(struct request *r)
{
    struct mutation *m = r->state;
    buf_auto struct buf config = BUF_INIT, whole = BUF_INIT, managed = BUF_INIT;
    if (!apply_read_config(r, &config)) return;
    struct mp doc = mp_read(config.data, config.len);
    struct str uid = mp_str(mp_path(doc, "metadata.uid"));
    if (uid.n)
        mutate_conflict(r,
                        "uid mismatch: the provided object specified uid %.*s, and no existing "
                        "object was found",
                        (int)uid.n, uid.p);
    else if (mp_str(mp_path(doc, "metadata.resourceVersion")).n ||
             !(r->route.kind->verbs & VERB_CREATE))
        reply_not_found(r);
    else if (apply_run(r, (struct mp){0}, doc, &whole, &managed))
        create_applied(r, &m->options, &whole, &managed);
}
