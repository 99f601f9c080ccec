/* Inside the endpoints controller (endpoints.c, services.c, service_pods.c, endpoints_body.c,
 * endpointslice.c, endpointslice_body.c). */
#ifndef LOGSHIP_ACTORS_SERVICE_SETS_H
#define LOGSHIP_ACTORS_SERVICE_SETS_H

#include "actors/controllers/agenda.h"
#include "actors/controllers/controllers.h"
#include "actors/controllers/selecting.h"
#include "actors/controllers/slices.h"
#include "proto/timefmt.h"

struct service_set { /* a Service that selects pods */
    struct serving *controller;
    istr ns;
    struct selecting_entry entry;
    struct agenda_item agenda;
    struct object *object; /* the world's; NULL: gone, an answer is awaited */
    struct selector *selector;
    struct map pods;   /* uid -> struct object: placed pods with an address that match */
    struct map slices; /* uid -> struct object: the EndpointSlices that it owns */
    uint64_t write_at_ms;
    bool flying;
    unsigned slices_flying; /* commands about them that are not answered yet */
    uint64_t cause;
    /* When what it tells began to change, by the log's clock, since the last write of Endpoints and
     * since that of slices; 0: not at all, or unknown to this leader. */
    int64_t since_ms[2];
};
enum { SINCE_ENDPOINTS, SINCE_SLICES };

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
    struct selecting index;
    struct list doomed;
    struct agenda agenda;
    uint64_t now_ms;
    int64_t change_ms; /* of the change of a pod or a service that is being looked at; else 0 */
};

/* services.c */
void services_pod(struct serving *c, const struct object *before, struct object *after,
                  uint64_t revision);
void services_service(struct serving *c, const struct object *before, struct object *after,
                      uint64_t revision);
bool services_selects(const struct object *service); /* its Endpoints are ours to write */
bool services_headless(const struct object *service);
void services_look(struct service_set *s, uint64_t revision);
/* When what is written now began to change, and a fresh start; empty: not known. */
struct str services_since(struct service_set *s, unsigned of, char out[TIME_TEXT]);
void services_release(struct service_set *s);
void services_forget(struct serving *c);
void services_restore(struct serving *c); /* all of them, as the world is */

/* service_pods.c: the pods behind a service as endpoints, in the order of their addresses. */
struct endpoint {
    const struct object *pod;
    struct str ip, hostname; /* hostname: within the service's own domain, or empty */
    bool ready;
    size_t ports, ports_len; /* encoded, in `arena` */
};
struct endpoint_list {
    struct endpoint *items;
    size_t count;
    struct buf arena;
};
struct endpoint_list endpoints_collect(const struct service_set *s);
/* Leaves the first `max` of the list, ready ones before others; false: there are no more. */
bool endpoint_list_cut(struct endpoint_list *l, size_t max);
void endpoint_list_free(struct endpoint_list *l);
struct str endpoint_ports(const struct endpoint_list *l, const struct endpoint *e);
void endpoint_put_target(struct buf *b, const struct endpoint *e); /* targetRef, key and value */

/* endpointslice.c */
void slices_changed(struct serving *c, const struct change *change);
void slices_known(struct serving *c, istr ns); /* those that there are; ns NULL: everywhere */
/* Sends commands about what is not as it has to be. */
void slices_write(struct service_set *s);

/* endpointslice_body.c: the endpoints that its slices have to hold. */
struct slice_wishes service_wishes(const struct service_set *s);

/* endpoints_body.c: what the Endpoints of this service have to be, but for what is not ours in
 * `old` (NULL: none). A new reference. */
struct doc *endpoints_body(const struct service_set *s, const struct object *old);

#endif
