/* Who sits where. libraft's servers, 1 to n, are seats, fixed at bootstrap and for ever (S8). The
 * first n masters hold the seats of their numbers. A master whose disk is lost, or was refused as
 * an older copy of itself (past.h), never comes back: its seat is given to a new master, empty,
 * under the seat's next id, which is n higher: of three masters m2 is followed by m5, m5 by m8. So
 * an id says its seat, the ids of a seat only grow, and none is ever used twice.
 *
 * A seat is given by an entry of the log (quorum_replace):
 *   - Whoever stores that entry first notes, durably, that the seat's earlier holder is nobody: no
 *     vote, confirmation or other frame of his is taken any more. So who has the entry is never
 *     elected with his vote; and once it is committed, who has not got it is not elected at all.
 *   - Whoever has applied the entry lets the new holder in. It stores and confirms entries like any
 *     follower, but it neither votes nor campaigns before it has applied the entry itself: from
 *     then on it has whatever its predecessors may have confirmed, and is in no earlier term.
 * To everything else the new holder is the old one with an empty disk. A majority of seats never
 * changes its meaning, and libraft never hears of any of this.
 *
 * Who holds which seat, and by which committed entry, only ever grows. It is noted with the past,
 * told in every greeting and with every keyframe on its way (which may stand for the entry), and
 * whatever somebody knows better is taken over. An entry that is cut off the log again leaves a
 * seat that has lost its holder and nobody is let into: asking for the same again completes it.
 * Core's thread. */
#ifndef LOGSHIP_RAFT_SEATS_H
#define LOGSHIP_RAFT_SEATS_H

#include "raft/internal.h"

struct raft_entry;

/* At a start, from what is noted. */
void seats_load(struct quorum *q, const struct store_past *noted);
/* The greeting's and the offer's part: two numbers a seat, little-endian. */
void seats_put(const struct quorum *q, struct buf *out);
/* What another says of all seats, `from` of its own (0: nobody's own). E_INVALID; E_DENIED: one of
 * us two is not who sits there. *changed: it is to be noted. */
int seats_told(struct quorum *q, uint64_t from, struct str bytes, bool *changed, struct error *err);
/* Told with a keyframe; noted at once. */
int seats_offered(struct quorum *q, struct str bytes, struct error *err);

bool seats_is_entry(const struct raft_entry *e);
void seats_stored(struct quorum *q,
                  const struct raft_entry *e); /* before it is on its way to the disk */
void seats_applied(struct quorum *q, uint64_t index, struct str payload);

/* We hold our seat, but do not have yet what our predecessors had. */
bool seats_abstains(const struct quorum *q);
void seats_tick(struct quorum *q);
/* May frames of this peer be taken, as whoever greeted us last from there? */
bool seats_taken(const struct quorum *q, const struct peer *p);

#endif
