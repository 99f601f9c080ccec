/* What one may do at a path. Private to the proto room. */
#ifndef LOGSHIP_PROTO_OPENAPI_OPERATION_H
#define LOGSHIP_PROTO_OPENAPI_OPERATION_H

#include "proto/openapi.h"
#include "proto/openapi_spec.h"

enum operation_place {
    PLACE_COLLECTION,
    PLACE_OBJECT,
    PLACE_EVERYWHERE,
    PLACE_SUBRESOURCE,
    PLACE_WATCH,
    PLACE_WATCH_OBJECT,
    PLACE_WATCH_EVERYWHERE,
};

enum operation_body { BODY_NONE, BODY_SELF, BODY_PATCH, BODY_OPTIONS };
enum operation_answer { ANSWER_SELF, ANSWER_LIST, ANSWER_STATUS, ANSWER_EVENTS };

/* `id` is what the operation is called: % stands for group and version, - for the kind, + for the
 * kind behind "Namespaced" if that is so. */
struct operation {
    enum operation_place place;
    const char *method;
    uint32_t verb;
    const char *action, *id, *about;
    enum operation_body body;
    enum operation_answer answer;
    unsigned query;
    bool created, accepted; /* may be answered 201, 202 */
};

/* One operation of one kind. */
struct operation_of {
    const struct operation *op;
    const struct openapi_kind *k;
    const struct subresource *sub; /* or NULL */
};

bool openapi_has_operations(enum operation_place place, uint32_t verbs);
/* Pairs of the open map, by method. `sub` or NULL. */
void openapi_put_operations(struct spec *s, const struct openapi_kind *k,
                            enum operation_place place, const struct subresource *sub);

/* The parts of an operation, pairs of the open map. */
void openapi_put_operation_name(struct spec *s, const struct operation_of *o);
void openapi_put_operation_input(struct spec *s, const struct operation_of *o);
void openapi_put_operation_answers(struct spec *s, const struct operation_of *o);

#endif
