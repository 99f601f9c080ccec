/* Updates and patches: how the next version of an object is made from the one there is. */
#ifndef LOGSHIP_API_MUTATE_H
#define LOGSHIP_API_MUTATE_H

#include "api/write.h"

enum mutation_how { MUTATE_REPLACE, MUTATE_JSON, MUTATE_MERGE, MUTATE_STRATEGIC };
enum mutation_target { TARGET_OBJECT, TARGET_STATUS, TARGET_SCALE, TARGET_FINALIZERS };

struct mutation {
    enum mutation_how how;
    enum mutation_target target;
    struct write_options options;
    struct buf input; /* the new document, or the patch */
    bool insists;     /* the client named a resourceVersion */
    unsigned tries;
};

/* What one try works on. */
struct attempt {
    struct object *old;  /* opened */
    struct buf old_doc;  /* Kubernetes form */
    struct buf next_doc; /* becomes the next version */
    struct error err;
};

/* mutate_document.c: fills next_doc, admitted and checked; false: answered. */
bool mutate_document(struct request *r, struct attempt *a);

#endif
