#include "base/arena.h"

#include "base/mem.h"

#include <stdalign.h>

enum { ARENA_BLOCK = 4096 - 64 };

struct arena_block {
    struct arena_block *next;
    size_t used, size;
    alignas(max_align_t) char bytes[];
};

struct arena_kept {
    struct arena_kept *next;
    void *what;
    void (*release)(void *what);
};

struct arena {
    struct arena_block *blocks; /* the one with room first */
    struct arena_kept *kept;
};

struct arena *arena_new(void)
{
    return mem_new(struct arena);
}

void arena_free(struct arena *a)
{
    if (!a) return;
    for (struct arena_kept *k = a->kept; k; k = k->next) k->release(k->what);
    while (a->blocks) {
        struct arena_block *b = a->blocks;
        a->blocks = b->next;
        mem_free(b);
    }
    mem_free(a);
}

static struct arena_block *arena_grow(struct arena *a, size_t size)
{
    size_t room = size > ARENA_BLOCK ? size : ARENA_BLOCK;
    struct arena_block *b = mem_zalloc(sizeof *b + room);
    b->size = room;
    b->next = a->blocks;
    a->blocks = b;
    return b;
}

void *arena_alloc(struct arena *a, size_t size)
{
    size_t align = alignof(max_align_t), rounded = (size + align - 1) & ~(align - 1);
    struct arena_block *b = a->blocks;
    if (!b || b->size - b->used < rounded) b = arena_grow(a, rounded);
    void *place = b->bytes + b->used;
    b->used += rounded;
    return place;
}

char *arena_text(struct arena *a, struct str text)
{
    char *copy = arena_alloc(a, text.n + 1);
    if (text.n) memcpy(copy, text.p, text.n);
    return copy;
}

void arena_keep(struct arena *a, void *what, void (*release)(void *what))
{
    struct arena_kept *k = arena_new_of(a, struct arena_kept);
    *k = (struct arena_kept){a->kept, what, release};
    a->kept = k;
}
