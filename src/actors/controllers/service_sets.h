/* Inside the endpoints controller (endpoints.c, services.c, endpoints_body.c). */
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
    struct map pods; /* uid -> struct object: placed pods with an address that match */
    uint64_t write_at_ms;
    bool flying;
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
    istr who;
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

/* endpoints_body.c: what the Endpoints of this service have to be, but for what is not ours in
 * `old` (NULL: none). A new reference. */
struct doc *endpoints_body(const struct service_set *s, const struct object *old);

#endif
