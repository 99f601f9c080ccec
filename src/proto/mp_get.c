/* Looking into values, and at what they are. */
#include "proto/mp.h"

/* Leaves the cursor, which stands before the first of so many pairs, before the value of this key.
 * Values of other keys are passed over, not looked at. */
static bool mp_seek(struct mp_cursor *c, uint32_t pairs, struct str key)
{
    for (struct mp found; pairs; pairs--) {
        const char *p = c->p;
        size_t n = p < c->end ? (size_t)(unsigned char)*p - 0xa0 : 32;
        if (n < 32 && (size_t)(c->end - p) > n) { /* as nearly all keys are */
            found.s = (struct str){p + 1, n};
            c->p += 1 + n;
        } else if (!mp_step(c, &found) || found.type != MP_STR) {
            return false;
        }
        if (str_eq(found.s, key)) return true;
        if (!mp_skip(c, 1)) return false;
    }
    return false;
}

struct mp mp_get_str(struct mp map, struct str key)
{
    struct mp found = {0};
    struct mp_iter it = mp_items(map);
    if (it.map && mp_seek(&it.c, it.left, key)) mp_next(&it.c, &found);
    return found;
}

/* Maps on the way are entered, without first looking for their ends. */
struct mp mp_path(struct mp root, const char *dotted)
{
    struct str rest = str_of(dotted), step;
    struct mp found = {0};
    struct mp_iter it = mp_items(root);
    if (!it.map) return found;
    while (str_split(&rest, '.', &step) && mp_seek(&it.c, it.left, step)) {
        if (!rest.p) {
            mp_next(&it.c, &found);
            return found;
        }
        if (!mp_step(&it.c, &found) || found.type != MP_MAP) break;
        it.left = found.count;
    }
    return (struct mp){0};
}

struct mp mp_at(struct mp array, uint32_t index)
{
    if (array.type == MP_ARRAY)
        for (struct mp_iter it = mp_items(array); mp_iter_next(&it);)
            if (index-- == 0) return it.value;
    return (struct mp){0};
}

struct str mp_str(struct mp v)
{
    return v.type == MP_STR || v.type == MP_BIN ? v.s : (struct str){0};
}

int64_t mp_i64(struct mp v, int64_t otherwise)
{
    if (v.type == MP_INT) return v.i;
    if (v.type == MP_DOUBLE && v.d >= -9e15 && v.d <= 9e15 && v.d == (double)(int64_t)v.d)
        return (int64_t)v.d;
    return otherwise;
}

bool mp_bool(struct mp v, bool otherwise)
{
    return v.type == MP_BOOL ? v.b : otherwise;
}
