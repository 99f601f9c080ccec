/* Compiled label selectors: building, matching, writing. Parsing is in selector_parse.c. */
#include "base/mem.h"
#include "proto/names.h"
#include "proto/selector_inner.h"

struct selector *selector_new(struct str text)
{
    struct selector *s = mem_new(struct selector);
    s->text = mem_strndup(text.n ? text.p : "", text.n);
    return s;
}

void selector_free(struct selector *s)
{
    if (!s) return;
    for (size_t i = 0; i < s->count; i++) mem_free(s->items[i].values);
    mem_free(s->items);
    mem_free(s->text);
    mem_free(s);
}

struct requirement *selector_add(struct selector *s, struct str key, enum selector_op op)
{
    if (s->count == s->cap) {
        s->cap = s->cap ? 2 * s->cap : 4;
        s->items = mem_resize(s->items, s->cap * sizeof *s->items);
    }
    struct requirement *r = &s->items[s->count++];
    *r = (struct requirement){.key = key, .op = op};
    return r;
}

void requirement_add(struct requirement *r, struct str value)
{
    if (r->count == r->cap) {
        r->cap = r->cap ? 2 * r->cap : 1;
        r->values = mem_resize(r->values, r->cap * sizeof *r->values);
    }
    r->values[r->count++] = value;
}

static int selector_order_str(const void *a, const void *b)
{
    return str_cmp(*(const struct str *)a, *(const struct str *)b);
}

static void requirement_sort(struct requirement *r)
{
    size_t kept = 0;
    if (r->count) qsort(r->values, r->count, sizeof *r->values, selector_order_str);
    for (size_t i = 0; i < r->count; i++)
        if (!kept || !str_eq(r->values[i], r->values[kept - 1])) r->values[kept++] = r->values[i];
    r->count = kept;
}

int requirement_check(struct requirement *r, struct error *err)
{
    const char *wrong = name_check_qualified(r->key);
    if (wrong)
        return error_set(err, E_INVALID, "invalid label key \"%.*s\": %s", (int)r->key.n, r->key.p,
                         wrong);
    requirement_sort(r);
    if ((r->op == OP_IN || r->op == OP_NOTIN) && !r->count)
        return error_set(err, E_INVALID, "for 'in', 'notin' operators, values set can't be empty");
    if ((r->op == OP_EXISTS || r->op == OP_ABSENT) && r->count)
        return error_set(err, E_INVALID, "values set must be empty for exists and does not exist");
    if ((r->op == OP_GREATER || r->op == OP_LESS) && !str_to_i64(r->values[0], &r->number))
        return error_set(err, E_INVALID, "for 'Gt', 'Lt' operators, the value must be an integer");
    for (size_t i = 0; i < r->count; i++) {
        struct str value = r->values[i];
        wrong = name_check_label_value(value);
        if (wrong)
            return error_set(err, E_INVALID, "invalid label value: \"%.*s\": at key: \"%.*s\": %s",
                             (int)value.n, value.p, (int)r->key.n, r->key.p, wrong);
    }
    return 0;
}

static bool requirement_lists(const struct requirement *r, struct str value)
{
    if (r->count == 1) return str_eq(r->values[0], value);
    return r->count && bsearch(&value, r->values, r->count, sizeof value, selector_order_str);
}

static bool requirement_matches(const struct requirement *r, struct mp labels)
{
    struct mp label = mp_get_str(labels, r->key);
    bool there = label.type == MP_STR;
    int64_t number;
    switch (r->op) {
    case OP_EQUALS:
    case OP_DOUBLE_EQUALS:
    case OP_IN:
        return there && requirement_lists(r, label.s);
    case OP_NOT_EQUALS:
    case OP_NOTIN:
        return !there || !requirement_lists(r, label.s);
    case OP_EXISTS:
        return there;
    case OP_ABSENT:
        return !there;
    case OP_GREATER:
        return there && str_to_i64(label.s, &number) && number > r->number;
    case OP_LESS:
        return there && str_to_i64(label.s, &number) && number < r->number;
    }
    return false;
}

bool selector_matches(const struct selector *s, struct mp labels)
{
    if (!s) return true;
    if (s->nothing) return false;
    for (size_t i = 0; i < s->count; i++)
        if (!requirement_matches(&s->items[i], labels)) return false;
    return true;
}

bool selector_demands(const struct selector *s, struct str *key, struct str *value)
{
    for (size_t i = 0; s && i < s->count; i++) {
        const struct requirement *r = &s->items[i];
        bool one = r->op == OP_EQUALS || r->op == OP_DOUBLE_EQUALS || r->op == OP_IN;
        if (!one || r->count != 1) continue;
        *key = r->key;
        *value = r->values[0];
        return true;
    }
    return false;
}

static void requirement_format(const struct requirement *r, struct buf *out)
{
    static const char *const between[] = {
        [OP_EQUALS] = "=", [OP_DOUBLE_EQUALS] = "==", [OP_NOT_EQUALS] = "!=",
        [OP_IN] = " in (", [OP_NOTIN] = " notin (",   [OP_EXISTS] = "",
        [OP_ABSENT] = "",  [OP_GREATER] = ">",        [OP_LESS] = "<",
    };
    if (r->op == OP_ABSENT) buf_putc(out, '!');
    buf_append(out, r->key.p, r->key.n);
    buf_puts(out, between[r->op]);
    for (size_t i = 0; i < r->count; i++) {
        if (i) buf_putc(out, ',');
        buf_append(out, r->values[i].p, r->values[i].n);
    }
    if (r->op == OP_IN || r->op == OP_NOTIN) buf_putc(out, ')');
}

static int selector_order_key(const void *a, const void *b)
{
    const struct requirement *x = *(const struct requirement *const *)a,
                             *y = *(const struct requirement *const *)b;
    int order = str_cmp(x->key, y->key);
    if (order) return order;
    return x < y ? -1 : x > y; /* as written */
}

void selector_format(const struct selector *s, struct buf *out)
{
    if (!s || !s->count) return;
    const struct requirement **sorted = mem_alloc(s->count * sizeof(struct requirement *));
    for (size_t i = 0; i < s->count; i++) sorted[i] = &s->items[i];
    qsort(sorted, s->count, sizeof(struct requirement *), selector_order_key);
    for (size_t i = 0; i < s->count; i++) {
        if (i) buf_putc(out, ',');
        requirement_format(sorted[i], out);
    }
    mem_free(sorted);
}
