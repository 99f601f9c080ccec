#include "proto/doc.h"

#include "base/mem.h"

#include <assert.h>

struct doc *doc_new(const void *bytes, size_t n)
{
    assert(n <= UINT32_MAX);
    struct doc *d = mem_zalloc(sizeof *d + n);
    d->refs = 1;
    d->len = (uint32_t)n;
    memcpy(d->bytes, bytes, n);
    d->digest = digest_of(bytes, n);
    return d;
}

struct doc *doc_from_buf(struct buf *b)
{
    struct doc *d = doc_new(b->data, b->len);
    buf_clear(b);
    return d;
}

struct doc *doc_empty(void)
{
    return doc_new("\x80", 1);
}

struct doc *doc_ref(struct doc *d)
{
    if (d) atomic_fetch_add_explicit(&d->refs, 1, memory_order_relaxed);
    return d;
}

void doc_unref(struct doc *d)
{
    /* Release: this thread's reads of the bytes happen before the free in whichever thread is last.
     */
    if (!d || atomic_fetch_sub_explicit(&d->refs, 1, memory_order_acq_rel) != 1) return;
    if (d->view) d->view_free(d->view);
    mem_free(d);
}

bool doc_equal(const struct doc *a, const struct doc *b)
{
    if (a == b) return true;
    return a && b && a->len == b->len && memcmp(a->bytes, b->bytes, a->len) == 0;
}

struct doc *docs_intern(struct docs *table, struct doc *d)
{
    if (!d || d->interned) return d;
    struct doc *known = map_get(&table->by_digest, &d->digest, sizeof d->digest);
    if (known && known->len == d->len) {
        doc_ref(known);
        doc_unref(d);
        return known;
    }
    if (known) return d;
    map_put(&table->by_digest, &d->digest, sizeof d->digest, doc_ref(d));
    d->interned = true;
    return d;
}

void docs_sweep(struct docs *table, size_t steps)
{
    while (steps-- && table->by_digest.cap) {
        if (table->sweep_at >= table->by_digest.cap) table->sweep_at = 0;
        struct doc *d = table->by_digest.slots[table->sweep_at++].value;
        if (!d || atomic_load_explicit(&d->refs, memory_order_acquire) != 1) continue;
        map_del(&table->by_digest, &d->digest, sizeof d->digest);
        d->interned = false;
        doc_unref(d);
    }
}

void docs_free(struct docs *table)
{
    struct doc *d;
    for (size_t i = 0; (d = map_next(&table->by_digest, &i));) {
        d->interned = false;
        doc_unref(d);
    }
    map_free(&table->by_digest);
}
