/* The gate: how edge threads (HTTP, node links) reach the core, and how the core's changes reach them.
 *
 * An edge thread never touches the world. It posts an `ask`, whose on_core runs on the core's thread with
 * the world and takes what it needs (references to immutable versions), then `done` runs back on the edge's own
 * thread. Commands go the same way. Every edge may listen to the feed: all changes, in order, in batches that are shared
 * by all listeners. */
#ifndef LOGSHIP_ACTORS_GATE_H
#define LOGSHIP_ACTORS_GATE_H

#include "actors/system.h"

struct gate;

enum freshness { FRESH_ANY, FRESH_LINEARIZABLE };

struct ask {
    struct note note;
    struct inbox *home;   /* of the asking thread */
    enum freshness freshness;
    void (*on_core)(struct ask *a, struct system *s); /* core thread */
    void (*done)(struct ask *a, int status); /* home thread; E_TIMEOUT, E_NOTLEADER: no leader could confirm */
    int status;
};
void gate_ask(struct gate *g, struct ask *a);

/* Decided by the leader, wherever it is: forwarded when this master follows. c->done runs on the home thread, and when it
 * reports success this master has folded the result, which is in result->object (a version at or after it). */
void gate_command(struct gate *g, struct command *c, struct inbox *home);

struct feed_change {
    enum event_type type;
    uint64_t revision;
    struct object *before, *after; /* references of the batch */
};
struct feed_batch {
    atomic_uint refs;
    uint64_t first, last; /* revisions; a batch without changes only moves `last` on */
    int64_t time_ms;
    bool reset; /* the state was replaced by a keyframe: continuity is broken, what was cached is void */
    size_t count;
    struct feed_change changes[];
};
void feed_batch_ref(struct feed_batch *b);
void feed_batch_unref(struct feed_batch *b);

struct feed_listener {
    struct list link;
    struct inbox *home;
    /* Home thread; the callee gets a reference of its own. Every revision after the one that `feed_listen`'s
     * answer names arrives exactly once, in order. */
    void (*batch)(struct feed_listener *l, struct feed_batch *b);
};
/* `started` runs on the home thread with the revision after which batches begin. */
void feed_listen(struct gate *g, struct feed_listener *l, void (*started)(struct feed_listener *l, uint64_t revision));

/* The past, from the log: changes of one kind (NULL: all) with from < revision <= to, in batches on the home thread, from a
 * thread of its own; then `done` (0, E_GONE: before the oldest revision kept, E_CORRUPT). Cancel by letting `batch` return
 * nonzero. */
struct history_ask {
    struct note note;
    struct inbox *home;
    const struct kind *kind;
    uint64_t from, to;
    int (*batch)(struct history_ask *h, struct feed_batch *b);
    void (*done)(struct history_ask *h, int status);
};
void gate_history(struct gate *g, struct history_ask *h);

/* The whole state as it was at a revision: objects of one kind in order, for lists of the past. Runs like history. */
struct past_ask {
    struct note note;
    struct inbox *home;
    const struct kind *kind;
    uint64_t revision;
    struct object **objects; /* out: references, freed by the asker with object_unref and mem_free */
    size_t count;
    void (*done)(struct past_ask *p, int status);
};
void gate_past(struct gate *g, struct past_ask *p);

/* One-line facts for /logship/status: as JSON, on the home thread. */
struct status_ask {
    struct ask ask;
    struct buf json;
};

#endif
