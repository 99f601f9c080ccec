/* PUT and PATCH, of an object, its status, its scale or its finalizers: read the version there is,
 * make the next one from it, send it on condition that nobody was faster, and try again when
 * somebody was and the client did not insist on a version. */
#include "api/mutate.h"

#include "api/ownership.h"
#include "api/scale.h"
#include "api/seal.h"

#include "base/mem.h"
#include "proto/json.h"
#include "proto/yaml.h"

enum { MUTATE_TRIES = 20 };

static void mutation_free(void *state)
{
    struct mutation *m = state;
    buf_free(&m->input);
    object_unref(m->last);
    mem_free(m);
}

static void attempt_free(struct attempt *a)
{
    object_unref(a->old);
    buf_free(&a->old_doc);
    buf_free(&a->next_doc);
    buf_free(&a->managed);
}

static void mutate_start(struct request *r);

static void mutate_answer(struct request *r, const struct result *result)
{
    struct mutation *m = r->state;
    bool lost_race = result->http == 409 && !m->insists && ++m->tries < MUTATE_TRIES;
    if (lost_race)
        mutate_start(r);
    else if (result->http >= 400)
        reply_refusal(r, r->route.name, result);
    else if (m->target == TARGET_SCALE && result->object)
        scale_reply(r, result->object);
    else if (result->removed && m->last)
        reply_object(r, 200, m->last);
    else
        reply_result(r, 200, result);
}

/* Who takes the last finalizer away is answered with the object without it. */
static void mutate_keep_last(struct mutation *m, const struct object *sealed,
                             const struct command *c)
{
    object_unref(m->last);
    m->last = NULL;
    if (!sealed->deleted_s || !c->body) return;
    m->last = object_next(sealed);
    doc_unref(m->last->body);
    m->last->body = doc_ref(c->body);
    m->last->revision = sealed->revision;
    object_seal(m->last);
}

static bool mutate_same_metadata(const struct attempt *a, const struct object_parts *next)
{
    return mp_same(doc_path(a->old->body, "metadata"), doc_path(next->body, "metadata"));
}

/* Nothing but what this target writes can have changed. */
static bool mutate_is_same(const struct mutation *m, const struct attempt *a,
                           const struct object_parts *next)
{
    if (m->target != TARGET_STATUS) return mp_same(doc_root(a->old->body), doc_root(next->body));
    return mp_same(doc_root(a->old->status), doc_root(next->status)) &&
           mutate_same_metadata(a, next);
}

/* A status goes with its body only for the managedFields, labels and annotations. */
static void mutate_take_parts(struct request *r, const struct attempt *a,
                              struct object_parts *parts, struct command *c, struct object *sealed)
{
    bool status = c->op == COMMAND_STATUS;
    bool body = !status || a->managed.len || !mutate_same_metadata(a, parts);
    if (status)
        c->status = parts->status;
    else if (r->route.kind->custom && !a->old->status)
        c->status = parts->status; /* it was in the body, before it was written apart */
    else
        doc_unref(parts->status);
    if (!body)
        doc_unref(parts->body);
    else if (r->route.kind == kind_secret)
        c->body = seal_close(r->api->options.seal_key, parts->body, sealed);
    else
        c->body = parts->body;
}

static struct command *mutate_command(struct request *r, struct attempt *a, struct object *sealed)
{
    struct mutation *m = r->state;
    struct object_parts parts = {0};
    struct mp whole = mp_read(a->next_doc.data, a->next_doc.len);
    if (object_split(r->route.kind, whole, &parts, &a->err)) {
        reply_error(r, 400, NULL, "%s", a->err.text);
        return NULL;
    }
    if (mutate_is_same(m, a, &parts)) {
        doc_unref(parts.body);
        doc_unref(parts.status);
        struct result same = {.http = 200, .object = sealed};
        mutate_answer(r, &same);
        return NULL;
    }
    bool status = m->target == TARGET_STATUS;
    struct command *c =
        write_command(r, status ? COMMAND_STATUS : COMMAND_UPDATE, r->route.name, &m->options);
    mutate_take_parts(r, a, &parts, c, sealed);
    c->revision = a->old->revision;
    c->merges_finalizers = m->target == TARGET_FINALIZERS;
    mutate_keep_last(m, sealed, c);
    return c;
}

static bool mutate_may_create(const struct request *r)
{
    const struct mutation *m = r->state;
    return r->route.kind->put_creates && m->how == MUTATE_REPLACE && m->target == TARGET_OBJECT;
}

static void mutate_missing(struct request *r)
{
    const struct mutation *m = r->state;
    if (m->how == MUTATE_APPLY && m->target == TARGET_OBJECT) {
        mutate_apply_new(r);
        return;
    }
    if (!mutate_may_create(r)) {
        reply_not_found(r);
        return;
    }
    struct mp doc = mp_read(m->input.data, m->input.len);
    struct str uid = mp_str(mp_path(doc, "metadata.uid"));
    if (uid.n) {
        mutate_conflict(r, "Precondition failed: UID in precondition: %.*s, UID in object meta: ",
                        (int)uid.n, uid.p);
        return;
    }
    r->state_free(r->state);
    r->state_free = NULL;
    serve_create(r);
}

static void mutate_with(struct request *r, struct fetch *f)
{
    if (!f->count) {
        mutate_missing(r);
        return;
    }
    struct object *sealed = f->objects[0];
    struct attempt a = {.old = seal_open(r->api->options.seal_key, sealed)};
    object_put_doc(a.old, r->route.served, &a.old_doc);
    struct command *c = mutate_document(r, &a) ? mutate_command(r, &a, sealed) : NULL;
    if (c) request_command(r, c, mutate_answer);
    attempt_free(&a);
}

static void mutate_start(struct request *r)
{
    buf_clear(&r->headers); /* warnings of an earlier try */
    request_warn(r);
    fetch_start(r, r->route.kind, r->route.ns, r->route.name, FRESH_LINEARIZABLE, mutate_with);
}

static struct mutation *mutate_new(struct request *r)
{
    static const struct {
        const char *sub;
        enum mutation_target target;
    } targets[] = {{"status", TARGET_STATUS},
                   {"approval", TARGET_STATUS},
                   {"scale", TARGET_SCALE},
                   {"finalize", TARGET_FINALIZERS}};
    struct mutation *m = mem_new(struct mutation);
    r->state = m;
    r->state_free = mutation_free;
    for (size_t i = 0; i < sizeof targets / sizeof *targets; i++)
        if (r->route.sub && strcmp(r->route.sub->name, targets[i].sub) == 0)
            m->target = targets[i].target;
    return m;
}

void serve_update(struct request *r)
{
    struct mutation *m = mutate_new(r);
    const struct type *type =
        m->target == TARGET_SCALE ? type_by_name("autoscaling.v1.Scale") : r->route.served->type;
    if (!write_options_parse(r, &m->options) || !ownership_check(r, false)) return;
    if (!write_body(r, type, false, &m->input)) return;
    struct mp doc = mp_read(m->input.data, m->input.len);
    if (!write_check_place(r, doc)) return; /* before looking whether there is one */
    struct str version = mp_str(mp_path(doc, "metadata.resourceVersion"));
    m->insists = version.n && !str_is(version, "0");
    mutate_start(r);
}

static bool mutate_patch_type(struct request *r, struct mutation *m)
{
    static const struct {
        const char *media;
        enum mutation_how how;
    } types[] = {{"application/json-patch+json", MUTATE_JSON},
                 {"application/merge-patch+json", MUTATE_MERGE},
                 {"application/strategic-merge-patch+json", MUTATE_STRATEGIC},
                 {"application/apply-patch+yaml", MUTATE_APPLY}};
    struct str header = http_header(r->x, "Content-Type");
    struct media media = {0};
    media_next(&header, &media);
    bool custom = r->route.kind->custom; /* no type says how its lists are merged */
    for (size_t i = 0; i < sizeof types / sizeof *types; i++) {
        m->how = types[i].how;
        if (str_is(media.type, types[i].media) && !(custom && m->how == MUTATE_STRATEGIC))
            return true;
    }
    reply_error(r, 415, NULL,
                "the body of the request was in an unknown format - accepted media types "
                "include: application/json-patch+json, application/merge-patch+json, "
                "%sapplication/apply-patch+yaml",
                custom ? "" : "application/strategic-merge-patch+json, ");
    return false;
}

/* An apply is YAML, of which JSON is a part. */
static bool mutate_read_patch(struct request *r, struct mutation *m)
{
    struct error err = {0};
    struct str body = http_body(r->x);
    bool yaml = m->how == MUTATE_APPLY;
    int rc = yaml ? yaml_parse(body.p, body.n, &m->input, &err)
                  : json_parse(body.p, body.n, &m->input, &err);
    if (rc == 0) return true;
    reply_error(r, rc == E_TOOBIG ? 413 : 400, NULL, "error decoding %s: %s",
                yaml ? "YAML" : "patch", err.text);
    return false;
}

void serve_patch(struct request *r)
{
    struct mutation *m = mutate_new(r);
    if (!mutate_patch_type(r, m) || !write_options_parse(r, &m->options)) return;
    m->options.patched = m->how != MUTATE_APPLY;
    if (!ownership_check(r, m->how == MUTATE_APPLY) || !mutate_read_patch(r, m)) return;
    struct mp patch = mp_read(m->input.data, m->input.len);
    if (patch.type != (m->how == MUTATE_JSON ? MP_ARRAY : MP_MAP)) {
        reply_error(r, 400, NULL, "a patch of this type must be %s",
                    m->how == MUTATE_JSON ? "an array of operations" : "an object");
        return;
    }
    m->insists = mp_str(mp_path(patch, "metadata.resourceVersion")).n > 0;
    mutate_start(r);
}
