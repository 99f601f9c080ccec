/* An event for people and for machines: one line each, for `logship log` and GET /logship/log. */
#ifndef LOGSHIP_MASTER_EVENT_LINE_H
#define LOGSHIP_MASTER_EVENT_LINE_H

#include "proto/event.h"

struct logged_event {
    int64_t time_ms;
    uint64_t revision;
    const struct txn *txn;
    const struct event *event;
};

/* "1042 2026-11-23T16:31:02.123Z system:scheduler Bound pods default/web-x2x4v node=n1 <- 1039" */
void event_line_text(const struct logged_event *e, struct buf *out);
/* One JSON object with everything that the event holds; Secrets stay sealed ("sealed": true). */
void event_line_json(const struct logged_event *e, struct buf *out);

/* An entry that gave a lost master's seat to another one (raft/seats.h); it has no revision. */
void event_line_seat(struct str payload, bool json, struct buf *out);

/* Which events are wanted; empty texts want all. */
struct event_filter {
    uint64_t since, until; /* revisions, inclusive; until 0: no end */
    const char *kind;      /* "pods", "pod", "Pod", "po", "replicasets.apps" */
    const char *name;      /* an object's name, or namespace/name */
    const char *ns;
};
/* E_INVALID: nobody could pass it. */
int event_filter_check(const struct event_filter *f, struct error *err);
bool event_filter_wants_all(const struct event_filter *f); /* of a kind or none */
bool event_filter_wants(const struct event_filter *f, uint64_t revision, const struct event *e);

#endif
