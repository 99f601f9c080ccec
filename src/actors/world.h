/* The world: every actor's state at one revision, and the fold that moves it on.
 *
 * Pure: no clock, no I/O, no randomness. world_fold applies one committed entry; two worlds that
 * folded the same entries have the same digest. A master has one (on the core's thread); replay,
 * `--serve` and a watch from long ago make their own. uids are derived from the cluster's id and
 * the revision that created the object, so they need no bytes in the log and are the same
 * everywhere.
 *
 * Threads: a world belongs to one thread; the object versions in it may be referenced from any. */
#ifndef LOGSHIP_ACTORS_WORLD_H
#define LOGSHIP_ACTORS_WORLD_H

#include "base/list.h"
#include "base/tree.h"
#include "proto/event.h"

struct mailbox;
struct command;

/* An actor: an identity and its state. `object` is NULL before its creation is committed. Owned by
 * the world; gone after its removal was folded and nobody waits in its mailbox. */
struct actor {
    struct tree_node node; /* in its kind's shelf, ordered by (namespace, name) */
    const struct kind *kind;
    struct object *object;
    struct command *persisting; /* leader: the one whose events are on their way to the quorum */
    struct list mailbox;        /* leader: commands that wait behind it */
    uint32_t waiting; /* length of the mailbox, and one while it decides: it must not go away */
    uint32_t name_len;
    istr ns; /* NULL: cluster-scoped; stands right before the name: together they are the key */
    char name[];
};
static inline struct str actor_name(const struct actor *a)
{
    return (struct str){a->name, a->name_len};
}

/* One folded event, as subscribers and watches see it. Borrowed for the call. */
struct change {
    enum event_type type;
    uint64_t revision;
    int64_t time_ms;
    const struct txn *txn; /* who and why */
    struct object *before; /* NULL: created */
    struct object *after;  /* NULL: removed */
};

/* Subscribers see every change in order, on every master. They keep their indexes warm from it;
 * they act only while they lead (system.h). */
struct subscriber {
    struct list link;
    const char *name;
    void (*changed)(struct subscriber *s, const struct change *c);
    void (*entry_done)(struct subscriber *s); /* after the last change of an entry; may be NULL */
    void (*restored)(struct subscriber *s);   /* the state was replaced by a keyframe: rebuild from
                                                 the world; may be NULL */
    void (*lead)(struct subscriber *s, bool leads);      /* may be NULL */
    void (*turn)(struct subscriber *s, uint64_t now_ms); /* leader only: act; may be NULL */
};

struct shelf {           /* all actors of one kind */
    struct tree by_name; /* in order, for lists */
    struct map by_key;   /* for finding one */
    size_t objects;      /* actors whose object exists */
};

struct world {
    char cluster[37];
    uint64_t revision; /* of the last folded event */
    uint64_t index;    /* of the last folded entry */
    int64_t time_ms;   /* of the last folded entry */
    struct digest digest;
    struct shelf *shelves; /* by kind index; grows when a custom kind gets its first actor */
    unsigned shelf_count;
    struct map by_uid; /* uid -> actor */
    struct docs docs;
    struct list subscribers;
    struct requests *requests;   /* recently folded request ids, for answering a repeated one */
    struct admission *admission; /* of the system that decides over this world; else NULL */
};

struct world *world_new(const char *cluster);
void world_free(struct world *w);
void world_subscribe(struct world *w, struct subscriber *s);

/* Folds one command entry. E_CORRUPT (bytes are no entry, or its first revision is not ours + 1)
 * changes nothing and is fatal for a master. */
int world_fold(struct world *w, uint64_t index, struct str entry, struct error *err);

/* Of an entry, only the events up to this revision: for looking at a moment inside a batch. The
 * world is then good for reading only. */
int world_fold_until(struct world *w, uint64_t index, struct str entry, uint64_t revision,
                     struct error *err);

/* Reading. */
struct actor *world_actor(struct world *w, const struct kind *kind, istr ns, struct str name);
struct object *world_get(struct world *w, const struct kind *kind, istr ns,
                         struct str name); /* borrowed */
struct actor *world_by_uid(struct world *w, const struct uid *uid);
size_t world_count(const struct world *w, const struct kind *kind);
/* for (a = world_first(w, kind, ns); a; a = world_next(a, ns)): in order of (namespace, name); ns
 * NULL: all namespaces. Actors without an object yet are passed over. */
struct actor *world_first(struct world *w, const struct kind *kind, istr ns);
struct actor *world_next(struct actor *a, istr ns);
/* Is anything of this namespace, or of this kind, left, nascent actors included? */
bool world_namespace_empty(struct world *w, istr ns);
bool world_kind_empty(const struct world *w, const struct kind *kind);

/* The uid of an object that this revision creates. */
struct uid world_uid(const struct world *w, uint64_t revision);

/* The revision that a request id was folded at, or 0: unknown or forgotten (32,768 are kept). */
uint64_t world_request_revision(struct world *w, const struct request_id *id);

/* For the leader's runtime (system.c): the actor, made when there is none; and letting it go when
 * it is empty. */
struct actor *world_actor_make(struct world *w, const struct kind *kind, istr ns, struct str name);
void world_actor_settle(struct world *w, struct actor *a);

/* Keyframes: a consistent set of object versions (cheap references), to be encoded elsewhere off
 * the thread. */
struct world_image {
    char cluster[37];
    uint64_t revision, index;
    int64_t time_ms;
    struct digest digest;
    size_t count;
    struct object **objects;
    struct buf requests; /* encoded */
};
struct world_image *world_image_take(struct world *w);
void world_image_free(struct world_image *image);
typedef int world_record_fn(void *ctx, struct str record, struct error *err);
int world_image_write(const struct world_image *image, world_record_fn *sink, void *ctx,
                      struct error *err);
/* Replaces the state record by record; `next` returns 0, E_NOTFOUND at the end. The digest of what
 * was loaded is checked against `expect` (NULL: not). Subscribers get `restored`. */
typedef int world_source_fn(void *ctx, struct str *record, struct error *err);
int world_restore(struct world *w, uint64_t revision, uint64_t index, int64_t time_ms,
                  world_source_fn *next, void *ctx, const struct digest *expect, struct error *err);

#endif
