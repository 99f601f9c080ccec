/* Commands: wishes with a sender. An actor decides on them; they may be refused. */
#ifndef LOGSHIP_ACTORS_COMMAND_H
#define LOGSHIP_ACTORS_COMMAND_H

#include "actors/world.h"
#include "base/inbox.h"

enum command_op {
    COMMAND_CREATE = 1,
    COMMAND_UPDATE = 2, /* replace the body (metadata and spec); the status is not touched */
    COMMAND_STATUS = 3, /* replace the status (and, with a body, labels/annotations as given) */
    COMMAND_DELETE = 4, /* as the API's DELETE: grace period, finalizers, propagation */
    COMMAND_BIND = 5,   /* pod: place on `node` */
    COMMAND_UNSCHEDULABLE = 6, /* pod: PodScheduled=False with text[3] as message */
    COMMAND_CONDITION = 7,     /* set one status condition: text = type, status, reason, message */
    COMMAND_CONFIRM_GONE = 8,  /* node: the containers of this deleted pod are gone; removes it */
};

enum propagation {
    PROPAGATION_DEFAULT,
    PROPAGATION_BACKGROUND,
    PROPAGATION_FOREGROUND,
    PROPAGATION_ORPHAN
};

/* The outcome, as the API tells it. http 200/201: done (or nothing to change). */
/* Why, for programs: what stands in a Status' details. */
struct result_cause {
    const char *reason, *field; /* NULL: no cause */
    char message[256];
};

struct result {
    int http; /* 200, 201, 202, 404, 409, 422, 429, 503, 504 ... */
    const char
        *reason; /* NotFound, AlreadyExists, Conflict, Invalid, Forbidden, ... ("" when done) */
    char message[512];
    uint64_t revision; /* of the (last) event, or the object's own */
    struct object
        *object; /* borrowed for the call: the version made; of a removal the last one; or NULL */
    bool removed;
    uint32_t retry_after_s;
    struct result_cause cause;
};

/* Made with command_new, handed over with system_send; freed by the system after `done`. */
struct command {
    struct list link;
    struct note note; /* for crossing threads */
    enum command_op op;
    const struct kind *kind;
    istr ns; /* NULL: cluster-scoped */
    char *name;
    istr who;
    struct request_id request;
    uint64_t cause;
    struct doc *body, *status; /* owned references, or NULL */
    istr node;                 /* bind; create of a pod with spec.nodeName */
    char *text[4];             /* owned, or NULL */
    bool has_uid;
    struct uid uid;    /* precondition */
    uint64_t revision; /* precondition, 0: none */
    int32_t grace_s;   /* delete: -1: the object's default */
    enum propagation propagation;
    bool dry_run;           /* decide, answer, but write nothing */
    bool merges_finalizers; /* update may only touch finalizers (namespaces/finalize) */
    int64_t created_s;      /* 0: the entry's time */
    void (*done)(struct command *c, const struct result *r); /* may be NULL */
    void *data;
    struct actor *actor; /* while it is being decided or persisted */
    struct object *held; /* leader: the version it was decided on, for the answer to a removal */
    struct quota_hold *hold;         /* leader: what it will take of quotas */
    struct allotment_hold *allotted; /* leader: the addresses and ports that it will take */
};

struct command *command_new(enum command_op op, const struct kind *kind, istr ns, struct str name,
                            istr who);
/* The same wish, from nobody yet: without done, data and what the system notes in it. */
struct command *command_copy(const struct command *c);
void command_free(struct command *c);
/* For forwarding to the leader, and the way back. Round trip keeps everything but done, data,
 * actor. */
void command_encode(const struct command *c, struct buf *out);
int command_decode(struct str bytes, struct command **out, struct error *err);
void result_encode(const struct result *r, struct buf *out); /* without the object */
int result_decode(struct str bytes, struct result *out, struct error *err);
void result_refuse(struct result *r, int http, const char *reason, const char *format, ...)
    __attribute__((format(printf, 4, 5)));

#endif
