/* Reading the log forward.
 *
 * A cursor copies a stretch of records out of one short LMDB transaction, checks them, and serves
 * from the copy. So no reader ever stays open while its owner does something slow, and a payload
 * stays valid whatever the writer does. */
#include "store/inside.h"

#include "base/buf.h"

#include <inttypes.h>

enum { CURSOR_BYTES = 256 << 10, CURSOR_RECORDS = 1024 };

struct store_cursor {
    struct store *s;
    uint64_t next;       /* index that the next fill begins with */
    struct digest chain; /* after entry next - 1 */
    bool chain_known;
    bool hole; /* the last fill found a hole in the log, or was overtaken by the writer */
    struct buf bytes;
    struct record *records; /* payload.p is an offset until it is served */
    size_t *offsets;
    size_t count, at;
};

int store_cursor_open(struct store *s, uint64_t index, struct store_cursor **out, struct error *err)
{
    struct segment *seg;
    int rc = segment_hold(s, index, &seg, err);
    if (rc) return rc;
    segment_release(s, seg);
    struct store_cursor *c = mem_new(struct store_cursor);
    c->s = s;
    c->next = index;
    c->records = mem_alloc(CURSOR_RECORDS * sizeof *c->records);
    c->offsets = mem_alloc(CURSOR_RECORDS * sizeof *c->offsets);
    *out = c;
    return 0;
}

void store_cursor_close(struct store_cursor *c)
{
    if (!c) return;
    buf_free(&c->bytes);
    mem_free(c->records);
    mem_free(c->offsets);
    mem_free(c);
}

void store_cursor_rest(struct store_cursor *c)
{
    if (c->at < c->count) {
        c->next = c->records[c->at].index;
        c->chain_known = false;
    }
    c->count = c->at = 0;
    buf_free(&c->bytes);
}

/* The record does not continue what the cursor served last: either the log was cut off below the
 * cursor and grew again, or it is damaged. */
static int cursor_broken(struct store_cursor *c, struct reader *r, const struct digest *previous,
                         struct error *err)
{
    struct record_base before;
    if (c->next > r->base.index && reader_point(r, c->next - 1, &before, NULL) == 0 &&
        digest_equal(&before.chain, previous))
        return error_set(err, E_CONFLICT,
                         "entry %" PRIu64 " was replaced while the log was being read",
                         c->next - 1);
    return error_set(err, E_CORRUPT, "%s: entry %" PRIu64 ": breaks the chain", r->seg->name,
                     c->next);
}

static int cursor_take(struct store_cursor *c, struct reader *r, struct error *err)
{
    struct record record;
    struct digest previous;
    int rc = reader_get(r, c->next, &record, &previous, err);
    if (rc) return rc;
    bool first = c->next == r->base.index + 1;
    if ((c->chain_known && !digest_equal(&c->chain, &previous)) ||
        (first && !digest_equal(&r->base.chain, &previous)))
        return cursor_broken(c, r, &previous, err);
    c->chain = record_chain(&previous, &record);
    c->chain_known = true;
    c->offsets[c->count] = c->bytes.len;
    c->records[c->count++] = record;
    buf_append(&c->bytes, record.payload.p, record.payload.n);
    c->next++;
    return 0;
}

/* At the end of a segment: 0 when the log goes on in a newer one, E_NOTFOUND at the end of the log.
 */
static int cursor_beyond(struct store_cursor *c, const struct segment *seg, struct error *err)
{
    struct store *s = c->s;
    uint64_t newer = 0;
    pthread_mutex_lock(&s->lock);
    for (size_t i = s->count; i > 0 && s->segments[i - 1]->first > seg->first; i--)
        newer = s->segments[i - 1]->first;
    pthread_mutex_unlock(&s->lock);
    if (newer == 0) return E_NOTFOUND;
    if (newer <= c->next) return 0;
    if (!c->hole) { /* our view of seg may be older than the newer segment: look again */
        c->hole = true;
        return 0;
    }
    return error_set(err, E_CORRUPT, "log: entries %" PRIu64 " to %" PRIu64 " are missing after %s",
                     c->next, newer - 1, seg->name);
}

/* Copies what the segment of c->next has; E_NOTFOUND when that segment ends before c->next. */
static int cursor_fill(struct store_cursor *c, struct error *err)
{
    struct reader r;
    int rc = reader_begin(c->s, c->next, &r, err);
    if (rc) return rc;
    c->count = c->at = 0;
    buf_clear(&c->bytes);
    if (c->next > r.last) rc = cursor_beyond(c, r.seg, err);
    while (!rc && c->next <= r.last && c->count < CURSOR_RECORDS && c->bytes.len < CURSOR_BYTES)
        rc = cursor_take(c, &r, err);
    reader_end(&r);
    if (c->count) c->hole = false;
    return c->count ? 0 : rc; /* damage behind good records is met again by the next fill */
}

/* The master beside a read-only store may have rolled, truncated or reset since we last looked. */
static int cursor_fill_again(struct store_cursor *c, int rc, struct error *err)
{
    if ((rc == E_NOTFOUND || rc == E_CORRUPT) && c->s->read_only) {
        rc = segments_scan(c->s, err);
        if (!rc) rc = cursor_fill(c, err);
    }
    for (int tries = 0; !rc && c->count == 0 && tries < 3; tries++) rc = cursor_fill(c, err);
    if (!rc && c->count == 0) rc = E_NOTFOUND;
    return rc;
}

int store_cursor_next(struct store_cursor *c, struct record *out, struct error *err)
{
    if (c->at == c->count) {
        int rc = cursor_fill(c, err);
        if (rc || c->count == 0) rc = cursor_fill_again(c, rc, err);
        if (rc == E_NOTFOUND)
            return error_set(err, rc, "the log ends before entry %" PRIu64, c->next);
        if (rc) return rc;
    }
    *out = c->records[c->at];
    out->payload.p = c->bytes.data + c->offsets[c->at];
    c->at++;
    return 0;
}
