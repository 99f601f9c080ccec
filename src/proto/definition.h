/* A CustomResourceDefinition, compiled.
 *
 * What kinds.tsv and types.tsv are to the built-in kinds, a definition is to a custom one: names,
 * verbs, subresources, columns, and for each version a type tree and a structural schema. It is
 * made from one version of the CRD object, never changes, and may be held by any thread; who needs
 * it longer than a call takes a reference. When the CRD changes there is a new definition.
 *
 * The identity of a custom kind is something else: the `struct kind` that kind_by_key() gives for
 * "plural.group", which is all that the log, worlds and actors know. Every version of a definition
 * has a `struct kind` of its own, complete and with the identity's key and index. So two pointers
 * may mean the same kind: compare kinds by index where one may come from a definition. */
#ifndef LOGSHIP_PROTO_DEFINITION_H
#define LOGSHIP_PROTO_DEFINITION_H

#include "proto/object.h"

struct arena;
struct jsonpath;
struct structural;

/* Where /scale finds its numbers: dotted paths from the object's root ("spec.replicas"). */
struct definition_scale {
    const char *spec_replicas, *status_replicas;
    const char *selector; /* a string there; NULL: none */
};

/* One version. kind.versions is &served (alone), served.kind is &kind: code that was given either
 * works as for a built-in kind. */
struct definition_version {
    struct kind kind;
    struct kind_version served; /* type: compiled from the schema, never NULL */
    struct definition *definition;
    bool is_served, is_storage, deprecated;
    const char *warning;   /* for users of a deprecated version, or NULL: the usual one */
    const char *list_kind; /* "CronTabList" */
    struct mp schema;      /* openAPIV3Schema as the CRD says it, into the CRD's body; MP_END: none
                            */
    const struct structural *structural; /* the same, compiled (structural.h); never NULL */
    bool has_scale;
    struct definition_scale scale;
    const struct jsonpath *const *cells; /* of kind.columns; NULL: the name, or nothing */
};

struct definition {
    atomic_uint refs;
    const struct kind *identity;
    struct doc *body;     /* of the CRD; the slices here point into it */
    struct arena *memory; /* everything else */
    struct uid uid;       /* of the CRD */
    uint64_t revision;    /* the version of the CRD that this was made from */
    bool established;     /* its objects are served */
    bool terminating;     /* the CRD is being deleted: nothing new is taken */
    unsigned version_count;
    /* The preferred version first, as Kubernetes orders them; unserved ones among them. */
    struct definition_version versions[];
};

/* Compiles; E_INVALID: the CRD is not one that validation would have let in. */
int definition_compile(const struct object *crd, struct definition **out, struct error *err);
struct definition *definition_ref(struct definition *d);
void definition_unref(struct definition *d); /* NULL is fine */

/* By name ("v1beta1"), served or not; NULL: there is none. */
const struct definition_version *definition_version(const struct definition *d, struct str version);
/* As Kubernetes prefers versions: v2, v1, v1beta2, v1beta1, v1alpha1, then others by name. */
int definition_version_order(const char *a, const char *b);

/* From what the rest of the code hands around; the kind must be custom and not an identity. */
static inline const struct definition_version *definition_of(const struct kind *k)
{
    return (const struct definition_version *)k; /* kind is its first member */
}

#endif
