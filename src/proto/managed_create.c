/* What a creation owns: FieldsV1 in one walk over the document.
 *
 * It is what a comparison with nothing gives (typed_compare.c), without building a set that has
 * only one reader. Creating is what clusters do most, and most of it was this. */
#include "proto/managed.h"
#include "proto/timefmt.h"

#include <stdlib.h>

struct creating {
    struct arena *arena;
    const struct writer *writer;
    struct buf out;
};

/* A step, and the value it leads to. */
struct owned {
    struct str text;
    struct mp value;
};

static bool creating_value(struct creating *c, struct view v, struct mp value, bool itself);

static int owned_order(const void *x, const void *y)
{
    const struct owned *a = x, *b = y;
    return str_cmp(a->text, b->text);
}

/* As FieldsV1 orders them: mostly few, and in order already. false: one comes twice. */
static bool owned_sort(struct owned *all, uint32_t count)
{
    enum { FEW = 24 };
    if (count > FEW) qsort(all, count, sizeof *all, owned_order);
    for (uint32_t i = 1; i < count; i++) {
        struct owned one = all[i];
        uint32_t at = i;
        for (; at && owned_order(&one, &all[at - 1]) < 0; at--) all[at] = all[at - 1];
        if (at && owned_order(&one, &all[at - 1]) == 0) return false;
        all[at] = one;
    }
    return true;
}

/* The map of the steps below a value, up to the first of them. */
static void creating_begin(struct creating *c, uint32_t count, bool itself)
{
    mp_put_map(&c->out, count + itself);
    if (!itself) return;
    mp_put_z(&c->out, ".");
    mp_put_map(&c->out, 0);
}

static void creating_step(struct creating *c, enum step_kind kind, struct str text)
{
    mp_put_str_head(&c->out, text.n + 2);
    buf_putc(&c->out, (char)kind);
    buf_putc(&c->out, ':');
    buf_append(&c->out, text.p, text.n);
}

/* The object's own fields and those of its metadata that are nobody's. */
static bool creating_skips(const struct creating *c, struct view map, bool metadata, struct str key,
                           struct mp value)
{
    if (metadata) return managed_skips_metadata(key);
    if (map.depth) return false;
    bool empty = true;
    if (!str_is(key, "metadata")) return managed_skips(c->writer, key);
    for (struct mp_iter it = mp_items(value); empty && mp_iter_next(&it);)
        empty = managed_skips_metadata(it.key);
    return empty || managed_skips(c->writer, key);
}

static bool creating_map(struct creating *c, struct view v, struct mp map, bool metadata,
                         bool itself)
{
    struct owned *all = arena_array(c->arena, struct owned, map.count);
    uint32_t count = 0;
    for (struct mp_iter it = mp_items(map); mp_iter_next(&it);)
        if (!creating_skips(c, v, metadata, it.key, it.value))
            all[count++] = (struct owned){it.key, it.value};
    if (!owned_sort(all, count)) return false;
    creating_begin(c, count, itself);
    bool good = true;
    for (uint32_t i = 0; good && i < count; i++) {
        struct view member = view_member(v, all[i].text);
        creating_step(c, STEP_FIELD, all[i].text);
        if (v.depth == 0 && str_is(all[i].text, "metadata")) {
            member.how = view_of(member, all[i].value);
            good = creating_map(c, member, all[i].value, true, false);
        } else {
            good = creating_value(c, member, all[i].value, !view_is_given(v, member));
        }
    }
    return good;
}

static bool creating_list(struct creating *c, struct view v, struct mp list, bool itself)
{
    struct owned *all = arena_array(c->arena, struct owned, list.count);
    enum step_kind kind = v.field->list_keys || v.field->merge_key ? STEP_KEY : STEP_VALUE;
    uint32_t count = 0;
    for (struct mp_iter it = mp_items(list); mp_iter_next(&it);)
        all[count++] = (struct owned){view_step(c->arena, v, it.value).text, it.value};
    if (!owned_sort(all, count)) return false;
    creating_begin(c, count, itself);
    bool good = true;
    for (uint32_t i = 0; good && i < count; i++) {
        creating_step(c, kind, all[i].text);
        good = creating_value(c, view_element(v), all[i].value, true);
    }
    return good;
}

static bool creating_value(struct creating *c, struct view v, struct mp value, bool itself)
{
    v.how = view_of(v, value);
    if (v.how == VIEW_LEAF || value.count == 0) {
        mp_put_map(&c->out, 0);
        return true;
    }
    if (v.how == VIEW_LIST) return creating_list(c, v, value, itself);
    return creating_map(c, v, value, false, itself);
}

bool managers_create(struct managers *m, const struct writer *w, struct mp doc)
{
    struct creating c = {.arena = m->arena, .writer = w};
    char time[TIME_TEXT];
    buf_reserve(&c.out, doc.raw.n);
    bool good = creating_map(&c, view_root(w->type), doc, false, false);
    bool some = good && mp_whole(c.out.data, c.out.len).count > 0;
    if (some) {
        time_format_s(w->now_s, time);
        struct manager *self = managers_find(m, w, false);
        self->time = (struct str){arena_text(m->arena, str_of(time)), strlen(time)};
        self->written =
            (struct str){arena_text(m->arena, (struct str){c.out.data, c.out.len}), c.out.len};
    }
    buf_free(&c.out);
    return good;
}
