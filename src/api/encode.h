/* Objects and lists as JSON, in the form the client asked for. */
#ifndef LOGSHIP_API_ENCODE_H
#define LOGSHIP_API_ENCODE_H

#include "api/accept.h"
#include "proto/object.h"

struct api;

struct encoder {
    const struct kind_version *version;
    struct form form;
    const unsigned char *seal_key;
};
struct encoder encoder_of(const struct api *a, const struct kind_version *version,
                          struct form form);

/* One object. `columns`: a table tells its columns (a watch does so in its first event only). */
void encode_object(const struct encoder *e, struct object *o, bool columns, struct buf *json);
/* An object that only bears a revision, as bookmarks do. `all_told`: the one that ends the objects
 * a watch begins with. */
void encode_bookmark(const struct encoder *e, uint64_t revision, bool all_told, struct buf *json);

/* A list: head, items, tail. */
struct list_head {
    uint64_t revision;
    const char *next;  /* continue token, or NULL */
    int64_t remaining; /* -1: not told */
};
void encode_list_head(const struct encoder *e, const struct list_head *head, struct buf *json);
/* Items from `at` on, with their commas, until all are written or `json` is as long as `enough`;
 * returns where to go on. */
size_t encode_items(const struct encoder *e, struct object *const *objects, size_t at, size_t count,
                    size_t enough, struct buf *json);
void encode_list_tail(struct buf *json);

#endif
