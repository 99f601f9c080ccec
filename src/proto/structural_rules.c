/* What a value must be beyond its type: bounds, patterns, choices, and the several of anyOf. */
#include "base/map.h"
#include "base/mem.h"
#include "proto/regex.h"
#include "proto/structural_walk.h"

#include <inttypes.h>
#include <math.h>

static int64_t rune_count(struct str s)
{
    int64_t n = 0;
    for (size_t i = 0; i < s.n; i++) n += ((unsigned char)s.p[i] & 0xc0) != 0x80;
    return n;
}

static void rules_string(struct walk *w, const struct structural_rules *r, struct mp v)
{
    if (r->max_length >= 0 && rune_count(v.s) > r->max_length)
        say_invalid(w, v, "should be at most %" PRId64 " chars long", r->max_length);
    if (r->min_length >= 0 && rune_count(v.s) < r->min_length)
        say_invalid(w, v, "should be at least %" PRId64 " chars long", r->min_length);
    if (!walk_spend(w, v.s.n / 16)) return;
    if (r->pattern && !regex_matches(r->pattern, v.s))
        say_invalid(w, v, "should match '%.*s'", (int)r->pattern_text.n, r->pattern_text.p);
    if (r->format && !structural_format_matches(r->format, v.s))
        say_invalid(w, v, "must be of type %s: \"%.*s\"", structural_format_name(r->format),
                    (int)(v.s.n < 1024 ? v.s.n : 1024), v.s.p);
}

static double number_value(struct mp v)
{
    return v.type == MP_DOUBLE ? v.d : v.type == MP_UINT ? (double)v.u : (double)v.i;
}

static void rules_number(struct walk *w, const struct structural_rules *r, struct mp v)
{
    double d = number_value(v);
    buf_auto struct buf bound = BUF_INIT;
    if (r->has_maximum && (r->exclusive_maximum ? d >= r->maximum : d > r->maximum)) {
        say_number(r->maximum, &bound);
        say_invalid(w, v, "should be less than %s%s", r->exclusive_maximum ? "" : "or equal to ",
                    bound.data);
    }
    buf_clear(&bound);
    if (r->has_minimum && (r->exclusive_minimum ? d <= r->minimum : d < r->minimum)) {
        say_number(r->minimum, &bound);
        say_invalid(w, v, "should be greater than %s%s", r->exclusive_minimum ? "" : "or equal to ",
                    bound.data);
    }
    buf_clear(&bound);
    if (r->multiple_of > 0 && fmod(d, r->multiple_of) != 0) {
        say_number(r->multiple_of, &bound);
        say_invalid(w, v, "should be a multiple of %s", bound.data);
    }
}

static void rules_count(struct walk *w, struct mp v, int64_t low, int64_t high, const char *what)
{
    if (high >= 0 && v.count > high)
        say_invalid(w, v, "should have at most %" PRId64 " %s", high, what);
    if (low >= 0 && v.count < low)
        say_invalid(w, v, "should have at least %" PRId64 " %s", low, what);
}

static void rules_map(struct walk *w, const struct structural_rules *r, struct mp v)
{
    rules_count(w, v, r->min_properties, r->max_properties, "properties");
    if (r->required.type != MP_ARRAY || !walk_spend(w, (uint64_t)r->required.count * v.count))
        return;
    for (struct mp_iter it = mp_items(r->required); mp_iter_next(&it);)
        if (mp_get_str(v, mp_str(it.value)).type == MP_END) say_required(w, mp_str(it.value));
}

static void rules_enum(struct walk *w, const struct structural_rules *r, struct mp v)
{
    if (r->one_of_values.type != MP_ARRAY || !walk_spend(w, r->one_of_values.count)) return;
    for (struct mp_iter it = mp_items(r->one_of_values); mp_iter_next(&it);)
        if (mp_same(it.value, v)) return;
    say_not_supported(w, v, r->one_of_values);
}

/* Checks apart; returns how much was wrong, with the causes for who wants them. */
static size_t rules_try(struct walk *w, const struct structural *s, struct mp v, struct causes *out)
{
    struct causes *mine = w->causes;
    w->causes = out;
    walk_value(w, s, v);
    w->causes = mine;
    return out->count;
}

static void causes_move(struct causes *from, struct causes *to)
{
    for (size_t i = 0; i < from->count; i++)
        causes_add(to, from->items[i].reason, from->items[i].field, "%s", from->items[i].message);
}

/* How many hold. When none does, `nearest` gets what is wrong with the one that fails least. */
static uint32_t rules_count_good(struct walk *w, const struct structural_several *all, struct mp v,
                                 struct causes *nearest)
{
    uint32_t good = 0;
    for (uint32_t i = 0; i < all->count; i++) {
        struct causes tried = {0};
        if (rules_try(w, all->items[i], v, &tried) == 0) good++;
        bool nearer = !nearest->count || tried.count < nearest->count;
        if (nearer) {
            causes_free(nearest);
            *nearest = tried;
        } else {
            causes_free(&tried);
        }
    }
    return good;
}

static void rules_several(struct walk *w, const struct structural_rules *r, struct mp v)
{
    struct causes nearest = {0}, negated = {0};
    if (r->any_of.count && !rules_count_good(w, &r->any_of, v, &nearest)) {
        say_several(w, "must validate at least one schema (anyOf)");
        causes_move(&nearest, w->causes);
    }
    causes_free(&nearest);
    uint32_t good = r->one_of.count ? rules_count_good(w, &r->one_of, v, &nearest) : 1;
    if (good == 0) {
        say_several(w, "must validate one and only one schema (oneOf). Found none valid");
        causes_move(&nearest, w->causes);
    } else if (good > 1) {
        say_several(w, "must validate one and only one schema (oneOf). Found %u valid alternatives",
                    good);
    }
    causes_free(&nearest);
    size_t before = w->causes->count;
    for (uint32_t i = 0; i < r->all_of.count; i++) walk_value(w, r->all_of.items[i], v);
    if (w->causes->count > before) say_several(w, "must validate all the schemas (allOf)");
    if (r->not &&rules_try(w, r->not, v, &negated) == 0)
        say_several(w, "must not validate the schema (not)");
    causes_free(&negated);
}

static void rules_unique(struct walk *w, struct mp list)
{
    struct map seen = {0};
    for (struct mp_iter it = mp_items(list); mp_iter_next(&it);)
        if (map_put(&seen, it.value.raw.p, it.value.raw.n, &seen)) {
            say_invalid(w, list, "shouldn't contain duplicates");
            break;
        }
    map_free(&seen);
}

void walk_rules(struct walk *w, const struct structural *s, struct mp v)
{
    const struct structural_rules *r = s->rules;
    if (v.type == MP_STR) rules_string(w, r, v);
    if (v.type == MP_INT || v.type == MP_UINT || v.type == MP_DOUBLE) rules_number(w, r, v);
    if (v.type == MP_ARRAY) rules_count(w, v, r->min_items, r->max_items, "items");
    if (v.type == MP_ARRAY && r->unique_items) rules_unique(w, v);
    if (v.type == MP_MAP) rules_map(w, r, v);
    rules_enum(w, r, v);
    rules_several(w, r, v);
}

/* The keys of an item of a list-type map, as a map of their own. Defaults were filled in before. */
static void key_of_item(const struct structural *s, struct mp item, struct buf *out)
{
    uint32_t pairs = 0;
    size_t mark = mp_begin(out);
    for (struct mp_iter it = mp_items(s->list_keys); mp_iter_next(&it);) {
        struct mp v = mp_get_str(item, mp_str(it.value));
        if (v.type == MP_END) continue;
        mp_put_str(out, mp_str(it.value));
        mp_put(out, v);
        pairs++;
    }
    mp_end_map(out, mark, pairs);
}

void walk_list_keys(struct walk *w, const struct structural *s, struct mp list)
{
    struct map seen = {0};
    unsigned i = 0;
    mem_auto struct buf *keys = mem_zalloc((list.count + 1) * sizeof *keys);
    for (struct mp_iter it = mp_items(list); mp_iter_next(&it); i++) {
        if (s->list == STRUCTURAL_MAP)
            key_of_item(s, it.value, &keys[i]);
        else
            mp_put(&keys[i], it.value);
        if (!map_put(&seen, keys[i].data, keys[i].len, keys)) continue;
        size_t mark = path_index(&w->path, i);
        say_duplicate(w, mp_read(keys[i].data, keys[i].len));
        path_cut(&w->path, mark);
    }
    for (unsigned k = 0; k < i; k++) buf_free(&keys[k]);
    map_free(&seen);
}
