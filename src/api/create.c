/* New objects: POST, and apply of what is not there yet. */
#include "api/create.h"
#include "api/ownership.h"
#include "api/prepare.h"
#include "api/seal.h"
#include "api/versions.h"

#include "base/mem.h"
#include "proto/names.h"

#include <sodium.h>

enum { CREATE_TRIES = 8, GENERATED_BASE_MAX = 58 };

struct creation {
    struct write_options options;
    struct buf doc;     /* admitted in structure; its place is still to be set */
    struct buf managed; /* of an apply: its managedFields */
    unsigned tries;
    bool generates;
    char name[256];
};

static void creation_free(void *state)
{
    struct creation *c = state;
    buf_free(&c->doc);
    buf_free(&c->managed);
    mem_free(c);
}

/* What the stages before made is whole. */
static struct mp create_made(const struct buf *b)
{
    return mp_whole(b->data, b->len);
}

static void create_choose_name(struct creation *c)
{
    struct mp doc = create_made(&c->doc);
    struct str name = mp_str(mp_path(doc, "metadata.name"));
    struct str base = mp_str(mp_path(doc, "metadata.generateName"));
    c->generates = name.n == 0 && base.n;
    if (!c->generates) return;
    unsigned char random[8];
    char suffix[6];
    randombytes_buf(random, sizeof random);
    name_suffix(random, suffix);
    size_t n = base.n < GENERATED_BASE_MAX ? base.n : GENERATED_BASE_MAX;
    memcpy(c->name, base.p, n);
    memcpy(c->name + n, suffix, sizeof suffix);
}

static void create_try(struct request *r);

static void create_apply_again(struct request *r)
{
    r->state_free(r->state);
    r->state_free = NULL;
    serve_patch(r);
}

/* All that a creation can miss is its namespace. */
static void create_misses_namespace(struct request *r, const struct result *result)
{
    reply_status(r, &(struct status){.code = 404,
                                     .message = result->message,
                                     .name = r->route.ns,
                                     .kind = kind_namespace->resource});
}

static void create_answer(struct request *r, const struct result *result)
{
    struct creation *c = r->state;
    bool exists = result->http == 409;
    if (exists && c->generates && ++c->tries < CREATE_TRIES)
        create_try(r);
    else if (exists && c->managed.len)
        create_apply_again(r);
    else if (result->http == 404 && r->route.ns.p)
        create_misses_namespace(r, result);
    else if (result->http >= 400)
        reply_refusal(r, str_of(c->name), result);
    else
        reply_result(r, 201, result);
}

/* What the document says of its owners counts as it was sent, before it got its place. */
static void create_track(struct request *r, struct mp doc, struct buf *out)
{
    struct creation *c = r->state;
    struct writer writer = ownership_writer(r);
    buf_auto struct buf managed = BUF_INIT, own = BUF_INIT;
    struct mp shown = version_shown(r->route.served, doc, &own);
    struct mp given = mp_path(create_made(&c->doc), "metadata.managedFields");
    if (!c->managed.len) managed_track(&writer, (struct mp){0}, shown, given, &managed);
    ownership_put(doc, c->managed.len ? &c->managed : &managed, out);
}

/* The document as it will be: placed, begun, defaulted, validated, owned. */
static bool create_document(struct request *r, struct buf *out)
{
    struct creation *c = r->state;
    buf_auto struct buf own = BUF_INIT, placed = BUF_INIT, begun = BUF_INIT, whole = BUF_INIT;
    struct mp given = create_made(&c->doc);
    struct mp doc = version_stored(r->route.served, given, &own);
    struct str name = c->generates ? str_of(c->name) : (struct str){0};
    prepare_place(r->route.kind, doc, name, r->route.ns, &placed);
    prepare_new(r->route.kind, create_made(&placed), istr_str(r->user), &begun);
    if (!write_admit(r, create_made(&begun), (struct mp){0}, &whole)) return false;
    doc = create_made(&whole);
    create_track(r, doc, out);
    return true;
}

static void create_try(struct request *r)
{
    struct creation *c = r->state;
    buf_auto struct buf whole = BUF_INIT;
    struct object_parts parts = {0};
    struct error err = {0};
    create_choose_name(c);
    if (!create_document(r, &whole)) return;
    if (object_split(r->route.kind, create_made(&whole), &parts, &err)) {
        reply_error(r, 400, NULL, "%s", err.text);
        return;
    }
    if (r->route.kind == kind_secret)
        parts.body = seal_close(r->api->options.seal_key, parts.body, NULL);
    struct command *command = write_command(r, COMMAND_CREATE, parts.name, &c->options);
    command->body = parts.body;
    command->status = parts.status;
    if (parts.node.n) command->node = istr_get(parts.node);
    if (!c->generates && parts.name.n < sizeof c->name) {
        memcpy(c->name, parts.name.p, parts.name.n);
        c->name[parts.name.n] = '\0';
    }
    request_command(r, command, create_answer);
}

void serve_create(struct request *r)
{
    struct creation *c = mem_new(struct creation);
    buf_auto struct buf body = BUF_INIT;
    r->state = c;
    r->state_free = creation_free;
    if (r->route.kind->namespaced && !r->route.ns.p) {
        reply_no_such_method(r);
        return;
    }
    if (!write_options_parse(r, &c->options) || !ownership_check(r, false)) return;
    if (!write_body(r, r->route.served->type, false, &body)) return;
    struct mp doc = mp_read(body.data, body.len);
    if (!write_check_kind(r, doc) || !write_check_place(r, doc)) return;
    if (!write_structure(r, &c->options, doc, &c->doc)) return;
    doc = create_made(&c->doc);
    bool put = r->route.name.p; /* of what was there before, perhaps */
    if (!put && mp_str(mp_path(doc, "metadata.resourceVersion")).n)
        reply_error(r, 400, NULL, "resourceVersion should not be set on objects to be created");
    else
        create_try(r);
}

void create_applied(struct request *r, const struct write_options *o, struct buf *doc,
                    struct buf *managed)
{
    struct creation *c = mem_new(struct creation);
    c->options = *o;
    c->doc = *doc;
    c->managed = *managed;
    *doc = *managed = BUF_INIT;
    if (r->state_free) r->state_free(r->state);
    r->state = c;
    r->state_free = creation_free;
    create_try(r);
}
