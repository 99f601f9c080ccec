/* One version of one object.
 *
 * An object is split into what all its versions share (ident), what many objects share (body:
 * labels, annotations, owners, finalizers, spec, data; without anything that makes this object this
 * object), and what is its own (revision, status, deletion, and for pods the node). A version is
 * immutable: a change makes a new one. So a version can be handed to any thread by reference, and a
 * pod costs a few hundred bytes: body and status are shared documents (doc.h).
 *
 * The Kubernetes form of an object (metadata.uid, resourceVersion, spec.nodeName ... in their
 * places) exists only at the edges: object_split takes it apart on the way in, object_put_doc puts
 * it together on the way out.
 *
 * body: msgpack map as in JSON, but without: apiVersion, kind, status, metadata.{name, namespace,
 * uid, resourceVersion, generation, creationTimestamp, deletionTimestamp,
 * deletionGracePeriodSeconds, selfLink}, and for pods without spec.nodeName. metadata is always
 * there (a map, maybe empty). status: the status map or NULL. A custom kind without the status
 * subresource has no part that is written apart: what it calls status stays in the body, and is
 * what counts when the kind had the subresource once and an old status is still there. */
#ifndef LOGSHIP_PROTO_OBJECT_H
#define LOGSHIP_PROTO_OBJECT_H

#include "base/error.h"
#include "proto/doc.h"
#include "proto/schema.h"

struct uid {
    unsigned char bytes[16];
};
#define UID_TEXT 37
void uid_text(const struct uid *u, char out[UID_TEXT]);
bool uid_parse(struct str text, struct uid *out);
bool uid_equal(const struct uid *a, const struct uid *b);

struct ident {
    atomic_uint refs;
    uint32_t name_len;
    const struct kind *kind;
    istr ns; /* NULL: cluster-scoped */
    struct uid uid;
    uint64_t created_revision;
    int64_t created_s; /* creationTimestamp, Unix seconds */
    char name[];
};
struct ident *ident_new(const struct kind *kind, istr ns, struct str name);
struct ident *ident_ref(struct ident *);
void ident_unref(struct ident *);

struct object {
    atomic_uint refs;
    uint32_t generation;
    struct ident *id;
    uint64_t revision; /* resourceVersion: of the event that made this version */
    struct doc *body;
    struct doc *status;   /* or NULL */
    istr node;            /* pods: spec.nodeName, or NULL */
    int64_t deleted_s;    /* deletionTimestamp, 0: not being deleted */
    int32_t grace_s;      /* deletionGracePeriodSeconds, meaningful when deleted_s != 0 */
    struct digest digest; /* of this version; summed into the state digest */
};

/* A new version that owns one reference to ident, body and status (which it takes from the caller).
 */
struct object *object_new(struct ident *id, struct doc *body, struct doc *status);
/* A copy with refs = 1 that shares everything, to be changed by its only owner before it is
 * published with object_seal. */
struct object *object_next(const struct object *o);
void object_seal(struct object *o); /* computes the digest; afterwards the version never changes */
struct object *object_ref(struct object *o);
void object_unref(struct object *o);

static inline struct str object_name(const struct object *o)
{
    return (struct str){o->id->name, o->id->name_len};
}
static inline struct mp object_labels(const struct object *o)
{
    return doc_path(o->body, "metadata.labels");
}

/* Puts the whole Kubernetes form as msgpack into out: apiVersion and kind first (as `version` names
 * them, NULL: the storage version, for built-in kinds only), then metadata, spec..., status. */
void object_put_doc(const struct object *o, const struct kind_version *version, struct buf *out);
/* The same, but a custom object exactly as it is stored, whatever its schema says today. */
void object_put_stored(const struct object *o, const struct kind_version *version, struct buf *out);

/* The parts of a Kubernetes-form document. All slices point into the document given. */
struct object_parts {
    struct str name, ns, generate_name, node;
    struct str uid, resource_version;
    int64_t generation; /* 0: not given */
    struct doc *body;   /* a reference of the caller's */
    struct doc *status; /* or NULL; likewise */
};
int object_split(const struct kind *kind, struct mp whole, struct object_parts *out,
                 struct error *err);

/* Keyframe and transfer form of one version; body and status are written by their digests and
 * travel apart. Total on the way in: damage is E_CORRUPT. `find` returns a new reference to the
 * document with that digest, or NULL. */
void object_encode(const struct object *o, struct buf *out);
int object_decode(struct str bytes, struct doc *(*find)(void *ctx, const struct digest *),
                  void *ctx, struct object **out, struct error *err);

#endif
