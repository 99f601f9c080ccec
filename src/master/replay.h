/* Replay: a world of the past, made from a store's nearest keyframe and the log behind it.
 *
 * Any thread, one user per handle; reads a store that a master may be writing to at the same time.
 * Entries that are not known to be committed are left out. */
#ifndef LOGSHIP_MASTER_REPLAY_H
#define LOGSHIP_MASTER_REPLAY_H

#include "actors/world.h"
#include "store/keyframe.h"

struct replay;

/* Stands at the last entry boundary at or before `revision` from which replay_to can go on (the
 * keyframe). E_GONE: the oldest state kept is younger. */
int replay_open(struct replay **out, struct store *s, uint64_t revision, struct error *err);
struct world *replay_world(struct replay *r);
/* Entries up to this index are committed, whatever the store's hint says: it lags behind what a
 * master has folded, and after a crash far behind. */
void replay_trust(struct replay *r, uint64_t index);
/* Folds entries while they hold only revisions <= `revision`, and then of the next entry exactly
 * those events that are. 0: the world is at `revision`; E_NOTFOUND: the log ends before it (the
 * world is at its end). */
int replay_to(struct replay *r, uint64_t revision, struct error *err);
/* Folds one whole entry; E_NOTFOUND at the end. */
int replay_step(struct replay *r, struct error *err);
void replay_close(struct replay *r);
/* The last revision written at or before that time; E_NOTFOUND: all are younger. */
int replay_revision_at(struct store *s, int64_t time_ms, uint64_t *out_revision, struct error *err);
/* What a person names: a revision ("1234") or an RFC 3339 time, in this store's log. A time without
 * a fraction means the whole of that second: the last revision of it as an end, the first one as a
 * beginning (one beyond the log's end when nothing is as young). E_INVALID: neither. */
enum moment { MOMENT_BEGIN, MOMENT_END };
int replay_moment(struct store *s, const char *text, enum moment moment, uint64_t *out_revision,
                  struct error *err);

#endif
