#include "base/map.h"

#include "base/mem.h"

#include <pthread.h>
#include <sodium.h>
#include <string.h>
#include <xxhash.h>

static uint64_t map_seed;
static pthread_once_t map_once = PTHREAD_ONCE_INIT;

static void map_draw_seed(void)
{
    randombytes_buf(&map_seed, sizeof map_seed);
}

static uint32_t map_hash(const void *key, size_t n)
{
    pthread_once(&map_once, map_draw_seed);
    uint32_t hash = (uint32_t)XXH3_64bits_withSeed(key, n, map_seed);
    return hash ? hash : 1;
}

static struct map_slot *map_find(const struct map *m, const void *key, size_t n, uint32_t hash)
{
    if (!m->cap) return NULL;
    for (size_t i = hash & (m->cap - 1);; i = (i + 1) & (m->cap - 1)) {
        struct map_slot *slot = &m->slots[i];
        if (!slot->hash) return NULL;
        if (slot->value && slot->hash == hash && slot->key_len == n &&
            (n == 0 || memcmp(slot->key, key, n) == 0))
            return slot;
    }
}

static void map_insert(struct map *m, struct map_slot entry)
{
    size_t i = entry.hash & (m->cap - 1);
    while (m->slots[i].value) i = (i + 1) & (m->cap - 1);
    if (!m->slots[i].hash) m->used++;
    m->slots[i] = entry;
    m->count++;
}

static void map_grow(struct map *m)
{
    struct map old = *m;
    size_t cap = 8;
    while (cap < (old.count + 1) * 2) cap *= 2;
    *m = (struct map){.slots = mem_zalloc(cap * sizeof *m->slots), .cap = cap};
    for (size_t i = 0; i < old.cap; i++)
        if (old.slots[i].value) map_insert(m, old.slots[i]);
    mem_free(old.slots);
}

void *map_get(const struct map *m, const void *key, size_t n)
{
    if (!m->count) return NULL;
    struct map_slot *slot = map_find(m, key, n, map_hash(key, n));
    return slot ? slot->value : NULL;
}

void *map_put(struct map *m, const void *key, size_t n, void *value)
{
    uint32_t hash = map_hash(key, n);
    struct map_slot *slot = map_find(m, key, n, hash);
    if (slot) {
        void *before = slot->value;
        slot->key = key;
        slot->value = value;
        return before;
    }
    if ((m->used + 1) * 4 > m->cap * 3) map_grow(m);
    map_insert(m, (struct map_slot){key, value, (uint32_t)n, hash});
    return NULL;
}

void *map_del(struct map *m, const void *key, size_t n)
{
    if (!m->count) return NULL;
    struct map_slot *slot = map_find(m, key, n, map_hash(key, n));
    if (!slot) return NULL;
    void *value = slot->value;
    slot->value = NULL;
    m->count--;
    return value;
}

void *map_next(const struct map *m, size_t *i)
{
    while (*i < m->cap) {
        void *value = m->slots[(*i)++].value;
        if (value) return value;
    }
    return NULL;
}

void map_free(struct map *m)
{
    mem_free(m->slots);
    *m = (struct map){0};
}
