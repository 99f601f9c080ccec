/* Inside the endpoints controller (endpoints.c, services.c, service_pods.c, endpoints_body.c,
 * endpointslice.c, endpointslice_body.c). */
#ifndef LOGSHIP_ACTORS_SERVICE_SETS_H
#define LOGSHIP_ACTORS_SERVICE_SETS_H

#include "actors/controllers/agenda.h"
#include "actors/controllers/controllers.h"
#include "proto/selector.h"

struct service_set { /* a Service that selects pods */
    struct serving *controller;
    istr ns;
    struct list in_space;
    struct agenda_item agenda;
    struct object *object; /* the world's; NULL: gone, an answer is awaited */
    struct selector *selector;
    struct map pods;   /* uid -> struct object: placed pods with an address that match */
    struct map slices; /* uid -> struct object: the EndpointSlices that it owns */
    uint64_t write_at_ms;
    bool flying;
    unsigned slices_flying; /* commands about them that are not answered yet */
    uint64_t cause;
};

struct serving_space {
    struct list services;
};

struct doomed_endpoints { /* of a service that is gone */
    struct list link;
    istr ns;
    uint64_t cause;
    char name[];
};

struct serving {
    struct subscriber subscriber;
    struct system *system;
    struct world *world;
    struct controller_times times;
    istr who, slices_who;
    struct map services; /* uid -> struct service_set */
    struct map spaces;   /* namespace -> struct serving_space */
    struct list doomed;
    struct agenda agenda;
    uint64_t now_ms;
};

/* services.c */
void services_pod(struct serving *c, const struct object *before, struct object *after,
                  uint64_t revision);
void services_service(struct serving *c, const struct object *before, struct object *after,
                      uint64_t revision);
bool services_selects(const struct object *service); /* its Endpoints are ours to write */
void services_look(struct service_set *s, uint64_t revision);
void services_release(struct service_set *s);
void services_forget(struct serving *c);

/* service_pods.c: the pods behind a service as endpoints, in the order of their addresses. */
struct endpoint {
    const struct object *pod;
    struct str ip;
    bool ready;
    size_t ports, ports_len; /* encoded, in `arena` */
};
struct endpoint_list {
    struct endpoint *items;
    size_t count;
    struct buf arena;
};
struct endpoint_list endpoints_collect(const struct service_set *s);
void endpoint_list_free(struct endpoint_list *l);
struct str endpoint_ports(const struct endpoint_list *l, const struct endpoint *e);
void endpoint_put_target(struct buf *b, const struct endpoint *e); /* targetRef, key and value */

/* endpointslice.c */
void slices_changed(struct serving *c, const struct change *change);
void slices_known(struct serving *c, istr ns); /* those that there are; ns NULL: everywhere */
/* Sends commands about what is not as it has to be. */
void slices_write(struct service_set *s);

/* endpointslice_body.c: the slices as they have to be, in order; new references. */
struct slice_bodies {
    struct doc **items;
    size_t count;
};
struct slice_bodies slice_bodies_make(const struct service_set *s);
void slice_bodies_free(struct slice_bodies *b); /* those that are not NULL */

/* endpoints_body.c: what the Endpoints of this service have to be, but for what is not ours in
 * `old` (NULL: none). A new reference. */
struct doc *endpoints_body(const struct service_set *s, const struct object *old);

#endif
