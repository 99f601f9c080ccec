/* metadata.managedFields: who owns which fields of an object.
 *
 * Every write through the API is tracked: what it added or changed is its manager's from then on,
 * and nobody's whose it was before; what it removed is nobody's. Objects that the core makes itself
 * (controllers, the scheduler, node agents) bear no managedFields: they would make the bodies that
 * ten thousand pods share different ones. An object without them stays without under updates, as in
 * Kubernetes; the first apply finds all that is there owned by "before-first-apply". */
#ifndef LOGSHIP_PROTO_MANAGED_H
#define LOGSHIP_PROTO_MANAGED_H

#include "proto/typed.h"

enum { MANAGER_NAME_MAX = 128 };

struct manager {
    struct str name, api_version;
    struct str subresource; /* empty: the object itself */
    struct str time;        /* RFC 3339, seconds */
    bool applies;           /* operation Apply, else Update */
    struct fieldset fields;
    struct str written; /* FieldsV1 in place of `fields`: of whoever made all of an object */
};

struct managers {
    struct arena *arena; /* of everything in here */
    struct manager *items;
    uint32_t count, cap;
};

enum write_scope { WRITES_ALL, WRITES_BUT_STATUS, WRITES_STATUS };

/* Who writes an object now, and how it is written. */
struct writer {
    const struct type *type;
    const struct kind_version *served; /* the version; NULL: the kind has no other */
    struct str manager, api_version, subresource;
    enum write_scope scope; /* what else is in the document is not this writer's to own */
    int64_t now_s;
};

/* Reads a list of entries into an arena that the caller frees. E_INVALID: it is no such list. */
int managers_read(struct arena *a, struct mp list, struct managers *out, struct error *err);
/* Those who count: as the client gave them, else as the object had them; of neither or of [{}],
 * with which a client takes them all away, nobody. */
struct managers managers_of(struct arena *a, struct mp live, struct mp given);
/* Appends the list in its order. */
void managers_write(struct managers *m, struct buf *out);

/* The manager with this identity, or a new one at the end. */
struct manager *managers_find(struct managers *m, const struct writer *w, bool applies);
void managers_drop_empty(struct managers *m); /* who has nothing left; the order stays */
/* What `w` added and changed is its own now; too many updaters of long ago become one. */
void managers_update(struct managers *m, const struct writer *w, struct mp before, struct mp after);

/* The set without what the system writes (names, revisions), and without what this writer may not
 * write. */
struct fieldset managed_strip(struct arena *a, const struct writer *w, const struct fieldset *set);

bool managed_skips(const struct writer *w, struct str name); /* a field of the object itself */
bool managed_skips_metadata(struct str name);

/* Of an object that nobody owned before: all is the writer's, in one walk and without a set. false:
 * managers_update has to do it, because some list has one element twice. */
bool managers_create(struct managers *m, const struct writer *w, struct mp doc);

/* All in one, for creates (before.type == MP_END), updates and patches: appends the managedFields
 * of `after`; nothing when it has none. `given`: what the client sent as managedFields. */
void managed_track(const struct writer *w, struct mp before, struct mp after, struct mp given,
                   struct buf *out);

#endif
