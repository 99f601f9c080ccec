#include "proto/mp.h"

#include <msgpack.h>

static int mp_sink(void *data, const char *bytes, size_t n)
{
    buf_append(data, bytes, n);
    return 0;
}

static msgpack_packer mp_packer(struct buf *b)
{
    return (msgpack_packer){.data = b, .callback = mp_sink};
}

#define MP_PACK(b, call, ...)                                                                      \
    do {                                                                                           \
        msgpack_packer packer = mp_packer(b);                                                      \
        call(&packer, ##__VA_ARGS__);                                                              \
    } while (0)

void mp_put_nil(struct buf *b)
{
    MP_PACK(b, msgpack_pack_nil);
}

void mp_put_bool(struct buf *b, bool v)
{
    if (v)
        MP_PACK(b, msgpack_pack_true);
    else
        MP_PACK(b, msgpack_pack_false);
}

void mp_put_int(struct buf *b, int64_t v)
{
    MP_PACK(b, msgpack_pack_int64, v);
}
void mp_put_uint(struct buf *b, uint64_t v)
{
    MP_PACK(b, msgpack_pack_uint64, v);
}
void mp_put_double(struct buf *b, double v)
{
    MP_PACK(b, msgpack_pack_double, v);
}

void mp_put_str_head(struct buf *b, size_t n)
{
    MP_PACK(b, msgpack_pack_str, n);
}

void mp_put_str(struct buf *b, struct str s)
{
    if (s.n >= 32) {
        mp_put_str_head(b, s.n);
        buf_append(b, s.p, s.n);
        return;
    }
    char *to = buf_reserve(b, s.n + 1); /* as nearly all are */
    *to = (char)(0xa0 | s.n);
    if (s.n) memcpy(to + 1, s.p, s.n);
    b->len += s.n + 1;
    b->data[b->len] = '\0';
}

void mp_put_z(struct buf *b, const char *z)
{
    mp_put_str(b, str_of(z));
}

void mp_put_bin(struct buf *b, const void *bytes, size_t n)
{
    MP_PACK(b, msgpack_pack_bin, n);
    buf_append(b, bytes, n);
}

void mp_put_array(struct buf *b, uint32_t count)
{
    MP_PACK(b, msgpack_pack_array, count);
}
void mp_put_map(struct buf *b, uint32_t count)
{
    MP_PACK(b, msgpack_pack_map, count);
}
void mp_put_raw(struct buf *b, struct str encoded)
{
    buf_append(b, encoded.p, encoded.n);
}
void mp_put(struct buf *b, struct mp v)
{
    mp_put_raw(b, v.raw);
}

size_t mp_begin(struct buf *b)
{
    size_t mark = b->len;
    buf_putc(b, '\0');
    return mark;
}

static void mp_end(struct buf *b, size_t mark, uint32_t count, bool map)
{
    char space[16];
    struct buf head = {.data = space, .cap = sizeof space};
    if (map)
        mp_put_map(&head, count);
    else
        mp_put_array(&head, count);
    if (head.len > 1) {
        buf_reserve(b, head.len - 1);
        memmove(b->data + mark + head.len, b->data + mark + 1, b->len - mark - 1);
        b->len += head.len - 1;
        b->data[b->len] = '\0';
    }
    memcpy(b->data + mark, space, head.len);
}

void mp_end_map(struct buf *b, size_t mark, uint32_t pairs)
{
    mp_end(b, mark, pairs, true);
}
void mp_end_array(struct buf *b, size_t mark, uint32_t items)
{
    mp_end(b, mark, items, false);
}
