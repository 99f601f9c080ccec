/* Writing msgpack maps whose size is not known beforehand, pair by pair. */
#ifndef LOGSHIP_NODE_PUT_H
#define LOGSHIP_NODE_PUT_H

#include "proto/mp.h"
#include "proto/timefmt.h"

struct put {
    struct buf *b;
    size_t mark;
    uint32_t count;
};

static inline struct put put_begin(struct buf *b)
{
    return (struct put){b, mp_begin(b), 0};
}
static inline void put_end_map(struct put *p)
{
    mp_end_map(p->b, p->mark, p->count);
}
static inline void put_end_array(struct put *p)
{
    mp_end_array(p->b, p->mark, p->count);
}
/* The value must be written next. */
static inline void put_key(struct put *p, const char *key)
{
    mp_put_z(p->b, key);
    p->count++;
}
static inline struct put put_map(struct put *p, const char *key) /* or a list */
{
    put_key(p, key);
    return put_begin(p->b);
}
static inline struct put put_item(struct put *list) /* a map in a list */
{
    list->count++;
    return put_begin(list->b);
}
static inline void put_str(struct put *p, const char *key, struct str value)
{
    put_key(p, key);
    mp_put_str(p->b, value);
}
static inline void put_text(struct put *p, const char *key, const char *value)
{
    put_str(p, key, str_of(value));
}
static inline void put_int(struct put *p, const char *key, int64_t value)
{
    put_key(p, key);
    mp_put_int(p->b, value);
}
static inline void put_bool(struct put *p, const char *key, bool value)
{
    put_key(p, key);
    mp_put_bool(p->b, value);
}
static inline void put_time(struct put *p, const char *key, int64_t unix_s)
{
    char text[TIME_TEXT];
    time_format_s(unix_s, text);
    put_text(p, key, text);
}

#endif
