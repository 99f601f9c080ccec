/* A hash map from bytes to pointers (open addressing, seeded XXH3 so that names chosen by clients
 * cannot collide on purpose). Keys are borrowed: they must live as long as their entry, usually
 * inside the value. Iteration order is arbitrary and may differ between processes: never let it be
 * seen. */
#ifndef LOGSHIP_BASE_MAP_H
#define LOGSHIP_BASE_MAP_H

#include <stddef.h>
#include <stdint.h>

struct map_slot {
    const void *key;
    void *value; /* NULL: free or deleted */
    uint32_t key_len;
    uint32_t hash; /* 0: never used */
};

struct map {
    struct map_slot *slots;
    size_t cap;   /* a power of two, or 0 */
    size_t count; /* live entries */
    size_t used;  /* live and deleted */
};

void *map_get(const struct map *m, const void *key, size_t n);
/* Returns the value that was there before, or NULL. value must not be NULL. */
void *map_put(struct map *m, const void *key, size_t n, void *value);
void *map_del(struct map *m, const void *key, size_t n); /* the removed value, or NULL */
/* for (size_t i = 0; (v = map_next(m, &i));) ... ; deleting the current entry is allowed. */
void *map_next(const struct map *m, size_t *i);
void map_free(struct map *m); /* the table, not the values */

#endif
