/* Which endpoint stands in which slice: where it stood, else where there is room. */
#include "actors/controllers/slices.h"
#include "base/mem.h"

static int slice_compare(const void *left, const void *right)
{
    const struct slice_plan_slice *x = left, *y = right;
    const struct object *a = x->have, *b = y->have;
    uint64_t first = a->id->created_revision, second = b->id->created_revision;
    if (first != second) return first < second ? -1 : 1;
    return str_cmp(object_name(a), object_name(b));
}

static struct slice_plan_slice *plan_add(struct slice_plan *p, const struct object *have,
                                         size_t group)
{
    if (p->slice_count == p->slice_cap) {
        p->slice_cap = p->slice_cap ? 2 * p->slice_cap : 8;
        p->slices = mem_resize(p->slices, p->slice_cap * sizeof *p->slices);
    }
    struct slice_plan_slice *s = &p->slices[p->slice_count++];
    *s = (struct slice_plan_slice){.have = have, .group = group};
    return s;
}

/* Endpoints of one service offer the same ports but for rare exceptions: there are few groups. */
static size_t plan_group(struct slice_plan *p, const char *type, struct str ports)
{
    for (size_t i = 0; i < p->group_count; i++)
        if (str_eq(p->groups[i].ports, ports) && strcmp(p->groups[i].type, type) == 0) return i;
    p->groups = mem_resize(p->groups, (p->group_count + 1) * sizeof *p->groups);
    p->groups[p->group_count] = (struct slice_plan_group){.type = type, .ports = ports};
    return p->group_count++;
}

static void plan_groups(struct slice_plan *p, struct slice_job *job)
{
    for (size_t i = 0; i < job->want->count; i++) {
        struct slice_endpoint *e = &job->want->items[i];
        e->group = plan_group(p, e->type, slice_bytes(job->want, e->ports));
        p->groups[e->group].endpoints++;
    }
    if (!job->want->count && job->keep_empty) plan_group(p, "IPv4", (struct str){0});
}

static size_t plan_group_of(const struct slice_plan *p, const struct object *slice)
{
    struct mp ports = doc_path(slice->body, "ports");
    struct str type = mp_str(doc_path(slice->body, "addressType"));
    for (size_t i = 0; i < p->group_count; i++) {
        struct mp wanted = mp_read(p->groups[i].ports.p, p->groups[i].ports.n);
        bool none = !wanted.count && !ports.count;
        if (str_is(type, p->groups[i].type) && (none || mp_same(wanted, ports))) return i;
    }
    return PLAN_NONE;
}

static void plan_place(struct slice_plan_slice *s, struct slice_job *job, size_t index)
{
    struct slice_endpoint *items = job->want->items, *e = &items[index];
    e->placed = true;
    e->next = 0;
    if (s->last)
        items[s->last - 1].next = index + 1;
    else
        s->first = index + 1;
    s->last = index + 1;
    s->count++;
}

/* Within a group an endpoint is its address and its pod. */
struct plan_key {
    char bytes[80];
    size_t n;
};

static bool key_make(struct plan_key *k, size_t group, struct str address, const struct uid *target)
{
    k->n = sizeof group + sizeof *target + address.n;
    if (k->n > sizeof k->bytes) return false;
    memcpy(k->bytes, &group, sizeof group);
    memcpy(k->bytes + sizeof group, target, sizeof *target);
    if (address.n) memcpy(k->bytes + sizeof group + sizeof *target, address.p, address.n);
    return true;
}

static void plan_stay(struct slice_plan_slice *s, struct slice_job *job, const struct map *by_key)
{
    for (struct mp_iter it = mp_items(doc_path(s->have->body, "endpoints")); mp_iter_next(&it);) {
        struct plan_key key;
        struct uid target;
        if (!uid_parse(mp_str(mp_path(it.value, "targetRef.uid")), &target))
            target = (struct uid){0};
        struct str address = mp_str(mp_at(mp_get(it.value, "addresses"), 0));
        struct slice_endpoint *e = NULL;
        if (key_make(&key, s->group, address, &target)) e = map_get(by_key, key.bytes, key.n);
        if (e && !e->placed && s->count < job->max)
            plan_place(s, job, (size_t)(e - job->want->items));
        else
            s->altered = true;
    }
}

/* Those that stand in a slice already. What is wanted twice is placed with the rest. */
static void plan_known(struct slice_plan *p, struct slice_job *job)
{
    struct map by_key = {0};
    struct slice_wishes *want = job->want;
    struct plan_key *keys = mem_alloc((want->count + 1) * sizeof *keys);
    for (size_t i = 0; i < want->count; i++) {
        struct slice_endpoint *e = &want->items[i];
        if (key_make(&keys[i], e->group, e->address, &e->target))
            map_put(&by_key, keys[i].bytes, keys[i].n, e);
    }
    for (size_t i = 0; i < p->have_count; i++)
        if (p->slices[i].group != PLAN_NONE) plan_stay(&p->slices[i], job, &by_key);
    map_free(&by_key);
    mem_free(keys);
}

/* The first slice of the group with room, from *at on; made when there is none. Those that are to
 * be written anyway come first. */
static size_t plan_room(struct slice_plan *p, size_t group, unsigned max, size_t *at, bool *calm)
{
    for (;; *at = 0, *calm = true) {
        for (; *at < p->slice_count; ++*at) {
            const struct slice_plan_slice *s = &p->slices[*at];
            if (s->group == group && s->count < max && (*calm || s->altered)) return *at;
        }
        if (*calm) break;
    }
    *at = p->slice_count;
    plan_add(p, NULL, group)->altered = true;
    return *at;
}

static void plan_rest(struct slice_plan *p, struct slice_job *job, size_t group)
{
    size_t at = 0;
    bool calm = false;
    for (size_t i = 0; i < job->want->count; i++) {
        if (job->want->items[i].placed || job->want->items[i].group != group) continue;
        size_t room = plan_room(p, group, job->max, &at, &calm);
        plan_place(&p->slices[room], job, i);
    }
}

/* A group with more than twice the slices that it needs gives up the youngest. */
static void plan_gather(struct slice_plan *p, unsigned max)
{
    for (size_t i = 0; i < p->have_count; i++)
        if (p->slices[i].group < p->group_count) p->groups[p->slices[i].group].slices++;
    for (size_t i = 0; i < p->group_count; i++) {
        struct slice_plan_group *g = &p->groups[i];
        size_t needed = g->endpoints ? (g->endpoints + max - 1) / max : 1;
        g->surplus = g->slices > 2 * needed ? g->slices - needed : 0;
    }
    for (size_t i = p->have_count; i-- > 0;) {
        struct slice_plan_slice *s = &p->slices[i];
        if (s->group >= p->group_count || !p->groups[s->group].surplus) continue;
        p->groups[s->group].surplus--;
        s->group = PLAN_NONE;
    }
}

struct slice_plan slice_plan_make(struct slice_job *job)
{
    struct slice_plan p = {0};
    struct object *o;
    plan_groups(&p, job);
    for (size_t i = 0; (o = map_next(job->have, &i));)
        if (!o->deleted_s) plan_add(&p, o, plan_group_of(&p, o));
    if (p.slice_count) qsort(p.slices, p.slice_count, sizeof *p.slices, slice_compare);
    p.have_count = p.slice_count;
    plan_gather(&p, job->max);
    plan_known(&p, job);
    for (size_t group = 0; group < p.group_count; group++) plan_rest(&p, job, group);
    return p;
}

void slice_plan_free(struct slice_plan *p)
{
    mem_free(p->slices);
    mem_free(p->groups);
}
