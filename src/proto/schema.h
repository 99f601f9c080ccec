/* The kinds and their types, as data.
 *
 * The tables are compiled from src/proto/schema/ (tsv files; see the README there) by
 * tools/schemagen.py: kinds.tsv (kind, group, versions, resource, singular, short names,
 * categories, scope, verbs, subresources), types.tsv (fields, their types, required, patch
 * strategy, merge keys), defaults.tsv, rules.tsv (validation), columns.tsv (printer columns),
 * protobuf.tsv (field numbers), conversions.tsv (how versions of one kind differ),
 * descriptions.tsv (for people). Interpreters of the tables: admit.h, convert.h, patch.h,
 * protobuf.h, openapi.h and table.h; a new kind is a line here, not code there. */
#ifndef LOGSHIP_PROTO_SCHEMA_H
#define LOGSHIP_PROTO_SCHEMA_H

#include "base/str.h"

#include <stdbool.h>
#include <stdint.h>

struct type;
struct type_default; /* admit_defaults' and admit_validate's lines; see schema_tables.h */
struct type_rule;
struct type_conversion; /* convert.h's lines */

enum field_shape { SHAPE_SCALAR, SHAPE_OBJECT, SHAPE_LIST, SHAPE_MAP }; /* of the whole field */
/* Of the whole value, of a list's element, or of a map's value. */
enum scalar {
    SCALAR_NONE, /* an object of `type` */
    SCALAR_STRING,
    SCALAR_INT32,
    SCALAR_INT64,
    SCALAR_BOOL,
    SCALAR_DOUBLE,
    SCALAR_BYTES, /* base64 text in JSON */
    SCALAR_TIME,  /* RFC 3339 seconds */
    SCALAR_MICROTIME,
    SCALAR_QUANTITY,
    SCALAR_INT_OR_STRING,
    SCALAR_ANY, /* raw JSON, kept as it is */
};

struct field {
    const char *name;
    const struct type *type; /* of the object, list element or map value; NULL when scalar */
    uint8_t shape, scalar;
    bool required;
    bool patch_merge;        /* strategic merge: lists are merged, by merge_key or as a set */
    bool patch_replace_keys; /* strategic merge: retainKeys */
    const char *merge_key;   /* or NULL */
    const char *list_type;   /* atomic, set, map, or NULL (server-side apply); of maps and objects:
                                atomic, or NULL */
    const char *list_keys;   /* comma-separated, or NULL */
    const char *scalar_type; /* "apis.meta.v1.Time": the named type that is one value, or NULL */
    const char *about;       /* one sentence, or NULL */
    uint16_t proto_number;   /* 0: none */
    uint16_t proto_outer;    /* of the message around it that only protobuf has; else 0 */
    bool proto_presence;     /* a zero in protobuf was given, it is not an absent value */
};

struct type {
    const char *name;           /* "core.v1.PodSpec" */
    const struct field *fields; /* sorted by name */
    const struct type_default *defaults;
    const struct type_rule *rules;
    const struct type_conversion *conversions; /* how it differs from the stored form */
    uint16_t field_count, default_count, rule_count, conversion_count;
    bool defaults_below, rules_below, conversions_below; /* in this type or any that it reaches */
    const char *about;                                   /* one sentence, or NULL */
};

enum kind_verb {
    VERB_GET = 1 << 0,
    VERB_LIST = 1 << 1,
    VERB_WATCH = 1 << 2,
    VERB_CREATE = 1 << 3,
    VERB_UPDATE = 1 << 4,
    VERB_PATCH = 1 << 5,
    VERB_DELETE = 1 << 6,
    VERB_DELETECOLLECTION = 1 << 7,
};

struct subresource {
    const char *name; /* "status", "scale", "binding", "log" */
    /* Of its body, as discovery tells it; group and version "": the kind's own. */
    const char *group, *version, *kind;
    uint32_t verbs;
    const struct type *type; /* of the body */
};

struct kind_version {
    const struct kind *kind;
    const char *group;       /* the kind's, or another one that serves the same objects */
    const char *version;     /* "v1" */
    const char *api_version; /* "apps/v1", "v1" */
    const struct type *type;
};

struct column {
    const char *name, *type, *format, *description;
    uint8_t priority;
};

struct kind {
    uint16_t index;       /* in kind_at(); NOT stable across builds: the log names kinds by key */
    const char *key;      /* "pods", "replicasets.apps": what the log and keyframes say */
    const char *kind;     /* "ReplicaSet" */
    const char *group;    /* "" or "apps" */
    const char *resource; /* "replicasets" */
    const char *singular;
    const char *const *short_names; /* NULL-terminated */
    const char *const *categories;  /* NULL-terminated */
    bool namespaced;                /* of the identity of a custom kind: it may be */
    bool custom;                    /* defined by a CustomResourceDefinition; see definition.h */
    bool has_generation;            /* metadata.generation is kept (spec changes bump it) */
    bool has_status;                /* status is written through the subresource only */
    bool put_creates;               /* PUT makes what is not there yet */
    bool delete_tells;              /* DELETE answers with what was removed, not with a Status */
    const char *(*name_check)(struct str); /* of metadata.name; see names.h */
    uint32_t verbs;
    const struct subresource *subresources;
    uint8_t subresource_count;
    const struct kind_version *versions; /* the preferred (and storage) version first */
    uint8_t version_count;
    const struct column *columns;
    uint8_t column_count;
};

/* The built-in kinds come first. Then the identities of custom kinds, in the order in which this
 * process heard of them: they are made when their key is first asked for, never go away, and hold
 * only what cannot change (key, group, resource, index). From any thread; without locks but for the
 * first mention of a key. */
enum { CUSTOM_KINDS_MAX = 32768 };
unsigned kind_count(void);
unsigned kind_builtin_count(void);
const struct kind *kind_at(unsigned index);
/* What the core knows it by: itself, or of a kind in a definition the identity. */
static inline const struct kind *kind_identity(const struct kind *k)
{
    return k->custom ? kind_at(k->index) : k;
}
/* NULL: neither a built-in kind nor "plural.domain.of.two.labels", or there are too many. */
const struct kind *kind_by_key(struct str key);
bool kind_known(struct str key);         /* looks only, and makes none */
bool kind_key_is_custom(struct str key); /* has the form of a custom kind's key */
/* By the names in a path: ("apps", "v1", "replicasets"); *version gets the version served. */
const struct kind *kind_by_path(struct str group, struct str version, struct str resource,
                                const struct kind_version **out_version);
/* By the names in a body: ("apps/v1", "ReplicaSet"). */
const struct kind *kind_by_gvk(struct str api_version, struct str kind,
                               const struct kind_version **out_version);
const struct type *type_by_name(const char *name); /* "core.v1.Pod"; NULL if unknown */
const struct field *type_field(const struct type *type, struct str name);

/* The kinds that the core itself names; resolved at start, never NULL. */
extern const struct kind *kind_pod, *kind_node, *kind_namespace, *kind_replicaset, *kind_rc,
    *kind_secret, *kind_configmap, *kind_serviceaccount, *kind_service, *kind_endpoints,
    *kind_event, *kind_lease, *kind_crd, *kind_limitrange, *kind_quota, *kind_pvc, *kind_pv,
    *kind_priorityclass, *kind_storageclass, *kind_runtimeclass, *kind_job, *kind_endpointslice,
    *kind_component, *kind_apiservice, *kind_ingress, *kind_ingressclass;
void schema_init(void); /* once, before anything else; idempotent */

#endif
