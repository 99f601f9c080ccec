/* Commands: made, freed, and encoded for the way to the leader. */
#include "actors/command.h"

#include "base/mem.h"

#include <stdarg.h>
#include <stdio.h>

struct command *command_new(enum command_op op, const struct kind *kind, istr ns, struct str name,
                            istr who)
{
    struct command *c = mem_new(struct command);
    list_init(&c->link);
    c->op = op;
    c->kind = kind;
    c->ns = ns;
    c->name = mem_strndup(name.p, name.n);
    c->who = who;
    c->grace_s = -1;
    return c;
}

struct command *command_copy(const struct command *c)
{
    struct command *copy = mem_new(struct command);
    *copy = *c;
    list_init(&copy->link);
    copy->note = (struct note){0};
    copy->name = mem_strdup(c->name);
    doc_ref(copy->body);
    doc_ref(copy->status);
    for (int i = 0; i < 4; i++)
        if (c->text[i]) copy->text[i] = mem_strdup(c->text[i]);
    copy->done = NULL;
    copy->data = NULL;
    copy->actor = NULL;
    copy->held = NULL;
    copy->hold = NULL;
    copy->allotted = NULL;
    return copy;
}

void command_free(struct command *c)
{
    if (!c) return;
    mem_free(c->name);
    doc_unref(c->body);
    doc_unref(c->status);
    for (int i = 0; i < 4; i++) mem_free(c->text[i]);
    object_unref(c->held);
    mem_free(c);
}

void result_refuse(struct result *r, int http, const char *reason, const char *format, ...)
{
    r->http = http;
    r->reason = reason;
    va_list args;
    va_start(args, format);
    vsnprintf(r->message, sizeof r->message, format, args);
    va_end(args);
}

enum { COMMAND_WIRE = 1, COMMAND_FIELDS = 22 };

static void put_doc(struct buf *out, const struct doc *d)
{
    if (d)
        mp_put_bin(out, d->bytes, d->len);
    else
        mp_put_nil(out);
}

static void put_text(struct buf *out, const char *z)
{
    if (z)
        mp_put_z(out, z);
    else
        mp_put_nil(out);
}

void command_encode(const struct command *c, struct buf *out)
{
    mp_put_array(out, COMMAND_FIELDS);
    mp_put_int(out, COMMAND_WIRE);
    mp_put_int(out, c->op);
    mp_put_z(out, c->kind->key);
    put_text(out, c->ns);
    mp_put_z(out, c->name);
    mp_put_z(out, c->who);
    mp_put_bin(out, &c->request, sizeof c->request);
    mp_put_uint(out, c->cause);
    put_doc(out, c->body);
    put_doc(out, c->status);
    put_text(out, c->node);
    for (int i = 0; i < 4; i++) put_text(out, c->text[i]);
    mp_put_bin(out, &c->uid, c->has_uid ? sizeof c->uid : 0);
    mp_put_uint(out, c->revision);
    mp_put_int(out, c->grace_s);
    mp_put_int(out, c->propagation);
    mp_put_bool(out, c->dry_run);
    mp_put_bool(out, c->merges_finalizers);
    mp_put_int(out, c->created_s);
}

static struct mp take(struct mp_iter *it)
{
    return mp_iter_next(it) ? it->value : (struct mp){0};
}

/* Revisions are those of a log: never beyond what a signed number holds. */
static bool take_revision(struct mp_iter *it, uint64_t *out)
{
    int64_t value = mp_i64(take(it), 0);
    *out = (uint64_t)value;
    return value >= 0;
}

static bool take_doc(struct mp_iter *it, struct doc **out)
{
    struct mp v = take(it);
    if (v.type == MP_NIL) return true;
    if (v.type != MP_BIN || !mp_valid(v.s.p, v.s.n) || mp_read(v.s.p, v.s.n).type != MP_MAP)
        return false; /* the log takes nothing else */
    *out = doc_new(v.s.p, v.s.n);
    return true;
}

static istr take_istr(struct mp_iter *it)
{
    struct mp v = take(it);
    return v.type == MP_STR ? istr_get(v.s) : NULL;
}

static bool take_rest(struct command *c, struct mp_iter *it)
{
    c->who = take_istr(it);
    struct str request = mp_str(take(it));
    if (!c->who || request.n != sizeof c->request) return false;
    memcpy(&c->request, request.p, request.n);
    if (!take_revision(it, &c->cause)) return false;
    if (!take_doc(it, &c->body) || !take_doc(it, &c->status)) return false;
    c->node = take_istr(it);
    for (int i = 0; i < 4; i++) {
        struct mp v = take(it);
        if (v.type == MP_STR) c->text[i] = mem_strndup(v.s.p, v.s.n);
    }
    struct str uid = mp_str(take(it));
    c->has_uid = uid.n == sizeof c->uid;
    if (c->has_uid) memcpy(&c->uid, uid.p, uid.n);
    if (!take_revision(it, &c->revision)) return false;
    c->grace_s = (int32_t)mp_i64(take(it), -1);
    c->propagation = (enum propagation)mp_i64(take(it), 0);
    c->dry_run = mp_bool(take(it), false);
    c->merges_finalizers = mp_bool(take(it), false);
    c->created_s = mp_i64(take(it), 0);
    return c->propagation <= PROPAGATION_ORPHAN;
}

int command_decode(struct str bytes, struct command **out, struct error *err)
{
    struct mp v = mp_read(bytes.p, bytes.n);
    struct mp_iter it = mp_items(v);
    if (v.type != MP_ARRAY || v.count < COMMAND_FIELDS || mp_i64(take(&it), 0) != COMMAND_WIRE)
        return error_set(err, E_INVALID, "a command of an unknown form");
    int64_t op = mp_i64(take(&it), 0);
    const struct kind *kind = kind_by_key(mp_str(take(&it)));
    istr ns = take_istr(&it);
    struct str name = mp_str(take(&it));
    bool named = name.n && name.n <= 512 && !memchr(name.p, 0, name.n);
    if (op < COMMAND_CREATE || op > COMMAND_CONFIRM_GONE || !kind || !named ||
        kind->namespaced != (ns != NULL))
        return error_set(err, E_INVALID, "a command for no known kind of object");
    struct command *c = command_new((enum command_op)op, kind, ns, name, NULL);
    if (!take_rest(c, &it)) {
        command_free(c);
        return error_set(err, E_INVALID, "a damaged command");
    }
    *out = c;
    return 0;
}

void result_encode(const struct result *r, struct buf *out)
{
    mp_put_array(out, 9);
    mp_put_int(out, r->http);
    mp_put_z(out, r->reason ? r->reason : "");
    mp_put_z(out, r->message);
    mp_put_uint(out, r->revision);
    mp_put_bool(out, r->removed);
    mp_put_uint(out, r->retry_after_s);
    mp_put_z(out, r->cause.reason ? r->cause.reason : "");
    mp_put_z(out, r->cause.field ? r->cause.field : "");
    mp_put_z(out, r->cause.message);
}

static void result_decode_cause(struct mp_iter *it, struct result_cause *out)
{
    struct str reason = mp_str(take(it)), field = mp_str(take(it)), message = mp_str(take(it));
    if (!reason.n) return;
    *out = (struct result_cause){.reason = istr_get(reason), .field = istr_get(field)};
    snprintf(out->message, sizeof out->message, "%.*s", (int)message.n, message.p ? message.p : "");
}

int result_decode(struct str bytes, struct result *out, struct error *err)
{
    struct mp v = mp_read(bytes.p, bytes.n);
    struct mp_iter it = mp_items(v);
    if (v.type != MP_ARRAY || v.count < 6) return error_set(err, E_INVALID, "a damaged result");
    *out = (struct result){.http = (int)mp_i64(take(&it), 500)};
    out->reason = istr_get(mp_str(take(&it))); /* reasons are a handful */
    struct str message = mp_str(take(&it));
    snprintf(out->message, sizeof out->message, "%.*s", (int)message.n, message.p ? message.p : "");
    if (!take_revision(&it, &out->revision)) return error_set(err, E_INVALID, "a damaged result");
    out->removed = mp_bool(take(&it), false);
    out->retry_after_s = (uint32_t)mp_i64(take(&it), 0);
    if (v.count >= 9) result_decode_cause(&it, &out->cause);
    return 0;
}
