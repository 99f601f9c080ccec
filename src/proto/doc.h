/* A document: an immutable, reference-counted msgpack value.
 *
 * Documents are shared freely: between versions of one object, between all pods made from one
 * template, between threads (the count is atomic, the bytes never change). The digest of the bytes
 * is computed once, when first asked for; `docs_intern` makes equal documents one document, which
 * is how ten thousand pods of a replica set cost one body. */
#ifndef LOGSHIP_PROTO_DOC_H
#define LOGSHIP_PROTO_DOC_H

#include "base/buf.h"
#include "base/digest.h"
#include "base/map.h"
#include "proto/mp.h"

#include <stdatomic.h>

struct doc_view; /* what the core derives from a body once and keeps with it; see actors/view.h */

struct doc {
    atomic_uint refs;
    uint32_t len;
    struct digest
        digest;    /* of the bytes; made by doc_new, so that it can be read from any thread */
    bool interned; /* core thread only */
    struct doc_view *view; /* core thread only; freed through view_free */
    void (*view_free)(struct doc_view *);
    char bytes[];
};

struct doc *doc_new(const void *bytes, size_t n); /* refs = 1; n bytes that mp_valid() */
struct doc *doc_from_buf(struct buf *b);          /* copies, clears b */
struct doc *doc_empty(void);                      /* {} with a reference of its own */
struct doc *doc_ref(struct doc *d);               /* NULL stays NULL; returns d */
void doc_unref(struct doc *d);
/* O(1): the bytes are known to be one whole value. */
static inline struct mp doc_root(const struct doc *d)
{
    return d ? mp_whole(d->bytes, d->len) : (struct mp){0};
}
static inline struct mp doc_path(const struct doc *d, const char *dotted)
{
    return mp_path(doc_root(d), dotted);
}
bool doc_equal(const struct doc *a, const struct doc *b); /* same bytes; NULL equals NULL only */

/* Weak table from digest to document, of one world (not thread-safe). The table holds a reference
 * of its own; docs_sweep drops those that nobody else holds, a few at each call. */
struct docs {
    struct map by_digest;
    size_t sweep_at;
};
/* Takes the caller's reference, returns one to the canonical document of the same bytes. */
struct doc *docs_intern(struct docs *table, struct doc *d);
void docs_sweep(struct docs *table, size_t steps);
void docs_free(struct docs *table);

#endif
