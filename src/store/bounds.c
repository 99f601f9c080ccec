/* Where the log begins and ends, and single points of it. */
#include "store/files.h"
#include "store/inside.h"

#include <inttypes.h>

void store_set_bounds(struct store *s, const struct record_base *last, uint64_t first)
{
    pthread_mutex_lock(&s->lock);
    s->bounds = (struct log_bounds){.first_index = first,
                                    .last_index = last->index,
                                    .last_term = last->term,
                                    .chain = last->chain};
    pthread_mutex_unlock(&s->lock);
}

int store_load_bounds(struct store *s, struct error *err)
{
    struct reader r;
    struct record_base last;
    int rc = reader_begin(s, UINT64_MAX, &r, err);
    if (rc) return rc;
    rc = reader_point(&r, r.last, &last, err);
    reader_end(&r);
    if (rc) return rc;
    pthread_mutex_lock(&s->lock);
    uint64_t first = s->count ? s->segments[0]->first : last.index + 1;
    pthread_mutex_unlock(&s->lock);
    store_set_bounds(s, &last, first);
    return 0;
}

/* A read-only store looks again, because the master beside it goes on writing; what it cannot read
 * just now (the master is rolling or truncating) it will see the next time. */
struct log_bounds store_bounds(const struct store *s)
{
    struct store *inner = (struct store *)s;
    if (s->read_only && segments_scan(inner, NULL) == 0) store_load_bounds(inner, NULL);
    pthread_mutex_lock(&inner->lock);
    struct log_bounds bounds = inner->bounds;
    pthread_mutex_unlock(&inner->lock);
    return bounds;
}

static int bounds_point(struct store *s, uint64_t index, struct record_base *out, struct error *err)
{
    struct log_bounds bounds = store_bounds(s);
    if (index > bounds.last_index)
        return error_set(err, E_NOTFOUND, "no entry %" PRIu64 ", the log ends at %" PRIu64, index,
                         bounds.last_index);
    if (index == bounds.last_index) {
        *out =
            (struct record_base){.index = index, .term = bounds.last_term, .chain = bounds.chain};
        return 0;
    }
    struct reader r;
    /* The entry before the first one is known to the first segment. */
    int rc = reader_begin(s, index + 1 == bounds.first_index ? index + 1 : index, &r, err);
    if (rc) return rc;
    rc = reader_point(&r, index, out, err);
    reader_end(&r);
    return rc;
}

int store_chain_at(struct store *s, uint64_t index, struct digest *out, struct error *err)
{
    struct record_base point = {0};
    int rc = bounds_point(s, index, &point, err);
    if (!rc) *out = point.chain;
    return rc;
}

int store_term_at(struct store *s, uint64_t index, uint64_t *out_term, struct error *err)
{
    struct record_base point = {0};
    int rc = bounds_point(s, index, &point, err);
    if (!rc) *out_term = point.term;
    return rc;
}
