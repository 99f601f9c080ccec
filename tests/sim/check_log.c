/* The log, object by object: what a list at a revision must hold, what a client's write became. */
#include "sim.h"

#include "proto/mp.h"

struct track *log_track(struct sim *s, const struct object *o)
{
    struct truth *t = &s->truth;
    mem_auto char *key =
        mem_printf("%s/%s/%s", o->id->kind->key, o->id->ns ? o->id->ns : "", o->id->name);
    size_t n = strlen(key);
    struct track *track = map_get(&t->tracks, key, n);
    if (track) return track;
    const struct kind *kind = o->id->kind;
    track = mem_new(struct track);
    *track = (struct track){.next = t->by_kind[kind->index],
                            .kind = kind,
                            .ns = o->id->ns,
                            .name = mem_strdup(o->id->name)};
    t->by_kind[kind->index] = track;
    map_put(&t->tracks, mem_strdup(key), n, track);
    return track;
}

static void log_value_seen(struct sim *s, const struct change *c, const struct fact *f)
{
    struct truth *t = &s->truth;
    uint64_t before = 0;
    if (c->before) str_to_u64(mp_str(doc_path(c->before->body, "data.v")), &before);
    if (!c->after || !f->value || f->value == before) return;
    if (f->value >= t->value_room) {
        size_t more = 2 * f->value + 1024;
        t->values = mem_resize(t->values, more * sizeof *t->values);
        memset(t->values + t->value_room, 0, (more - t->value_room) * sizeof *t->values);
        t->value_room = more;
    }
    if (lie_now(s, LIE_VALUE_TWICE)) t->values[f->value] = 1;
    if (t->values[f->value])
        sim_fail(s, "value %llu was written twice: at revision %llu and at %llu",
                 (unsigned long long)f->value, (unsigned long long)t->values[f->value],
                 (unsigned long long)f->revision);
    t->values[f->value] = f->revision;
}

uint64_t log_value(struct sim *s, uint64_t value)
{
    return value < s->truth.value_room ? s->truth.values[value] : 0;
}

struct removal {
    struct uid uid;
    uint64_t revision;
};

uint64_t log_removal(struct sim *s, const struct uid *uid)
{
    struct removal *r = map_get(&s->truth.removals, uid, sizeof *uid);
    return r ? r->revision : 0;
}

void log_note(struct sim *s, const struct change *c, struct fact *f)
{
    const struct object *o = c->after ? c->after : c->before;
    struct track *t = f->track = log_track(s, o);
    f->begins = !c->before;
    f->ends = !c->after;
    if (t->count == t->room) {
        t->room = t->room ? 2 * t->room : 4;
        t->moments = mem_resize(t->moments, t->room * sizeof *t->moments);
    }
    t->moments[t->count++] = (struct moment){c->revision, c->after != NULL};
    if (f->key < 0) return;
    log_value_seen(s, c, f);
    if (!f->ends) return;
    struct removal *r = mem_new(struct removal);
    *r = (struct removal){c->before->id->uid, c->revision};
    map_put(&s->truth.removals, &r->uid, sizeof r->uid, r);
}

/* The version at a revision, or NULL: there was none. */
static const struct moment *track_at(const struct track *t, uint64_t revision)
{
    size_t low = 0, high = t->count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (t->moments[middle].revision <= revision)
            low = middle + 1;
        else
            high = middle;
    }
    return low && t->moments[low - 1].exists ? &t->moments[low - 1] : NULL;
}

static size_t log_count(struct sim *s, const struct kind *kind, istr ns, uint64_t revision)
{
    size_t n = 0;
    for (struct track *t = s->truth.by_kind[kind->index]; t; t = t->next)
        n += (!ns || t->ns == ns) && track_at(t, revision);
    return n;
}

static void log_check_item(struct sim *s, const struct kind *kind, uint64_t revision,
                           struct mp item, const char *who)
{
    struct str name = mp_str(mp_path(item, "metadata.name"));
    struct str ns = mp_str(mp_path(item, "metadata.namespace"));
    struct str version = mp_str(mp_path(item, "metadata.resourceVersion"));
    uint64_t has = 0;
    str_to_u64(version, &has);
    if (lie_now(s, LIE_LIST_STALE)) has--;
    mem_auto char *key =
        mem_printf("%s/%.*s/%.*s", kind->key, (int)ns.n, ns.n ? ns.p : "", (int)name.n, name.p);
    struct track *t = map_get(&s->truth.tracks, key, strlen(key));
    const struct moment *m = t ? track_at(t, revision) : NULL;
    if (lie_now(s, LIE_LIST_GHOST)) m = NULL;
    if (!m)
        sim_fail(s, "%s: the list at revision %llu has %s, which did not exist then", who,
                 (unsigned long long)revision, key);
    if (m->revision != has)
        sim_fail(s, "%s: the list at revision %llu has %s of revision %llu, it was %llu", who,
                 (unsigned long long)revision, key, (unsigned long long)has,
                 (unsigned long long)m->revision);
}

static int log_order(struct mp a, struct mp b)
{
    int order =
        str_cmp(mp_str(mp_path(a, "metadata.namespace")), mp_str(mp_path(b, "metadata.namespace")));
    return order
               ? order
               : str_cmp(mp_str(mp_path(a, "metadata.name")), mp_str(mp_path(b, "metadata.name")));
}

void log_check_list(struct sim *s, const struct kind *kind, istr ns, uint64_t revision,
                    struct mp items, const char *who)
{
    size_t n = 0, want = log_count(s, kind, ns, revision);
    if (lie_now(s, LIE_LIST_SHORT)) want++;
    struct mp last = {0};
    if (revision > s->truth.revision)
        sim_fail(s, "%s: a list at revision %llu, which is not committed", who,
                 (unsigned long long)revision);
    for (struct mp_iter it = mp_items(items); mp_iter_next(&it); n++) {
        log_check_item(s, kind, revision, it.value, who);
        if (n && (lie_now(s, LIE_LIST_ORDER) || log_order(last, it.value) >= 0))
            sim_fail(s, "%s: the list at revision %llu is out of order", who,
                     (unsigned long long)revision);
        last = it.value;
    }
    if (n != want)
        sim_fail(s, "%s: the list of %s at revision %llu has %zu objects, there were %zu", who,
                 kind->key, (unsigned long long)revision, n, want);
}
