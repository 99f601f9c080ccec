/* Strategic merge of lists, by a merge key or as sets of scalars.
 *
 * Every element is told apart by bytes: the encoded value of its merge key, or of itself. Elements
 * that the patch (or $setElementOrder) speaks of come in its order; the others, which only the
 * server knows, keep their places relative to those that were there before. */
#include "base/mem.h"
#include "proto/json.h"
#include "proto/patch_strategic.h"

#include <assert.h>

struct item {
    struct str key;       /* p == NULL: it has none */
    struct mp value;      /* as it was; MP_END: new */
    uint32_t first, last; /* patches of it, in order; LOOKUP_NONE: none */
    uint32_t rank;        /* in the wanted order; LOOKUP_NONE: not in it */
    uint32_t place;       /* among the old elements; LOOKUP_NONE: new */
};

struct merge {
    const struct list_patch *list;
    const char *merge_key; /* NULL: a set of scalars */
    struct item *items;
    uint32_t count, cap;
    struct lookup known; /* key -> index of item (the position is the index) */
    struct lookup order; /* key -> rank */
    struct mp *patches;  /* elements of the patch without directives */
    uint32_t *next;      /* the next patch of the same item */
    uint32_t patch_count;
    bool replace;
    struct error *err;
};

static struct str merge_key_of(const struct merge *m, struct mp element)
{
    return m->merge_key ? mp_get(element, m->merge_key).raw : element.raw;
}

static void merge_add_item(struct merge *m, struct str key, struct mp value)
{
    if (m->count == m->cap) {
        m->cap = m->cap ? 2 * m->cap : 8;
        m->items = mem_resize(m->items, m->cap * sizeof *m->items);
    }
    m->items[m->count] = (struct item){
        .key = key,
        .value = value,
        .first = LOOKUP_NONE,
        .last = LOOKUP_NONE,
        .rank = LOOKUP_NONE,
        .place = value.type == MP_END ? LOOKUP_NONE : m->count,
    };
    m->count++;
    lookup_add(&m->known, key, value);
}

static int merge_check_element(const struct merge *m, struct mp element)
{
    if (!m->merge_key) {
        if (element.type != MP_MAP && element.type != MP_ARRAY) return 0;
        return error_set(m->err, E_INVALID, "cannot merge lists without merge key for %s",
                         m->list->field->name);
    }
    if (element.type != MP_MAP)
        return error_set(m->err, E_INVALID, "each element of %s must be an object",
                         m->list->field->name);
    if (merge_key_of(m, element).p) return 0;
    buf_auto struct buf text = BUF_INIT;
    json_write(element, &text);
    return error_set(m->err, E_INVALID, "map: %.200s does not contain declared merge key: %s",
                     text.data, m->merge_key);
}

/* Sorts the elements of the patch into deletions, a replacement, and patches. */
static int merge_read_patch(struct merge *m, struct lookup *deleted)
{
    struct mp patch = m->list->patch;
    m->patches = mem_alloc((patch.count + 1) * sizeof *m->patches);
    m->next = mem_alloc((patch.count + 1) * sizeof *m->next);
    for (struct mp_iter it = mp_items(patch); mp_iter_next(&it);) {
        enum directive directive = DIRECTIVE_NONE;
        int rc = strategic_directive(it.value, &directive, m->err);
        if (rc) return rc;
        if (directive == DIRECTIVE_REPLACE) {
            m->replace = true;
            continue;
        }
        rc = merge_check_element(m, it.value);
        if (rc) return rc;
        if (directive == DIRECTIVE_DELETE)
            lookup_add(deleted, merge_key_of(m, it.value), it.value);
        else
            m->patches[m->patch_count++] = it.value;
    }
    for (struct mp_iter it = mp_items(m->list->deleted); mp_iter_next(&it);)
        lookup_add(deleted, it.value.raw, it.value);
    return 0;
}

static void merge_read_target(struct merge *m, const struct lookup *deleted)
{
    if (m->replace || m->list->target.type != MP_ARRAY) return;
    for (struct mp_iter it = mp_items(m->list->target); mp_iter_next(&it);) {
        struct str key = merge_key_of(m, it.value);
        bool again = !m->merge_key && lookup_find(&m->known, key) != LOOKUP_NONE;
        if (!again && lookup_find(deleted, key) == LOOKUP_NONE) merge_add_item(m, key, it.value);
    }
}

/* Each patch goes to the element that it names, or makes a new one. */
static void merge_place_patches(struct merge *m, const struct lookup *deleted)
{
    for (uint32_t i = 0; i < m->patch_count; i++) {
        struct str key = merge_key_of(m, m->patches[i]);
        if (!m->merge_key && lookup_find(deleted, key) != LOOKUP_NONE) continue;
        uint32_t at = lookup_find(&m->known, key);
        if (at == LOOKUP_NONE) {
            at = m->count;
            merge_add_item(m, key, (struct mp){0});
        }
        assert(m->items);
        struct item *item = &m->items[at];
        m->next[i] = LOOKUP_NONE;
        if (item->first == LOOKUP_NONE)
            item->first = i;
        else
            m->next[item->last] = i;
        item->last = i;
    }
}

static int merge_read_order(struct merge *m)
{
    bool given = m->list->order.type == MP_ARRAY;
    for (struct mp_iter it = mp_items(m->list->order); given && mp_iter_next(&it);)
        lookup_add(&m->order, merge_key_of(m, it.value), it.value);
    uint32_t before = 0;
    for (uint32_t i = 0; i < m->patch_count; i++) {
        struct str key = merge_key_of(m, m->patches[i]);
        if (!given) {
            lookup_add(&m->order, key, m->patches[i]);
            continue;
        }
        uint32_t rank = lookup_find(&m->order, key);
        if (rank == LOOKUP_NONE || rank < before)
            return error_set(m->err, E_INVALID,
                             "the order in patch list %s doesn't match $setElementOrder list",
                             m->list->field->name);
        before = rank;
    }
    for (uint32_t i = 0; i < m->count; i++)
        m->items[i].rank = lookup_find(&m->order, m->items[i].key);
    return 0;
}

static int merge_put_item(struct merge *m, const struct item *item, struct buf *out)
{
    struct shape shape = {.fields = m->list->field->type};
    if (!m->merge_key || item->first == LOOKUP_NONE) {
        mp_put(out, item->value.type == MP_END ? m->patches[item->first] : item->value);
        return 0;
    }
    struct mp base = item->value;
    buf_auto struct buf step = BUF_INIT;
    int rc = 0;
    for (uint32_t at = item->first; at != LOOKUP_NONE && !rc; at = m->next[at]) {
        struct buf merged = BUF_INIT;
        bool final = m->next[at] == LOOKUP_NONE;
        rc = strategic_map(shape, base, m->patches[at], final ? out : &merged, m->err);
        buf_free(&step);
        step = merged;
        base = mp_read(step.data, step.len);
    }
    return rc;
}

static int merge_order_ranked(const void *a, const void *b)
{
    const struct item *x = *(const struct item *const *)a, *y = *(const struct item *const *)b;
    if (x->rank != y->rank) return x->rank < y->rank ? -1 : 1;
    return x < y ? -1 : x > y;
}

/* Ranked elements by rank, with the others woven in where they stood before them. */
static int merge_put(struct merge *m, struct buf *out)
{
    const struct item **ranked = mem_alloc(((size_t)m->count + 1) * sizeof(struct item *));
    uint32_t ranked_count = 0, other = 0;
    int rc = 0;
    for (uint32_t i = 0; i < m->count; i++)
        if (m->items[i].rank != LOOKUP_NONE) ranked[ranked_count++] = &m->items[i];
    qsort(ranked, ranked_count, sizeof(struct item *), merge_order_ranked);
    mp_put_array(out, m->count);
    for (uint32_t r = 0; r <= ranked_count && !rc; r++) {
        for (; other < m->count && !rc; other++) {
            const struct item *item = &m->items[other];
            if (item->rank != LOOKUP_NONE) continue;
            bool before = r == ranked_count ||
                          (ranked[r]->place != LOOKUP_NONE && item->place < ranked[r]->place);
            if (!before) break;
            rc = merge_put_item(m, item, out);
        }
        if (!rc && r < ranked_count) rc = merge_put_item(m, ranked[r], out);
    }
    mem_free(ranked);
    return rc;
}

int strategic_list(const struct list_patch *list, struct buf *out, struct error *err)
{
    struct merge m = {.list = list, .merge_key = list->field->merge_key, .err = err};
    struct lookup deleted = {0};
    int rc = merge_read_patch(&m, &deleted);
    if (!rc) {
        merge_read_target(&m, &deleted);
        merge_place_patches(&m, &deleted);
        rc = merge_read_order(&m);
    }
    if (!rc) rc = merge_put(&m, out);
    lookup_free(&deleted);
    lookup_free(&m.known);
    lookup_free(&m.order);
    mem_free(m.items);
    mem_free(m.patches);
    mem_free(m.next);
    return rc;
}
