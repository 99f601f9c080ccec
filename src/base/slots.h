/* Which numbers of a range are taken, and the next free one, in a time that hardly grows with the
 * range: a bitmap with bitmaps over it that tell which of the words below are full.
 *
 * A number may be taken more than once, and is free again when each has given it back. Not
 * thread-safe. */
#ifndef LOGSHIP_BASE_SLOTS_H
#define LOGSHIP_BASE_SLOTS_H

#include "base/map.h"

#include <stdbool.h>

enum { SLOTS_LEVELS = 6 }; /* 64 to the power of it: more than a uint32_t can tell */
#define SLOTS_NONE UINT32_MAX

struct slots {
    uint32_t size; /* numbers are 0 .. size - 1 */
    unsigned levels;
    uint64_t *full[SLOTS_LEVELS]; /* [0]: taken; above: all bits of that word below are set */
    struct map again;             /* those that are taken more than once */
};

void slots_init(struct slots *s, uint32_t size); /* size > 0 */
void slots_free(struct slots *s);
void slots_clear(struct slots *s); /* nothing is taken */
bool slots_taken(const struct slots *s, uint32_t n);
void slots_take(struct slots *s, uint32_t n);
void slots_give(struct slots *s, uint32_t n); /* it was taken */
/* The first free number at or after `from`, else the first of all, or SLOTS_NONE. */
uint32_t slots_next(const struct slots *s, uint32_t from);

#endif
