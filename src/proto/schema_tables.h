/* What tools/schemagen.py makes of src/proto/schema: the tables, and the functions that lines of
 * defaults.tsv, rules.tsv and conversions.tsv name. Private to the proto room; everybody else reads
 * schema.h. */
#ifndef LOGSHIP_PROTO_SCHEMA_TABLES_H
#define LOGSHIP_PROTO_SCHEMA_TABLES_H

#include "proto/mp.h"
#include "proto/schema.h"

enum { SCHEMA_FIELDS_MAX = 64 }; /* of one type; schemagen.py sees to it */

/* The object under the walker and those that hold it, innermost first. */
struct default_scope {
    const struct default_scope *outer; /* NULL at the root */
    const struct type *type;
    struct mp object; /* before its defaults */
};

/* Appends the field's value and returns true, or returns false: the field stays out. `given` is
 * what the document had (MP_END: nothing). */
typedef bool default_fn(const struct default_scope *at, struct mp given, struct buf *out);

struct type_default {
    const struct field *field;
    bool always; /* compute sees given values too, and may replace them */
    const char *bytes;
    uint16_t len;
    default_fn *compute; /* or NULL: the value is bytes */
};

enum rule_kind {
    RULE_REQUIRED,
    RULE_RANGE,
    RULE_ENUM,
    RULE_NAME,
    RULE_UNIQUE,
    RULE_IMMUTABLE,
    RULE_LABELS,
    RULE_AMOUNTS,
    RULE_PORT,
    RULE_CHECK,
};

struct checker;
struct check_scope;
typedef void check_fn(struct checker *c, const struct check_scope *at);
typedef const char *name_fn(struct str text); /* NULL: good, else what is wrong */

struct type_rule {
    const struct field *field; /* NULL: the rule is about the whole object */
    enum rule_kind rule;
    int64_t low, high;          /* RULE_RANGE */
    bool zero;                  /* RULE_RANGE: zero means none, and is good */
    const char *const *choices; /* RULE_ENUM: NULL-terminated */
    const char
        *key; /* RULE_UNIQUE: the field by which items differ; RULE_REQUIRED: where to report */
    name_fn *name;   /* RULE_NAME */
    check_fn *check; /* RULE_CHECK */
};

enum conversion { TO_STORED, FROM_STORED };
/* Appends the object in its other form; what is below it has the stored form both times. */
typedef void convert_fn(enum conversion how, struct mp object, struct buf *out);

struct type_conversion {
    const struct field *field; /* NULL: `convert` is about the whole object */
    const char *outer;         /* the object around it that only the stored form has, or NULL */
    const char *stored;        /* the field's name in the stored form */
    convert_fn *convert;       /* or NULL */
};

struct path_entry { /* sorted by group, version, resource */
    const char *group, *version, *resource;
    uint16_t kind, at;
};
struct gvk_entry { /* sorted by api_version, kind */
    const char *api_version, *name;
    uint16_t kind, at;
};

extern const struct type schema_types[]; /* sorted by name */
extern const unsigned schema_type_count;
extern const struct kind schema_kinds[]; /* sorted by key */
extern const unsigned schema_kind_count;
extern const struct path_entry schema_paths[];
extern const unsigned schema_path_count;
extern const struct gvk_entry schema_gvks[];
extern const unsigned schema_gvk_count;

#endif
