#include "base/buf.h"
#include "base/mem.h"
#include "proto/admit.h"

enum {
    CAUSES_MAX = 64
}; /* a hostile list of a million bad items is not worth a million sentences */

void causes_add(struct causes *c, const char *reason, const char *field, const char *format, ...)
{
    if (c->count == CAUSES_MAX) return;
    if (c->count == c->cap) {
        c->cap = c->cap ? 2 * c->cap : 4;
        c->items = mem_resize(c->items, c->cap * sizeof *c->items);
    }
    struct buf message = BUF_INIT;
    buf_reserve(&message, 1)[0] = '\0';
    va_list args;
    va_start(args, format);
    buf_vprintf(&message, format, args);
    va_end(args);
    c->items[c->count++] = (struct cause){reason, mem_strdup(field), buf_detach(&message)};
}

void causes_free(struct causes *c)
{
    for (size_t i = 0; i < c->count; i++) {
        mem_free(c->items[i].field);
        mem_free(c->items[i].message);
    }
    mem_free(c->items);
    *c = (struct causes){0};
}
