/* Updates and patches: how the next version of an object is made from the one there is. */
#ifndef LOGSHIP_API_MUTATE_H
#define LOGSHIP_API_MUTATE_H

#include "api/write.h"

enum mutation_how { MUTATE_REPLACE, MUTATE_JSON, MUTATE_MERGE, MUTATE_STRATEGIC, MUTATE_APPLY };
enum mutation_target { TARGET_OBJECT, TARGET_STATUS, TARGET_SCALE, TARGET_FINALIZERS };

struct mutation {
    enum mutation_how how;
    enum mutation_target target;
    struct write_options options;
    struct buf input; /* the new document, the patch, or the configuration */
    bool insists;     /* the client named a resourceVersion */
    unsigned tries;
    struct object *last; /* what it becomes, when it may go with that; sealed, or NULL */
};

/* What one try works on. */
struct attempt {
    struct object *old;  /* opened */
    struct buf old_doc;  /* Kubernetes form, as it is stored */
    struct buf next_doc; /* becomes the next version; likewise */
    struct buf managed;  /* its managedFields; empty: none */
    struct error err;
};

/* mutate_document.c: fills next_doc, admitted and checked; false: answered. */
bool mutate_document(struct request *r, struct attempt *a);
/* The version and the uid that the client saw must be the ones there are. */
bool mutate_check_versions(struct request *r, const struct attempt *a, struct mp next);

/* 409: Operation cannot be fulfilled on pods "x": ... */
void mutate_conflict(struct request *r, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/* mutate_apply.c: appends the live object, as the version shows it, with the configuration
 * applied; fills a->managed. */
bool mutate_applied(struct request *r, struct attempt *a, struct mp live, struct buf *out);
/* Creates what the configuration tells, as there is no such object. */
void mutate_apply_new(struct request *r);

#endif
