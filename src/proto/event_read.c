/* Entries on the way in: one pass over the bytes, nothing believed. */
#include "base/mem.h"
#include "proto/event_code.h"

#include <assert.h>

struct reader {
    struct mp_cursor at;
    struct entry_head head;
    struct doc **docs;
    uint32_t doc_count;
    uint64_t revision;
    const struct kind *kind; /* of the event before: mostly the same again */
    struct error *err;
};

/* One header that must be of this type. */
static bool reader_step(struct reader *r, enum mp_type type, struct mp *out)
{
    return mp_step(&r->at, out) && out->type == type;
}

static bool reader_uint(struct reader *r, uint64_t *out)
{
    struct mp v;
    if (!mp_step(&r->at, &v) || (v.type != MP_UINT && (v.type != MP_INT || v.i < 0))) return false;
    *out = v.type == MP_UINT ? v.u : (uint64_t)v.i;
    return true;
}

static bool reader_skip(struct reader *r, uint64_t values)
{
    struct mp v;
    while (values--)
        if (!mp_next(&r->at, &v)) return false;
    return true;
}

static int reader_damaged(struct reader *r, const char *what)
{
    return error_set(r->err, E_CORRUPT, "%s of revision %llu is damaged", what,
                     (unsigned long long)r->revision);
}

/* Up to the documents; *extra gets how many elements follow those that we know. */
static int reader_head(struct reader *r, struct str bytes, uint32_t *extra)
{
    struct mp all, time;
    uint64_t version;
    r->at = (struct mp_cursor){bytes.p, bytes.p + bytes.n};
    if (!reader_step(r, MP_ARRAY, &all) || all.count < ENTRY_FIELDS || !reader_uint(r, &version))
        return error_set(r->err, E_CORRUPT, "not an entry");
    if (version != ENTRY_VERSION)
        return error_set(r->err, E_UNSUPPORTED, "entry of version %llu, of a newer build",
                         (unsigned long long)version);
    if (!reader_step(r, MP_INT, &time) || !reader_uint(r, &r->head.first_revision))
        return error_set(r->err, E_CORRUPT, "head of the entry is damaged");
    r->head.time_ms = time.i;
    r->revision = r->head.first_revision;
    *extra = all.count - ENTRY_FIELDS;
    return 0;
}

/* Counts the events by walking over them; the cursor is where it was. */
static int reader_count(struct reader *r)
{
    struct mp_cursor start = r->at;
    struct mp docs, txns, txn, events;
    if (!mp_next(&r->at, &docs) || docs.type != MP_ARRAY || !reader_step(r, MP_ARRAY, &txns))
        return reader_damaged(r, "entry");
    for (uint32_t i = 0; i < txns.count; i++) {
        if (!reader_step(r, MP_ARRAY, &txn) || txn.count < TXN_FIELDS ||
            !reader_skip(r, TXN_FIELDS - 1) || !reader_step(r, MP_ARRAY, &events) ||
            !reader_skip(r, (uint64_t)events.count + txn.count - TXN_FIELDS))
            return reader_damaged(r, "entry");
        r->head.event_count += events.count;
    }
    r->at = start;
    return 0;
}

static int reader_docs(struct reader *r)
{
    struct mp all, bytes;
    if (!reader_step(r, MP_ARRAY, &all) || all.count > (size_t)(r->at.end - r->at.p))
        return reader_damaged(r, "entry");
    r->docs = mem_zalloc(((size_t)all.count + 1) * sizeof(struct doc *));
    for (; r->doc_count < all.count; r->doc_count++) {
        if (!reader_step(r, MP_BIN, &bytes) || !mp_valid(bytes.s.p, bytes.s.n) ||
            mp_read(bytes.s.p, bytes.s.n).type != MP_MAP)
            return reader_damaged(r, "a document");
        r->docs[r->doc_count] = doc_new(bytes.s.p, bytes.s.n);
    }
    return 0;
}

static bool reader_doc(struct reader *r, struct mp v, struct doc **out)
{
    if (v.type != MP_INT || v.i < 0 || v.i >= r->doc_count) return false;
    *out = r->docs[v.i];
    return true;
}

static bool reader_text(struct mp v, struct str *out)
{
    *out = v.s;
    return v.type == MP_STR;
}

static bool reader_payload(struct reader *r, uint8_t item, struct event *e)
{
    struct mp v;
    if (!mp_step(&r->at, &v)) return false;
    if (v.type == MP_NIL && (item & PAYLOAD_MAY)) return true;
    unsigned what = item & ~PAYLOAD_MAY;
    switch (what) {
    case PAYLOAD_BODY:
        return reader_doc(r, v, &e->body);
    case PAYLOAD_STATUS:
        return reader_doc(r, v, &e->status);
    case PAYLOAD_NODE:
        return reader_text(v, &e->node);
    case PAYLOAD_CREATED_S:
        e->deleted_s = v.i;
        return v.type == MP_INT;
    case PAYLOAD_DELETED_S:
        e->deleted_s = v.i;
        return v.type == MP_INT;
    case PAYLOAD_GRACE_S:
        e->grace_s = (int32_t)v.i;
        return v.type == MP_INT && v.i >= INT32_MIN && v.i <= INT32_MAX;
    case PAYLOAD_BUMPS:
        e->bumps_generation = mp_bool(v, false);
        return v.type == MP_BOOL;
    case PAYLOAD_BEARS_UID:
        e->bears_uid = mp_bool(v, false);
        return v.type == MP_BOOL;
    default:
        return reader_text(v, &e->text[what - PAYLOAD_TEXT_0]);
    }
}

static int reader_kind(struct reader *r, struct str key)
{
    if (r->kind && str_is(key, r->kind->key)) return 0;
    r->kind = kind_by_key(key);
    if (r->kind) return 0;
    return error_set(r->err, E_CORRUPT, "revision %llu: unknown kind '%.*s'",
                     (unsigned long long)r->revision, (int)key.n, key.p);
}

/* The five elements that every event begins with. */
static int reader_event_head(struct reader *r, uint32_t *count, const struct event_form **form,
                             struct event *e)
{
    struct mp all, key, ns, name;
    uint64_t type, version;
    if (!reader_step(r, MP_ARRAY, &all) || all.count < EVENT_FIELDS || !reader_uint(r, &type) ||
        !reader_uint(r, &version) || !reader_step(r, MP_STR, &key) || !mp_step(&r->at, &ns) ||
        (ns.type != MP_STR && ns.type != MP_NIL) || !reader_step(r, MP_STR, &name))
        return reader_damaged(r, "event");
    *form = type <= UINT8_MAX ? event_form((unsigned)type) : NULL;
    if (!*form || version > (*form)->version)
        return error_set(
            r->err, E_UNSUPPORTED, "revision %llu: event %llu of version %llu is of a newer build",
            (unsigned long long)r->revision, (unsigned long long)type, (unsigned long long)version);
    *e = (struct event){.type = (enum event_type)type, .ns = ns.s, .name = name.s};
    *count = all.count - EVENT_FIELDS;
    return reader_kind(r, key.s);
}

static int reader_event(struct reader *r, struct event *e)
{
    const struct event_form *form = NULL;
    uint32_t left = 0;
    int rc = reader_event_head(r, &left, &form, e);
    if (rc) return rc;
    e->kind = r->kind;
    for (int i = 0; i < PAYLOAD_MAX && form->items[i] != PAYLOAD_END; i++) {
        if (left == 0 && (form->items[i] & PAYLOAD_MAY)) break;
        if (left == 0 || !reader_payload(r, form->items[i], e)) return reader_damaged(r, "event");
        left--;
    }
    return reader_skip(r, left) ? 0 : reader_damaged(r, "event");
}

static int reader_txn_head(struct reader *r, struct txn *txn, uint32_t *events, uint32_t *extra)
{
    struct mp all, who, request, list;
    *txn = (struct txn){0};
    if (!reader_step(r, MP_ARRAY, &all) || all.count < TXN_FIELDS ||
        !reader_step(r, MP_STR, &who) || !mp_step(&r->at, &request) ||
        !reader_uint(r, &txn->cause) || !reader_step(r, MP_ARRAY, &list))
        return reader_damaged(r, "transaction");
    if (request.type == MP_BIN && request.s.n == sizeof txn->request.bytes)
        memcpy(txn->request.bytes, request.s.p, request.s.n);
    else if (request.type != MP_NIL)
        return reader_damaged(r, "transaction");
    txn->who = who.s;
    *events = list.count;
    *extra = all.count - TXN_FIELDS;
    return 0;
}

static int reader_txn(struct reader *r, entry_event_fn *fn, void *ctx)
{
    struct txn txn;
    uint32_t events = 0, extra = 0;
    int rc = reader_txn_head(r, &txn, &events, &extra);
    for (uint32_t i = 0; i < events && !rc; i++) {
        struct event e;
        rc = reader_event(r, &e);
        if (!rc) rc = fn(ctx, &r->head, &txn, r->revision, &e);
        if (!rc) r->revision++;
    }
    if (rc) return rc;
    return reader_skip(r, extra) ? 0 : reader_damaged(r, "transaction");
}

int entry_peek(struct str bytes, struct entry_head *out, struct error *err)
{
    struct reader r = {.err = err};
    uint32_t extra;
    int rc = reader_head(&r, bytes, &extra);
    if (!rc) rc = reader_count(&r);
    if (!rc) *out = r.head;
    return rc;
}

static int reader_all(struct reader *r, struct str bytes, entry_event_fn *fn, void *ctx)
{
    struct mp txns;
    uint32_t extra;
    int rc = reader_head(r, bytes, &extra);
    if (!rc) rc = reader_count(r);
    if (!rc) rc = reader_docs(r);
    if (rc) return rc;
    if (!reader_step(r, MP_ARRAY, &txns)) return reader_damaged(r, "entry");
    for (uint32_t i = 0; i < txns.count; i++) {
        rc = reader_txn(r, fn, ctx);
        if (rc) return rc;
    }
    if (!reader_skip(r, extra) || r->at.p != r->at.end) return reader_damaged(r, "end");
    return 0;
}

int entry_read(struct str bytes, entry_event_fn *fn, void *ctx, struct error *err)
{
    struct reader r = {.err = err};
    int rc = reader_all(&r, bytes, fn, ctx);
    for (uint32_t i = 0; i < r.doc_count; i++) doc_unref(r.docs[i]);
    mem_free(r.docs);
    return rc;
}
