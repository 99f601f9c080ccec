/* What the files of remotes share: the index (remotes.c), what is said to nodes (remotes_say.c),
 * and what they report (remotes_report.c). Core thread only. */
#ifndef LOGSHIP_ACTORS_REMOTES_INTERNAL_H
#define LOGSHIP_ACTORS_REMOTES_INTERNAL_H

#include "actors/remotes.h"

/* A node by name: the pods bound to it, and its link while it has one. Never freed: there are as
 * many as node names were ever seen. */
struct remote {
    struct list known; /* in remotes.all */
    istr name, who;
    struct map pods;          /* uid -> ident (a reference) */
    struct remote_edge *edge; /* NULL: not connected */
    uint64_t link;
};

/* The nodes whose pods name one config map or secret. May name too many, never too few. */
struct interest {
    char *key;
    size_t key_len;
    struct remote **nodes; /* in the order in which they came */
    size_t count;
    struct map known; /* name -> remote: the same nodes */
};

struct remotes {
    struct subscriber subscriber;
    struct remotes_options options;
    struct world *world;
    struct map by_name; /* istr (its address) -> remote */
    struct list all;    /* in the order they were first heard of: what is said to all goes by it,
                           not by addresses */
    struct map interests;
    struct list edges;
    size_t connected;
    /* What the body that was seen last names: whole replica sets share one. */
    struct doc *needy;
    struct remote_need *needs; /* without their objects */
    size_t need_count;
};

struct remote *remote_of(struct remotes *r, istr name); /* made when there is none */
struct object *remotes_pod(struct remotes *r,
                           const struct ident *id); /* borrowed; NULL: not any more */

/* remotes_say.c. Messages gather until remotes_flush. */
struct remote_message *remotes_say(struct remote_edge *e, uint64_t link, enum nodewire_type type);
void remotes_say_pod(struct remotes *r, struct remote *remote, struct object *pod);
/* The last word to a node, which counts as disconnected from here on. */
void remotes_say_bye(struct remotes *r, struct remote *remote, enum nodewire_type type,
                     const char *text);
void remotes_flush(struct remotes *r);
struct interest *interest_find(struct remotes *r, const struct object *need);
void interests_clear(struct remotes *r);
void remotes_forget_needs(struct remotes *r); /* of the body that was seen last */

#endif
