/* How many pods of one owner stand on one node, in one zone, and in all.
 *
 * A table from (group, where) to a count. Where is the place of a node, or one of the marks below.
 */
#ifndef LOGSHIP_SCHEDULER_SPREAD_H
#define LOGSHIP_SCHEDULER_SPREAD_H

#include <stddef.h>
#include <stdint.h>

/* `where` of a whole group, and of a zone of it; places of nodes are below. */
enum { SPREAD_MARKS = 0x70000000, SPREAD_ALL = SPREAD_MARKS, SPREAD_ZONE };

struct spread_slot {
    uint64_t group; /* 0: free */
    uint32_t where, count;
};
struct spread {
    struct spread_slot *slots;
    size_t cap, used;
};

uint32_t spread_count(const struct spread *s, uint64_t group, uint32_t where);
static inline uint32_t spread_total(const struct spread *s, uint64_t group)
{
    return spread_count(s, group, SPREAD_ALL);
}
static inline uint32_t spread_in_zone(const struct spread *s, uint64_t group, uint32_t zone)
{
    return spread_count(s, group, SPREAD_ZONE + zone);
}
/* A pod of the group came (sign 1) or went (-1). Group 0 (no owner) is not counted. */
void spread_add(struct spread *s, uint64_t group, uint32_t place, uint32_t zone, int sign);
/* The node at this place moved to another zone, with its pods. Costs a walk over the table. */
void spread_move(struct spread *s, uint32_t place, uint32_t from, uint32_t to);
void spread_free(struct spread *s);

#endif
