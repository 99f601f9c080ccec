/* What the client wants to read: the Accept header, as far as Kubernetes' clients use it. */
#ifndef LOGSHIP_API_ACCEPT_H
#define LOGSHIP_API_ACCEPT_H

#include "base/str.h"

enum form_kind { FORM_OBJECT, FORM_TABLE, FORM_PARTIAL };
enum form_include { INCLUDE_METADATA, INCLUDE_NONE, INCLUDE_OBJECT }; /* in the rows of a table */

/* How an object or a list is written. */
struct form {
    unsigned char kind, include;
    bool beta;   /* meta.k8s.io/v1beta1 rather than v1 */
    bool yaml;   /* not in streams */
    bool pretty; /* JSON for people */
};
enum { FORMS = 18 };
unsigned form_id(struct form f); /* < FORMS; equal forms of JSON have equal ids */
const char *form_content_type(struct form f);

/* One media range of an Accept (or Content-Type) header. */
struct media {
    struct str type;   /* "application/json" */
    struct str params; /* ";as=Table;v=v1" */
};
bool media_next(struct str *rest, struct media *out);
struct str media_param(const struct media *m, const char *name); /* p == NULL: absent */

/* false: nothing that the client takes can be served (406). An absent header takes anything. */
bool accept_form(struct str accept, struct str include_object, struct form *out);
/* The same for a stream of events, which has no form in YAML. */
bool accept_stream(struct str accept, struct str include_object, struct form *out);

/* Does it take a plain object, whatever else it prefers? */
bool accept_plain(struct str accept);

/* Does the client take the aggregated discovery, and in which version ("v2", "v2beta1")? NULL: no.
 */
const char *accept_aggregated(struct str accept);

#endif
