/* How many pods of one owner stand on one node: a table from (group, place) to a count. */
#ifndef LOGSHIP_SCHEDULER_SPREAD_H
#define LOGSHIP_SCHEDULER_SPREAD_H

#include <stddef.h>
#include <stdint.h>

struct spread_slot {
    uint64_t group; /* 0: free */
    uint32_t place, count;
};
struct spread {
    struct spread_slot *slots;
    size_t cap, used;
};
uint32_t spread_count(const struct spread *s, uint64_t group, uint32_t place);
void spread_add(struct spread *s, uint64_t group, uint32_t place,
                int sign); /* group 0 is not counted */
void spread_free(struct spread *s);

#endif
