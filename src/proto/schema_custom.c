/* The identities of custom kinds: an append-only table that is read without locks. */
#include "proto/schema_custom.h"
#include "base/mem.h"
#include "proto/names.h"

#include <assert.h>
#include <pthread.h>
#include <stdatomic.h>
#include <xxhash.h>

enum { CUSTOM_SLOTS = 4 * CUSTOM_KINDS_MAX }; /* a power of two, never more than a quarter full */

static pthread_mutex_t custom_lock = PTHREAD_MUTEX_INITIALIZER; /* of writers */
static atomic_uint custom_count;
static _Atomic(const struct kind *) custom_kinds[CUSTOM_KINDS_MAX];
static _Atomic(const struct kind *) custom_slots[CUSTOM_SLOTS]; /* by hash of the key */

unsigned schema_custom_count(void)
{
    return atomic_load_explicit(&custom_count, memory_order_acquire);
}

const struct kind *schema_custom_at(unsigned i)
{
    assert(i < CUSTOM_KINDS_MAX);
    return atomic_load_explicit(&custom_kinds[i], memory_order_acquire);
}

/* The kind, or NULL and the slot where it would be. */
static const struct kind *custom_find(struct str key, size_t *slot)
{
    for (size_t i = XXH3_64bits(key.p, key.n) % CUSTOM_SLOTS;; i = (i + 1) % CUSTOM_SLOTS) {
        const struct kind *k = atomic_load_explicit(&custom_slots[i], memory_order_acquire);
        if (k && !str_is(key, k->key)) continue;
        *slot = i;
        return k;
    }
}

/* "crontabs.stable.example.com": a label, then a domain of two labels or more. */
bool kind_key_is_custom(struct str key)
{
    const char *dot = key.n ? memchr(key.p, '.', key.n) : NULL;
    if (!dot) return false;
    struct str resource = {key.p, (size_t)(dot - key.p)};
    struct str group = {dot + 1, key.n - resource.n - 1};
    return group.n && memchr(group.p, '.', group.n) && !name_check_dns_1035(resource) &&
           !name_check_dns_subdomain(group);
}

bool schema_custom_known(struct str key)
{
    size_t slot;
    return custom_find(key, &slot) != NULL;
}

static const struct kind *custom_make(struct str key, unsigned index)
{
    struct kind *k = mem_new(struct kind);
    char *whole = mem_strndup(key.p, key.n);
    size_t resource = strcspn(whole, ".");
    k->index = (uint16_t)index;
    k->key = whole;
    k->resource = mem_strndup(whole, resource);
    k->kind = k->singular = k->resource; /* for messages, where no definition is at hand */
    k->group = whole + resource + 1;
    k->namespaced = k->custom = k->has_generation = true;
    k->name_check = name_check_dns_subdomain;
    return k;
}

const struct kind *schema_custom(struct str key)
{
    size_t slot;
    const struct kind *k = custom_find(key, &slot);
    if (k || !kind_key_is_custom(key)) return k;
    pthread_mutex_lock(&custom_lock);
    unsigned count = schema_custom_count();
    k = custom_find(key, &slot); /* somebody may have been faster */
    if (!k && count < CUSTOM_KINDS_MAX) {
        k = custom_make(key, kind_builtin_count() + count);
        atomic_store_explicit(&custom_kinds[count], k, memory_order_release);
        atomic_store_explicit(&custom_slots[slot], k, memory_order_release);
        atomic_store_explicit(&custom_count, count + 1, memory_order_release);
    }
    pthread_mutex_unlock(&custom_lock);
    return k;
}
