/* Events and entries: what the log is made of.
 *
 * An event is a fact that happened to one object. An entry (one Raft log entry) is a batch of
 * transactions that commit together; a transaction says who wished it, under which request, and
 * which revision caused it, and holds one or more events. Every event takes the next revision.
 *
 * Encoding (msgpack, all arrays; unknown trailing elements are skipped, so that fields can be
 * added): entry  = [1, time_ms, first_revision, [doc ...], [txn ...]]       documents: bin, each
 * once txn    = [who, request, cause, [event ...]]                       request: bin(16) or nil
 *   event  = [type, version, kind key, ns or nil, name, payload ...]  payload by type, below
 * Documents are named in events by their index in the entry's own list.
 *
 * Adding a type or field: never change the meaning of an old one; raise `version` and upcast the
 * older payload in event_decode. Fold (actors/fold.c) is pure and total over every event ever
 * written. */
#ifndef LOGSHIP_PROTO_EVENT_H
#define LOGSHIP_PROTO_EVENT_H

#include "base/error.h"
#include "proto/object.h"

/* clang-format off */
/*  type, number in the log, name       what happened                    payload */
#define EVENT_TYPES(X)                                                                             \
    X(EVENT_CREATED, 1, "Created")              /* it began to exist     body; or nil: status, node, created_s, uid */ \
    X(EVENT_UPDATED, 2, "Updated")              /* another body          body, bumps generation */ \
    X(EVENT_STATUS, 3, "StatusChanged")         /* another status        status, body|nil */       \
    X(EVENT_BOUND, 4, "Bound")                  /* placed on a node      node */                   \
    X(EVENT_DELETING, 5, "DeletionRequested")   /* it will go            deleted_s, grace_s, body|nil */ \
    X(EVENT_REMOVED, 6, "Removed")              /* it is gone            - */                      \
    X(EVENT_UNSCHEDULABLE, 7, "Unschedulable")  /* no node fits a pod    message */                \
    X(EVENT_CONDITION, 8, "ConditionChanged")   /* a status condition    type, status, reason, message */ \
    X(EVENT_SCALED, 9, "ReplicasObserved")      /* a controller counted  status (small) */
/* clang-format on */

enum event_type {
#define X(name, number, text) name = number,
    EVENT_TYPES(X)
#undef X
};
const char *event_type_name(enum event_type type);

struct event {
    enum event_type type;
    const struct kind *kind;
    struct str ns; /* p == NULL: cluster-scoped */
    struct str name;
    struct doc *body, *status; /* references owned by whoever made the event */
    struct str node;           /* or p == NULL */
    struct str text[4];        /* condition: type, status, reason, message; unschedulable: [3] */
    int64_t deleted_s; /* deleting: deletionTimestamp; created: created_s, 0: the entry's time */
    int32_t grace_s;
    bool bumps_generation;
    bool bears_uid; /* created: the fold writes the uid, which it alone knows, into the body */
    struct uid uid; /* created: not in the log; set by whoever folds */
};

struct request_id {
    unsigned char bytes[16]; /* all zero: none */
};

struct txn {
    struct str who; /* "kubernetes-admin", "system:controller:replicaset", "system:scheduler",
                       "system:node:n1" */
    struct request_id request;
    uint64_t cause; /* revision that made the actor act; 0: a wish from outside */
};

/* Writing an entry. Documents are found again by their digest and written once; the writer holds a
 * reference to each until the entry is finished or freed. */
struct entry_writer {
    struct buf events; /* the encoded transactions so far */
    struct buf docs;   /* struct doc *, in the order of their index */
    struct map doc_index;
    size_t doc_bytes;
    uint32_t doc_count, txn_count, event_count;
    size_t txn_mark, txn_events;
};
void entry_begin(struct entry_writer *w);
void entry_txn(struct entry_writer *w,
               const struct txn *txn); /* the events that follow are its own */
void entry_event(struct entry_writer *w, const struct event *e);
/* The finished bytes go to out; the writer is empty again. */
void entry_finish(struct entry_writer *w, int64_t time_ms, uint64_t first_revision,
                  struct buf *out);
void entry_free(struct entry_writer *w);
size_t entry_size(const struct entry_writer *w); /* bytes so far, for the batch limit */

/* Reading. The callback gets each event with its revision; slices point into `bytes`, documents are
 * borrowed for the call. A nonzero return stops and is returned. E_CORRUPT for bytes that are no
 * entry (events before the damage have been delivered by then: whoever folds them stops for good),
 * E_UNSUPPORTED for an entry or event of a newer build. */
struct entry_head {
    int64_t time_ms;
    uint64_t first_revision;
    uint32_t event_count;
};
int entry_peek(struct str bytes, struct entry_head *out, struct error *err);
typedef int entry_event_fn(void *ctx, const struct entry_head *head, const struct txn *txn,
                           uint64_t revision, const struct event *e);
int entry_read(struct str bytes, entry_event_fn *fn, void *ctx, struct error *err);

#endif
