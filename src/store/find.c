/* Finding an entry by what it holds: binary search over the headers. */
#include "store/inside.h"

#include <inttypes.h>

static int find_read(struct store *s, uint64_t index, struct record *out, struct error *err)
{
    struct reader r;
    struct digest previous;
    int rc = reader_begin(s, index, &r, err);
    if (rc) return rc;
    rc = reader_get(&r, index, out, &previous, err);
    reader_end(&r);
    out->payload = (struct str){0}; /* it went with the reader */
    return rc;
}

/* The first command entry in [index, end]; out->index is end + 1 when there is none. Entries of
 * other types are rare: one at each change of leader. */
static int find_command(struct store *s, uint64_t index, uint64_t end, struct record *out,
                        struct error *err)
{
    for (; index <= end; index++) {
        int rc = find_read(s, index, out, err);
        if (rc || out->first_revision) return rc;
    }
    out->index = index;
    return 0;
}

typedef bool find_before(const struct record *r, int64_t wanted);

/* The last command entry for which before() holds: *last (0: none), and the first one after: *next.
 */
static int find_split(struct store *s, find_before *before, int64_t wanted, uint64_t *last,
                      uint64_t *next, struct error *err)
{
    struct log_bounds bounds = store_bounds(s);
    uint64_t low = bounds.first_index, high = bounds.last_index + 1;
    *last = 0;
    *next = high;
    while (low < high) {
        uint64_t middle = low + (high - low) / 2;
        struct record r = {0};
        int rc = find_command(s, middle, high - 1, &r, err);
        if (rc) return rc;
        if (r.index < high && before(&r, wanted)) {
            *last = r.index;
            low = r.index + 1;
        } else {
            if (r.index < high) *next = r.index;
            high = middle;
        }
    }
    return 0;
}

static bool before_revision(const struct record *r, int64_t wanted)
{
    return r->first_revision <= (uint64_t)wanted;
}

static bool before_time(const struct record *r, int64_t wanted)
{
    return r->time_ms <= wanted;
}

int store_find_revision(struct store *s, uint64_t revision, uint64_t *out_index, struct error *err)
{
    uint64_t last, next;
    int rc = find_split(s, before_revision, (int64_t)revision, &last, &next, err);
    if (rc) return rc;
    uint64_t found = last ? last : next;
    if (found > store_bounds(s).last_index)
        return error_set(err, E_NOTFOUND, "the log holds no events");
    *out_index = found;
    return 0;
}

int store_find_time(struct store *s, int64_t time_ms, uint64_t *out_index, struct error *err)
{
    uint64_t last, next;
    int rc = find_split(s, before_time, time_ms, &last, &next, err);
    if (rc) return rc;
    if (!last) return error_set(err, E_NOTFOUND, "the log holds no events as old as that");
    *out_index = last;
    return 0;
}
