/* Structural schemas: what a CustomResourceDefinition says of its objects, compiled once and
 * interpreted on documents.
 *
 * The schema comes from a client and has been validated as structural (structural_check), but
 * compiling relies on nothing: what it does not understand it reports or leaves out. Depth is
 * bounded by that of documents, patterns run in linear time, and a node is visited once for each
 * value that it describes. A compiled schema points into the document it was compiled from and
 * lives in the arena; it may be read by any thread. */
#ifndef LOGSHIP_PROTO_STRUCTURAL_H
#define LOGSHIP_PROTO_STRUCTURAL_H

#include "base/arena.h"
#include "proto/admit.h"

struct regex;
struct structural;

enum structural_type {
    STRUCTURAL_ANY, /* nothing is said: within anyOf and the like, or with preserve-unknown-fields
                     */
    STRUCTURAL_OBJECT,
    STRUCTURAL_ARRAY,
    STRUCTURAL_STRING,
    STRUCTURAL_INTEGER,
    STRUCTURAL_NUMBER,
    STRUCTURAL_BOOLEAN,
    STRUCTURAL_INT_OR_STRING,
};

enum structural_list { STRUCTURAL_ATOMIC, STRUCTURAL_SET, STRUCTURAL_MAP };

struct structural_property {
    struct str name;
    const struct structural *schema;
};

/* The several of allOf, anyOf or oneOf. */
struct structural_several {
    const struct structural *const *items;
    uint32_t count;
};

/* What a value must be, beyond its type. */
struct structural_rules {
    struct mp one_of_values; /* enum: an array */
    struct mp required;      /* names */
    const struct regex *pattern;
    struct str pattern_text;
    const struct structural_format *format;
    double minimum, maximum, multiple_of; /* good when has_ says so; multiple_of: 0 is none */
    bool has_minimum, has_maximum, exclusive_minimum, exclusive_maximum, unique_items;
    int64_t min_length, max_length, min_items, max_items, min_properties, max_properties; /* -1 */
    struct structural_several all_of, any_of, one_of;
    const struct structural * not ;
};

struct structural {
    enum structural_type type;
    bool nullable;
    bool preserves;      /* unknown fields are kept */
    bool embedded;       /* an object with apiVersion, kind and metadata of its own */
    bool additional_any; /* additionalProperties: true */
    bool map_atomic;
    enum structural_list list;
    struct mp list_keys; /* names */
    struct mp preset;    /* the default, or MP_END */
    bool presets_below;  /* here or anywhere below */
    uint32_t property_count;
    const struct structural_property *properties; /* sorted by name */
    const struct structural *additional;          /* of fields not named, or NULL */
    const struct structural *items;
    const struct structural_rules *rules; /* NULL: none */
};

/* E_INVALID: a pattern does not compile, or the schema is too deep. `schema` MP_END: everything is
 * kept, nothing is checked. */
int structural_compile(struct arena *memory, struct mp schema, const struct structural **out,
                       struct error *err);
/* NULL: not named. */
const struct structural_property *structural_property(const struct structural *s, struct str name);

/* Appends the document without the fields that the schema does not know; each is told to `unknown`
 * (may be NULL). root: apiVersion, kind and metadata are kept. */
void structural_prune(const struct structural *s, struct mp doc, bool root, struct causes *unknown,
                      struct buf *out);
/* Appends the document with its defaults. */
void structural_default(const struct structural *s, struct mp doc, struct buf *out);
/* Adds what is wrong, in Kubernetes' words; `path` is put in front ("" for a whole object). */
void structural_validate(const struct structural *s, struct mp doc, const char *path,
                         struct causes *causes);

/* structural_format.c. NULL: no format that is checked. */
const struct structural_format *structural_format(struct str name);
bool structural_format_matches(const struct structural_format *f, struct str text);
const char *structural_format_name(const struct structural_format *f);

#endif
