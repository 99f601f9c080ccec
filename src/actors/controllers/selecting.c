#include "actors/controllers/selecting.h"

#include "base/mem.h"

struct selecting_shelf {
    struct list entries;
    uint32_t key_len;
    char key[]; /* the namespace's address; key, NUL, value of the label, or nothing */
};

static struct str shelf_key(struct buf *b, istr ns, struct str key, struct str value)
{
    buf_clear(b);
    buf_append(b, &ns, sizeof ns);
    if (key.n) {
        buf_append(b, key.p, key.n);
        buf_putc(b, 0);
        buf_append(b, value.n ? value.p : "", value.n);
    }
    return (struct str){b->data, b->len};
}

static struct selecting_shelf *shelf_make(struct selecting *index, struct str key)
{
    struct selecting_shelf *s = map_get(&index->shelves, key.p, key.n);
    if (s) return s;
    s = mem_zalloc(sizeof *s + key.n);
    list_init(&s->entries);
    s->key_len = (uint32_t)key.n;
    memcpy(s->key, key.p, key.n);
    map_put(&index->shelves, s->key, s->key_len, s);
    return s;
}

void selecting_drop(struct selecting *index, struct selecting_entry *entry)
{
    struct selecting_shelf *s = entry->shelf;
    if (!s) return;
    entry->shelf = NULL;
    list_remove(&entry->link);
    if (!list_empty(&s->entries)) return;
    map_del(&index->shelves, s->key, s->key_len);
    mem_free(s);
    if (!index->shelves.count) map_free(&index->shelves);
}

void selecting_put(struct selecting *index, istr ns, const struct selector *selector,
                   struct selecting_entry *entry)
{
    struct str key = {0}, value = {0};
    buf_auto struct buf b = BUF_INIT;
    selecting_drop(index, entry);
    if (!selector) return;
    if (!selector_demands(selector, &key, &value)) key.n = 0;
    entry->shelf = shelf_make(index, shelf_key(&b, ns, key, value));
    list_init(&entry->link);
    list_push(&entry->shelf->entries, &entry->link);
}

static void shelf_each(const struct selecting *index, struct str key, selecting_fn *fn, void *ctx)
{
    struct selecting_shelf *s = map_get(&index->shelves, key.p, key.n);
    if (!s) return;
    list_each(it, &s->entries) fn(ctx, container_of(it, struct selecting_entry, link));
}

void selecting_each(const struct selecting *index, istr ns, struct mp labels, selecting_fn *fn,
                    void *ctx)
{
    if (!index->shelves.count) return;
    buf_auto struct buf b = BUF_INIT;
    shelf_each(index, shelf_key(&b, ns, (struct str){0}, (struct str){0}), fn, ctx);
    for (struct mp_iter it = mp_items(labels); labels.type == MP_MAP && mp_iter_next(&it);)
        shelf_each(index, shelf_key(&b, ns, it.key, mp_str(it.value)), fn, ctx);
}
