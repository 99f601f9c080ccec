/* Reads the fields of a frame one after the other; the first wrong one makes all of it wrong. */
#ifndef LOGSHIP_RAFT_FIELDS_H
#define LOGSHIP_RAFT_FIELDS_H

#include "proto/mp.h"

#define NUMBER_MAX (UINT64_MAX >> 2) /* indexes, terms, offsets: sums of two do not overflow */

struct fields {
    struct mp_iter it;
    bool ok;
};

static inline struct mp fields_next(struct fields *f)
{
    if (f->ok && mp_iter_next(&f->it)) return f->it.value;
    f->ok = false;
    return (struct mp){.type = MP_END};
}

static inline uint64_t fields_number(struct fields *f)
{
    struct mp v = fields_next(f);
    if (v.type != MP_INT || v.i < 0 || (uint64_t)v.i > NUMBER_MAX) {
        f->ok = false;
        return 0;
    }
    return (uint64_t)v.i;
}

static inline int64_t fields_signed(struct fields *f)
{
    struct mp v = fields_next(f);
    if (v.type != MP_INT) f->ok = false;
    return f->ok ? v.i : 0;
}

static inline uint64_t fields_nonce(struct fields *f) /* all 64 bits are used */
{
    struct mp v = fields_next(f);
    if (v.type == MP_UINT) return v.u;
    if (v.type != MP_INT || v.i < 0) f->ok = false;
    return f->ok ? (uint64_t)v.i : 0;
}

static inline bool fields_bool(struct fields *f)
{
    struct mp v = fields_next(f);
    if (v.type != MP_BOOL) f->ok = false;
    return f->ok && v.b;
}

static inline struct str fields_bin(struct fields *f, size_t max)
{
    struct mp v = fields_next(f);
    if (v.type != MP_BIN || v.s.n > max) f->ok = false;
    return f->ok ? v.s : (struct str){NULL, 0};
}

#endif
