#include "proto/json_indent.h"

static void indent_line(const struct json_indent *s, struct buf *out)
{
    buf_putc(out, '\n');
    for (unsigned i = 0; i < s->depth; i++) buf_puts(out, "  ");
}

static void indent_in_string(struct json_indent *s, char c, struct buf *out)
{
    buf_putc(out, c);
    s->in_string = s->escaped || c != '"';
    s->escaped = !s->escaped && c == '\\';
}

static void indent_close(struct json_indent *s, char c, struct buf *out)
{
    s->depth -= s->depth > 0;
    if (!s->opened) indent_line(s, out);
    s->opened = false;
    buf_putc(out, c);
}

static void indent_value(struct json_indent *s, char c, struct buf *out)
{
    if (s->opened) indent_line(s, out);
    s->opened = c == '{' || c == '[';
    s->depth += s->opened;
    s->in_string = c == '"';
    buf_putc(out, c);
}

void json_indent(struct json_indent *s, struct str json, struct buf *out)
{
    for (size_t i = 0; i < json.n; i++) {
        char c = json.p[i];
        if (s->in_string) {
            indent_in_string(s, c, out);
        } else if (c == '}' || c == ']') {
            indent_close(s, c, out);
        } else if (c == ',') {
            buf_putc(out, c);
            indent_line(s, out);
        } else if (c == ':') {
            buf_puts(out, ": ");
        } else if (c != '\n') {
            indent_value(s, c, out);
        }
    }
}
