#include "node/log_read.h"

#include "proto/timefmt.h"

#include <sys/stat.h>
#include <unistd.h>

enum { TAIL_BLOCK = 64 * 1024 };

static void log_give(struct log_filter *f, struct buf *out, const char *bytes, size_t n)
{
    if (f->limit_bytes >= 0 && (int64_t)n > f->limit_bytes) n = (size_t)f->limit_bytes;
    if (f->limit_bytes >= 0) f->limit_bytes -= (int64_t)n;
    buf_append(out, bytes, n);
}

static void log_line(struct log_filter *f, struct str line, struct buf *out)
{
    struct str time, stream, tag, text = line;
    bool framed = str_split(&text, ' ', &time) && str_split(&text, ' ', &stream) &&
                  str_split(&text, ' ', &tag);
    if (!framed || (!str_starts(tag, "F") && !str_starts(tag, "P"))) return; /* damaged */
    if (!text.p) text = STR("");
    int64_t at = 0;
    if (f->since_us && (!time_parse(time, &at) || at < f->since_us)) return;
    if (f->timestamps && !f->inside) {
        log_give(f, out, time.p, time.n);
        log_give(f, out, " ", 1);
    }
    log_give(f, out, text.p, text.n);
    f->inside = tag.p[0] == 'P';
    if (!f->inside) log_give(f, out, "\n", 1);
}

void log_filter(struct log_filter *f, struct buf *raw, struct buf *out)
{
    size_t at = 0;
    while (at < raw->len && f->limit_bytes != 0) {
        const char *line = raw->data + at, *end = memchr(line, '\n', raw->len - at);
        if (!end) break;
        log_line(f, (struct str){line, (size_t)(end - line)}, out);
        at += (size_t)(end - line) + 1;
    }
    if (at) buf_consume(raw, at);
}

off_t log_tail(int fd, int64_t n)
{
    struct stat st;
    char block[TAIL_BLOCK];
    if (fstat(fd, &st) < 0) return 0;
    off_t at = st.st_size;
    if (n <= 0) return at;
    int64_t seen = -1; /* the newline that ends the last line does not begin one */
    while (at > 0) {
        size_t take = at < (off_t)sizeof block ? (size_t)at : sizeof block;
        ssize_t got = pread(fd, block, take, at - (off_t)take);
        if (got != (ssize_t)take) return 0;
        for (size_t i = take; i-- > 0;) {
            if (block[i] == '\n' && ++seen == n) return at - (off_t)take + (off_t)i + 1;
        }
        at -= (off_t)take;
    }
    return 0;
}
