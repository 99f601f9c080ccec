#include "api/snapshot.h"

struct snapshot *snapshot_new(const struct kind *kind, struct str ns, uint64_t revision,
                              struct object **objects, size_t count)
{
    struct snapshot *s = mem_new(struct snapshot);
    s->refs = 1;
    list_init(&s->link);
    s->kind = kind;
    s->ns = ns.p ? mem_strndup(ns.p, ns.n) : NULL;
    s->revision = revision;
    s->objects = objects;
    s->count = count;
    return s;
}

struct snapshot *snapshot_ref(struct snapshot *s)
{
    s->refs++;
    return s;
}

void snapshot_unref(struct snapshot *s)
{
    if (!s || --s->refs) return;
    for (size_t i = 0; i < s->count; i++) object_unref(s->objects[i]);
    mem_free(s->objects);
    mem_free(s->ns);
    mem_free(s);
}

size_t snapshot_after(const struct snapshot *s, struct str ns, struct str name)
{
    size_t low = 0, high = s->count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        const struct object *o = s->objects[middle];
        int order = str_cmp(istr_str(o->id->ns), ns);
        if (order == 0) order = str_cmp(object_name(o), name);
        if (order <= 0)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

struct snapshots *snapshots_new(void)
{
    struct snapshots *all = mem_new(struct snapshots);
    list_init(&all->kept);
    return all;
}

static void snapshots_drop(struct snapshots *all, struct snapshot *s)
{
    list_remove(&s->link);
    all->count--;
    snapshot_unref(s);
}

void snapshots_free(struct snapshots *all)
{
    if (!all) return;
    list_each_safe(it, &all->kept) snapshots_drop(all, container_of(it, struct snapshot, link));
    mem_free(all);
}

void snapshots_keep(struct snapshots *all, struct snapshot *s, uint64_t now_ms)
{
    bool known = !list_empty(&s->link);
    list_remove(&s->link);
    list_push(&all->kept, &s->link);
    s->used_ms = now_ms;
    if (known) return;
    snapshot_ref(s);
    if (++all->count > SNAPSHOTS_KEPT)
        snapshots_drop(all, container_of(all->kept.next, struct snapshot, link));
}

struct snapshot *snapshots_find(struct snapshots *all, const struct kind *kind, struct str ns,
                                uint64_t revision, uint64_t now_ms)
{
    list_each(it, &all->kept)
    {
        struct snapshot *s = container_of(it, struct snapshot, link);
        if (s->kind != kind || s->revision != revision || !str_eq(str_of(s->ns), ns)) continue;
        snapshots_keep(all, s, now_ms);
        return s;
    }
    return NULL;
}

void snapshots_expire(struct snapshots *all, uint64_t now_ms)
{
    list_each_safe(it, &all->kept)
    {
        struct snapshot *s = container_of(it, struct snapshot, link);
        if (now_ms - s->used_ms < SNAPSHOT_KEPT_S * 1000ull) break;
        snapshots_drop(all, s);
    }
}
