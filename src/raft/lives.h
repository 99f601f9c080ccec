/* Which life each of this master's starts was (past.h), so that it can tell whether the one that
 * somebody has seen was its own: a disk that was lost, or an older copy, may start more often than
 * was seen, and come to a higher term alone, but it cannot know the numbers that were drawn on
 * other disks. Core's thread. */
#ifndef LOGSHIP_RAFT_LIVES_H
#define LOGSHIP_RAFT_LIVES_H

#include "raft/internal.h"

/* Durably, before anybody hears of this start. When it can't be written (a full disk) the start
 * goes on and stays unknown: others judge it by its numbers alone. */
void lives_begin(struct quorum *q);
uint64_t lives_at(const struct quorum *q, uint64_t boot); /* 0: not known */

#endif
