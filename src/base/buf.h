/* A growing byte buffer. Owned by one thread at a time; `data` is always NUL-terminated beyond
 * `len` once anything was appended, so that text can be printed. */
#ifndef LOGSHIP_BASE_BUF_H
#define LOGSHIP_BASE_BUF_H

#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

struct buf {
    char *data;
    size_t len;
    size_t cap;
};

#define BUF_INIT ((struct buf){0})

char *buf_reserve(struct buf *b, size_t extra); /* room for extra bytes; returns the write place */
void buf_append(struct buf *b, const void *bytes, size_t n);
static inline void buf_puts(struct buf *b, const char *text)
{
    buf_append(b, text, strlen(text)); /* inline: the length of a literal is known */
}
void buf_put_int(struct buf *b, int64_t n);   /* in decimal; without printf: lists are full of */
void buf_put_uint(struct buf *b, uint64_t n); /* numbers */
void buf_putc(struct buf *b, char c);
void buf_printf(struct buf *b, const char *format, ...) __attribute__((format(printf, 2, 3)));
void buf_vprintf(struct buf *b, const char *format, va_list args);
void buf_consume(struct buf *b, size_t n); /* drops n bytes from the front */
void buf_clear(struct buf *b);             /* len = 0, keeps the memory */
void buf_free(struct buf *b);
char *buf_detach(struct buf *b); /* hands the memory over (mem_free), the buffer is empty again */
#define buf_auto __attribute__((cleanup(buf_free)))

#endif
