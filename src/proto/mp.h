/* msgpack, read in place and written in canonical form.
 *
 * Writing goes through msgpack-c's packer into a buf. Reading is a cursor over bytes that somebody
 * else keeps: no tree is built and nothing is allocated, because documents are read field by field
 * on the hot path. A cursor never runs past its end, whatever the bytes are: every step is checked,
 * and mp_valid() proves a whole value (depth, lengths, UTF-8 of strings, map keys are strings)
 * once, at the edge where bytes come in.
 *
 * Canonical form (what makes equal documents equal bytes): shortest encodings, map keys in the
 * order of their first appearance as the client sent them. Numbers: int64/uint64 stay integers,
 * others are doubles. Types used: nil, bool, int, double, str, bin, array, map (string keys). */
#ifndef LOGSHIP_PROTO_MP_H
#define LOGSHIP_PROTO_MP_H

#include "base/buf.h"
#include "base/str.h"

#include <stdbool.h>

enum mp_type {
    MP_END,
    MP_NIL,
    MP_BOOL,
    MP_INT,
    MP_UINT,
    MP_DOUBLE,
    MP_STR,
    MP_BIN,
    MP_ARRAY,
    MP_MAP
};

/* A value: its kind, its scalar, and the bytes it covers. MP_INT holds negatives and everything up
 * to INT64_MAX; MP_UINT only what is above. */
struct mp {
    enum mp_type type; /* MP_END: there is no value */
    union {
        bool b;
        int64_t i;
        uint64_t u;
        double d;
        uint32_t count; /* of array elements, or of map pairs */
    };
    struct str s;   /* of str and bin */
    struct str raw; /* the whole encoded value, children included when got by mp_read/mp_get */
};

struct mp_cursor {
    const char *p, *end;
};

enum { MP_DEPTH_MAX = 64 };

/* Reads one whole value (containers are skipped over; raw spans them); false at the end or on
 * damage. */
bool mp_next(struct mp_cursor *c, struct mp *out);
/* Reads one header: a scalar whole, of a container only its count, so that the cursor then stands
 * before the first element (or key). For one pass over everything; `raw` is not set. */
bool mp_step(struct mp_cursor *c, struct mp *out);
/* Passes over so many values with all that they contain; false at the end or on damage. */
bool mp_skip(struct mp_cursor *c, uint64_t values);
struct mp mp_read(const void *bytes, size_t n); /* the one value at the front, MP_END if damaged */
/* The same in no time, of bytes that are known to be one whole value. */
static inline struct mp mp_whole(const char *bytes, size_t n)
{
    struct mp v;
    struct mp_cursor c = {bytes, n ? bytes + n : bytes};
    memset(&v, 0, sizeof v);
    if (mp_step(&c, &v)) v.raw = (struct str){bytes, n};
    return v;
}
bool mp_valid(const void *bytes, size_t n); /* exactly one well-formed value, nothing after it */

/* Iterating: for (struct mp_iter it = mp_items(v); mp_iter_next(&it);) it.key (maps), it.value.
 * Of anything but a map or array there is nothing to iterate. */
struct mp_iter {
    struct mp_cursor c;
    uint32_t left;
    bool map;
    struct str key;
    struct mp value;
};
struct mp_iter mp_items(struct mp container);
bool mp_iter_next(struct mp_iter *it);

/* Field of a map, or MP_END. */
struct mp mp_get_str(struct mp map, struct str key);
static inline struct mp mp_get(struct mp map, const char *key)
{
    return mp_get_str(map, str_of(key)); /* inline: the length of a literal is known */
}
/* "metadata.labels" walks maps by keys without dots; mp_at walks an array. */
struct mp mp_path(struct mp root, const char *dotted);
struct mp mp_at(struct mp array, uint32_t index);
static inline bool mp_is(struct mp v, const char *text) /* a string with this text */
{
    return v.type == MP_STR && str_is(v.s, text);
}
struct str mp_str(struct mp v);                 /* text of str/bin, else {0} */
int64_t mp_i64(struct mp v, int64_t otherwise); /* integral number, else otherwise */
bool mp_bool(struct mp v, bool otherwise);
bool mp_same(struct mp a, struct mp b); /* equal values; map order does not matter, 1 == 1.0 not */

/* Writing. Containers are announced with their count first. */
void mp_put_nil(struct buf *b);
void mp_put_bool(struct buf *b, bool v);
void mp_put_int(struct buf *b, int64_t v);
void mp_put_uint(struct buf *b, uint64_t v);
void mp_put_double(struct buf *b, double v);
void mp_put_str(struct buf *b, struct str s);
void mp_put_str_head(struct buf *b, size_t n); /* the caller appends the n bytes */
void mp_put_z(struct buf *b, const char *z);
void mp_put_bin(struct buf *b, const void *bytes, size_t n);
void mp_put_array(struct buf *b, uint32_t count);
void mp_put_map(struct buf *b, uint32_t count);
void mp_put_raw(struct buf *b, struct str encoded); /* bytes that are a value already */
void mp_put(struct buf *b, struct mp v);            /* the value's raw bytes */

/* A map or array whose count is not known when it is begun: a header of one byte, which is widened
 * at the end if so many are in it (canonical). Marks nest. */
size_t mp_begin(struct buf *b);
void mp_end_map(struct buf *b, size_t mark, uint32_t pairs);
void mp_end_array(struct buf *b, size_t mark, uint32_t items);

#endif
