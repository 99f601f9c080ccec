#include "master/replay.h"

#include "base/mem.h"
#include "master/core.h"
#include "proto/timefmt.h"

#include <raft.h>

struct replay {
    struct store *store;
    struct world *world;
    struct store_cursor *cursor;
    uint64_t committed;
};

static int replay_from_keyframe(struct replay *r, uint64_t revision, struct error *err)
{
    struct keyframe *k = NULL;
    int rc = keyframe_open(r->store, revision, &k, err);
    if (rc == E_NOTFOUND) return 0; /* from the first entry on */
    if (rc) return rc;
    rc = image_restore(r->world, k, err);
    keyframe_close(k);
    return rc;
}

int replay_open(struct replay **out, struct store *s, uint64_t revision, struct error *err)
{
    struct store_identity identity;
    int rc = store_identity_get(s, &identity, err);
    if (rc) return rc;
    struct replay *r = mem_new(struct replay);
    r->store = s;
    r->world = world_new(identity.cluster);
    r->committed = store_committed_get(s);
    rc = replay_from_keyframe(r, revision, err);
    struct log_bounds bounds = store_bounds(s);
    uint64_t from = r->world->index + 1;
    if (!rc && from < bounds.first_index)
        rc = error_set(err, E_GONE, "revision %llu is older than what this master keeps",
                       (unsigned long long)revision);
    if (!rc) rc = store_cursor_open(s, from, &r->cursor, err);
    if (rc)
        replay_close(r);
    else
        *out = r;
    return rc;
}

void replay_trust(struct replay *r, uint64_t index)
{
    if (index > r->committed) r->committed = index;
}

void replay_close(struct replay *r)
{
    if (!r) return;
    if (r->cursor) store_cursor_close(r->cursor);
    world_free(r->world);
    mem_free(r);
}

struct world *replay_world(struct replay *r)
{
    return r->world;
}

/* The next command entry that is known to be committed. */
static int replay_next(struct replay *r, struct record *out, struct error *err)
{
    for (;;) {
        int rc = store_cursor_next(r->cursor, out, err);
        if (rc) return rc;
        if (out->index > r->committed) replay_trust(r, store_committed_get(r->store));
        if (out->index > r->committed) return E_NOTFOUND;
        if (out->type == RAFT_COMMAND) return 0;
    }
}

int replay_step(struct replay *r, struct error *err)
{
    struct record record;
    int rc = replay_next(r, &record, err);
    return rc ? rc : world_fold(r->world, record.index, record.payload, err);
}

int replay_to(struct replay *r, uint64_t revision, struct error *err)
{
    while (r->world->revision < revision) {
        struct record record;
        int rc = replay_next(r, &record, err);
        if (rc) return rc;
        struct entry_head head;
        rc = entry_peek(record.payload, &head, err);
        if (rc) return rc;
        bool whole = head.first_revision + head.event_count - 1 <= revision;
        rc = whole ? world_fold(r->world, record.index, record.payload, err)
                   : world_fold_until(r->world, record.index, record.payload, revision, err);
        if (rc) return rc;
    }
    return 0;
}

int replay_revision_at(struct store *s, int64_t time_ms, uint64_t *out_revision, struct error *err)
{
    uint64_t index;
    int rc = store_find_time(s, time_ms, &index, err);
    if (rc) return rc;
    struct store_cursor *cursor;
    rc = store_cursor_open(s, index, &cursor, err);
    if (rc) return rc;
    struct record record;
    struct entry_head head;
    rc = store_cursor_next(cursor, &record, err);
    if (!rc) rc = entry_peek(record.payload, &head, err);
    if (!rc) *out_revision = head.first_revision + head.event_count - 1;
    store_cursor_close(cursor);
    return rc;
}

int replay_moment(struct store *s, const char *text, enum moment moment, uint64_t *out_revision,
                  struct error *err)
{
    int64_t us;
    if (str_to_u64(str_of(text), out_revision)) return 0;
    if (!time_parse(str_of(text), &us))
        return error_set(err, E_INVALID,
                         "'%s' is neither a revision (1234) nor a time (2026-01-31T03:12:00Z)",
                         text);
    if (moment == MOMENT_END)
        return replay_revision_at(s, us / 1000 + (us % 1000000 ? 0 : 999), out_revision, err);
    uint64_t before = 0;
    int rc = replay_revision_at(s, us / 1000 - 1, &before, err);
    *out_revision = before + 1;
    return rc == E_NOTFOUND ? 0 : rc;
}
