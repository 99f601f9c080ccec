/* A list that is read page by page: the objects as they were at its first page.
 *
 * The versions are immutable, so a snapshot is an array of references. It is kept for five minutes
 * after its last use, and only so many at a time; a page that is asked for later, or from another
 * master, is read from the log's past instead. */
#ifndef LOGSHIP_API_SNAPSHOT_H
#define LOGSHIP_API_SNAPSHOT_H

#include "base/list.h"
#include "proto/object.h"

enum { SNAPSHOTS_KEPT = 64, SNAPSHOT_KEPT_S = 300 };

struct snapshot {
    unsigned refs;
    struct list link; /* least recently used first; linked while it is kept */
    uint64_t used_ms;
    const struct kind *kind;
    char *ns; /* NULL: all */
    uint64_t revision;
    struct object **objects; /* in order of (namespace, name) */
    size_t count;
};
/* Takes the array and the references in it. */
struct snapshot *snapshot_new(const struct kind *kind, struct str ns, uint64_t revision,
                              struct object **objects, size_t count);
struct snapshot *snapshot_ref(struct snapshot *s);
void snapshot_unref(struct snapshot *s);
size_t snapshot_after(const struct snapshot *s, struct str ns,
                      struct str name); /* index of the next */

struct snapshots {
    struct list kept;
    size_t count;
};
struct snapshots *snapshots_new(void);
void snapshots_free(struct snapshots *all);
void snapshots_keep(struct snapshots *all, struct snapshot *s, uint64_t now_ms);
/* Borrowed, or NULL. */
struct snapshot *snapshots_find(struct snapshots *all, const struct kind *kind, struct str ns,
                                uint64_t revision, uint64_t now_ms);
void snapshots_expire(struct snapshots *all, uint64_t now_ms);

/* The continue token: at which revision, and after which object the next page begins. */
#define TOKEN_NEWEST INT64_MAX /* no moment: whatever there is when it comes */
struct token {
    uint64_t revision;
    struct str ns, name; /* ns.p == NULL: cluster-scoped */
};
char *token_encode(const struct token *t); /* mem_free */
/* Decodes into `memory` (which the slices point to). false: no token of ours. */
bool token_decode(struct str text, struct buf *memory, struct token *out);

#endif
