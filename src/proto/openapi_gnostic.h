/* Gnostic's messages as tables: which field a key of the JSON document goes to. Private to the
 * proto room.
 *
 * The messages follow the JSON document, with some twists: maps are lists of named values, what may
 * be one of several things is wrapped in a message that says which, and extensions (x-...) and free
 * values are YAML text. */
#ifndef LOGSHIP_PROTO_OPENAPI_GNOSTIC_H
#define LOGSHIP_PROTO_OPENAPI_GNOSTIC_H

#include "proto/mp.h"

enum slot_form {
    FORM_TEXT,       /* one string */
    FORM_TEXTS,      /* a list of them, or one */
    FORM_BOOL,       /* true or nothing */
    FORM_INT,        /* int64 */
    FORM_DOUBLE,     /* double */
    FORM_ANY,        /* YAML text */
    FORM_ANYS,       /* a list of it */
    FORM_MESSAGE,    /* of the table `of` */
    FORM_MESSAGES,   /* a list of them */
    FORM_NAMED,      /* a map: {name 1, value 2} each */
    FORM_SCHEMA_BOOL /* a schema or true: {schema 1, boolean 2} */
};

struct table;
struct slot {
    const char *key;
    uint8_t number, form;
    uint8_t wrap; /* the value is this field of one more message; 0: of none */
    const struct table *of;
    uint8_t inner; /* FORM_NAMED: each value is wrapped likewise */
    uint8_t entry; /* FORM_NAMED: the field that each of them is */
};
struct table {
    const struct slot *slots;
    uint8_t count;
    uint8_t extensions; /* the field of x-... keys; 0: there is none */
    /* Of what may be several messages: which, and the fields that lead there, outermost first. */
    const struct table *(*choose)(struct mp value, const char **path);
};

extern const struct table openapi_document_table;

#endif
