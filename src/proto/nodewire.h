/* What nodes and masters say to each other: one msgpack array per link frame, [type, field ...].
 *
 * A node says hello and is welcomed by the leader (or sent there by a master that follows), then
 * gets every pod that is bound to it and `synced`; from there on each change of such a pod. It
 * answers with statuses. Both sides are level-triggered: a pod message is the whole wish, a status
 * message the whole observation, so a lost link costs nothing but the resend. Fields added later go
 * to the end; unknown trailing ones are skipped.
 *
 * One struct holds the fields of all messages; which of them a message carries, and in which order,
 * is NODEWIRE_MESSAGES' business. Pure; slices of a read message point into the frame. */
#ifndef LOGSHIP_PROTO_NODEWIRE_H
#define LOGSHIP_PROTO_NODEWIRE_H

#include "base/error.h"
#include "proto/object.h"

enum { NODEWIRE_VERSION = 1, NODEWIRE_FRAME_MAX = 8 * 1024 * 1024 };

enum nodewire_type {
    /* node to master */
    NODEWIRE_HELLO =
        1, /* version, token, name, boot, body (labels ...), status: of the Node object */
    NODEWIRE_BEAT = 2,        /* alive; the master sends it back */
    NODEWIRE_NODE_STATUS = 3, /* status: of the Node object */
    NODEWIRE_POD_STATUS = 4,  /* ns, name, uid, revision (what it reacts to), status */
    NODEWIRE_POD_GONE = 5, /* ns, name, uid, revision: nothing of this deleted pod runs any more */
    NODEWIRE_EVENT = 6,    /* ns, name, body: an Event object to be recorded */
    /* master to node */
    NODEWIRE_WELCOME = 16,  /* heartbeat_ms */
    NODEWIRE_REDIRECT = 17, /* address of the leader, may be empty: not known yet; text */
    NODEWIRE_REFUSE = 18,   /* text: why; the link closes */
    NODEWIRE_POD =
        19, /* ns, name, uid, revision, created_s, deleted_s, grace_s, body, status, needs */
    NODEWIRE_GONE = 20,   /* uid: the object is removed, stop what is left of it */
    NODEWIRE_SYNCED = 21, /* everything bound here was sent: what else runs here is to be stopped */
    NODEWIRE_AGAIN = 22,  /* uid: tell its status again later; the zero uid means the node's own */
};

struct nodewire {
    enum nodewire_type type;
    uint64_t version, heartbeat_ms, revision;
    int64_t created_s, deleted_s, grace_s; /* deleted_s 0: not being deleted */
    struct str token, name, boot, ns, address, text;
    struct uid uid;
    struct str body, status; /* encoded maps; status may be nil ({0}) */
    struct str needs; /* encoded array of [kind key, name, body or nil]: config maps and secrets in
                         clear */
};

void nodewire_write(const struct nodewire *m, struct buf *out);
/* E_INVALID with a sentence for anything that is no message. */
int nodewire_read(const void *bytes, size_t n, struct nodewire *out, struct error *err);
const char *nodewire_name(enum nodewire_type type); /* "hello" */

/* Walking `needs`. */
struct nodewire_need {
    struct str kind, name;
    struct mp body; /* MP_NIL: it does not exist (yet) */
};
bool nodewire_need_next(struct mp_iter *it, struct nodewire_need *out);

#endif
