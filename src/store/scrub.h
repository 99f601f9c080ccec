/* Looking at what was written long ago, again and again, so that damage is told while the other
 * masters are whole, and not when it is needed.
 *
 * A round takes the old segments (pages, records, chain, joints) and then the keyframes; the newest
 * segment is left to those who write it. One step is a segment's pages, a stretch of its records or
 * a keyframe. A damaged segment is not served from then on, but for what is whole around it.
 *
 * One user at a time, any thread; the store must outlive it. */
#ifndef LOGSHIP_STORE_SCRUB_H
#define LOGSHIP_STORE_SCRUB_H

#include "store/store.h"

enum { SCRUB_FINDINGS = 4, SCRUB_TEXT = 160 };

struct scrub_findings {
    uint64_t segments, keyframes; /* that were looked at */
    unsigned count;               /* of damage, also of what has no place in text */
    char text[SCRUB_FINDINGS][SCRUB_TEXT];
};

struct scrub_report {
    uint64_t rounds;            /* that ended */
    struct scrub_findings last; /* of the last of them, and what is found since then */
};

struct scrub;
struct scrub *scrub_new(struct store *s);
void scrub_free(struct scrub *c);
/* Returns how many bytes it read, 0 at the end of a round. */
uint64_t scrub_step(struct scrub *c);
/* As of the last step; not during one. */
const struct scrub_report *scrub_report(const struct scrub *c);

#endif
