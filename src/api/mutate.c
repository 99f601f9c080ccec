/* PUT and PATCH, of an object, its status, its scale or its finalizers: read the version there is,
 * make the next one from it, send it on condition that nobody was faster, and try again when
 * somebody was and the client did not insist on a version. */
#include "api/mutate.h"

#include "api/scale.h"
#include "api/seal.h"

#include "base/mem.h"
#include "proto/json.h"

enum { MUTATE_TRIES = 20 };

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
    else if (m->target == TARGET_SCALE && result->object)
        scale_reply(r, result->object);
    else
        reply_result(r, 200, result);
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

/* A PUT of these makes what is not there yet, as in Kubernetes. */
static bool mutate_may_create(const struct request *r)
{
    const struct mutation *m = r->state;
    const struct kind *k = r->route.kind;
    bool known = k == kind_lease || k == kind_event || k == kind_endpoints || k == kind_service;
    return known && m->how == MUTATE_REPLACE && m->target == TARGET_OBJECT && !m->insists;
}

static void mutate_missing(struct request *r)
{
    if (!mutate_may_create(r)) {
        reply_not_found(r);
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
    if (!write_options_parse(r, &m->options)) return;
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
