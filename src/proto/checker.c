#include "proto/checker.h"

#include "base/mem.h"
#include "proto/json.h"

#include <stdlib.h>

static void check_path(const struct checker *c, const char *sub, struct buf *out)
{
    buf_puts(out, path_text(&c->path));
    if (out->len && *sub && *sub != '[') buf_putc(out, '.');
    buf_puts(out, sub);
}

void check_add(struct checker *c, const char *reason, const char *sub, const char *format, ...)
{
    struct buf path buf_auto = BUF_INIT, message buf_auto = BUF_INIT;
    check_path(c, sub, &path);
    va_list args;
    va_start(args, format);
    buf_vprintf(&message, format, args);
    va_end(args);
    causes_add(c->causes, reason, path.data, "%s", message.data);
}

void check_required(struct checker *c, const char *sub, const char *why)
{
    check_add(c, "FieldValueRequired", sub, "Required value%s%s", why ? ": " : "", why ? why : "");
}

void check_invalid(struct checker *c, const char *sub, struct mp value, const char *why)
{
    check_add(c, "FieldValueInvalid", sub, "Invalid value: %s: %s", check_go(c, value), why);
}

void check_invalid_str(struct checker *c, const char *sub, struct str value, const char *why)
{
    check_add(c, "FieldValueInvalid", sub, "Invalid value: %s: %s", check_quote(c, value), why);
}

void check_forbidden(struct checker *c, const char *sub, const char *why)
{
    check_add(c, "FieldValueForbidden", sub, "Forbidden: %s", why);
}

void check_duplicate(struct checker *c, const char *sub, struct str value)
{
    check_add(c, "FieldValueDuplicate", sub, "Duplicate value: %s", check_quote(c, value));
}

void check_not_found(struct checker *c, const char *sub, struct str value)
{
    check_add(c, "FieldValueNotFound", sub, "Not found: %s", check_quote(c, value));
}

void check_unsupported(struct checker *c, const char *sub, struct str value,
                       const char *const *choices)
{
    struct buf text buf_auto = BUF_INIT;
    for (size_t i = 0; choices[i]; i++) buf_printf(&text, "%s\"%s\"", i ? ", " : "", choices[i]);
    check_add(c, "FieldValueNotSupported", sub, "Unsupported value: %s: supported values: %s",
              check_quote(c, value), text.data);
}

static void check_put_quoted(struct str text, struct buf *out)
{
    enum { SHOWN_MAX = 1024 };
    size_t shown = text.n < SHOWN_MAX ? text.n : SHOWN_MAX;
    buf_putc(out, '"');
    for (size_t i = 0; i < shown; i++) {
        unsigned char ch = (unsigned char)text.p[i];
        if (ch == '"' || ch == '\\')
            buf_printf(out, "\\%c", ch);
        else if (ch == '\n')
            buf_puts(out, "\\n");
        else if (ch == '\t')
            buf_puts(out, "\\t");
        else if (ch < 0x20 || ch == 0x7f)
            buf_printf(out, "\\x%02x", ch);
        else
            buf_putc(out, (char)ch);
    }
    buf_puts(out, shown < text.n ? "...\"" : "\"");
}

const char *check_quote(struct checker *c, struct str text)
{
    buf_clear(&c->quoted);
    check_put_quoted(text, &c->quoted);
    return c->quoted.data;
}

static int check_compare_items(const void *a, const void *b)
{
    const struct mp_iter *x = a, *y = b;
    return str_cmp(x->key, y->key);
}

/* map[string]string{"a":"b"}, sorted by key. */
static void check_put_string_map(struct mp map, struct buf *out)
{
    enum { SHOWN_MAX = 64 };
    struct mp_iter items[SHOWN_MAX];
    size_t n = 0;
    for (struct mp_iter it = mp_items(map); n < SHOWN_MAX && mp_iter_next(&it);) items[n++] = it;
    qsort(items, n, sizeof *items, check_compare_items);
    buf_puts(out, "map[string]string");
    if (map.type != MP_MAP) {
        buf_puts(out, "(nil)");
        return;
    }
    buf_putc(out, '{');
    for (size_t i = 0; i < n; i++) {
        if (i) buf_puts(out, ", ");
        check_put_quoted(items[i].key, out);
        buf_putc(out, ':');
        check_put_quoted(mp_str(items[i].value), out);
    }
    buf_putc(out, '}');
}

static bool check_is_selector(struct mp v)
{
    return v.type == MP_MAP && v.count &&
           (mp_get(v, "matchLabels").type == MP_MAP ||
            mp_get(v, "matchExpressions").type == MP_ARRAY);
}

static void check_put_selector(struct mp v, struct buf *out)
{
    struct mp expressions = mp_get(v, "matchExpressions");
    buf_puts(out, "v1.LabelSelector{MatchLabels:");
    check_put_string_map(mp_get(v, "matchLabels"), out);
    buf_puts(out, ", MatchExpressions:[]v1.LabelSelectorRequirement");
    if (expressions.type == MP_ARRAY)
        json_write(expressions, out);
    else
        buf_puts(out, "(nil)");
    buf_putc(out, '}');
}

static bool check_is_string_map(struct mp v)
{
    if (v.type != MP_MAP) return false;
    for (struct mp_iter it = mp_items(v); mp_iter_next(&it);)
        if (it.value.type != MP_STR) return false;
    return true;
}

const char *check_go(struct checker *c, struct mp v)
{
    buf_clear(&c->quoted);
    if (v.type == MP_STR)
        check_put_quoted(v.s, &c->quoted);
    else if (v.type == MP_END)
        buf_puts(&c->quoted, "\"\"");
    else if (check_is_selector(v))
        check_put_selector(v, &c->quoted);
    else if (check_is_string_map(v))
        check_put_string_map(v, &c->quoted);
    else
        json_write(v, &c->quoted);
    return c->quoted.data;
}

bool check_is_update(const struct checker *c)
{
    return c->old_root.type != MP_END;
}

bool check_empty(struct mp v)
{
    switch (v.type) {
    case MP_END:
    case MP_NIL:
        return true;
    case MP_STR:
    case MP_BIN:
        return v.s.n == 0;
    case MP_ARRAY:
    case MP_MAP:
        return v.count == 0;
    case MP_INT:
        return v.i == 0;
    default:
        return false;
    }
}
