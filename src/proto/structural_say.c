/* What is wrong with a value, in the words of Kubernetes' validator. */
#include "proto/json.h"
#include "proto/structural_walk.h"

#include <stdio.h>
#include <stdlib.h>

enum { SHOWN_MAX = 1024 };

const char *say_json_type(struct mp v)
{
    static const char *const names[] = {
        [MP_END] = "null",     [MP_NIL] = "null",      [MP_BOOL] = "boolean", [MP_INT] = "integer",
        [MP_UINT] = "integer", [MP_DOUBLE] = "number", [MP_STR] = "string",   [MP_BIN] = "string",
        [MP_ARRAY] = "array",  [MP_MAP] = "object",
    };
    return names[v.type];
}

/* The fewest digits that give the number back; an exponent where Go's %v has one. */
void say_number(double d, struct buf *out)
{
    char text[40];
    int digits = 0;
    do snprintf(text, sizeof text, "%.*e", digits, d);
    while (strtod(text, NULL) != d && ++digits < 17);
    const char *e = strchr(text, 'e');
    long exponent = e ? strtol(e + 1, NULL, 10) : 0;
    if (!e || exponent < -4 || exponent >= 6)
        buf_puts(out, text);
    else
        buf_printf(out, "%.*f", digits > exponent ? digits - (int)exponent : 0, d);
}

static void say_put_json(struct mp v, struct buf *out)
{
    size_t start = out->len;
    json_write(v, out);
    if (out->len - start <= SHOWN_MAX) return;
    out->len = start + SHOWN_MAX;
    while ((out->data[out->len] & 0xc0) == 0x80) out->len--; /* not inside a character */
    buf_puts(out, "...");
}

/* Containers as Go's %#v would begin them, and then as JSON: shorter than Go, and still readable.
 */
static void say_put_value(struct mp v, struct buf *out)
{
    if (v.type == MP_MAP) buf_puts(out, "map[string]interface {}");
    if (v.type == MP_ARRAY) buf_puts(out, "[]interface {}");
    if (v.type == MP_DOUBLE)
        say_number(v.d, out);
    else if (v.type == MP_END || v.type == MP_NIL)
        buf_puts(out, "\"\"");
    else
        say_put_json(v, out);
}

static const char *say_path(const struct walk *w)
{
    return w->path.len ? w->path.data : "";
}

void say_invalid(struct walk *w, struct mp value, const char *format, ...)
{
    buf_auto struct buf shown = BUF_INIT, what = BUF_INIT;
    va_list args;
    va_start(args, format);
    buf_vprintf(&what, format, args);
    va_end(args);
    say_put_value(value, &shown);
    causes_add(w->causes, "FieldValueInvalid", say_path(w), "Invalid value: %s: %s in body %s",
               shown.data, say_path(w), what.data);
}

void say_type(struct walk *w, const char *wanted, struct mp value)
{
    const char *got = say_json_type(value);
    causes_add(w->causes, "FieldValueTypeInvalid", say_path(w),
               "Invalid value: \"%s\": %s in body must be of type %s: \"%s\"", got, say_path(w),
               wanted, got);
}

void say_required(struct walk *w, struct str field)
{
    size_t mark = path_field(&w->path, field);
    causes_add(w->causes, "FieldValueRequired", say_path(w), "Required value");
    path_cut(&w->path, mark);
}

void say_not_supported(struct walk *w, struct mp value, struct mp choices)
{
    buf_auto struct buf shown = BUF_INIT, list = BUF_INIT;
    say_put_value(value, &shown);
    for (struct mp_iter it = mp_items(choices); mp_iter_next(&it);) {
        buf_puts(&list, list.len ? ", " : "");
        if (it.value.type != MP_STR) buf_putc(&list, '"');
        say_put_json(it.value, &list);
        if (it.value.type != MP_STR) buf_putc(&list, '"');
    }
    causes_add(w->causes, "FieldValueNotSupported", say_path(w),
               "Unsupported value: %s: supported values: %s", shown.data, list.data);
}

void say_duplicate(struct walk *w, struct mp value)
{
    buf_auto struct buf shown = BUF_INIT;
    say_put_value(value, &shown);
    causes_add(w->causes, "FieldValueDuplicate", say_path(w), "Duplicate value: %s", shown.data);
}

/* Of anyOf and its like Kubernetes tells the path in the text only. */
void say_several(struct walk *w, const char *format, ...)
{
    buf_auto struct buf what = BUF_INIT;
    va_list args;
    va_start(args, format);
    buf_vprintf(&what, format, args);
    va_end(args);
    causes_add(w->causes, "FieldValueInvalid", "<nil>", "Invalid value: \"\": \"%s\" %s",
               say_path(w), what.data);
}
