/* Label selectors (equality and set based) and field selectors. A compiled selector is immutable
 * and may be used by any thread. */
#ifndef LOGSHIP_PROTO_SELECTOR_H
#define LOGSHIP_PROTO_SELECTOR_H

#include "base/error.h"
#include "proto/object.h"

struct selector; /* a conjunction of requirements */

/* "app=web,tier in (a,b),!old,x!=y,n>5" as in ?labelSelector=. Empty text selects everything. */
int selector_parse(struct str text, struct selector **out, struct error *err);
/* A LabelSelector object {matchLabels, matchExpressions} (replica sets, ...); MP_END selects
 * nothing. */
int selector_from_doc(struct mp label_selector, struct selector **out, struct error *err);
/* A plain map {"app": "web"} (replication controllers, services); empty or absent selects nothing.
 */
int selector_from_map(struct mp map, struct selector **out, struct error *err);
void selector_free(struct selector *s);
bool selector_matches(const struct selector *s,
                      struct mp labels); /* NULL selector matches everything */
/* A label that what it selects must have: any one of those it demands; false: it demands none. For
 * finding selectors by the labels of an object. The slices live as long as the selector. */
bool selector_demands(const struct selector *s, struct str *key, struct str *value);
void selector_format(const struct selector *s, struct buf *out); /* the text form, sorted by key */

/* Field selectors: "metadata.name=x,spec.nodeName!=y,status.phase=Running". `supported` (schema)
 * says which fields a kind offers: metadata.name and metadata.namespace for all; more in fields.c's
 * table. */
struct field_selector;
int field_selector_parse(const struct kind *kind, struct str text, struct field_selector **out,
                         struct error *err);
void field_selector_free(struct field_selector *s);
bool field_selector_matches(const struct field_selector *s, const struct object *o);
/* The value demanded by an equality on this field, or p == NULL: lets a list use an index. */
struct str field_selector_exact(const struct field_selector *s, const char *field);

#endif
