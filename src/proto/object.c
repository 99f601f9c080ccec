/* Versions of objects: their lifetimes, identities and digests. */
#include "proto/object.h"

#include "base/mem.h"

#include <assert.h>
#include <endian.h>

enum { UID_HALVES = 4 };
static const unsigned char uid_dash_before[] = {4, 6, 8, 10}; /* in bytes */

void uid_text(const struct uid *u, char out[UID_TEXT])
{
    static const char hex[] = "0123456789abcdef";
    unsigned dash = 0;
    for (unsigned i = 0; i < sizeof u->bytes; i++) {
        if (dash < UID_HALVES && i == uid_dash_before[dash]) {
            *out++ = '-';
            dash++;
        }
        *out++ = hex[u->bytes[i] >> 4];
        *out++ = hex[u->bytes[i] & 15];
    }
    *out = '\0';
}

static int uid_digit(char c)
{
    if (c >= '0' && c <= '9') return c - '0';
    if (c >= 'a' && c <= 'f') return c - 'a' + 10;
    return c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

bool uid_parse(struct str text, struct uid *out)
{
    struct uid u;
    if (text.n != UID_TEXT - 1) return false;
    unsigned dash = 0;
    const char *p = text.p;
    for (unsigned i = 0; i < sizeof u.bytes; i++) {
        if (dash < UID_HALVES && i == uid_dash_before[dash]) {
            if (*p++ != '-') return false;
            dash++;
        }
        int high = uid_digit(p[0]), low = uid_digit(p[1]);
        if (high < 0 || low < 0) return false;
        u.bytes[i] = (unsigned char)(high << 4 | low);
        p += 2;
    }
    *out = u;
    return true;
}

bool uid_equal(const struct uid *a, const struct uid *b)
{
    return memcmp(a->bytes, b->bytes, sizeof a->bytes) == 0;
}

struct ident *ident_new(const struct kind *kind, istr ns, struct str name)
{
    assert(name.n < UINT32_MAX);
    struct ident *id = mem_zalloc(sizeof *id + name.n + 1);
    id->refs = 1;
    id->kind = kind;
    id->ns = ns;
    id->name_len = (uint32_t)name.n;
    if (name.n) memcpy(id->name, name.p, name.n);
    return id;
}

struct ident *ident_ref(struct ident *id)
{
    if (id) atomic_fetch_add_explicit(&id->refs, 1, memory_order_relaxed);
    return id;
}

void ident_unref(struct ident *id)
{
    if (id && atomic_fetch_sub_explicit(&id->refs, 1, memory_order_acq_rel) == 1) mem_free(id);
}

struct object *object_new(struct ident *id, struct doc *body, struct doc *status)
{
    assert(id && body);
    struct object *o = mem_new(struct object);
    o->refs = 1;
    o->id = id;
    o->body = body;
    o->status = status;
    return o;
}

struct object *object_next(const struct object *o)
{
    struct object *next = object_new(ident_ref(o->id), doc_ref(o->body), doc_ref(o->status));
    next->generation = o->generation;
    next->revision = o->revision;
    next->node = o->node;
    next->deleted_s = o->deleted_s;
    next->grace_s = o->grace_s;
    return next;
}

struct object *object_ref(struct object *o)
{
    if (o) atomic_fetch_add_explicit(&o->refs, 1, memory_order_relaxed);
    return o;
}

void object_unref(struct object *o)
{
    if (!o || atomic_fetch_sub_explicit(&o->refs, 1, memory_order_acq_rel) != 1) return;
    ident_unref(o->id);
    doc_unref(o->body);
    doc_unref(o->status);
    mem_free(o);
}

/* A length of one more than the text's own; 0 for none, which differs from empty. */
static uint64_t object_length(struct str s)
{
    return s.p ? s.n + 1 : 0;
}

/* Everything that a client can see of this version is in the digest, each part with its length or
 * of fixed size, integers in one byte order on every machine. */
void object_seal(struct object *o)
{
    struct str key = str_of(o->id->kind->key), ns = istr_str(o->id->ns), node = istr_str(o->node);
    uint64_t numbers[] = {
        object_length(key),
        object_length(ns),
        o->id->name_len,
        object_length(node),
        (uint64_t)o->id->created_s,
        o->id->created_revision,
        o->revision,
        o->generation,
        (uint64_t)o->deleted_s,
        o->deleted_s ? (uint64_t)o->grace_s : 0,
        o->status != NULL,
    };
    for (size_t i = 0; i < sizeof numbers / sizeof *numbers; i++) numbers[i] = htole64(numbers[i]);
    const struct digest_part parts[] = {
        {numbers, sizeof numbers},
        {key.p, key.n},
        {ns.p, ns.n},
        {o->id->name, o->id->name_len},
        {node.p, node.n},
        {o->id->uid.bytes, sizeof o->id->uid.bytes},
        {&o->body->digest, sizeof o->body->digest},
        {o->status ? &o->status->digest : NULL, o->status ? sizeof o->status->digest : 0},
    };
    o->digest = digest_of_parts(parts, sizeof parts / sizeof *parts);
}
