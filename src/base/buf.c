#include "base/buf.h"

#include "base/mem.h"

#include <stdbool.h>
#include <stdio.h>

char *buf_reserve(struct buf *b, size_t extra)
{
    if (b->cap - b->len < extra + 1 || !b->data) {
        size_t cap = b->cap ? b->cap : 64;
        while (cap < b->len + extra + 1) cap *= 2;
        b->data = mem_resize(b->data, cap);
        b->cap = cap;
    }
    return b->data + b->len;
}

void buf_append(struct buf *b, const void *bytes, size_t n)
{
    if (b->cap - b->len <= n) buf_reserve(b, n);
    if (n) memcpy(b->data + b->len, bytes, n);
    b->len += n;
    b->data[b->len] = '\0';
}

static void buf_put_digits(struct buf *b, uint64_t n, bool negative)
{
    char text[24];
    size_t at = sizeof text;
    do {
        text[--at] = (char)('0' + n % 10);
        n /= 10;
    } while (n);
    if (negative) text[--at] = '-';
    buf_append(b, text + at, sizeof text - at);
}

void buf_put_int(struct buf *b, int64_t n)
{
    buf_put_digits(b, n < 0 ? 0 - (uint64_t)n : (uint64_t)n, n < 0);
}

void buf_put_uint(struct buf *b, uint64_t n)
{
    buf_put_digits(b, n, false);
}

void buf_putc(struct buf *b, char c)
{
    if (b->cap - b->len <= 1) buf_reserve(b, 1);
    b->data[b->len++] = c;
    b->data[b->len] = '\0';
}

void buf_vprintf(struct buf *b, const char *format, va_list args)
{
    va_list again;
    va_copy(again, args);
    size_t room = b->cap - b->len;
    int n = vsnprintf(room ? b->data + b->len : NULL, room, format, args);
    if (n > 0 && (size_t)n >= room)
        vsnprintf(buf_reserve(b, (size_t)n), (size_t)n + 1, format, again);
    if (n > 0) b->len += (size_t)n;
    va_end(again);
}

void buf_printf(struct buf *b, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    buf_vprintf(b, format, args);
    va_end(args);
}

void buf_consume(struct buf *b, size_t n)
{
    if (n >= b->len) {
        b->len = 0;
        return;
    }
    memmove(b->data, b->data + n, b->len - n);
    b->len -= n;
    b->data[b->len] = '\0';
}

void buf_clear(struct buf *b)
{
    b->len = 0;
}

void buf_free(struct buf *b)
{
    mem_free(b->data);
    *b = BUF_INIT;
}

char *buf_detach(struct buf *b)
{
    buf_reserve(b, 0)[0] = '\0';
    char *data = b->data;
    *b = BUF_INIT;
    return data;
}
