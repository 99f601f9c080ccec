/* The validating walker and what rules use to report. Private to the proto room.
 *
 * The walker goes through a document along its types; at each object it applies the lines of
 * rules.tsv for that type. A rule reports with a path below the object: "" (itself), "name",
 * "ports[0].name" or
 * "[key]". Messages are Kubernetes' own, because people and tests read them in kubectl's output. */
#ifndef LOGSHIP_PROTO_CHECKER_H
#define LOGSHIP_PROTO_CHECKER_H

#include "proto/admit.h"
#include "proto/admit_path.h"
#include "proto/names.h"
#include "proto/schema_tables.h"

struct checker {
    const struct kind *kind;
    const char *subresource; /* NULL or "status" */
    struct causes *causes;
    struct mp root, old_root; /* old_root.type == MP_END: the object is new */
    struct buf path;
    struct buf quoted; /* of check_quote and check_go, for the next message */
};

struct check_scope {
    const struct check_scope *outer;
    const struct type *type;
    struct mp object, old; /* old: what stood at this path before, outside of lists; else MP_END */
    struct mp value;       /* of the rule's field; the object itself when the rule names none */
    const struct mp *values; /* of all the object's fields, as the type orders them */
};

/* A field of the object under the rule; quicker than looking through the object. */
struct mp check_get(const struct check_scope *at, const char *field);

void check_add(struct checker *c, const char *reason, const char *sub, const char *format, ...)
    __attribute__((format(printf, 4, 5)));
void check_required(struct checker *c, const char *sub, const char *why); /* why may be NULL */
void check_invalid(struct checker *c, const char *sub, struct mp value, const char *why);
void check_invalid_str(struct checker *c, const char *sub, struct str value, const char *why);
void check_forbidden(struct checker *c, const char *sub, const char *why);
void check_duplicate(struct checker *c, const char *sub, struct str value);
void check_not_found(struct checker *c, const char *sub, struct str value);
void check_unsupported(struct checker *c, const char *sub, struct str value,
                       const char *const *choices);

/* Texts of values as Go prints them; they live until the next call. */
const char *check_quote(struct checker *c, struct str text);
const char *check_go(struct checker *c, struct mp value);

/* The checks of rules that others need too. */
void check_labels(struct checker *c, const char *sub, struct mp labels);
void check_unique(struct checker *c, const char *sub, struct mp list, const char *key);
void check_metadata(struct checker *c); /* of the root: names, labels, owners, what never changes */
bool check_is_update(const struct checker *c);
bool check_empty(struct mp v); /* absent, or a zero of its type */

/* rules_pod_parts.c, rules_quota.c */
void check_pod_dns(struct checker *c, const struct check_scope *at); /* at: the pod's spec */
void check_container_resources(struct checker *c, struct mp resources);
void check_resource_name(struct checker *c, const char *sub, struct str name);

name_fn name_check_ip, name_check_host_path, name_check_signer, name_check_sysctl;
name_fn name_check_port_name, name_check_env_name, name_check_endpoint_ip, name_check_inner_path;

#endif
