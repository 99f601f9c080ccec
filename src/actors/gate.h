/* The gate: how edge threads (HTTP, node links) reach the core, and how the core's changes reach
 * them.
 *
 * An edge thread never touches the world. It posts an `ask`, whose on_core runs on the core's
 * thread with the world and takes what it needs (references to immutable versions), then `done`
 * runs back on the edge's own thread. Commands go the same way. Every edge may listen to the feed:
 * all changes, in order, in batches that are shared by all listeners. */
#ifndef LOGSHIP_ACTORS_GATE_H
#define LOGSHIP_ACTORS_GATE_H

#include "actors/system.h"

enum freshness { FRESH_ANY, FRESH_LINEARIZABLE };

struct ask {
    struct note note;
    struct inbox *home; /* of the asking thread */
    enum freshness freshness;
    void (*on_core)(struct ask *a, struct system *s); /* core thread */
    void (*done)(struct ask *a,
                 int status); /* home thread; E_TIMEOUT, E_NOTLEADER: no leader could confirm */
    int status;
};

struct feed_change {
    enum event_type type;
    uint64_t revision;
    struct object *before, *after; /* references of the batch */
};
struct feed_batch {
    atomic_uint refs;
    uint64_t first, last; /* revisions; a batch without changes only moves `last` on */
    int64_t time_ms;
    bool reset; /* the state was replaced by a keyframe: continuity is broken, what was cached is
                   void */
    size_t count;
    struct feed_change changes[];
};
struct feed_batch *feed_batch_new(size_t capacity); /* refs = 1 */
void feed_batch_ref(struct feed_batch *b);
void feed_batch_unref(struct feed_batch *b);

struct feed_listener {
    struct list link;
    struct inbox *home;
    /* Home thread; the callee gets a reference of its own. Every revision after the one that
     * `started` names arrives exactly once, in order. */
    void (*batch)(struct feed_listener *l, struct feed_batch *b);
    /* Home thread, first call: the revision after which batches begin. */
    void (*started)(struct feed_listener *l, uint64_t revision);
};

/* Changes of the past, from the log. */
struct history_ask {
    struct note note;
    struct inbox *home;
    const struct kind *kind; /* NULL: all */
    uint64_t from, to;       /* from < revision <= to */
    int (*batch)(struct history_ask *h,
                 struct feed_batch *b); /* home thread; nonzero: enough, `done` follows */
    void (*done)(struct history_ask *h,
                 int status); /* 0, E_GONE: before the oldest kept, E_CORRUPT, E_CLOSED */
};

/* The state as it was at a revision: objects of one kind, in order. */
struct past_ask {
    struct note note;
    struct inbox *home;
    const struct kind *kind;
    uint64_t revision;
    struct object *
        *objects; /* out: references, freed by the asker with object_unref and mem_free */
    size_t count;
    void (*done)(struct past_ask *p, int status);
};

enum { GATE_MEMBERS_MAX = 9 };
struct gate_member {
    char name[16];
    bool up; /* itself, or connected to */
};

/* What the search for damage on this master's disk has found. */
enum { GATE_SCRUB_FINDINGS = 4 };
struct gate_scrub {
    uint64_t rounds, segments, keyframes; /* rounds that ended; looked at in the last of them */
    unsigned damaged;
    char text[GATE_SCRUB_FINDINGS][160]; /* the first ones */
};

/* Facts about this master for /logship/status and /logship/digest, filled on the core's thread. */
struct gate_status {
    char leader[64], self[64]; /* "m2" */
    const char *role;
    uint64_t term, revision, applied_index, commit_index, keyframe_index;
    struct digest digest; /* of the state at `revision` */
    bool leads, low_space;
    struct gate_member members[GATE_MEMBERS_MAX]; /* all masters, as this one sees them */
    unsigned member_count;
    struct gate_scrub scrub;
};

/* The doors. A master's are in master/gate_master.c; the past (replay --serve) and tests bring
 * their own. */
struct gate {
    void (*ask)(struct gate *g, struct ask *a);
    /* Decided by the leader, wherever it is: forwarded when this master follows. c->done runs on
     * the home thread; when it reports success this master has folded the result, which is in
     * result->object (the version made; valid for the call). The command is freed after done. */
    void (*command)(struct gate *g, struct command *c, struct inbox *home);
    void (*listen)(struct gate *g, struct feed_listener *l);
    void (*history)(struct gate *g, struct history_ask *h);
    void (*past)(struct gate *g, struct past_ask *p);
    void (*status)(struct gate *g,
                   struct gate_status *out); /* core thread only: from on_core of an ask */
    /* Why no command is ever taken here (the past), to be told before one is made; else NULL. */
    const char *read_only;
};

static inline void gate_ask(struct gate *g, struct ask *a)
{
    g->ask(g, a);
}
static inline void gate_command(struct gate *g, struct command *c, struct inbox *home)
{
    g->command(g, c, home);
}
static inline void gate_listen(struct gate *g, struct feed_listener *l)
{
    g->listen(g, l);
}
static inline void gate_history(struct gate *g, struct history_ask *h)
{
    g->history(g, h);
}
static inline void gate_past(struct gate *g, struct past_ask *p)
{
    g->past(g, p);
}

#endif
