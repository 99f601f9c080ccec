#include "base/slots.h"

#include "base/mem.h"

#include <assert.h>
#include <string.h>

enum { WORD_BITS = 64 };

struct again {
    uint32_t number, count;
};

static uint32_t words_for(uint32_t bits)
{
    return bits / WORD_BITS + (bits % WORD_BITS != 0);
}

/* What is behind the end counts as full, so that nobody has to look for it. */
static void seal_end(uint64_t *words, uint32_t bits)
{
    if (bits % WORD_BITS) words[bits / WORD_BITS] |= UINT64_MAX << bits % WORD_BITS;
}

void slots_init(struct slots *s, uint32_t size)
{
    assert(size);
    *s = (struct slots){.size = size};
    uint32_t bits = size;
    do {
        uint32_t words = words_for(bits);
        s->full[s->levels] = mem_zalloc(words * sizeof(uint64_t));
        seal_end(s->full[s->levels++], bits);
        bits = words;
    } while (bits > 1);
}

static void forget_again(struct slots *s)
{
    struct again *a;
    for (size_t i = 0; (a = map_next(&s->again, &i));) mem_free(a);
    map_free(&s->again);
    s->again = (struct map){0};
}

void slots_free(struct slots *s)
{
    for (unsigned i = 0; i < s->levels; i++) mem_free(s->full[i]);
    forget_again(s);
    *s = (struct slots){0};
}

void slots_clear(struct slots *s)
{
    forget_again(s);
    uint32_t bits = s->size;
    for (unsigned i = 0; i < s->levels; i++, bits = words_for(bits)) {
        memset(s->full[i], 0, words_for(bits) * sizeof(uint64_t));
        seal_end(s->full[i], bits);
    }
}

bool slots_taken(const struct slots *s, uint32_t n)
{
    assert(n < s->size);
    return s->full[0][n / WORD_BITS] >> n % WORD_BITS & 1;
}

void slots_take(struct slots *s, uint32_t n)
{
    if (slots_taken(s, n)) {
        struct again *a = map_get(&s->again, &n, sizeof n);
        if (!a) {
            a = mem_new(struct again);
            a->number = n;
            map_put(&s->again, &a->number, sizeof a->number, a);
        }
        a->count++;
        return;
    }
    for (unsigned i = 0; i < s->levels; i++, n /= WORD_BITS) {
        uint64_t *word = &s->full[i][n / WORD_BITS];
        *word |= (uint64_t)1 << n % WORD_BITS;
        if (*word != UINT64_MAX) break;
    }
}

void slots_give(struct slots *s, uint32_t n)
{
    assert(slots_taken(s, n));
    struct again *a = map_get(&s->again, &n, sizeof n);
    if (a) {
        if (--a->count) return;
        map_del(&s->again, &n, sizeof n);
        mem_free(a);
        return;
    }
    for (unsigned i = 0; i < s->levels; i++, n /= WORD_BITS) {
        uint64_t *word = &s->full[i][n / WORD_BITS];
        bool was_full = *word == UINT64_MAX;
        *word &= ~((uint64_t)1 << n % WORD_BITS);
        if (!was_full) break;
    }
}

/* Up while the rest of the word is full, then down to the first that is not. */
static uint32_t next_at_or_after(const struct slots *s, uint32_t from)
{
    unsigned level = 0;
    uint32_t bits = s->size, at = from;
    for (;; level++, bits = words_for(bits), at = at / WORD_BITS + 1) {
        if (at >= bits) return SLOTS_NONE;
        uint64_t free = ~s->full[level][at / WORD_BITS] & UINT64_MAX << at % WORD_BITS;
        if (free) {
            at = at / WORD_BITS * WORD_BITS + (uint32_t)__builtin_ctzll(free);
            break;
        }
        if (level + 1 == s->levels) return SLOTS_NONE;
    }
    while (level--) at = at * WORD_BITS + (uint32_t)__builtin_ctzll(~s->full[level][at]);
    return at;
}

uint32_t slots_next(const struct slots *s, uint32_t from)
{
    uint32_t n = from < s->size ? next_at_or_after(s, from) : SLOTS_NONE;
    return n == SLOTS_NONE ? next_at_or_after(s, 0) : n;
}
