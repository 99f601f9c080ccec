/* A master whose disk was lost, or replaced by an older copy of itself, must not be taken back
 * under its id: it has forgotten votes and entries that others counted on. No master can see that
 * of itself, but the others can.
 *
 * Every start draws a number (life) and counts itself (boot), durably, before anything is sent.
 * Masters tell each other, first thing on every connection (quorum_greet), how often they started,
 * which life this is, their term and the last entry on their disk, and what they have seen of the
 * other's. What a master has seen of another is the newest life that answered its own greeting, the
 * highest term it spoke in, and in that term the last entry that it confirmed or, leading, knew to
 * be committed.
 *
 * Behind is who has fewer starts than were seen; or for whom the start that was seen was of another
 * life (lives.h; who greets with more starts looks itself before it answers, or speaks); or who is
 * in a term that is lower, or the same one with fewer entries. (Within a term a master never loses
 * entries that it confirmed to that term's leader, and no leader knows of commits beyond its own
 * disk.) Who is behind is refused by whoever has seen more: no frame goes either way. And it stops
 * by itself as soon as anybody shows it what was seen: it notes that durably, says so and ends, and
 * never starts again. The cure is to replace it by an empty one under a new id (seats.h).
 *
 * What was seen is durable: of a new life at once, before it is spoken to; of terms and entries
 * within a second or so. So every copy from before the last start is found out, and a copy of the
 * running life as soon as somebody remembers more than it has. Not found out: a copy that lacks
 * less than what all those it meets remember. Core's thread. */
#ifndef LOGSHIP_RAFT_PAST_H
#define LOGSHIP_RAFT_PAST_H

#include "raft/internal.h"

/* At every start; E_CORRUPT: refused in an earlier one. */
int past_begin(struct quorum *q, struct error *err);
/* A peer spoke in this term, and its disk holds entries up to index (0: not said). */
void past_saw(struct quorum *q, const struct peer *p, uint64_t term, uint64_t index);
void past_tick(struct quorum *q);
int past_note(struct quorum *q, struct error *err); /* what is known, durably, now */

#endif
