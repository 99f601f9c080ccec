/* The path to the value under a walker ("spec.containers[0].limits[cpu]"), kept as text: each step
 * is appended, and cut off again with the mark that it returned. */
#ifndef LOGSHIP_PROTO_ADMIT_PATH_H
#define LOGSHIP_PROTO_ADMIT_PATH_H

#include "base/buf.h"
#include "base/str.h"

static inline size_t path_field(struct buf *path, struct str name)
{
    size_t mark = path->len;
    if (mark) buf_putc(path, '.');
    buf_append(path, name.p, name.n);
    return mark;
}

static inline size_t path_index(struct buf *path, unsigned index)
{
    size_t mark = path->len;
    char text[16], *at = text + sizeof text;
    *--at = ']';
    do *--at = (char)('0' + index % 10);
    while (index /= 10);
    *--at = '[';
    buf_append(path, at, (size_t)(text + sizeof text - at));
    return mark;
}

static inline size_t path_key(struct buf *path, struct str key)
{
    size_t mark = path->len;
    buf_putc(path, '[');
    buf_append(path, key.p, key.n);
    buf_putc(path, ']');
    return mark;
}

static inline void path_cut(struct buf *path, size_t mark)
{
    path->len = mark;
    if (path->data) path->data[mark] = '\0';
}

static inline const char *path_text(const struct buf *path)
{
    return path->data ? path->data : "";
}

#endif
