#include "actors/admission/cache.h"

#include "base/mem.h"

enum { CACHE_MAX = 4096 };

struct cached {
    struct doc *given, *body, *status;
};

struct cached_space {
    istr ns;
    struct map by_given; /* digest -> struct cached */
};

static struct cached_space *cache_space(const struct cache *c, istr ns)
{
    return map_get(&c->spaces, &ns, sizeof ns);
}

bool cache_find(const struct cache *c, istr ns, const struct doc *given, struct doc **body,
                struct doc **status)
{
    struct cached_space *space = cache_space(c, ns);
    struct cached *found =
        space ? map_get(&space->by_given, &given->digest, sizeof given->digest) : NULL;
    if (!found) return false;
    *body = doc_ref(found->body);
    *status = doc_ref(found->status);
    return true;
}

void cache_keep(struct cache *c, istr ns, struct doc *given, struct doc *body, struct doc *status)
{
    if (c->count >= CACHE_MAX) cache_clear(c);
    struct cached_space *space = cache_space(c, ns);
    if (!space) {
        space = mem_new(struct cached_space);
        space->ns = ns;
        map_put(&c->spaces, &space->ns, sizeof space->ns, space);
    }
    struct cached *kept = mem_new(struct cached);
    *kept = (struct cached){doc_ref(given), doc_ref(body), doc_ref(status)};
    map_put(&space->by_given, &kept->given->digest, sizeof kept->given->digest, kept);
    c->count++;
}

void cache_stale(struct cache *c, istr ns)
{
    struct cached_space *space = map_del(&c->spaces, &ns, sizeof ns);
    if (!space) return;
    struct cached *kept;
    for (size_t i = 0; (kept = map_next(&space->by_given, &i)); c->count--) {
        doc_unref(kept->given);
        doc_unref(kept->body);
        doc_unref(kept->status);
        mem_free(kept);
    }
    map_free(&space->by_given);
    mem_free(space);
}

void cache_clear(struct cache *c)
{
    struct cached_space *space;
    for (size_t i = 0; (space = map_next(&c->spaces, &i));) cache_stale(c, space->ns);
}

void cache_free(struct cache *c)
{
    cache_clear(c);
    map_free(&c->spaces);
}
