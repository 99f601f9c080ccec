/* PUT and PATCH, of an object, its status, its scale or its finalizers: read the version there is,
 * make the next one from it, send it on condition that nobody was faster, and try again when
 * somebody was and the client did not insist on a version. */
#include "api/edit.h"
#include "api/prepare.h"
#include "api/scale.h"
#include "api/seal.h"
#include "api/write.h"

#include "base/mem.h"
#include "proto/json.h"
#include "proto/patch.h"

#include <inttypes.h>

enum mutation_how { MUTATE_REPLACE, MUTATE_JSON, MUTATE_MERGE, MUTATE_STRATEGIC };
enum mutation_target { TARGET_OBJECT, TARGET_STATUS, TARGET_SCALE, TARGET_FINALIZERS };
enum { MUTATE_TRIES = 20 };

struct mutation {
    enum mutation_how how;
    enum mutation_target target;
    struct write_options options;
    struct buf input; /* the new document, or the patch */
    bool insists;     /* the client named a resourceVersion */
    unsigned tries;
};

/* What one try works on. */
struct attempt {
    struct object *old;  /* opened */
    struct buf old_doc;  /* Kubernetes form */
    struct buf next_doc; /* becomes the next version */
    struct error err;
};

static void mutation_free(void *state)
{
    struct mutation *m = state;
    buf_free(&m->input);
    mem_free(m);
}

static void attempt_free(struct attempt *a)
{
    object_unref(a->old);
    buf_free(&a->old_doc);
    buf_free(&a->next_doc);
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
    else if (m->target == TARGET_SCALE)
        scale_reply(r, result->object);
    else
        reply_object(r, 200, result->object);
}

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
    reply_error(r,
                rc == E_CONFLICT              ? 409
                : m->how == MUTATE_JSON && rc ? 422
                                              : 400,
                m->how == MUTATE_JSON && rc ? "Invalid" : NULL, "%s",
                rc ? a->err.text : "the patch does not leave an object");
    return false;
}

static void mutate_conflict(struct request *r)
{
    buf_auto struct buf resource = BUF_INIT;
    status_resource(r->route.kind, &resource);
    reply_error(r, 409, NULL,
                "Operation cannot be fulfilled on %s \"%.*s\": the object has been modified; "
                "please apply your changes to the latest version and try again",
                resource.data, (int)r->route.name.n, r->route.name.p);
}

/* The version and the uid that the client saw must be the ones there are. */
static bool mutate_check_versions(struct request *r, struct attempt *a, struct mp next)
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
        mutate_conflict(r);
        return false;
    }
    uid_text(&a->old->id->uid, uid);
    if (given.n && !str_is(given, uid)) {
        buf_auto struct buf resource = BUF_INIT;
        status_resource(r->route.kind, &resource);
        reply_error(r, 409, NULL,
                    "Operation cannot be fulfilled on %s \"%.*s\": Precondition failed: UID in "
                    "precondition: %.*s, UID in object meta: %s",
                    resource.data, (int)r->route.name.n, r->route.name.p, (int)given.n, given.p,
                    uid);
        return false;
    }
    return true;
}

static bool mutate_scale(struct request *r, struct attempt *a)
{
    buf_auto struct buf scale = BUF_INIT, next = BUF_INIT;
    scale_put_doc(a->old, &scale);
    if (!mutate_patched(r, a, mp_read(scale.data, scale.len), &next)) return false;
    struct mp doc = mp_read(next.data, next.len), old = mp_read(a->old_doc.data, a->old_doc.len);
    if (!write_check_place(r, doc) || !mutate_check_versions(r, a, doc)) return false;
    if (scale_apply(old, doc, &a->next_doc, &a->err) == 0) return true;
    struct cause cause = {"FieldValueInvalid", "spec.replicas", a->err.text};
    buf_auto struct buf message = BUF_INIT;
    struct causes causes = {&cause, 1, 1};
    status_invalid_message("Scale", r->route.name, &causes, &message);
    reply_status(r, &(struct status){.code = 422,
                                     .message = message.data,
                                     .name = r->route.name,
                                     .group = "autoscaling",
                                     .kind = "Scale",
                                     .causes = &causes});
    return false;
}

/* `next` with only the part that this target may change; the rest as it was. */
static void mutate_restrict(enum mutation_target target, struct mp next, struct mp old,
                            struct buf *out)
{
    buf_auto struct buf spec = BUF_INIT;
    struct edit edit = {"status", mp_get(target == TARGET_STATUS ? next : old, "status").raw};
    if (target == TARGET_FINALIZERS) {
        struct edit finalizers = {"finalizers", mp_path(next, "spec.finalizers").raw};
        edit_map(mp_get(old, "spec"), &finalizers, 1, &spec);
        edit = (struct edit){"spec", edit_bytes(&spec)};
    }
    edit_map(target == TARGET_OBJECT ? next : old, &edit, 1, out);
}

static bool mutate_document(struct request *r, struct attempt *a)
{
    struct mutation *m = r->state;
    if (m->target == TARGET_SCALE) return mutate_scale(r, a);
    buf_auto struct buf next = BUF_INIT, pruned = BUF_INIT, placed = BUF_INIT;
    buf_auto struct buf restricted = BUF_INIT, named = BUF_INIT;
    struct mp old = mp_read(a->old_doc.data, a->old_doc.len);
    if (!mutate_patched(r, a, old, &next)) return false;
    struct mp doc = mp_read(next.data, next.len);
    if (!write_check_kind(r, doc) || !write_check_place(r, doc)) return false;
    if (!write_structure(r, &m->options, doc, &pruned)) return false;
    doc = mp_read(pruned.data, pruned.len);
    if (!mutate_check_versions(r, a, doc)) return false;
    prepare_place(r->route.kind, doc, r->route.name, r->route.ns, &placed);
    prepare_again(mp_read(placed.data, placed.len), old, &named);
    mutate_restrict(m->target, mp_read(named.data, named.len), old, &restricted);
    return write_admit(r, mp_read(restricted.data, restricted.len), old, &a->next_doc);
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
    bool status = m->target == TARGET_STATUS;
    struct doc *before = status ? a->old->status : a->old->body;
    struct doc *after = status ? parts.status : parts.body;
    doc_unref(status ? parts.body : parts.status);
    if (mp_same(doc_root(before), doc_root(after))) {
        doc_unref(after);
        struct result same = {.http = 200, .object = sealed};
        mutate_answer(r, &same);
        return NULL;
    }
    struct command *c =
        write_command(r, status ? COMMAND_STATUS : COMMAND_UPDATE, r->route.name, &m->options);
    if (status)
        c->status = after;
    else if (r->route.kind == kind_secret)
        c->body = seal_close(r->api->options.seal_key, after, sealed);
    else
        c->body = after;
    c->revision = a->old->revision;
    c->merges_finalizers = m->target == TARGET_FINALIZERS;
    return c;
}

static void mutate_with(struct request *r, struct fetch *f)
{
    if (!f->count) {
        reply_not_found(r);
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
    fetch_start(r, r->route.kind, r->route.ns, r->route.name, FRESH_LINEARIZABLE, mutate_with);
}

static struct mutation *mutate_new(struct request *r)
{
    static const struct {
        const char *sub;
        enum mutation_target target;
    } targets[] = {
        {"status", TARGET_STATUS}, {"scale", TARGET_SCALE}, {"finalize", TARGET_FINALIZERS}};
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
    if (!write_options_parse(r, &m->options)) return;
    if (!write_body(r, type, false, &m->input)) return;
    struct mp doc = mp_read(m->input.data, m->input.len);
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
                 {"application/strategic-merge-patch+json", MUTATE_STRATEGIC}};
    struct str header = http_header(r->x, "Content-Type");
    struct media media = {0};
    media_next(&header, &media);
    for (size_t i = 0; i < sizeof types / sizeof *types; i++)
        if (str_is(media.type, types[i].media)) {
            m->how = types[i].how;
            return true;
        }
    reply_error(r, 415, NULL,
                "the body of the request was in an unknown format - accepted media types "
                "include: application/json-patch+json, application/merge-patch+json, "
                "application/strategic-merge-patch+json");
    return false;
}

void serve_patch(struct request *r)
{
    struct mutation *m = mutate_new(r);
    struct error err = {0};
    if (!mutate_patch_type(r, m) || !write_options_parse(r, &m->options)) return;
    struct str body = http_body(r->x);
    if (json_parse(body.p, body.n, &m->input, &err)) {
        reply_error(r, 400, NULL, "the patch is not valid JSON: %s", err.text);
        return;
    }
    struct mp patch = mp_read(m->input.data, m->input.len);
    if (patch.type != (m->how == MUTATE_JSON ? MP_ARRAY : MP_MAP)) {
        reply_error(r, 400, NULL, "a patch of this type must be %s",
                    m->how == MUTATE_JSON ? "an array of operations" : "an object");
        return;
    }
    m->insists = mp_str(mp_path(patch, "metadata.resourceVersion")).n > 0;
    mutate_start(r);
}
