/* Copies of maps with some of their fields changed. */
#ifndef LOGSHIP_API_EDIT_H
#define LOGSHIP_API_EDIT_H

#include "proto/mp.h"

struct edit {
    const char *key;
    struct str value; /* encoded; p == NULL: the field is dropped */
};
enum { EDITS_MAX = 16 };

/* Appends `map` (anything but a map counts as {}) with the edits made; new fields go last. */
void edit_map(struct mp map, const struct edit *edits, size_t count, struct buf *out);
static inline struct str edit_bytes(const struct buf *b)
{
    return (struct str){b->data, b->len};
}

#endif
