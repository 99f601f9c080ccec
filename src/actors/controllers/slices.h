/* EndpointSlices that a controller keeps for one Service or one Endpoints object.
 *
 * A controller says which endpoints there have to be; what is there already decides in which slice
 * each one stands. An endpoint stays where it is: so when one pod of a service of thousands comes
 * or goes, one slice is written. slice_write.c; the plan is made in slice_plan.c. */
#ifndef LOGSHIP_ACTORS_SLICES_H
#define LOGSHIP_ACTORS_SLICES_H

#include "actors/system.h"

struct slice_span { /* encoded, in the arena of the wishes */
    size_t at, len;
};
struct slice_endpoint {
    struct str address;
    const char *type;        /* of the address: "IPv4" or "IPv6" */
    struct uid target;       /* of its pod; zero: none */
    struct slice_span ports; /* the slice's: endpoints of one slice share them */
    struct slice_span doc;   /* the endpoint */
    size_t next;  /* the plan's: one more than the index of the next in its slice; 0: none */
    size_t group; /* the plan's */
    bool placed;  /* the plan's */
};
struct slice_wishes { /* zero: none; addresses are borrowed */
    struct slice_endpoint *items;
    size_t count, cap;
    struct buf arena;
};
struct slice_endpoint *slice_wish(struct slice_wishes *w); /* one more, zeroed */
void slice_wishes_free(struct slice_wishes *w);
static inline struct str slice_bytes(const struct slice_wishes *w, struct slice_span span)
{
    return (struct str){span.len ? w->arena.data + span.at : NULL, span.len};
}
/* NULL: it is no IP address. */
const char *slice_address_type(struct str address);
/* Ports as slices have them, each with a name. */
struct slice_span slice_put_ports(struct slice_wishes *w, struct mp ports);

struct slice_job {
    struct system *system;
    istr who;
    const struct object *owner; /* the slices have its name, its labels, and go with it */
    struct str manager;         /* as which they are labelled */
    bool headless;              /* labelled as a headless service's */
    bool annotated;             /* with the owner's annotations */
    struct str trigger;         /* when what they tell has changed; empty: not known */
    const struct map *have;     /* uid -> struct object */
    struct slice_wishes *want;
    unsigned max;    /* endpoints in a slice */
    bool keep_empty; /* one slice without endpoints stands for none */
    void (*send)(void *ctx, struct command *c);
    void *ctx;
};
/* Sends commands about the slices that are not as they have to be; several at a time. */
void slices_reconcile(struct slice_job *job);

/* slice_plan.c */
struct slice_plan_slice {
    const struct object *have; /* NULL: to be made */
    size_t group;              /* PLAN_NONE: of no group that is wanted */
    size_t first, last;        /* endpoints, one more than their indices; 0: none */
    unsigned count;
    bool altered;
};
struct slice_plan_group { /* what endpoints of one slice have in common */
    const char *type;
    struct str ports;
    size_t endpoints, slices, surplus;
};
#define PLAN_NONE SIZE_MAX
struct slice_plan {
    struct slice_plan_slice *slices; /* those there are, by age, and then those to be made */
    size_t slice_count, slice_cap, have_count;
    struct slice_plan_group *groups;
    size_t group_count;
};
struct slice_plan slice_plan_make(struct slice_job *job);
void slice_plan_free(struct slice_plan *p);

/* The document (whose reference is taken) with the annotation that tells when its endpoints have
 * changed; empty: without it. */
struct doc *slice_doc_triggered(struct doc *d, struct str when);

#endif
