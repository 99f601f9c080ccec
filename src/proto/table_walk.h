/* The pairs of a map, read front to back where rows are many: with less to hold and to copy than an
 * mp_iter, and nearly always without a call for a key. Private to the table files. */
#ifndef LOGSHIP_PROTO_TABLE_WALK_H
#define LOGSHIP_PROTO_TABLE_WALK_H

#include "proto/mp.h"

struct table_walk {
    struct mp_cursor at;
    uint32_t left;
};

static inline struct table_walk table_walk_of(const char *bytes, size_t n)
{
    struct table_walk w = {{bytes, bytes + n}, 0};
    struct mp head;
    if (mp_step(&w.at, &head) && head.type == MP_MAP) w.left = head.count;
    return w;
}

/* A text of up to 31 bytes, as nearly every key is, has its length in its first byte. */
static inline bool table_walk_short(struct table_walk *w, struct str *text)
{
    enum { SHORT = 0xa0, SHORT_MAX = 31 };
    if (w->at.p >= w->at.end) return false;
    size_t n = (unsigned char)*w->at.p ^ SHORT;
    if (n > SHORT_MAX || (size_t)(w->at.end - w->at.p) <= n) return false;
    *text = (struct str){w->at.p + 1, n};
    w->at.p += 1 + n;
    return true;
}

/* Stands before the key's value then, which is to be taken from `at`, or passed over. */
static inline bool table_walk_key(struct table_walk *w, struct str *key)
{
    struct mp v;
    if (!w->left) return false;
    w->left--;
    if (table_walk_short(w, key)) return true;
    if (!mp_next(&w->at, &v) || v.type != MP_STR) return false;
    *key = v.s;
    return true;
}

static inline void table_walk_past(struct table_walk *w)
{
    struct str text;
    struct mp v;
    if (!table_walk_short(w, &text) && !mp_next(&w->at, &v)) w->left = 0;
}

static inline struct mp table_walk_value(struct table_walk *w)
{
    struct mp v;
    if (!mp_next(&w->at, &v)) w->left = 0;
    return v;
}

#endif
